//! What keeps an order from going out: each failure says exactly what to fix and where, fixing it and replaying sends the order.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use sandbox::faults::{Arm, Fault};
use sandbox::partners::{Available, Cost};
use serde_json::{Value, json};

use crate::world::World;
use crate::world::shop::{At, MAKERS, order_of, several};

const ORDER: u64 = 450_781_377;
const PRINTFUL: u64 = MAKERS[0].1;

/// A world in which an order of one Printful line was placed and stopped before anything was sent.
async fn stopped(choose: impl FnOnce(&mut Value), order: &Value) -> World {
    let mut world = World::with(1, |choices| {
        several(choices);
        choose(choices);
    })
    .await;
    world.sandbox.printful.played().any_variant(false);
    world.order(order, 1).await;
    world.run().await;
    world
}

/// The one exception: nothing went out, and its reason and next step hold these words.
async fn says(world: &World, reason: &str, step: &str) {
    assert_eq!(world.held_by("printful"), []);
    let open = world.open(ORDER).await;
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0].what, "cannot-route");
    assert!(open[0].reason.contains(reason), "{}", open[0].reason);
    assert!(open[0].next_step.contains(step), "{}", open[0].next_step);
}

/// The cause is mended: a replay sends the order, once, and nothing stays open.
async fn mended(mut world: World, what: &str) {
    world.replay(ORDER, what).await;
    world.run().await;
    assert_eq!(world.held_by("printful"), [At::Released]);
    assert_eq!(world.open(ORDER).await, []);
    world.assert_at_rest(ORDER).await;
}

#[tokio::test]
async fn an_address_without_its_postal_code_is_corrected_in_the_store() {
    let mut order = order_of(ORDER, &[PRINTFUL]);
    order["shipping_address"]["zip"] = Value::Null;
    let world = stopped(|_| {}, &order).await;
    says(&world, "lacks: postal code", "correct the shipping address in the store").await;
    world.in_store(ORDER, json!({ "do": "address", "address": { "zip": "not a code" } })).await;
    let mut world = world;
    world.replay(ORDER, "cannot-route").await;
    world.run().await;
    says(&world, "postal code that is none of DE's", "correct the shipping address").await;
    world.in_store(ORDER, json!({ "do": "address", "address": { "zip": "10115" } })).await;
    mended(world, "cannot-route").await;
}

#[tokio::test]
async fn a_country_the_owner_does_not_send_to() {
    let only_us = |choices: &mut Value| choices["routing"]["countries"] = json!(["US"]);
    let mut world = stopped(only_us, &order_of(ORDER, &[PRINTFUL])).await;
    says(&world, "goes to DE, which is not among the countries", "routing.countries in store.toml").await;
    world.choose(|choices| choices["routing"]["countries"] = json!(["US", "DE"]));
    mended(world, "cannot-route").await;
}

#[tokio::test]
async fn a_variant_the_partner_does_not_have_or_cannot_make() {
    let unknown = |choices: &mut Value| choices["catalog"]["variants"][0]["variant_id"] = json!(999_123);
    let mut world = stopped(unknown, &order_of(ORDER, &[PRINTFUL])).await;
    says(&world, "printful has no variant 999123", "Correct variant_id").await;
    world.choose(|choices| choices["catalog"]["variants"][0]["variant_id"] = json!(4012));
    mended(world, "cannot-route").await;

    for (available, words) in
        [(Available::OutOfStock, "run out of variant 4012"), (Available::Discontinued, "no longer makes variant 4012")]
    {
        let mut world = World::with(2, several).await;
        world.sandbox.printful.played().any_variant(false);
        world.partner("printful").set_variant("4012", available).unwrap();
        world.order(&order_of(ORDER, &[PRINTFUL]), 1).await;
        world.run().await;
        says(&world, words, "variant").await;
        world.partner("printful").set_variant("4012", Available::Yes).unwrap();
        mended(world, "cannot-route").await;
    }
}

