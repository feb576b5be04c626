//! Signatures: what others published, what nobody may change, and how they are compared.

use domain::event::EventType;
use serde_json::{Value, json};

use crate::house::{House, STRIPE_SECRET, config, door_for, printful, shopify, stripe, stripe_signed};
use crate::project::root;
use crate::support::{samples, specs};
use intake::Request;

/// Every bit of every body turned over, every shorter and some longer body, and thousands of random changes.
#[tokio::test]
async fn thousands_of_tampered_bodies() {
    let house = House::new();
    let order = json!({ "id": 5_550_001_111_u64, "name": "#1001", "note": "x".repeat(40) }).to_string().into_bytes();
    let session = json!({
        "id": "evt_invented", "type": "checkout.session.completed", "livemode": true, "data": { "object": { "id": "cs_1" } },
    });
    let session = session.to_string().into_bytes();
    let mut random = fastrand::Rng::with_seed(20_261_122);
    let mut refused = 0;
    for request in [shopify("orders/paid", &order), stripe(&session), printful(&order)] {
        let body = request.body.clone();
        let mut tampered: Vec<Vec<u8>> = Vec::new();
        for bit in 0..body.len() * 8 {
            let mut other = body.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            tampered.push(other);
        }
        tampered.extend((0..body.len()).map(|length| body[..length].to_vec()));
        tampered.extend([b" ".as_slice(), b"\n", b"\0", b"}"].map(|tail| [&body, tail].concat()));
        for _ in 0..1_000 {
            tampered.push(changed(&mut random, &body));
        }
        for other in tampered.into_iter().filter(|other| *other != body) {
            assert_eq!(house.answer(&Request { body: other, ..request.clone() }).await, 401);
            refused += 1;
        }
    }
    eprintln!("{refused} tampered bodies refused");
    assert!(refused > 5_000, "{refused}");
    assert_eq!(house.table.rows().len(), 0);
    for request in [shopify("orders/paid", &order), stripe(&session), printful(&order)] {
        assert_eq!(house.answer(&request).await, 200);
    }
}

/// One to eight changes: a byte replaced, put in, taken out, or two swapped.
fn changed(random: &mut fastrand::Rng, body: &[u8]) -> Vec<u8> {
    let mut other = body.to_vec();
    for _ in 0..random.usize(1..=8) {
        let at = random.usize(0..other.len());
        match random.u8(0..4) {
            0 => other[at] = random.u8(..),
            1 => other.insert(at, random.u8(..)),
            2 if other.len() > 1 => drop(other.remove(at)),
            _ => {
                let with = random.usize(0..other.len());
                other.swap(at, with);
            }
        }
    }
    other
}

/// What the providers' own libraries signed, our door accepts; and nothing else under that signature.
#[tokio::test]
async fn published_signatures_open_the_door() {
    let (Some(specs), Some(samples)) = (specs(), samples()) else { return };
    let vectors: Value = serde_json::from_slice(&std::fs::read(specs.join("signature_vectors.json")).unwrap()).unwrap();
    let (mut of_shopify, mut of_stripe) = (0, 0);
    for vector in vectors["vectors"].as_array().unwrap() {
        let file = vector["body_file"].as_str().unwrap().strip_prefix("samples/").unwrap();
        let Ok(body) = std::fs::read(samples.join(file)) else {
            eprintln!("skipped: a vector is about {file}, which is not among the samples");
            continue;
        };
        let secret = vector["secret"].as_str().unwrap();
        let (house, request) = if vector["provider"] == "stripe" {
            of_stripe += 1;
            let at = domain::Timestamp::from_second(vector["timestamp"].as_i64().unwrap()).unwrap().to_string();
            let door = |table| door_for(table, &config("test"), "unused", secret, &at);
            (House::of(door), stripe_signed(vector["header"]["stripe-signature"].as_str().unwrap(), &body))
        } else {
            of_shopify += 1;
            let headers = vector["headers"].as_object().unwrap().iter();
            let headers = headers.map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap().to_owned()));
            (House::with_secret(secret), Request { headers: headers.collect(), body, ..shopify("", b"") })
        };
        let tampered = Request { body: [&request.body[..], b" "].concat(), ..request.clone() };
        assert_eq!(house.answer(&tampered).await, 401, "{file}");
        assert_eq!(house.answer(&request).await, 200, "{file}");
        let (event, kept) = house.only().await;
        assert!(kept == request.body);
        assert_ne!(event.fact.event_type(), EventType::Unreadable, "{file}");
    }
    assert_eq!((of_shopify, of_stripe), (6, 2));
}

