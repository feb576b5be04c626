//! Payloads of partners that nobody here wrote: what our doors hear in them, and what our clients read in them, is committed here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use domain::Timestamp;
use domain::external_id::external_id;
use domain::order::Address;
use domain::plan::{Item, Make, PrintFile};
use domain::subject::OrderId;
use lambda::{Secrets, StoreConfig, SystemClock};
use partner::door::{Delivery, Door, Heard, at};
use partner::{
    CancelOrder, ChangeAddress, FindOrder, ListOrders, NewOrder, OrderRef, Partner, PartnerOrder, PlaceOrder,
    ReleaseOrder, Stage,
};
use serde_json::{Value, json};

use crate::support::samples;

/// What a payload is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// A webhook, once it names an order of ours: the fact in it.
    Tells(&'static str),
    /// A webhook of which nothing follows, whatever it names.
    Silent,
    /// An order as a partner has it: how far it is, its shipments, its price.
    Order(Stage, usize, Option<&'static str>),
    /// So many orders.
    Orders(usize),
    /// The answer to a new order.
    Placed,
    /// The answer to something else we ask for: it is a yes.
    Yes,
    /// A no with this status, and what the caller makes of it.
    No(u16, &'static str),
    /// What a client sends: ours names no field that stands in no such sample.
    Request,
    /// Of an endpoint or a version that we never call.
    NotAsked,
}

use Outcome::{No, NotAsked, Order, Orders, Placed, Request, Silent, Tells, Yes};

/// Every payload in the partners' folders.
#[rustfmt::skip]
const OUTCOMES: &[(&str, Outcome)] = &[
    ("gelato/catalog_product_stock_availability_updated.json",                Silent),
    ("gelato/create_order_request.json",                                      Request),
    ("gelato/create_order_response.json",                                     Placed),
    ("gelato/get_order_response.json",                                        Order(Stage::Producing, 0, Some("33.45 USD"))),
    ("gelato/order_delivery_estimate_updated.json",                           Silent),
    ("gelato/order_item_status_updated.json",                                 Tells("partner.told")),
    ("gelato/order_status_updated.json",                                      Tells("partner.told")),
    ("printful/v1_example_t_shirt_with_an_inside_label_request.json",         Request),
    ("printful/v1_example_using_a_catalog_variant_request.json",              Request),
    ("printful/v1_example_using_a_catalog_variant_response.json",             Order(Stage::Draft, 0, None)),
    ("printful/v1_example_using_a_product_template_request.json",             Request),
    ("printful/v1_example_using_a_product_template_request2.json",            Request),
    ("printful/v1_example_using_a_product_template_request4.json",            Request),
    ("printful/v1_example_using_a_product_template_response.json",            Order(Stage::Draft, 0, Some("27.10 GBP"))),
    ("printful/v1_example_using_a_product_template_response3.json",           Order(Stage::Draft, 0, Some("129.53 GBP"))),
    ("printful/v1_example_using_a_product_template_response5.json",           Order(Stage::Draft, 0, Some("129.53 GBP"))),
    ("printful/v1_example_using_customized_retail_prices_request.json",       Request),
    ("printful/v1_example_using_customized_retail_prices_response.json",      Order(Stage::Draft, 0, None)),
    ("printful/v1_example_using_embroidery_products_request.json",            Request),
    ("printful/v1_example_using_embroidery_products_response.json",           Order(Stage::Draft, 0, Some("23.88 EUR"))),
    ("printful/v1_example_using_multiple_print_placements_request.json",      Request),
    ("printful/v1_example_using_multiple_print_placements_response.json",     Order(Stage::Draft, 0, None)),
    ("printful/v1_example_using_sync_variant_with_external_id_request.json",  Request),
    ("printful/v1_example_using_sync_variant_with_external_id_response.json", Order(Stage::Draft, 0, Some("16.90 USD"))),
    ("printful/v1_order_created.json",                                        Silent),
    ("printful/v1_spec_create_order_request.json",                            Request),
    ("printful/v1_spec_create_order_response_200.json",                       Placed),
    ("printful/v1_spec_create_order_response_400.json",                       No(400, "BadRequest: Missing required parameters")),
    ("printful/v1_spec_create_order_response_401.json",                       No(401, "it answers 401 to our key")),
    ("printful/v1_spec_order_canceled.json",                                  Tells("partner.stopped")),
    ("printful/v1_spec_order_created.json",                                   Silent),
    ("printful/v1_spec_order_failed.json",                                    Tells("partner.stopped")),
    ("printful/v1_spec_order_put_hold.json",                                  Tells("partner.stopped")),
    ("printful/v1_spec_order_put_hold_approval.json",                         Tells("partner.stopped")),
    ("printful/v1_spec_order_refunded.json",                                  Silent),
    ("printful/v1_spec_order_remove_hold.json",                               Tells("partner.resumed")),
    ("printful/v1_spec_order_updated.json",                                   Silent),
    ("printful/v1_spec_package_returned.json",                                Tells("parcel.returned")),
    ("printful/v1_spec_package_shipped.json",                                 Tells("parcel.shipped")),
    ("printful/v1_spec_stock_updated.json",                                   Silent),
    ("printful/v2_spec_confirm_order_response_200.json",                      NotAsked),
    ("printful/v2_spec_confirm_order_response_401.json",                      NotAsked),
    ("printful/v2_spec_confirm_order_response_5XX.json",                      NotAsked),
    ("printful/v2_spec_create_order_request.json",                            NotAsked),
    ("printful/v2_spec_create_order_response_200.json",                       NotAsked),
    ("printful/v2_spec_create_order_response_400.json",                       NotAsked),
    ("printful/v2_spec_create_order_response_5XX.json",                       NotAsked),
    ("printful/v2_spec_get_order_response_200.json",                          NotAsked),
    ("printful/v2_spec_get_order_response_401.json",                          NotAsked),
    ("printful/v2_spec_get_order_response_404.json",                          NotAsked),
    ("printful/v2_spec_get_order_response_5XX.json",                          NotAsked),
    ("printful/v2_spec_order_canceled.json",                                  Tells("partner.stopped")),
    ("printful/v2_spec_order_created.json",                                   Silent),
    ("printful/v2_spec_order_failed.json",                                    Tells("partner.stopped")),
    ("printful/v2_spec_order_put_hold.json",                                  Tells("partner.stopped")),
    ("printful/v2_spec_order_put_hold_approval.json",                         Tells("partner.stopped")),
    ("printful/v2_spec_order_refunded.json",                                  Silent),
    ("printful/v2_spec_order_remove_hold.json",                               Tells("partner.resumed")),
    ("printful/v2_spec_order_shipments_response_200.json",                    NotAsked),
    ("printful/v2_spec_order_shipments_response_401.json",                    NotAsked),
    ("printful/v2_spec_order_shipments_response_5XX.json",                    NotAsked),
    ("printful/v2_spec_order_updated.json",                                   Silent),
    ("printful/v2_spec_shipment_canceled.json",                               Silent),
    ("printful/v2_spec_shipment_delivered.json",                              Tells("parcel.delivered")),
    ("printful/v2_spec_shipment_put_hold.json",                               Silent),
    ("printful/v2_spec_shipment_put_hold_approval.json",                      Silent),
    ("printful/v2_spec_shipment_remove_hold.json",                            Silent),
    ("printful/v2_spec_shipment_sent.json",                                   Tells("parcel.shipped")),
    ("printful/v2_spec_webhooks_create_request.json",                         NotAsked),
    ("printful/v2_spec_webhooks_create_response_200.json",                    NotAsked),
    ("printful/v2_spec_webhooks_create_response_400.json",                    NotAsked),
    ("printful/v2_spec_webhooks_create_response_401.json",                    NotAsked),
    ("printful/v2_spec_webhooks_create_response_5XX.json",                    NotAsked),
    ("printify/address_change_response_201.json",                             Yes),
    ("printify/create_express_order_request.json",                            Request),
    ("printify/create_order_request.json",                                    Request),
    ("printify/create_order_request_existing_product.json",                   Request),
    ("printify/create_order_request_image_advanced.json",                     Request),
    ("printify/create_order_request_image_simple.json",                       Request),
    ("printify/create_order_request_personalization.json",                    Request),
    ("printify/create_order_request_print_details.json",                      Request),
    ("printify/create_order_request_sku_only.json",                           Request),
    ("printify/create_order_response.json",                                   Placed),
    ("printify/error_400_validation.json",                                    No(400, "Image has low quality (8203)")),
    ("printify/error_404.json",                                               No(404, "it does not have the order")),
    ("printify/error_409_external_id_conflict.json",                          Placed),
    ("printify/order_cancel_response.json",                                   Yes),
    ("printify/order_express_response.json",                                  NotAsked),
    ("printify/order_get_2026.json",                                          Order(Stage::Producing, 1, Some("26.00 USD"))),
    ("printify/order_send_to_production_response.json",                       Yes),
    ("printify/orders_list.json",                                             Orders(1)),
    ("printify/send_to_production_response_2026.json",                        Yes),
    ("printify/shipping_cost_response.json",                                  NotAsked),
    ("printify/webhook_create_response.json",                                 NotAsked),
    ("printify/webhook_order_created.json",                                   Silent),
    ("printify/webhook_order_sent_to_production.json",                        Tells("partner.told")),
    ("printify/webhook_order_shipment_created.json",                          Tells("partner.told")),
    ("printify/webhook_order_updated.json",                                   Tells("partner.told")),
    ("printify/webhook_support_request_updated.json",                         Tells("partner.told")),
    ("printify/webhooks_list.json",                                           NotAsked),
];

const SHOP: &str = "example-prints.myshopify.com";
const ORDER: u64 = 5_550_004_242;
const HEX_KEY: &str = "00112233445566778899aabbccddeeff";

#[tokio::test]
async fn every_partner_payload_ends_as_the_table_says() {
    let Some(samples) = samples() else { return };
    let stub = Stub::start().await;
    let partners = stub.partners();
    let doors = doors();
    let mut expected: BTreeMap<&str, Outcome> = OUTCOMES.iter().copied().collect();
    assert_eq!(expected.len(), OUTCOMES.len(), "a file stands twice");
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for partner in &partners {
        let folder = samples.join(partner.name());
        let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = format!("{}/{}", partner.name(), file.file_name().unwrap().to_string_lossy());
            let payload: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            let Some(outcome) = expected.remove(name.as_str()) else {
                wrong.push(format!("{name} is not in the table"));
                continue;
            };
            *counts.entry(format!("{outcome:?}").split('(').next().unwrap().to_owned()).or_default() += 1;
            let door = doors.iter().find(|door| door.name() == partner.name()).unwrap();
            let found = match outcome {
                Tells(_) | Silent => heard(door, &payload),
                Order(..) => stub.order(partner, payload).await,
                Orders(_) => stub.orders(partner, payload).await,
                Placed => stub.placed(partner, &name, payload).await,
                Yes => stub.yes(partner, &name, payload).await,
                No(status, _) => stub.no(partner, &name, status, payload).await,
                Request | NotAsked => format!("{outcome:?}"),
            };
            if found != format!("{outcome:?}") {
                wrong.push(format!("{name}: {outcome:?} in the table, but {found}"));
            }
        }
    }
    wrong.extend(expected.keys().map(|file| format!("{file} is in the table and not in the folder")));
    eprintln!("partner payloads: {counts:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(counts["Tells"] >= 15 && counts["Order"] + counts["Placed"] >= 10, "{counts:?}");
}

/// Whatever a partner sends, cut off anywhere: the door answers, and panics at nothing.
#[test]
fn a_body_that_breaks_off_is_unreadable_and_nothing_worse() {
    let Some(samples) = samples() else { return };
    for door in doors() {
        let Ok(files) = std::fs::read_dir(samples.join(door.name())) else { continue };
        for file in files {
            let body = std::fs::read(file.unwrap().path()).unwrap();
            for end in (0..body.len().saturating_sub(2)).step_by(body.len() / 40 + 1) {
                assert!(door.hear(&delivery(&body[..end])).is_err(), "{} {end}", door.name());
            }
        }
    }
}

/// A request of ours names only what the provider's own examples name.
#[tokio::test]
async fn our_requests_name_only_documented_fields() {
    let Some(samples) = samples() else { return };
    let stub = Stub::start().await;
    for partner in stub.partners() {
        let of_partner = OUTCOMES.iter().filter(|(file, outcome)| {
            file.starts_with(&format!("{}/", partner.name())) && *outcome == Request && !file.contains("v2_")
        });
        let mut documented = BTreeSet::new();
        for (file, _) in of_partner {
            names(&serde_json::from_slice(&std::fs::read(samples.join(file)).unwrap()).unwrap(), "", &mut documented);
        }
        if documented.is_empty() {
            continue;
        }
        for variant in ["4012", "a1:4012", "9/5/4012"] {
            stub.says(200, json!({ "id": "1", "result": { "id": 1 } }));
            partner.place(&order(variant)).await.unwrap();
            let mut sent = BTreeSet::new();
            names(&stub.first_request(), "", &mut sent);
            let unknown: Vec<_> = sent.difference(&documented).collect();
            assert!(sent.len() > 10 && unknown.is_empty(), "{} {variant}: {unknown:?}", partner.name());
        }
    }
}

/// The names of fields by their path; list entries share one.
fn names(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                into.insert(path.clone());
                names(value, &path, into);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| names(entry, path, into)),
        _ => {}
    }
}

