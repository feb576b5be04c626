//! What the tracking feeds' stand-ins refuse, because the feeds do.

use sandbox::config::{EasyPostConfig, TrackingConfig};
use sandbox::{Config, Sandbox};
use serde_json::{Value, json};

use crate::support::{self, control};

const NUMBER: &str = "1Z999AA10123456784";

/// What is wrong is refused in the feed's own words, and remembered.
#[tokio::test]
async fn the_stand_ins_are_strict() {
    let sandbox = Sandbox::start(Config::default()).await.unwrap();
    let url = sandbox.url();
    let http = support::client();
    let ask = |path: &str| {
        let request = http.post(format!("{url}/{path}")).header("content-type", "application/json");
        request
            .basic_auth("sandbox-easypost-key", Some(""))
            .header("as-api-key", "sandbox-aftership-key")
            .header("17token", "sandbox-17track-key")
    };
    let many: Vec<Value> = (0..41).map(|n| json!({ "number": format!("1Z9990{n}") })).collect();
    #[rustfmt::skip]
    let cases = [
        ("easypost/v2/trackers", json!({ "tracking_code": NUMBER }), 422, "/error/message"),
        ("easypost/v2/trackers", json!({ "tracker": { "tracking_code": NUMBER, "carrier": "Pigeon" } }), 422, "/error/message"),
        ("easypost/v2/trackers", json!({ "tracker": { "tracking_code": "" } }), 422, "/error/message"),
        ("easypost/v1/trackers", json!({}), 404, "/error/message"),
        ("aftership/tracking/2026-07/trackings", json!({ "tracking": { "tracking_number": NUMBER } }), 400, "/meta/message"),
        ("aftership/tracking/2026-07/trackings", json!({ "slug": "ups" }), 400, "/meta/message"),
        ("aftership/tracking/2026-07/trackings", json!({ "tracking_number": NUMBER, "slug": "UPS" }), 400, "/meta/message"),
        ("aftership/tracking/2026-07/trackings", json!({ "tracking_number": "1Z 999" }), 400, "/meta/message"),
        ("aftership/v4/trackings", json!({}), 404, "/meta/message"),
        ("17track/track/v2.4/register", json!({ "number": NUMBER }), 200, "/data/errors/0/message"),
        ("17track/track/v2.4/register", json!([{ "number": NUMBER, "carrier": "ups" }]), 200, "/data/errors/0/message"),
        ("17track/track/v2.4/register", json!(many), 200, "/data/errors/0/message"),
        ("17track/track/v1/register", json!([]), 404, "/data/errors/0/message"),
    ];
    for (count, (path, body, status, place)) in cases.iter().enumerate() {
        let response = ask(path).body(body.to_string()).send().await.unwrap();
        assert_eq!(response.status().as_u16(), *status, "{path} {body}");
        let answer: Value = response.json().await.unwrap();
        assert!(answer.pointer(place).is_some_and(Value::is_string), "{path}: {answer}");
        assert_eq!(sandbox.ctx.unexpected.list().len(), count + 1, "{path} {body}");
    }
    // In its test mode EasyPost follows only its test codes, which move at once.
    let easypost = EasyPostConfig { mode: "test".into(), ..Default::default() };
    let tracking = TrackingConfig { easypost, ..Default::default() };
    let sandbox = Sandbox::start(Config { tracking, ..Default::default() }).await.unwrap();
    let post = |code: &str| {
        let request = http.post(format!("{}/easypost/v2/trackers", sandbox.url())).bearer_auth("sandbox-easypost-key");
        request.json(&json!({ "tracker": { "tracking_code": code } }))
    };
    assert_eq!(post(NUMBER).send().await.unwrap().status().as_u16(), 422);
    let delivered = post("EZ4000000004").send().await.unwrap();
    assert_eq!(delivered.status().as_u16(), 201);
    assert_eq!(delivered.json::<Value>().await.unwrap()["status"], "delivered");
}

/// Every operation can fail in every way, and no other has a name.
#[tokio::test]
async fn faults_are_armed_by_name() {
    let sandbox = Sandbox::start(Config::default()).await.unwrap();
    let (_, operations) = control(&sandbox, "GET", "/_sandbox/operations", "").await;
    for feed in ["easypost", "aftership", "17track"] {
        let of_feed: Vec<&Value> =
            operations.as_array().unwrap().iter().filter(|one| one["provider"] == feed).collect();
        assert!(of_feed.len() >= 4, "{feed}");
        for operation in of_feed {
            let arm = json!([{ "provider": feed, "operation": operation["operation"], "fault": "429" }]);
            assert_eq!(control(&sandbox, "POST", "/_sandbox/faults", arm.to_string()).await.0, 201, "{operation}");
        }
        let arm = json!([{ "provider": feed, "operation": "create_order", "fault": "429" }]);
        assert_eq!(control(&sandbox, "POST", "/_sandbox/faults", arm.to_string()).await.0, 400, "{feed}");
    }
}