#[tokio::test]
async fn a_partner_that_cannot_be_asked_for_its_catalog_stops_nothing() {
    let mut world = World::with(3, several).await;
    let (provider, operation) = ("printful".to_owned(), "get_variant".to_owned());
    world.sandbox.ctx.faults.arm(vec![Arm {
        provider,
        operation,
        fault: Fault::ServerError,
        times: None,
        skip: 0,
        seconds: None,
    }]);
    world.order(&order_of(ORDER, &[PRINTFUL]), 1).await;
    world.run().await;
    assert_eq!(world.held_by("printful"), [At::Released]);
    assert!(world.sandbox.ctx.faults.list()[0].fired > 0, "it was asked");
}

#[tokio::test]
async fn more_pieces_than_anybody_orders() {
    let at_most_one = |choices: &mut Value| choices["routing"]["largest_quantity"] = json!(1);
    let mut world = stopped(at_most_one, &order_of(ORDER, &[PRINTFUL])).await;
    says(&world, "is for 2 pieces; more than 1 are not ordered unseen", "routing.largest_quantity").await;
    world.choose(|choices| choices["routing"]["largest_quantity"] = json!(2));
    mended(world, "cannot-route").await;
}

#[tokio::test]
async fn an_engraving_that_nobody_mapped_and_one_that_the_partner_cannot_take() {
    let mut order = order_of(ORDER, &[PRINTFUL]);
    order["line_items"][0]["properties"] =
        json!([{ "name": "Engraving", "value": "For Ada" }, { "name": "_bundle", "value": "7" }]);
    let mut world = stopped(|_| {}, &order).await;
    says(&world, "The customer gave \"Engraving\" for the line \"Poster 4401\"", "other_properties").await;
    world.choose(|choices| {
        choices["catalog"]["variants"][0]["properties"] = json!([{ "name": "Engraving", "use": "text" }]);
    });
    world.replay(ORDER, "cannot-route").await;
    world.run().await;
    says(&world, "printful takes no words such as \"Engraving\"", "make it by hand").await;
    world.choose(|choices| choices["catalog"]["variants"][0]["properties"][0]["use"] = json!("ignore"));
    mended(world, "cannot-route").await;
}

#[tokio::test]
async fn the_customers_picture_is_printed_and_only_from_where_the_store_keeps_pictures() {
    let upload = "https://uploads.example.com/ada.png";
    let mut order = order_of(ORDER, &[PRINTFUL]);
    order["line_items"][0]["properties"] = json!([{ "name": "Your photo", "value": upload }]);
    let mapped = |choices: &mut Value| {
        choices["catalog"]["variants"][0]["properties"] =
            json!([{ "name": "Your photo", "use": "file", "type": "default", "required": true }]);
        choices["routing"]["upload_hosts"] = json!(["elsewhere.example.com"]);
    };
    let mut world = stopped(mapped, &order).await;
    says(&world, "should be an uploaded picture", "routing.upload_hosts").await;
    world.choose(|choices| choices["routing"]["upload_hosts"] = json!(["uploads.example.com"]));
    world.replay(ORDER, "cannot-route").await;
    world.run().await;
    assert_eq!(world.held_by("printful"), [At::Released]);
    let id = world.partner("printful").list()[0]["id"].as_str().unwrap().to_owned();
    let request = reqwest::Client::new()
        .get(format!("{}/printful/orders/{id}", world.sandbox.url()))
        .bearer_auth(&world.sandbox.ctx.config.printful.token);
    let made: Value = serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
    let files = made["result"]["items"][0]["files"].as_array().unwrap().clone();
    assert_eq!((files.len(), files[0]["url"].as_str()), (1, Some(upload)), "in place of the row's own");
}

#[tokio::test]
async fn what_the_partners_own_app_makes_is_not_sent() {
    let mut order = order_of(ORDER, &[PRINTFUL, MAKERS[1].1]);
    order["line_items"][0]["fulfillment_service"] = json!("printful");
    let mut world = World::with(4, several).await;
    world.order(&order, 1).await;
    world.run().await;
    assert_eq!((world.held_by("printful"), world.held_by("printify")), (vec![], vec![At::Released]));
    let open = world.open(ORDER).await;
    assert_eq!((open.len(), open[0].what.as_str()), (1, "partner-app-has-it"));
    assert!(open[0].reason.contains("Poster 4401"), "{}", open[0].reason);
}

