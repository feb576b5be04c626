//! What the door promises, over the real door and a ledger in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::event::{EventType, Fact};
use intake::http::response;
use intake::{Answer, LARGEST_BODY, Request};
use ledger::row::Row;
use ledger::{Gate, Gated, Ledger, Memory, TableError};
use sandbox::deliver::hmac_sha256;
use sandbox::shopify::webhooks;
use serde_json::json;

use crate::house::{House, SECRET, SHOP, door_of, hex, printful, shopify, stored};

const OLD_SECRET: &str = "invented-secret-of-last-year";
const PAID: &[u8] = br##"{"id": 5550001111, "name": "#1001", "note": "two words"}"##;

fn with_header(request: &Request, name: &str, value: Option<&str>) -> Request {
    let mut changed = request.clone();
    changed.headers.retain(|(header, _)| header != name);
    changed.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    changed
}

#[tokio::test]
async fn both_header_styles_and_both_secrets_of_a_rotation() {
    let rotated = format!("{SECRET}\n{OLD_SECRET}\n");
    for (secret, prefix, status) in [
        (SECRET, "x-shopify-", 200),
        (SECRET, "shopify-", 200),
        (OLD_SECRET, "x-shopify-", 200),
        (OLD_SECRET, "shopify-", 200),
        ("a-stranger's", "x-shopify-", 401),
        ("", "shopify-", 401),
    ] {
        let house = House::with_secret(&rotated);
        let headers = vec![
            (format!("{prefix}topic"), "orders/paid".to_owned()),
            (format!("{prefix}hmac-sha256"), webhooks::signature(secret, PAID)),
        ];
        let request = Request { headers, ..shopify("", PAID) };
        assert_eq!(house.answer(&request).await, status, "{secret} {prefix}");
        let types: Vec<_> = house.stored().await.iter().map(|(event, _)| event.fact.event_type()).collect();
        assert_eq!(types.is_empty(), status == 401);
        assert!(types.iter().all(|found| *found == EventType::OrderPaid), "{types:?}");
    }
    // When the rotation is over, the old secret is nobody's.
    let old = with_header(
        &shopify("orders/paid", PAID),
        "x-shopify-hmac-sha256",
        Some(&webhooks::signature(OLD_SECRET, PAID)),
    );
    assert_eq!(House::new().answer(&old).await, 401);
}

#[tokio::test]
async fn a_missing_or_wrong_signature_is_unauthorized_and_leaves_nothing() {
    let house = House::new();
    let right = webhooks::signature(SECRET, PAID);
    let of_other_body = webhooks::signature(SECRET, b"{}");
    let as_hex = hex(&hmac_sha256(SECRET.as_bytes(), PAID));
    let lower = right.to_lowercase();
    let wrong = [
        None,
        Some(""),
        Some("="),
        Some("not base64!"),
        Some(&*of_other_body),
        Some(&*as_hex),
        Some(&right[..20]),
        Some(&*lower),
    ];
    for signature in wrong {
        let request = with_header(&shopify("orders/paid", PAID), "x-shopify-hmac-sha256", signature);
        assert_eq!(house.answer(&request).await, 401, "{signature:?}");
    }
    let request = printful(PAID);
    let right = request.header("x-pf-webhook-signature").unwrap().to_owned();
    let of_other_body = printful(b"{}").header("x-pf-webhook-signature").unwrap().to_owned();
    for signature in
        [None, Some(""), Some("zz"), Some(&*of_other_body), Some(&right[..32]), Some(&format!("{right}00"))]
    {
        let request = with_header(&request, "x-pf-webhook-signature", signature);
        assert_eq!(house.answer(&request).await, 401, "{signature:?}");
    }
    // One provider's signature opens no other provider's door.
    let crossed = Request { path: request.path.clone(), ..shopify("orders/paid", PAID) };
    assert_eq!(house.answer(&crossed).await, 401);
    assert_eq!(house.table.rows().len(), 0);
}

#[tokio::test]
async fn a_body_up_to_the_limit_is_kept_and_one_byte_more_is_too_large() {
    let house = House::new();
    let mut body = PAID.to_vec();
    body.resize(LARGEST_BODY, b' ');
    assert_eq!(house.answer(&shopify("orders/paid", &body)).await, 200);
    assert!(house.only().await.1 == body);
    let house = House::new();
    body.push(b' ');
    for request in [shopify("orders/paid", &body), printful(&body)] {
        assert_eq!(house.answer(&request).await, 413);
    }
    assert_eq!(house.table.rows().len(), 0);
}

