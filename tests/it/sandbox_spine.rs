//! What all stand-ins share: faults, deliveries, the control routes.

use crate::support::{Door, client, control, sandbox, specs};
use sandbox::{Config, CrashCaller, Sandbox};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Notes who would have died.
#[derive(Default)]
struct Notes(Mutex<Vec<SocketAddr>>);

impl CrashCaller for Notes {
    fn crash(&self, peer: SocketAddr) -> Result<String, String> {
        self.0.lock().unwrap().push(peer);
        Ok("caller".to_owned())
    }
}

const TAG: &str =
    "mutation { tagsAdd(id: \"gid://shopify/Order/1\", tags: [\"t\"]) { node { id } userErrors { message } } }";

/// A sandbox with one order, and who died.
async fn start() -> (Sandbox, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    let sandbox = Sandbox::start_with(Config { specs: specs(), ..Config::default() }, notes.clone()).await.unwrap();
    let order = json!({"id": 1, "name": "#1", "currency": "USD", "total_price": "1.00",
        "line_items": [{"id": 2, "title": "Poster", "quantity": 1, "price": "1.00"}]});
    let (status, answer) = control(&sandbox, "POST", "/_sandbox/shopify/orders?deliver=0", order.to_string()).await;
    assert_eq!(status, 201, "{answer}");
    (sandbox, notes)
}

/// Tags the order: status, body; or nothing where no answer came.
async fn tag(sandbox: &Sandbox) -> Option<(u16, Value)> {
    let request = client()
        .post(format!("{}/shopify/admin/api/2026-10/graphql.json", sandbox.url()))
        .header("X-Shopify-Access-Token", "sandbox-admin-token")
        .json(&json!({"query": TAG}));
    let response = request.send().await.ok()?;
    Some((response.status().as_u16(), response.json().await.unwrap_or(Value::Null)))
}

async fn is_tagged(sandbox: &Sandbox) -> bool {
    control(sandbox, "GET", "/_sandbox/shopify/orders/1", "").await.1["tags"] == json!(["t"])
}

async fn arm(sandbox: &Sandbox, fault: Value) {
    let (status, answer) = control(sandbox, "POST", "/_sandbox/faults", json!([fault]).to_string()).await;
    assert_eq!(status, 201, "{answer}");
}

fn fault(name: &str) -> Value {
    json!({"provider": "shopify", "operation": "tagsAdd", "fault": name, "times": 1})
}

#[tokio::test]
async fn refusals_do_nothing_and_are_used_up() {
    let (sandbox, _) = start().await;
    arm(&sandbox, fault("refuse")).await;
    let (status, answer) = tag(&sandbox).await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(
        answer["data"]["tagsAdd"],
        json!({"node": null, "userErrors": [{"message": "refused by an armed fault"}]})
    );

    arm(&sandbox, fault("5xx")).await;
    assert_eq!(tag(&sandbox).await.unwrap().0, 503);

    arm(&sandbox, fault("429")).await;
    let (status, answer) = tag(&sandbox).await.unwrap();
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (429, &json!("THROTTLED")));

    assert!(!is_tagged(&sandbox).await);
    assert_eq!(tag(&sandbox).await.unwrap().0, 200);
    assert!(is_tagged(&sandbox).await);
    assert_eq!(control(&sandbox, "GET", "/_sandbox/unexpected", "").await.1, json!([]), "armed faults are no surprise");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "measures how long a hanging answer really takes")]
async fn hang_and_reset_do_nothing_and_answer_nothing() {
    let (sandbox, _) = start().await;
    let mut hang = fault("hang");
    hang["seconds"] = json!(1);
    arm(&sandbox, hang).await;
    let began = Instant::now();
    assert_eq!(tag(&sandbox).await, None);
    assert!(began.elapsed() >= Duration::from_secs(1));

    arm(&sandbox, fault("reset")).await;
    assert_eq!(tag(&sandbox).await, None);
    assert!(!is_tagged(&sandbox).await);
}

#[tokio::test]
async fn a_lost_answer_and_a_kill_after_have_acted() {
    for (name, dead) in [("lost_answer", 0), ("kill_after", 1)] {
        let (sandbox, notes) = start().await;
        arm(&sandbox, fault(name)).await;
        assert_eq!(tag(&sandbox).await, None, "{name}");
        assert!(is_tagged(&sandbox).await, "{name}");
        assert_eq!(notes.0.lock().unwrap().len(), dead, "{name}");
    }
}

