//! Who is let in by the tracking feeds' doors: the feeds' published vectors, and nobody with a byte changed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda::{Secrets, StoreConfig};
use sandbox::deliver::hmac_sha256;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tracking::door::{Delivery, Door};
use unicode_normalization::UnicodeNormalization as _;

use crate::support::samples;

/// The feeds, in the order of their names.
pub const FEEDS: [&str; 3] = ["17track", "aftership", "easypost"];

/// A store that has all of them.
pub fn config(mode: &str, base: impl Fn(&str) -> Option<String>) -> StoreConfig {
    let sections = FEEDS.iter().map(|feed| ((*feed).to_owned(), json!({ "base_url": base(feed) })));
    let config = json!({
        "store": { "name": "Example Prints", "mode": mode, "shop": "example-prints.myshopify.com", "base_url": "http://store.example.com" },
        "tracking": sections.collect::<serde_json::Map<String, Value>>(),
        "mail": { "from": "orders@example.com" },
        "brand": { "name": "Example Prints", "address": "1 Example Street", "support": "help@example.com" },
        "alerts": { "to": "owner@example.com" },
    });
    StoreConfig::parse(&config.to_string()).unwrap()
}

/// Their doors, all with this secret.
pub fn doors(mode: &str, secret: &str) -> Vec<Door> {
    let config = config(mode, |_| None);
    let names = Door::secrets(&config).unwrap();
    assert_eq!(names, FEEDS.map(|feed| format!("door/{feed}/webhook-secret")));
    Door::all(&config, &Secrets::from_pairs(names.iter().map(|name| (name.as_str(), secret)))).unwrap()
}

/// The header a feed signs with, computed here from its description.
pub fn signature(feed: &str, secret: &str, body: &[u8]) -> (String, String) {
    let (name, value) = match feed {
        "easypost" => {
            let key: String = secret.nfkd().collect();
            ("x-hmac-signature", format!("hmac-sha256-hex={}", hex::encode(hmac_sha256(key.as_bytes(), body))))
        }
        "aftership" => ("aftership-hmac-sha256", STANDARD.encode(hmac_sha256(secret.as_bytes(), body))),
        "17track" => ("sign", hex::encode(Sha256::digest([body, b"/", secret.as_bytes()].concat()))),
        other => panic!("{other} is no feed"),
    };
    (name.to_owned(), value)
}

fn fits(door: &Door, headers: &[(String, String)], body: &[u8]) -> bool {
    door.signed(&Delivery { headers, body })
}

fn door(doors: Vec<Door>, name: &str) -> Door {
    doors.into_iter().find(|door| door.name() == name).unwrap()
}

/// EasyPost's own vector: its test event without the last line feed, a secret that looks different in Unicode's four forms.
#[test]
fn easypost_signs_with_the_decomposed_secret() {
    let Some(samples) = samples() else { return };
    let vector: Value =
        serde_json::from_slice(&std::fs::read(samples.join("easypost/signature_vector.json")).unwrap()).unwrap();
    let (secret, header) = (vector["secret"].as_str().unwrap(), vector["hmac_signature"].as_str().unwrap());
    let with_line_feed = include_bytes!("tracking/easypost_event_body.json");
    let body = with_line_feed.strip_suffix(b"\n").unwrap();
    let headers = [("x-hmac-signature".to_owned(), header.to_owned())];
    for form in [secret.to_owned(), secret.nfc().collect(), secret.nfd().collect()] {
        let door = door(doors("live", &form), "easypost");
        assert!(fits(&door, &headers, body), "{form:?}");
        assert!(!fits(&door, &headers, with_line_feed), "{form:?}");
    }
    let plain = door(doors("live", "secret"), "easypost");
    assert!(!fits(&plain, &headers, body), "another letter");
}

/// Computed once with other tools (Python's hmac, openssl).
#[test]
fn aftership_signs_in_base64_and_17track_with_a_plain_hash() {
    let aftership = br#"{"event":"tracking_update","msg":{"tracking_number":"1Z999AA10123456784","tag":"InTransit"},"ts":1795000000}"#;
    let header = |value: &str| [("aftership-hmac-sha256".to_owned(), value.to_owned())];
    let door_of = door(doors("live", "aftership-vector-secret"), "aftership");
    let right = "gShlwVGGEE0i18ZPMceejo4aFgriqFgtHp1yii35oAo=";
    assert!(fits(&door_of, &header(right), aftership));
    // Base64 tells its letters' case apart.
    assert!(!fits(&door_of, &header(&right.to_lowercase()), aftership));
    let seventeen = br#"{"event":"TRACKING_STOPPED","data":{"number":"1Z999AA10123456784","carrier":100002,"param":null,"tag":""}}"#;
    let sign = [("sign".to_owned(), "25ce049c16ebec59d5833a33e4549f0e5cc4c4b76ece0ce580562db525de1818".to_owned())];
    assert!(fits(&door(doors("live", "17track-vector-key"), "17track"), &sign, seventeen));
    assert!(!fits(&door(doors("live", "17track-vector-kez"), "17track"), &sign, seventeen));
}

#[test]
fn a_changed_byte_a_changed_header_or_none_at_all_is_nobody() {
    let body = br#"{"event":"anything","description":"tracker.updated"}"#;
    for door in doors("live", "the-secret") {
        let feed = door.name();
        let (name, value) = signature(feed, "the-secret", body);
        let with = |value: &str| vec![(name.clone(), value.to_owned())];
        assert!(fits(&door, &with(&value), body), "{feed}");
        assert!(fits(&door, &with(&format!(" {value} ")), body), "{feed}");
        for at in 0..body.len() {
            let mut changed = body.to_vec();
            changed[at] ^= 1;
            assert!(!fits(&door, &with(&value), &changed), "{feed} {at}");
        }
        for other in
            ["", "hmac-sha256-hex=", "zz", "hmac-sha256-hex=zz", &value[..value.len() - 2], &format!("{value}00")]
        {
            assert!(!fits(&door, &with(other), body), "{feed} {other:?}");
        }
        assert!(!fits(&door, &[], body), "{feed}");
        assert!(!fits(&door, &with(&signature(feed, "another-secret", body).1), body), "{feed}");
        assert!(!fits(&door, &with(&signature(feed, "", body).1), body), "{feed}: an empty key is no key");
        let others = FEEDS.iter().filter(|other| **other != feed);
        for other in others {
            assert!(!fits(&door, &[signature(other, "the-secret", body)], body), "{feed} takes {other}'s");
        }
    }
}

#[test]
fn during_a_rotation_two_secrets_count_and_afterwards_one() {
    let body = b"{}";
    for (secrets, old_counts) in [("new-secret\nold-secret\n", true), ("new-secret\n\n", false)] {
        for door in doors("live", secrets) {
            let with = |secret| [signature(door.name(), secret, body)];
            assert!(fits(&door, &with("new-secret"), body), "{}", door.name());
            assert_eq!(fits(&door, &with("old-secret"), body), old_counts, "{}", door.name());
            assert!(!fits(&door, &with("new-secret\nold-secret"), body), "{}", door.name());
        }
    }
}