#[tokio::test]
async fn an_unknown_path_is_not_found_and_another_method_not_allowed() {
    let house = House::new();
    let signed = shopify("orders/paid", PAID);
    let paths = [
        "",
        "webhooks",
        "webhooks/",
        "shopify",
        "webhooks/stripe/extra",
        "webhooks/woocommerce",
        "webhooks/shopify/extra",
        "Webhooks/shopify",
        "webhooks/printful",
        "webhooks/printful/",
        "webhooks/printful/wrong",
        "webhooks/printful/invented-pat",
        "webhooks/printful/invented-path/x",
        "x/webhooks/shopify",
    ];
    for path in paths {
        for method in ["POST", "GET"] {
            let request = Request { path: path.into(), method: method.into(), ..signed.clone() };
            assert_eq!(house.answer(&request).await, 404, "{method} {path:?}");
        }
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", ""] {
        for request in [&signed, &printful(PAID)] {
            assert_eq!(house.answer(&Request { method: method.into(), ..request.clone() }).await, 405, "{method}");
        }
    }
    assert_eq!(house.table.rows().len(), 0);
    assert_eq!(house.answer(&Request { path: "webhooks/shopify/".into(), ..signed }).await, 200);
}

#[tokio::test]
async fn what_is_rightly_signed_and_cannot_be_read_is_kept_to_the_byte() {
    let deep = "[".repeat(100_000);
    let cases: Vec<&[u8]> = vec![
        b"",
        b" ",
        b"{",
        br##"{"id": 5550001111, "name": "#10"##,
        br#"{"id": }"#,
        b"null",
        b"[]",
        b"17",
        b"\"text\"",
        b"{}",
        b"\xff\xfe\x00",
        br#"{"id": 5550001111}}"#,
        b"{\"id\": 5550001111, \"name\": \"\xff\"}",
        br#"{"id": -1}"#,
        br#"{"id": 1.5}"#,
        br#"{"id": true}"#,
        br#"{"id": "not a number"}"#,
        br#"{"id": {"a": 1}}"#,
        br#"{"id": 99999999999999999999999}"#,
        deep.as_bytes(),
        b"<html>our proxy is down</html>",
    ];
    let house = House::new();
    for (n, body) in cases.iter().enumerate() {
        // Twice: it is one event.
        for _ in 0..2 {
            assert_eq!(house.answer(&shopify("orders/paid", body)).await, 200, "{:?}", String::from_utf8_lossy(body));
            let all = house.stored().await;
            assert_eq!(all.len(), n + 1, "{:?}", String::from_utf8_lossy(body));
            let (event, _) = all.iter().find(|(_, kept)| kept == body).expect("kept to the byte");
            let Fact::Unreadable { topic, why, .. } = &event.fact else { panic!("{:?}", event.fact) };
            assert_eq!(topic, "orders/paid");
            assert!(!why.contains("proxy") && !why.contains("not a number"), "quotes the body: {why}");
            assert_eq!(event.subject.to_string(), format!("store#{SHOP}"));
        }
    }
    for body in [&b"{"[..], b"\xff", b"{}", br#"{"type": 7, "data": {}}"#, br#"{"type": "order_failed"}"#] {
        let house = House::new();
        assert_eq!(house.answer(&printful(body)).await, 200);
        let (event, kept) = house.only().await;
        assert_eq!((event.fact.event_type(), kept.as_slice()), (EventType::Unreadable, body));
    }
}

#[tokio::test]
async fn two_unreadable_bodies_are_two_events_even_where_their_bytes_are_no_text() {
    let house = House::new();
    let bodies: Vec<Vec<u8>> = (0x80..=0xff_u8).map(|byte| vec![byte]).collect();
    for body in &bodies {
        assert_eq!(house.answer(&shopify("orders/paid", body)).await, 200);
    }
    let mut kept: Vec<Vec<u8>> = house.stored().await.into_iter().map(|(_, body)| body).collect();
    kept.sort();
    assert_eq!(kept, bodies, "a 200 for a body that is not stored");
}