const NOW: i64 = 1_795_313_580;

async fn stripe_answer(header: &str, secrets: &str, body: &[u8]) -> u16 {
    let now = domain::Timestamp::from_second(NOW).unwrap().to_string();
    let house = House::of(|table| door_for(table, &config("live"), "unused", secrets, &now));
    house.answer(&stripe_signed(header, body)).await
}

#[tokio::test]
async fn stripes_header_in_all_its_forms() {
    let body = br#"{"id": "evt_1", "type": "plan.created", "livemode": true, "data": {"object": {"id": "plan_1"}}}"#;
    let sign = |at: i64| sandbox::stripe::webhooks::signature(STRIPE_SECRET, at, body);
    let header = sign(NOW);
    let v1 = header.split_once(",v1=").unwrap().1;
    let other = "00".repeat(32);
    let cases = [
        (header.clone(), 200),
        (sign(NOW - 300), 200),
        (sign(NOW + 300), 200),
        (sign(NOW - 301), 401),
        (sign(NOW + 301), 401),
        // Two signatures during a roll, in either order; schemes nobody knows; spaces; a second that is no hex.
        (format!("t={NOW},v1={other},v1={v1}"), 200),
        (format!("t={NOW},v1={v1},v1={other}"), 200),
        (format!("t={NOW}, v1={v1}, v0={other}"), 200),
        (format!("t={NOW},v1=zz,v1={v1},v9=x"), 200),
        (format!("v1={v1},t={NOW}"), 200),
        (format!("t={NOW},v0={v1}"), 401),
        (format!("t={NOW},v1={}", &v1[..62]), 401),
        (format!("t={NOW},v1={v1}00"), 401),
        (format!("t={NOW},v1="), 401),
        // The time is signed too.
        (format!("t={},v1={v1}", NOW + 1), 401),
        (format!("t=+{NOW},v1={v1}"), 401),
        (format!("v1={v1}"), 401),
        (format!("t=soon,v1={v1}"), 401),
        (format!("t={}9999999999,v1={v1}", NOW), 401),
        (String::new(), 401),
        (",,,===".to_owned(), 401),
    ];
    for (header, status) in &cases {
        assert_eq!(stripe_answer(header, STRIPE_SECRET, body).await, *status, "{header}");
    }
    // While our secret is rolled, either of two opens; afterwards the old one is nobody's.
    for secrets in [format!("whsec_new\n{STRIPE_SECRET}"), format!("{STRIPE_SECRET}\nwhsec_new\n")] {
        assert_eq!(stripe_answer(&header, &secrets, body).await, 200);
    }
    assert_eq!(stripe_answer(&header, "whsec_new", body).await, 401);
    // The last of very many signatures is not looked at: a header is no place to try thousands.
    let many = format!("t={NOW},{}v1={v1}", format!("v1={other},").repeat(50));
    assert_eq!(stripe_answer(&many, STRIPE_SECRET, body).await, 401);
}

/// Constant time by construction: a secret is looked at in one file, and that file compares by two functions made for it.
#[test]
fn secrets_are_compared_in_one_place_and_in_constant_time() {
    let mut files = vec![root().join("functions/intake/src")];
    let mut looks = Vec::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if std::fs::read_to_string(&path).unwrap().contains(".expose_secret()") {
            looks.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    assert_eq!(looks, ["signature.rs"]);
    let text = std::fs::read_to_string(root().join("functions/intake/src/signature.rs")).unwrap();
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    assert!(code.contains(".verify_slice(signature)"), "HMACs are compared by hmac's own verification");
    for shortcut in ["==", "!=", "starts_with", ".eq(", ".cmp(", "&&", "||", "return"] {
        assert!(!code.contains(shortcut), "{shortcut} could tell where two secrets differ");
    }
}
