//! The headless store's checkout, from a browser's request to Stripe's page.

mod shop;

use std::sync::Arc;

use domain::event::{CheckoutEnd, Fact};
use domain::order::Payment;
use domain::subject::OrderId;
use jiff::SignedDuration;
use lambda::config::CheckoutSection;
use sandbox::faults::{Arm, Fault};
use serde_json::{Value, json};
use store::headless::table::{Memory, OrderTable};
use storefront::{Request, Storefront};

use shop::{SITE, request};
pub use shop::{Shop, cart, headless, section};

#[tokio::test]
async fn the_same_cart_is_one_order_and_one_session_however_often_and_at_once() {
    let shop = Shop::new().await;
    let body = cart(json!({}));
    let replies = futures(16, || shop.post(&body)).await;
    assert!(replies.iter().all(|reply| reply == &replies[0] && reply.status == 200), "{replies:?}");
    assert_eq!(shop.post(&body).await, replies[0]);
    assert_eq!(shop.stripe("sessions").await.len(), 1);
    let answer: Value = serde_json::from_str(&replies[0].body).unwrap();
    let number = answer["order"].as_str().unwrap().trim_start_matches('#').parse::<u64>().unwrap();
    assert!(shop.row(number).await.link.is_some());
    let other = shop.post(&cart(json!({ "cart": "cart-0002" }))).await;
    assert_ne!(other.body, replies[0].body);
    assert_eq!(shop.stripe("sessions").await.len(), 2);
    shop.assert_expected();
}

/// So many of them under way at once.
async fn futures<F: Future>(count: usize, make: impl Fn() -> F) -> Vec<F::Output> {
    let mut running: Vec<_> = (0..count).map(|_| Box::pin(make())).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in running.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().map(Option::unwrap).collect()
}

#[tokio::test]
async fn whatever_happens_to_the_answer_the_next_try_is_the_same_session() {
    for (fault, status) in [
        (Fault::LostAnswer, 503),
        (Fault::ServerError, 503),
        (Fault::TooMany, 503),
        (Fault::Reset, 503),
        (Fault::Refuse, 502),
    ] {
        let shop = Shop::new().await;
        let (provider, operation) = ("stripe".to_owned(), "create_session".to_owned());
        let arm = Arm { provider, operation, fault, times: Some(1), skip: 0, seconds: None };
        shop.sandbox.ctx.faults.arm(vec![arm]);
        let body = cart(json!({}));
        let first = shop.post(&body).await;
        assert_eq!(first.status, status, "{fault:?} {}", first.body);
        assert!(first.body.contains("Nothing was charged"), "{}", first.body);
        assert_eq!(first.header("retry-after").is_some(), status == 503);
        let second = shop.post(&body).await;
        assert_eq!(second.status, 200, "{fault:?} {}", second.body);
        assert_eq!(shop.stripe("sessions").await.len(), 1, "{fault:?}");
        assert!(second.body.contains("#1001"), "{fault:?}: the order is the same");
    }
}

#[tokio::test]
async fn an_expired_checkout_is_told_and_the_same_cart_opens_a_new_one_for_the_same_order() {
    let shop = Shop::new().await;
    let first = shop.begun("cart-0001").await;
    shop.at_stripe(&format!("sessions/{first}/expire"), json!({})).await;
    let (order, facts) = shop.resolve(&first).await;
    assert_eq!(facts, [Fact::CheckoutEnded { how: CheckoutEnd::Expired }]);
    let second = shop.begun("cart-0001").await;
    assert_ne!(first, second);
    assert_eq!(shop.begun("cart-0001").await, second, "and that one again");
    shop.at_stripe(&format!("sessions/{second}/pay"), json!({})).await;
    // The late word about the first session comes after the payment.
    assert_eq!(shop.resolve(&second).await.0, order);
    let (_, facts) = shop.resolve(&first).await;
    assert!(
        facts.contains(&Fact::OrderPaid { what: None })
            && !facts.iter().any(|f| matches!(f, Fact::CheckoutEnded { .. }))
    );
    let reply = shop.post(&cart(json!({}))).await;
    assert_eq!(reply.status, 409);
    assert!(reply.body.contains("#1001") && reply.body.contains("Begin a new one"), "{}", reply.body);
    shop.assert_expected();
}