/// A table's key holds 1,024 bytes: what would not fit is kept all the same.
#[tokio::test]
async fn an_id_too_long_for_a_key_is_unreadable_and_kept() {
    let long = "7".repeat(2_000);
    for (topic, body) in [
        ("refunds/create", json!({ "id": long, "order_id": 5_550_001_111_u64 })),
        ("shop/redact", json!({ "shop_domain": long })),
        ("orders/risk_assessment_changed", json!({ "order_id": 5_550_001_111_u64, "risk_level": long })),
    ] {
        let house = House::new();
        let body = body.to_string().into_bytes();
        assert_eq!(house.answer(&shopify(topic, &body)).await, 200);
        let (event, kept) = house.only().await;
        assert_eq!(event.fact.event_type(), EventType::Unreadable, "{topic}");
        assert!(kept == body && event.fact.id().0.len() < 512);
    }
}

#[tokio::test]
async fn an_unknown_topic_is_kept_and_owes_nothing() {
    let strange = "orders/paid\u{e9}\n#".repeat(40);
    for topic in ["orders/partially_fulfilled", "themes/publish", "", "ORDERS/PAID", strange.as_str()] {
        let house = House::new();
        assert_eq!(house.answer(&shopify(topic, PAID)).await, 200);
        let (event, kept) = house.only().await;
        assert_eq!((event.fact.event_type(), kept.as_slice()), (EventType::Unfollowed, PAID), "{topic}");
        assert!(event.fact.id().0.is_ascii() && event.fact.id().0.len() < 200, "{}", event.fact.id());
        let owed = Ledger::new(house.table.clone()).event(&event.key()).await.unwrap().unwrap().owes;
        assert!(owed.is_empty(), "{owed:?}");
    }
    let house = House::new();
    assert_eq!(house.answer(&with_header(&shopify("", PAID), "x-shopify-topic", None)).await, 200);
    assert_eq!(house.only().await.0.fact.event_type(), EventType::Unfollowed);
}

#[tokio::test]
async fn a_duplicate_is_answered_alike_and_changes_nothing() {
    let house = House::new();
    assert_eq!(house.answer(&shopify("orders/paid", PAID)).await, 200);
    let before = house.table.rows();
    house.table.drain_stream();
    // The same bytes; the same fact in other bytes; with its id as text, and as a gid.
    let twins = [
        PAID,
        br#"{"name": "renamed", "id": 5550001111}"#,
        br#"{"id": "5550001111"}"#,
        br#"{"id": "gid://shopify/Order/5550001111"}"#,
    ];
    for body in twins {
        for _ in 0..3 {
            assert_eq!(house.answer(&shopify("orders/paid", body)).await, 200);
        }
    }
    assert_eq!(house.table.rows(), before);
    assert_eq!(house.table.drain_stream().len(), 0);
    // Another fact about the same order is not a duplicate.
    assert_eq!(house.answer(&shopify("orders/cancelled", PAID)).await, 200);
    assert_eq!(house.stored().await.len(), 2);
}

/// After so many writes no more are done.
struct Failing(AtomicI64);

impl Gate for Failing {
    async fn enter(&self, operation: &'static str) -> Result<(), TableError> {
        if operation == "PutItem" && self.0.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(TableError { operation, source: "no connection".into() });
        }
        Ok(())
    }
}

#[tokio::test]
async fn when_the_ledger_fails_the_sender_is_asked_to_come_again() {
    // Small enough for the event's own item; and one that is written apart, before its event.
    let mut random = fastrand::Rng::with_seed(1);
    let noise: String = (0..2_000).map(|_| random.alphanumeric()).collect();
    let large = json!({ "id": 5_550_001_111_u64, "note": noise }).to_string().into_bytes();
    for (body, writes) in [(PAID.to_vec(), 1), (large, 2)] {
        for failing_at in 0..writes {
            let table = Arc::new(Memory::default());
            let writes_left = Arc::new(Failing(AtomicI64::new(failing_at)));
            let door = door_of(Gated { table: table.clone(), gate: writes_left.clone() }, SECRET);
            let request = shopify("orders/paid", &body);
            let answer = door.answer(&request).await;
            assert_eq!((answer, answer.status()), (Answer::Unavailable, 503));
            let response = response(answer);
            assert_eq!(response.status_code, 503);
            let seconds: u32 = response.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!(seconds > 0);
            // No event, so nothing is handed on.
            assert!(table.rows().iter().all(|row| matches!(row, Row::Payload(_))), "{:?}", table.rows());
            // The sender comes again, and it is whole.
            writes_left.0.store(i64::MAX, Ordering::SeqCst);
            assert_eq!(door.answer(&request).await, Answer::Kept);
            let all = stored(&table).await;
            assert_eq!(all.len(), 1);
            assert!(all[0].1 == body);
        }
    }
}