fn config(base: &str) -> StoreConfig {
    let config = json!({
        "store": { "name": "Example Prints", "mode": "live", "shop": SHOP },
        "partners": {
            "printful": { "base_url": base },
            "printify": { "base_url": base, "shop_id": 1 },
            "gelato": { "base_url": base },
        },
        "mail": { "from": "orders@example.com" },
        "brand": { "name": "Example Prints", "address": "1 Example Street", "support": "help@example.com" },
        "alerts": { "to": "owner@example.com" },
    });
    StoreConfig::parse(&config.to_string()).unwrap()
}

fn doors() -> Vec<Door> {
    // A shop number that no sample has would silence Printify's; the samples have several.
    let mut config = config("http://partner.example.com");
    config.partners.get_mut("printify").unwrap().options.remove("shop_id");
    let names = Door::secrets(&config).unwrap();
    Door::all(&config, &Secrets::from_pairs(names.iter().map(|name| (name.as_str(), HEX_KEY)))).unwrap()
}

fn delivery(body: &[u8]) -> Delivery<'_> {
    Delivery { path_rest: HEX_KEY, headers: &[], body, now: Timestamp::UNIX_EPOCH }
}

/// What the door hears, once an order it names is one of ours.
fn heard(door: &Door, payload: &Value) -> String {
    let mut ours = payload.clone();
    let id = json!(external_id(SHOP, OrderId(ORDER), 1));
    if let Some(order) = ours.pointer_mut("/data/order") {
        order["external_id"] = id.clone();
    }
    if ours.get("orderReferenceId").is_some() {
        ours["orderReferenceId"] = id;
    }
    // As it stands it is nobody's, or at least not this order's.
    let as_it_is = door.hear(&delivery(payload.to_string().as_bytes()));
    if door.name() != "printify" {
        assert!(matches!(as_it_is, Ok(Heard::Unfollowed(_))), "{as_it_is:?}");
    }
    match door.hear(&delivery(ours.to_string().as_bytes())) {
        Ok(Heard::Fact(told)) => format!("Tells({:?})", told.fact.event_type().as_str()),
        Ok(Heard::Unfollowed(_)) => "Silent".to_owned(),
        Err(unreadable) => unreadable.to_string(),
    }
}