#[tokio::test]
async fn a_margin_below_the_floor_waits_as_a_draft_for_the_owner() {
    let mut world = World::with(5, |choices| {
        several(choices);
        choices["routing"]["margin_floor_percent"] = json!(30);
    })
    .await;
    // Two posters of 24.90, less 4.80, plus 4.00 for shipping: 49.00 EUR; two at 20.00 leave too little, whatever shipping is.
    world.partner("printful").set_cost(Cost::read("20.00", "EUR").unwrap()).unwrap();
    world.order(&order_of(ORDER, &[PRINTFUL]), 1).await;
    world.run().await;
    assert_eq!(world.held_by("printful"), [At::Draft]);
    let open = world.open(ORDER).await;
    assert_eq!((open.len(), open[0].what.as_str()), (1, "margin-too-thin"));
    assert!(open[0].reason.contains("49.00 EUR") && open[0].reason.contains("30 %"), "{}", open[0].reason);
    world.choose(|choices| choices["routing"]["margin_floor_percent"] = json!(0));
    mended(world, "margin-too-thin").await;
}

/// A host of print files whose answer can be changed.
#[derive(Clone)]
struct Host(Arc<Mutex<(u16, &'static str, &'static [u8])>>);

impl Host {
    async fn start(status: u16, kind: &'static str, body: &'static [u8]) -> (Self, String) {
        let host = Self(Arc::new(Mutex::new((status, kind, body))));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/island.png", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(host.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (host, url)
    }

    fn now(&self, status: u16, kind: &'static str, body: &'static [u8]) {
        *self.0.lock().unwrap() = (status, kind, body);
    }
}

async fn answer(State(host): State<Host>) -> impl IntoResponse {
    let (status, kind, body) = *host.0.lock().unwrap();
    (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, kind)], body)
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

#[tokio::test]
async fn a_print_file_that_is_missing_or_no_picture() {
    let cases: [(u16, &str, &[u8], &str); 4] = [
        (404, "text/html", b"gone", "answers 404"),
        (200, "text/html; charset=utf-8", b"<!doctype html>", "is text/html, nothing that is printed"),
        (200, "application/octet-stream", b"PK\x03\x04", "nothing that is printed"),
        (200, "image/png", b"", "is empty"),
    ];
    for (status, kind, body, words) in cases {
        let (host, url) = Host::start(status, kind, body).await;
        let with_files = |choices: &mut Value| {
            choices["routing"]["check_files"] = json!(true);
            choices["catalog"]["variants"][0]["files"][0]["url"] = json!(url);
        };
        let world = stopped(with_files, &order_of(ORDER, &[PRINTFUL])).await;
        says(&world, words, "Put a printable file").await;
        host.now(200, "application/octet-stream", PNG);
        mended(world, "cannot-route").await;
    }
}

#[tokio::test]
async fn a_file_host_that_is_down_is_waited_for() {
    let (host, url) = Host::start(503, "text/plain", b"later").await;
    let mut world = World::with(6, |choices| {
        several(choices);
        choices["routing"]["check_files"] = json!(true);
        choices["catalog"]["variants"][0]["files"][0]["url"] = json!(url);
    })
    .await;
    world.order(&order_of(ORDER, &[PRINTFUL]), 1).await;
    let soon = world.clock.get().checked_add(jiff::SignedDuration::from_mins(4)).unwrap();
    world.run_until(soon).await;
    assert_eq!((world.held_by("printful"), world.open(ORDER).await), (vec![], vec![]));
    host.now(200, "image/png", PNG);
    world.run().await;
    assert_eq!(world.held_by("printful"), [At::Released]);
    world.assert_at_rest(ORDER).await;
}