#[tokio::test]
async fn a_checkout_whose_end_nobody_heard_is_looked_at_before_it_is_offered_again() {
    let shop = Shop::new().await;
    let first = shop.begun("cart-0001").await;
    shop.pass(SignedDuration::from_hours(25));
    shop.at_stripe(&format!("sessions/{first}/expire"), json!({})).await;
    assert_ne!(shop.begun("cart-0001").await, first);
    // Paid, and the door did not hear it: no second time.
    let shop = Shop::new().await;
    let first = shop.begun("cart-0001").await;
    shop.at_stripe(&format!("sessions/{first}/pay"), json!({})).await;
    shop.pass(SignedDuration::from_hours(25));
    assert_eq!(shop.post(&cart(json!({}))).await.status, 409);
    assert_eq!(shop.order(OrderId(1001)).await.payment, Payment::Paid);
    shop.assert_expected();
}

#[tokio::test]
async fn a_new_price_is_a_new_order_and_new_shipping_is_not() {
    let shop = Shop::new().await;
    let cart: store::headless::cart::Cart = serde_json::from_value(cart(json!({}))).unwrap();
    let begin = async |checkout: &CheckoutSection| {
        let store = shop.with(checkout);
        store.begin(&cart.price(checkout, store.shop()).unwrap(), None).await.unwrap()
    };
    let first = begin(&section()).await;
    let mut dearer = section();
    dearer.products = serde_json::from_value::<CheckoutSection>(json!({
        "products": [{ "sku": "LIGHTHOUSE-A", "title": "Lighthouse", "prices": { "USD": "30.00" } }],
    }))
    .unwrap()
    .products;
    assert_ne!(begin(&dearer).await, first);
    let mut slower = section();
    slower.shipping.truncate(1);
    assert_eq!(begin(&slower).await, first, "who has the page keeps it");
    // The answer was lost, the owner changed the shipping, the customer tried again: the order gets a session all the same.
    let shop = Shop::new().await;
    let lost = Arm {
        provider: "stripe".into(),
        operation: "create_session".into(),
        fault: Fault::LostAnswer,
        times: Some(1),
        skip: 0,
        seconds: None,
    };
    shop.sandbox.ctx.faults.arm(vec![lost]);
    let priced = cart.price(&section(), "example-prints").unwrap();
    assert!(shop.store.begin(&priced, None).await.is_err());
    assert!(shop.with(&slower).begin(&priced, None).await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_bought_is_refused_with_words_and_stripe_hears_nothing() {
    let shop = Shop::new().await;
    let front = Storefront::new(Some(shop.store.clone())).unwrap();
    let many = vec![json!({ "sku": "LIGHTHOUSE-A", "quantity": 1 }); 2_000];
    for (body, status, word) in [
        (String::new(), 400, "items"),
        ("{".to_owned(), 400, "items"),
        (json!({ "cart": "cart-0001" }).to_string(), 400, "items"),
        (cart(json!({ "items": [{ "sku": "LIGHTHOUSE-A", "quantity": -1 }] })).to_string(), 400, "items[0].quantity"),
        (cart(json!({ "items": [{ "sku": "LIGHTHOUSE-A", "quantity": 1.5 }] })).to_string(), 400, "items[0].quantity"),
        (cart(json!({ "items": [] })).to_string(), 422, "Put something into it"),
        (cart(json!({ "items": [{ "sku": "GONE", "quantity": 1 }] })).to_string(), 422, "Take it out"),
        (cart(json!({ "items": [{ "sku": "CARD-A", "quantity": 11 }] })).to_string(), 422, "At most 10"),
        (
            cart(json!({ "items": [{ "sku": "CARD-A", "quantity": 1 }], "currency": "EUR" })).to_string(),
            422,
            "another currency",
        ),
        (cart(json!({ "email": "nobody" })).to_string(), 422, "not a mail address"),
        (cart(json!({ "cart": "../etc" })).to_string(), 422, "Reload"),
        (cart(json!({ "items": many })).to_string(), 413, "too large"),
    ] {
        let reply = front.answer(&request("POST", body.clone())).await;
        assert_eq!(reply.status, status, "{:.80} {}", body, reply.body);
        let answer: Value = serde_json::from_str(&reply.body).unwrap();
        let words = answer["error"]["message"].as_str().unwrap();
        assert!(words.contains(word), "{words}");
    }
    assert_eq!(shop.stripe("sessions").await, Vec::<Value>::new());
    assert_eq!(shop.table.last_number().await.unwrap(), 1_000, "no number was taken");
    shop.assert_expected();
}

#[tokio::test]
async fn only_the_shops_own_site_may_begin_a_checkout() {
    let shop = Shop::new().await;
    let front = Storefront::new(Some(shop.store.clone())).unwrap();
    let from = |method: &str, origin: Option<&str>| {
        let mut request = request(method, cart(json!({})).to_string());
        request.headers.retain(|(name, _)| name != "origin");
        request.headers.extend(origin.map(|origin| ("origin".to_owned(), origin.to_owned())));
        request
    };
    let allowed = "access-control-allow-origin";
    let preflight = front.answer(&from("OPTIONS", Some(SITE))).await;
    assert_eq!((preflight.status, preflight.header(allowed)), (204, Some(SITE)));
    assert_eq!(preflight.header("access-control-allow-methods"), Some("POST"));
    for foreign in
        ["https://evil.example.com", "https://www.example.com.evil.example", "http://www.example.com", "null"]
    {
        let preflight = front.answer(&from("OPTIONS", Some(foreign))).await;
        assert_eq!(preflight.header(allowed), None, "{foreign}");
        let reply = front.answer(&from("POST", Some(foreign))).await;
        assert_eq!((reply.status, reply.header(allowed)), (403, None), "{foreign}");
    }
    assert_eq!(shop.stripe("sessions").await.len(), 0);
    assert_eq!(front.answer(&from("POST", None)).await.status, 200, "no browser, no origin");
    assert_eq!(front.answer(&from("POST", Some(SITE))).await.header(allowed), Some(SITE));
    assert_eq!(front.answer(&from("GET", Some(SITE))).await.status, 405);
    let elsewhere = Request { path: "basket".into(), ..from("POST", Some(SITE)) };
    assert_eq!(front.answer(&elsewhere).await.status, 404);
    let shopify = Storefront::<Arc<Memory>>::new(None).unwrap();
    assert_eq!(shopify.answer(&from("POST", Some(SITE))).await.status, 404, "a shop on Shopify has its checkout there");
}

#[tokio::test]
async fn a_plain_form_is_sent_on_to_stripe() {
    let shop = Shop::new().await;
    let front = Storefront::new(Some(shop.store.clone())).unwrap();
    let mut form = request("POST", "cart=cart-0001&sku=LIGHTHOUSE-A&quantity=2");
    form.headers = vec![
        ("content-type".into(), "application/x-www-form-urlencoded; charset=UTF-8".into()),
        ("accept".into(), "text/html,application/xhtml+xml".into()),
        ("origin".into(), SITE.into()),
    ];
    let reply = front.answer(&form).await;
    let session = shop.stripe("sessions").await.remove(0);
    assert_eq!((reply.status, reply.header("location")), (303, session["url"].as_str()));
    form.body = b"cart=cart-0001&sku=%3Cscript%3E&quantity=2".to_vec();
    let reply = front.answer(&form).await;
    assert_eq!(reply.status, 422);
    assert!(reply.body.contains("&lt;script&gt;") && reply.body.starts_with("<!doctype html>"), "{}", reply.body);
}

#[tokio::test]
async fn a_checkout_that_is_not_set_up_does_not_start() {
    let shop = Shop::new().await;
    let mut half = section();
    half.countries.clear();
    half.success_url.clear();
    let Err(error) = Storefront::new(Some(shop.with(&half))) else { panic!("it started") };
    let words = error.to_string();
    assert!(words.contains("checkout.countries") && words.contains("checkout.success_url"), "{words}");
}