#[test]
fn a_path_is_a_partners_or_nobodys() {
    let doors = doors();
    let name = |rest: &str| at(&doors, rest).map(|(door, after)| (door.name().to_owned(), after.to_owned()));
    let found = |door: &str, after: &str| Some((door.to_owned(), after.to_owned()));
    assert_eq!(name(&format!("printful/{HEX_KEY}")), found("printful", HEX_KEY));
    assert_eq!(name("printify"), found("printify", ""));
    for nobody in
        ["printful", "printful/", "printful/wrong", "printifyx", "printify/x", "gelato", "partner/printful", ""]
    {
        assert_eq!(name(nobody), None, "{nobody}");
    }
}

/// A partner that says one thing to everything.
#[derive(Clone)]
struct Stub {
    url: String,
    says: Arc<Mutex<(u16, Value)>>,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Stub {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stub = Self { url, says: Arc::new(Mutex::new((200, Value::Null))), heard: Arc::default() };
        let router = axum::Router::new().fallback(answer).with_state(stub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        stub
    }

    fn partners(&self) -> Vec<Partner> {
        let config = config(&self.url);
        let names = Partner::secrets(&config).unwrap();
        let secrets = Secrets::from_pairs(names.iter().map(|name| (name.as_str(), "key")));
        Partner::all(&config, &secrets, &lambda::http::client(2).unwrap(), Arc::new(SystemClock)).unwrap()
    }

    fn says(&self, status: u16, body: Value) {
        *self.says.lock().unwrap() = (status, body);
        self.heard.lock().unwrap().clear();
    }

    fn first_request(&self) -> Value {
        self.heard.lock().unwrap()[0].clone()
    }

    async fn order(&self, partner: &Partner, payload: Value) -> String {
        self.says(200, payload);
        let known = OrderRef { external_id: String::new(), id: Some("1".to_owned()) };
        match partner.find(&known).await {
            Ok(Some(order)) => shown(&order),
            other => format!("{other:?}"),
        }
    }

    async fn orders(&self, partner: &Partner, payload: Value) -> String {
        self.says(200, payload);
        match partner.open_orders(None).await {
            Ok(Some(listed)) => format!("{:?}", Orders(listed.items.len())),
            other => format!("{other:?}"),
        }
    }

    async fn placed(&self, partner: &Partner, name: &str, payload: Value) -> String {
        let twin = payload.pointer("/order/external_id").and_then(Value::as_str).map(str::to_owned);
        let id = [&payload["order"], &payload["result"], &payload].into_iter().find_map(|holder| match &holder["id"] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        self.says(if name.contains("409") { 409 } else { 200 }, payload);
        let mut new = order("a1:4012");
        new.external_id = twin.unwrap_or(new.external_id);
        match partner.place(&new).await {
            Ok(placed) if Some(&placed.id) == id.as_ref() => "Placed".to_owned(),
            other => format!("{other:?}"),
        }
    }

    async fn yes(&self, partner: &Partner, name: &str, payload: Value) -> String {
        self.says(if name.contains("201") { 201 } else { 200 }, payload);
        let said = if name.contains("cancel") {
            partner.cancel("1").await.map(|()| String::new())
        } else if name.contains("address_change") {
            partner.change_address("1", &address()).await.map(|change| format!("{change:?}"))
        } else {
            partner.release("1").await.map(|()| String::new())
        };
        said.map_or_else(|trouble| format!("{trouble:?}"), |_| "Yes".to_owned())
    }

    async fn no(&self, partner: &Partner, name: &str, status: u16, payload: Value) -> String {
        self.says(status, payload);
        let said = if name.contains("404") {
            partner.release("1").await
        } else {
            partner.place(&order("a1:4012")).await.map(|_| ())
        };
        match said {
            Ok(()) => "a yes".to_owned(),
            Err(trouble) => format!("No({status}, {:?})", trouble.to_string()),
        }
    }
}

async fn answer(State(stub): State<Stub>, body: axum::body::Bytes) -> impl IntoResponse {
    stub.heard.lock().unwrap().push(serde_json::from_slice(&body).unwrap_or_default());
    let (status, body) = stub.says.lock().unwrap().clone();
    (StatusCode::from_u16(status).unwrap(), axum::Json(body))
}

fn shown(order: &PartnerOrder) -> String {
    let cost = order.cost.map(|cost| cost.to_string());
    format!("Order({:?}, {}, {cost:?})", order.stage, order.shipments.len())
}

fn address() -> Address {
    Address {
        name: "Ada Example".into(),
        address1: "1 Harbour Street".into(),
        address2: Some("Flat 2".into()),
        city: "Louisville".into(),
        province_code: Some("KY".into()),
        zip: Some("40202".into()),
        country_code: "US".into(),
        phone: Some("555 0100".into()),
        ..Address::default()
    }
}

fn order(variant: &str) -> NewOrder {
    let file = PrintFile { placement: "default".into(), url: "https://example.com/prints/lighthouse.png".into() };
    let item = Item {
        line: 77,
        title: "Lighthouse".into(),
        quantity: 2,
        make: Make::Variant { variant_id: variant.into(), files: vec![file] },
        texts: vec![],
        retail_price: "12.50".into(),
    };
    NewOrder {
        external_id: external_id(SHOP, OrderId(ORDER), 1),
        order_name: "#1001".into(),
        ship_to: address(),
        email: Some("ada@example.com".into()),
        currency: "USD".into(),
        items: vec![item],
    }
}