#[tokio::test]
async fn a_kill_before_has_not_acted() {
    let (sandbox, notes) = start().await;
    arm(&sandbox, fault("kill_before")).await;
    assert_eq!(tag(&sandbox).await, None);
    assert!(!is_tagged(&sandbox).await);
    assert_eq!(notes.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_fault_can_last_by_time_and_be_cleared() {
    let (sandbox, _) = start().await;
    let lasting = json!({"provider": "shopify", "operation": "*", "fault": "5xx", "seconds": 60});
    arm(&sandbox, lasting).await;
    for _ in 0..3 {
        assert_eq!(tag(&sandbox).await.unwrap().0, 503);
    }
    assert_eq!(control(&sandbox, "GET", "/_sandbox/faults", "").await.1[0]["fired"], 3);
    assert_eq!(control(&sandbox, "DELETE", "/_sandbox/faults", "").await.0, 204);
    assert_eq!(tag(&sandbox).await.unwrap().0, 200);
}

#[tokio::test]
async fn only_known_operations_can_fail() {
    let (sandbox, _) = start().await;
    for (provider, operation) in [("shopify", "tagAdd"), ("nobody", "x")] {
        let fault = json!([{"provider": provider, "operation": operation, "fault": "5xx"}]);
        assert_eq!(control(&sandbox, "POST", "/_sandbox/faults", fault.to_string()).await.0, 400);
    }
    let (_, operations) = control(&sandbox, "GET", "/_sandbox/operations", "").await;
    let operations = operations.as_array().unwrap();
    let known = operations.iter().find(|one| one["operation"] == "fulfillmentCreate").unwrap();
    assert_eq!(known["fault"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn deliveries_are_tried_again_until_the_door_has_them() {
    let door = Door::default();
    door.statuses.lock().unwrap().extend([503, 503]);
    let sandbox = sandbox(&door).await;
    let order = json!({"id": 1, "name": "#1", "currency": "USD", "total_price": "1.00",
        "line_items": [{"id": 2, "title": "Poster", "quantity": 1, "price": "1.00"}]});
    control(&sandbox, "POST", "/_sandbox/shopify/orders", order.to_string()).await;
    let received = door.wait_for(3).await;
    let webhook_ids: Vec<&str> = received.iter().map(|one| one.header("x-shopify-webhook-id")).collect();
    assert!(webhook_ids.iter().all(|id| *id == webhook_ids[0]), "a retry is the same delivery");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (_, log) = control(&sandbox, "GET", "/_sandbox/deliveries", "").await;
    assert_eq!(log[0]["statuses"], json!([503, 503, 200]));
    assert_eq!(control(&sandbox, "GET", "/_sandbox/pending", "").await.1["deliveries"], 0);
}

#[tokio::test]
async fn anything_can_be_delivered_signed_or_wrongly_signed() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    let broken = json!({"source": "shopify", "topic": "orders/paid", "payload": "{\"id\": ", "times": 2});
    let (status, answer) = control(&sandbox, "POST", "/_sandbox/deliver", broken.to_string()).await;
    assert_eq!((status, answer), (200, json!({"statuses": [200, 200]})));
    let received = door.wait_for(2).await;
    assert_eq!(&received[0].body[..], b"{\"id\": ");
    let signature = sandbox::shopify::webhooks::signature("sandbox-webhook-secret", &received[0].body);
    assert_eq!(received[0].header("x-shopify-hmac-sha256"), signature);

    let wrong = json!({"source": "shopify", "topic": "shop/redact", "payload": {"shop_id": 1},
        "headers": {"x-shopify-hmac-sha256": "wrong", "X-Shopify-Event-Id": null}});
    control(&sandbox, "POST", "/_sandbox/deliver", wrong.to_string()).await;
    let last = door.wait_for(3).await.pop().unwrap();
    assert_eq!((last.header("x-shopify-hmac-sha256"), last.header("x-shopify-event-id")), ("wrong", ""));

    let unknown = json!({"source": "nobody", "topic": "x", "payload": {}});
    let (status, answer) = control(&sandbox, "POST", "/_sandbox/deliver", unknown.to_string()).await;
    assert_eq!((status, answer["error"].as_str().unwrap().contains("not played yet")), (400, true));
}

#[tokio::test]
async fn a_reset_forgets_everything() {
    let (sandbox, _) = start().await;
    arm(&sandbox, fault("5xx")).await;
    client().get(format!("{}/shopify/nowhere", sandbox.url())).send().await.unwrap();
    assert_eq!(control(&sandbox, "GET", "/_sandbox/unexpected", "").await.1.as_array().unwrap().len(), 1);
    assert_eq!(control(&sandbox, "POST", "/_sandbox/reset", "").await.0, 204);
    for path in ["/_sandbox/unexpected", "/_sandbox/faults", "/_sandbox/shopify/orders"] {
        assert_eq!(control(&sandbox, "GET", path, "").await.1, json!([]), "{path}");
    }
    assert_eq!(control(&sandbox, "GET", "/_sandbox/shopify/orders/1", "").await.0, 404);
}

/// A function's process (its executable is called `bootstrap`) really dies; here it is a shell under that name.
#[tokio::test]
async fn the_real_killer_kills_the_calling_function() {
    let shell = Path::new("/bin/bash");
    if !shell.exists() {
        eprintln!("skipped: no {}", shell.display());
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("the_real_killer");
    std::fs::create_dir_all(&folder).unwrap();
    let function = folder.join("bootstrap");
    std::fs::copy(shell, &function).unwrap();
    let sandbox = Sandbox::start(Config { specs: specs(), ..Config::default() }).await.unwrap();
    arm(&sandbox, fault("kill_after")).await;
    let address = sandbox.url().replace("http://", "").replace(':', "/");
    let body = json!({"query": TAG}).to_string();
    let script = format!(
        "exec 3<>/dev/tcp/{address}; printf 'POST /shopify/admin/api/2026-10/graphql.json HTTP/1.1\\r\\nHost: x\\r\\n\
         X-Shopify-Access-Token: sandbox-admin-token\\r\\nContent-Type: application/json\\r\\nContent-Length: {}\\r\\n\\r\\n%s' '{body}' >&3; \
         cat <&3; sleep 20",
        body.len()
    );
    let run = tokio::task::spawn_blocking(move || std::process::Command::new(function).args(["-c", &script]).status());
    let status = run.await.unwrap().unwrap();
    let faults = control(&sandbox, "GET", "/_sandbox/faults", "").await.1;
    assert_eq!(status.signal(), Some(9), "{status}: {faults}");
    assert_eq!(faults[0]["problems"], json!([]));
}
