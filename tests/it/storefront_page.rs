//! The customer's page of an order: in every state, for whoever opens the link, and for whoever should not.

mod states;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::event::{Event, Fact};
use domain::order::{Line, Order, Property};
use domain::provider::Trouble;
use domain::subject::OrderId;
use jiff::{SignedDuration, Timestamp};
use lambda::{Secrets, StoreConfig};
use ledger::{Ledger, Memory};
use links::{Key, Purpose, order_link};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{ReadOrder, Shopify};
use storefront::words::Language;
use storefront::{Pages, Reply, Request};

use crate::storefront::Shop;
use crate::world::{self, SimClock, World, payload};
use states::{NOW, ORDER, State, announced, event, making, moved, sent, states};

const BASE: &str = "https://pages.example.com/";

/// A store with one order, with none, or out of reach.
enum Shelf {
    Has(Box<Order>),
    Empty,
    Down,
}

impl ReadOrder for Shelf {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, Trouble> {
        match self {
            Self::Has(order) => Ok((order.id == id).then(|| order.as_ref().clone())),
            Self::Empty => Ok(None),
            Self::Down => Err(Trouble::Unavailable { why: "no connection".into() }),
        }
    }
}

fn key() -> Key {
    Key::new(vec![SecretString::from("an invented key of forty characters, yes")]).unwrap()
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn config(choose: impl FnOnce(&mut Value)) -> StoreConfig {
    let mut choices = json!({
        "store": { "name": "Example Prints", "mode": "test", "shop": "example-prints.myshopify.com", "time_zone": "Europe/Berlin" },
        "mail": { "from": "orders@example.com", "reply_to": "Example Prints <answers@example.com>" },
        "brand": {
            "name": "Example Prints", "color": "#205081", "address": "Example Prints, 1 Harbour Street, Exampletown",
            "support": "help@example.com",
        },
        "alerts": { "to": "owner@example.com" },
    });
    choose(&mut choices);
    StoreConfig::parse(&choices.to_string()).unwrap()
}

async fn pages_of(config: &StoreConfig, store: Shelf, events: &[Event]) -> Pages<Arc<Memory>, Shelf, SimClock> {
    let ledger = Ledger::new(Arc::new(Memory::default()));
    for event in events {
        ledger.append(event, &Default::default(), None).await.unwrap();
    }
    Pages::new(config, ledger, store, SimClock::starting_at(NOW), key()).unwrap()
}

fn asked(path: &str, accept_language: &str) -> Request {
    let headers = vec![("accept-language".to_owned(), accept_language.to_owned())];
    Request { method: "GET".into(), path: path.into(), headers, ..Request::default() }
}

/// The path of an order's page, from the link that a mail has.
fn path(order: OrderId, sent: Timestamp) -> String {
    order_link(BASE, &key(), order, sent).strip_prefix(BASE).unwrap().to_owned()
}

async fn page(state: &State, accept_language: &str) -> Reply {
    let pages = pages_of(&config(|_| {}), Shelf::Has(Box::new(state.order.clone())), &state.events).await;
    pages.answer(&asked(&path(ORDER, now()), accept_language)).await
}

/// What a person reads: a line for each block, without markup and style.
fn text(reply: &Reply) -> String {
    let body = reply.body.split_once("<body>").unwrap().1;
    let blocks = body.replace("</", "\n</").replace("<p", "\n<p").replace("<li", "\n<li").replace("<h", "\n<h");
    let mut text = String::new();
    let (mut inside, mut last) = (false, '\n');
    for character in blocks.chars() {
        match character {
            '<' => inside = true,
            '>' => inside = false,
            _ if inside => {}
            '\n' if last == '\n' => {}
            other => {
                text.push(other);
                last = other;
            }
        }
    }
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn headline(reply: &Reply) -> &str {
    reply.body.split_once("<p class=\"headline\">").unwrap().1.split_once("</p>").unwrap().0
}

/// Where the browser's check finds the pages, each with the status and headers it is sent with.
fn write_for_the_browser(name: &str, language: Language, reply: &Reply) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("order-pages");
    std::fs::create_dir_all(&folder).unwrap();
    let file: PathBuf = folder.join(format!("{name}-{}", language.tag()));
    let headers: serde_json::Map<String, Value> =
        reply.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let meta = json!({ "status": reply.status, "headers": headers });
    std::fs::write(file.with_extension("html"), &reply.body).unwrap();
    std::fs::write(file.with_extension("json"), meta.to_string()).unwrap();
}

#[tokio::test]
async fn every_state_has_its_own_true_words_in_every_language() {
    let mut told = String::new();
    for state in states() {
        for language in Language::ALL {
            let reply = page(&state, language.tag()).await;
            assert_eq!(reply.status, 200, "{}", state.name);
            assert!(reply.body.contains(&format!("<html lang=\"{}\"", language.tag())), "{}", state.name);
            assert_eq!(reply.body.matches('{').count(), style_braces(&reply), "{}", state.name);
            write_for_the_browser(state.name, language, &reply);
            writeln!(told, "{:<18} {} {}", state.name, language.tag(), headline(&reply)).unwrap();
        }
    }
    insta::assert_snapshot!("headlines", told);
}

/// Braces stand in the style and nowhere else: a gap that nothing filled would show.
fn style_braces(reply: &Reply) -> usize {
    reply.body.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0.matches('{').count()
}

#[tokio::test]
async fn whole_pages_as_they_are_read() {
    for (name, language) in [
        ("making", "en"),
        ("in_transit", "de"),
        ("several", "en"),
        ("partly_refunded", "de"),
        ("cancelled_refunded", "en"),
    ] {
        let state = states().into_iter().find(|state| state.name == name).unwrap();
        insta::assert_snapshot!(format!("page_{name}_{language}"), text(&page(&state, language).await));
    }
    let state = states().into_iter().find(|state| state.name == "in_transit").unwrap();
    insta::assert_snapshot!("page_html", page(&state, "en").await.body);
}

#[tokio::test]
async fn what_the_order_says_of_its_language_comes_before_the_browser() {
    let order = Order { locale: Some("de-AT".into()), ..states::order() };
    let state = State { name: "", order, events: making() };
    assert!(page(&state, "en").await.body.contains("Ihre Bestellung #1001"));
    let state = State { order: Order { locale: Some("fr".into()), ..state.order }, ..state };
    assert!(page(&state, "de;q=0.5").await.body.contains("Ihre Bestellung #1001"));
    let german = config(|choices| choices["store"]["language"] = json!("de"));
    let pages = pages_of(&german, Shelf::Has(Box::new(states::order())), &[]).await;
    assert!(pages.answer(&asked(&path(ORDER, now()), "fr")).await.body.contains("Ihre Bestellung #1001"));
}

#[tokio::test]
async fn whoever_has_no_good_link_learns_nothing() {
    let has = || Shelf::Has(Box::new(states::order()));
    let pages = pages_of(&config(|_| {}), has(), &making()).await;
    let ninety_days = now().checked_sub(SignedDuration::from_hours(90 * 24)).unwrap();
    let good = path(ORDER, now());
    let mut forged = good.clone();
    forged.replace_range(9..10, if &good[9..10] == "A" { "B" } else { "A" });
    let decision = format!("orders/{}", key().sign(Purpose::Decision, "1001#1", Timestamp::MAX));
    let strange = Key::new(vec![SecretString::from("another key of forty characters, or so..")]).unwrap();
    let strange = order_link(BASE, &strange, ORDER, now()).strip_prefix(BASE).unwrap().to_owned();
    let mut answers = Vec::new();
    for (name, path, status) in [
        ("forged", forged.as_str(), 404),
        ("another key", &strange, 404),
        ("the owner's link", &decision, 404),
        ("another order", &path(OrderId(1_002), now()), 404),
        ("no token", "orders/", 404),
        ("a token and more", &format!("{good}/edit"), 404),
        ("expired", &path(ORDER, ninety_days), 410),
    ] {
        let reply = pages.answer(&asked(path, "en")).await;
        assert_eq!(reply.status, status, "{name}");
        assert!(!reply.body.contains("1001") && !reply.body.contains("Lighthouse"), "{name}: {}", reply.body);
        assert!(reply.body.contains("answer") && reply.body.contains("Example Prints"), "{name}");
        answers.push((status, reply));
    }
    let refusals: Vec<&Reply> = answers.iter().filter(|(status, _)| *status == 404).map(|(_, reply)| reply).collect();
    assert!(refusals.windows(2).all(|two| two[0] == two[1]), "a refusal says which part was wrong");
    assert_eq!(pages.answer(&asked(&good, "en")).await.status, 200);
    let unknown = pages_of(&config(|_| {}), Shelf::Empty, &making()).await.answer(&asked(&good, "en")).await;
    assert_eq!(&unknown, refusals[0], "an order that the store does not know is a link that is none");
}

#[tokio::test]
async fn a_store_that_is_down_is_told_and_other_methods_are_refused() {
    let down = pages_of(&config(|_| {}), Shelf::Down, &making()).await;
    let up = pages_of(&config(|_| {}), Shelf::Has(Box::new(states::order())), &making()).await;
    let good = path(ORDER, now());
    let old = path(ORDER, now().checked_sub(SignedDuration::from_hours(91 * 24)).unwrap());
    for language in Language::ALL {
        let later = down.answer(&asked(&good, language.tag())).await;
        assert_eq!((later.status, later.header("retry-after")), (503, Some("120")));
        let post = Request { method: "POST".into(), ..asked(&good, language.tag()) };
        let method = up.answer(&post).await;
        assert_eq!((method.status, method.header("allow")), (405, Some("GET, HEAD")));
        write_for_the_browser("later", language, &later);
        write_for_the_browser("method", language, &method);
        write_for_the_browser("not_found", language, &up.answer(&asked("orders/x", language.tag())).await);
        write_for_the_browser("gone", language, &up.answer(&asked(&old, language.tag())).await);
    }
    let head = up.answer(&Request { method: "HEAD".into(), ..asked(&good, "en") }).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[tokio::test]
async fn nobody_keeps_the_page_and_nothing_foreign_gets_in() {
    let state = states().into_iter().find(|state| state.name == "making").unwrap();
    let reply = page(&state, "en").await;
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex, nofollow, noarchive"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("content-type", "text/html; charset=utf-8"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; img-src https://cdn.example.com; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let mut plain = states::order();
    plain.lines[0].image = Some("http://cdn.example.com/plain.png".into());
    let reply = page(&State { name: "", order: plain, events: making() }, "en").await;
    assert!(!reply.body.contains("plain.png") && !reply.header("content-security-policy").unwrap().contains("img-src"));
}

/// A page may be passed on, so it tells nobody who bought, where they live, who makes it, or why the shop looks at it.
#[tokio::test]
async fn the_page_tells_no_more_than_its_reader_needs() {
    for state in states() {
        let body = page(&state, "en").await.body;
        for secret in
            ["Ada", "1 Example Street", "ada@example.com", "rintful", "another country", "internal-7", "uploads."]
        {
            assert!(!body.contains(secret), "{}: {secret}", state.name);
        }
        assert!(body.contains("mailto:answers@example.com?subject=Order%20%231001"), "{}", state.name);
    }
}

#[tokio::test]
async fn what_strangers_wrote_is_text() {
    const HOSTILE: &str = "\"><script>alert(1)</script>\u{202e}{order}";
    let line = Line {
        title: HOSTILE.into(),
        variant_title: Some(HOSTILE.into()),
        image: Some("https://cdn.example.com;script-src *//x.png\"onerror=\"alert(1)".into()),
        properties: vec![Property { name: HOSTILE.into(), value: HOSTILE.into() }],
        ..states::order().lines[0].clone()
    };
    let mut order = Order { name: HOSTILE.into(), locale: Some(HOSTILE.into()), lines: vec![line], ..sent() };
    order.ship_to.as_mut().unwrap().city = HOSTILE.into();
    let mut events = making();
    events.push(announced("24T15:00", Some("1Z\"><img src=x onerror=alert(1)>")));
    events.push(moved("25T04:00", "1Z\"><img src=x onerror=alert(1)>", Some("2026-11-30\"><b>")));
    let reply = page(&State { name: "hostile", order, events }, HOSTILE).await;
    assert_eq!(reply.status, 200);
    for bad in ["<script", "<img", "onerror=\"", "\u{202e}", "alert(1)\"", "script-src"] {
        let (page, policy) = (&reply.body, reply.header("content-security-policy").unwrap());
        assert!(!page.contains(bad) && !policy.contains(bad), "{bad}: {page}");
    }
    assert!(reply.body.contains("&#60;script&#62;") || reply.body.contains("&lt;script&gt;"), "{}", reply.body);
}

#[tokio::test]
async fn it_can_be_changed_just_as_long_as_it_says() {
    let open = config(|choices| choices["routing"] = json!({ "window": 7 * 86_400 }));
    let cleared = making()[..2].to_vec();
    let has = || Shelf::Has(Box::new(states::order()));
    let body = async |config: &StoreConfig, events: &[Event]| {
        pages_of(config, has(), events).await.answer(&asked(&path(ORDER, now()), "en")).await.body
    };
    // Placed on the 22nd at 02:13 UTC.
    assert!(body(&open, &cleared).await.contains("until November 29, 2026, 03:13 (CET) it does not go to production"));
    assert!(body(&config(|_| {}), &cleared).await.contains("Perhaps: it is not in production yet."));
    assert!(
        body(&open, &making()).await.contains("Hardly: it is already being made"),
        "the window ends with production"
    );
}

#[tokio::test]
async fn a_wrong_zone_or_language_stops_the_pages_before_anybody_reads_them() {
    for (name, value, said) in
        [("time_zone", "Europe/Nowhere", "store.time_zone"), ("language", "fr", "store.language")]
    {
        let config = config(|choices| choices["store"][name] = json!(value));
        let ledger = Ledger::new(Arc::new(Memory::default()));
        let error = Pages::new(&config, ledger, Shelf::Empty, SimClock::starting_at(NOW), key()).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

/// Through the door, the relay and the layers, from the link to the doorstep; opening the page changes nothing.
#[tokio::test]
async fn the_page_of_a_real_order_follows_it_to_the_door() {
    const ID: u64 = 4_242;
    let mut world = World::new(7).await;
    let mut order = payload(ID);
    order["customer_locale"] = json!("de-DE");
    let config = world::config(&world.sandbox);
    let token = world.sandbox.ctx.config.shopify.admin_token.clone();
    let secrets = Secrets::from_pairs([("call/shopify/admin-token", token.as_str())]);
    let http = lambda::http::client(1).unwrap();
    let shopify = Shopify::new(&config.store, &secrets, http).unwrap();
    let pages = Pages::new(&config, Ledger::new(world.table.clone()), shopify, world.clock.clone(), key()).unwrap();
    let link = path(OrderId(ID), world.clock.get());
    let read = async || pages.answer(&asked(&link, "en")).await;
    assert_eq!(read().await.status, 404, "there is no such order yet");
    world.order(&order, 1).await;
    world.run().await;
    assert_eq!(headline(&read().await), "Ihre Bestellung wird gerade hergestellt.");
    world.at_partner("produce", json!({})).await;
    world.run().await;
    let rows = world.table.rows().len();
    let made = read().await;
    assert_eq!(headline(&made), "Ihre Bestellung wird gerade hergestellt.");
    assert_eq!(world.table.rows().len(), rows, "reading writes nothing");
    world.at_partner("ship", json!({ "tracking_number": "1Z999AA10123456784", "carrier": "UPS" })).await;
    world.run().await;
    let sent = read().await;
    assert_eq!(headline(&sent), "Ihr Paket ist bereit für den Paketdienst.");
    assert!(sent.body.contains("1Z999AA10123456784"), "{}", sent.body);
    world.at_partner("deliver", json!({})).await;
    world.run().await;
    assert_eq!(headline(&read().await), "Ihre Bestellung wurde zugestellt.");
    // The store is asked anew each time.
    assert!(!text(&read().await).contains("An Sie zurück"));
    world.in_store(ID, json!({ "do": "refund" })).await;
    world.run().await;
    let refunded = read().await;
    assert_eq!(headline(&refunded), "Ihre Bestellung wurde zugestellt.");
    assert!(text(&refunded).contains("An Sie zurück"), "{}", text(&refunded));
    world.assert_at_rest(ID).await;
}

/// The built-in store's orders have the same page, pictures and refunds included.
#[tokio::test]
async fn the_page_of_an_order_without_shopify() {
    let shop = Shop::new().await;
    let order = shop.paid("cart-0001").await;
    let table = Arc::new(Memory::default());
    let cleared = Event { subject: domain::subject::Subject::Order(order), ..event("22T02:14", Fact::OrderCleared {}) };
    Ledger::new(table.clone()).append(&cleared, &Default::default(), None).await.unwrap();
    let pages = Pages::new(&config(|_| {}), Ledger::new(table), shop.store.clone(), shop.clock.clone(), key()).unwrap();
    let reply = pages.answer(&asked(&path(order, shop.clock.get()), "en")).await;
    assert_eq!((reply.status, headline(&reply)), (200, "We have your order."));
    assert!(reply.body.contains("2 × 25.00 USD") && reply.body.contains("https://www.example.com/lighthouse.jpg"));
    assert!(reply.header("content-security-policy").unwrap().contains("img-src https://www.example.com;"));
}
