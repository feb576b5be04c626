//! What routing and shipping rely on, asked of every partner in the same words, each against its own sandbox.

use std::sync::Arc;
use std::time::Duration;

use domain::event::PartnerStop;
use domain::order::Address;
use domain::plan::{Item, Make, PrintFile};
use domain::provider::Trouble;
use lambda::{Secrets, StoreConfig, SystemClock};
use partner::{
    Availability, CancelOrder, ChangeAddress, FindOrder, ListOrders, NewOrder, OrderRef, Partner, PartnerOrder,
    PlaceOrder, ReadCatalog, ReadFunds, ReleaseOrder, Stage, TwinRule,
};
use sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{self, control};

mod cases;

use cases::{CASES, Case, Lack};

/// One partner and its sandbox.
struct Bench {
    sandbox: Sandbox,
    partner: Partner,
    case: &'static Case,
}

impl Bench {
    async fn of(case: &'static Case) -> Self {
        Self::with_key(case, None).await
    }

    async fn with_key(case: &'static Case, key: Option<&str>) -> Self {
        let mut played = sandbox::Config { specs: support::specs(), retry_ms: vec![], ..Default::default() };
        (case.play)(&mut played);
        let sandbox = Sandbox::start(played).await.unwrap();
        let played = &sandbox.ctx.config;
        let config = json!({
            "store": { "name": "Example Prints", "mode": "test", "shop": "example.myshopify.com" },
            "partners": { case.name: (case.section)(&sandbox.url(), played) },
            "mail": { "from": "orders@example.com" },
            "brand": { "name": "Example Prints", "address": "1 Example Street", "support": "help@example.com" },
            "alerts": { "to": "owner@example.com" },
        });
        let config = StoreConfig::parse(&config.to_string()).unwrap();
        let token = format!("call/{}/token", case.name);
        assert_eq!(Partner::secrets(&config).unwrap(), std::slice::from_ref(&token));
        let secrets = Secrets::from_pairs([(token.as_str(), key.unwrap_or_else(|| (case.token)(played)))]);
        let http = lambda::http::client(1).unwrap();
        let partner = Partner::all(&config, &secrets, &http, Arc::new(SystemClock)).unwrap().remove(0);
        assert_eq!(partner.name(), case.name);
        Self { sandbox, partner, case }
    }

    async fn place(&self) -> String {
        self.partner
            .place(&order(self.case))
            .await
            .unwrap_or_else(|trouble| panic!("{}: {trouble:?}", self.case.name))
            .id
    }

    /// The order as shipping and routing ask for it: by both ids.
    async fn find(&self, id: &str) -> PartnerOrder {
        let known = OrderRef { external_id: EXTERNAL.to_owned(), id: Some(id.to_owned()) };
        self.partner.find(&known).await.unwrap().unwrap_or_else(|| panic!("{} has no {id}", self.case.name))
    }

    async fn act(&self, id: &str, act: &str, body: Value) {
        let path = format!("/_sandbox/partner/{}/orders/{id}/{act}", self.case.stand_in);
        let (status, answer) = control(&self.sandbox, "POST", &path, body.to_string()).await;
        assert_eq!(status, 200, "{} {act}: {answer}", self.case.name);
    }

    /// How many orders the partner has.
    async fn count(&self) -> usize {
        let path = format!("/_sandbox/partner/{}/orders", self.case.stand_in);
        control(&self.sandbox, "GET", &path, "").await.1.as_array().unwrap().len()
    }

    async fn fault(&self, operation: &str, fault: &str) {
        let arm = json!([{ "provider": self.case.stand_in, "operation": operation, "fault": fault, "times": 1 }]);
        let (status, answer) = control(&self.sandbox, "POST", "/_sandbox/faults", arm.to_string()).await;
        assert!(status < 300, "{answer}");
    }

    /// Nothing was sent that the provider would not accept.
    fn assert_clean(&self) {
        let unexpected = self.sandbox.ctx.unexpected.list();
        assert!(unexpected.is_empty(), "{}: {}", self.case.name, serde_json::to_string_pretty(&unexpected).unwrap());
    }
}

const EXTERNAL: &str = "9f3a-5550004242-1";
const LINE: u64 = 77;

fn order(case: &Case) -> NewOrder {
    let file = PrintFile { placement: "default".into(), url: "https://example.com/prints/lighthouse.png".into() };
    let item = Item {
        line: LINE,
        title: "Lighthouse".into(),
        quantity: 2,
        make: Make::Variant { variant_id: case.variant.into(), files: vec![file] },
        texts: vec![],
        retail_price: "12.50".into(),
    };
    NewOrder {
        external_id: EXTERNAL.into(),
        order_name: "#1001".into(),
        ship_to: address(),
        email: Some("ada@example.com".into()),
        currency: "USD".into(),
        items: vec![item],
    }
}

fn address() -> Address {
    Address {
        name: "Ada Example".into(),
        address1: "1 Harbour Street".into(),
        city: "Louisville".into(),
        province_code: Some("KY".into()),
        zip: Some("40202".into()),
        country_code: "US".into(),
        ..Address::default()
    }
}

/// Every page of the orders that are looked at when webhooks are silent; `None` where there is no list.
async fn listed(partner: &Partner) -> Option<Vec<PartnerOrder>> {
    let (mut all, mut after) = (Vec::new(), None);
    for _ in 0..20 {
        let page = partner.open_orders(after.as_deref()).await.unwrap()?;
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return Some(all),
        }
    }
    panic!("{} lists for ever", partner.name());
}

#[tokio::test]
async fn from_a_draft_to_the_doorstep() {
    for case in CASES {
        let bench = Bench::of(case).await;
        let (partner, name) = (&bench.partner, case.name);
        let nobody = OrderRef { external_id: EXTERNAL.into(), id: None };
        assert_eq!(partner.find(&nobody).await, Ok(None), "{name}");
        let placed = partner.place(&order(case)).await.unwrap();
        let draft = bench.find(&placed.id).await;
        assert_eq!(
            (draft.stage, &draft.stopped, draft.id.as_str()),
            (Stage::Draft, &None, placed.id.as_str()),
            "{name}"
        );
        assert_eq!(draft.external_id.as_deref(), Some(EXTERNAL), "{name}");
        assert!(draft.shipments.is_empty(), "{name}");
        partner.release(&placed.id).await.unwrap();
        let released = bench.find(&placed.id).await;
        assert!(released.stage.is_released(), "{name}: {released:?}");
        // What it charges is known by now, if not before.
        let cost = placed.cost.or(released.cost);
        assert_eq!(cost.is_none(), case.lacks(Lack::Cost), "{name}: {released:?}");
        assert!(cost.is_none_or(|cost| cost.minor() > 0), "{name}: {released:?}");
        bench.act(&placed.id, "produce", json!({})).await;
        assert_eq!(bench.find(&placed.id).await.stage, Stage::Producing, "{name}");
        let parcel = json!({ "tracking_number": "1Z999AA10123456784", "carrier": "UPS" });
        bench.act(&placed.id, "ship", parcel).await;
        let shipped = bench.find(&placed.id).await;
        assert_eq!(shipped.shipments.len(), 1, "{name}: {shipped:?}");
        let shipment = &shipped.shipments[0];
        assert_eq!(shipment.tracking.as_ref().unwrap().number, "1Z999AA10123456784", "{name}");
        assert!(!shipment.reshipment && !shipment.delivered && !shipment.id.is_empty(), "{name}: {shipment:?}");
        let pieces: u32 = shipment.pieces.iter().filter(|pieces| pieces.line == LINE).map(|one| one.quantity).sum();
        assert_eq!(pieces, if case.lacks(Lack::Pieces) { 0 } else { 2 }, "{name}: {shipment:?}");
        assert_eq!(shipment.pieces.is_empty(), case.lacks(Lack::Pieces), "{name}: {shipment:?}");
        let listed = listed(partner).await;
        assert_eq!(listed.is_none(), case.lacks(Lack::List), "{name}: an empty list is another answer than none");
        if let Some(listed) = listed {
            let here: Vec<_> = listed.into_iter().filter(|listed| listed.id == placed.id).collect();
            assert_eq!(here, std::slice::from_ref(&shipped), "{name}: the list tells the same");
        }
        bench.act(&placed.id, "deliver", json!({})).await;
        let delivered = bench.find(&placed.id).await;
        assert_eq!(delivered.shipments[0].delivered, !case.lacks(Lack::Arrival), "{name}: {delivered:?}");
        assert!([&draft, &released, &shipped, &delivered].iter().all(|order| !order.changed.is_empty()), "{name}");
        bench.assert_clean();
    }
}

/// Whatever happens to the answer, there is one order, and its id can be had.
#[tokio::test]
async fn an_order_whose_answer_was_lost_is_one_order() {
    for case in CASES {
        let bench = Bench::of(case).await;
        let (partner, name) = (&bench.partner, case.name);
        bench.fault(case.place, "lost_answer").await;
        let lost = partner.place(&order(case)).await;
        assert!(matches!(lost, Err(Trouble::NoAnswer { .. })), "{name}: {lost:?}");
        let id = match partner.twin_rule() {
            TwinRule::Refuses => bench.place().await,
            TwinRule::Searched { settle } => {
                assert!(settle.as_secs() >= 60, "{name}");
                let known = OrderRef { external_id: EXTERNAL.into(), id: None };
                partner.find(&known).await.unwrap().unwrap().id
            }
        };
        assert_eq!((bench.count().await, bench.find(&id).await.stage), (1, Stage::Draft), "{name}");
        bench.assert_clean();
    }
}

#[tokio::test]
async fn a_second_order_with_our_id_is_the_first_one_or_can_be_searched() {
    for case in CASES {
        let bench = Bench::of(case).await;
        let first = bench.place().await;
        if bench.partner.twin_rule() == TwinRule::Refuses {
            assert_eq!(bench.place().await, first, "{}", case.name);
            assert_eq!(bench.count().await, 1, "{}", case.name);
        } else {
            // What must never happen to a caller who keeps the rule: and if it did, the released one is the order.
            let second = bench.place().await;
            assert_ne!(second, first, "{}", case.name);
            bench.partner.release(&second).await.unwrap();
            let known = OrderRef { external_id: EXTERNAL.into(), id: None };
            assert_eq!(bench.partner.find(&known).await.unwrap().unwrap().id, second, "{}", case.name);
        }
    }
}

#[tokio::test]
async fn troubles_are_sorted() {
    for case in CASES {
        let bench = Bench::of(case).await;
        let name = case.name;
        type Sorted = fn(&Result<String, Trouble>) -> bool;
        for (fault, sorted) in [
            ("refuse", (|said| matches!(said, Err(Trouble::Refused { why }) if !why.is_empty())) as Sorted),
            ("5xx", |said| matches!(said, Err(Trouble::NoAnswer { .. }))),
            ("429", |said| matches!(said, Err(Trouble::RateLimited { .. }))),
            ("reset", |said| matches!(said, Err(Trouble::NoAnswer { .. }))),
            ("hang", |said| matches!(said, Err(Trouble::NoAnswer { .. }))),
        ] {
            bench.fault(case.place, fault).await;
            let said = bench.partner.place(&order(case)).await.map(|placed| placed.id);
            assert!(sorted(&said), "{name} {fault}: {said:?}");
        }
        assert_eq!(bench.count().await, 0, "{name}: nothing was done");
        let id = bench.place().await;
        for (operation, fault) in [(case.release, "429"), (case.release, "5xx"), (case.cancel, "429")] {
            bench.fault(operation, fault).await;
            let said = if operation == case.release {
                bench.partner.release(&id).await
            } else {
                bench.partner.cancel(&id).await
            };
            let wanted = if fault == "429" {
                matches!(said, Err(Trouble::RateLimited { .. }))
            } else {
                matches!(said, Err(Trouble::NoAnswer { .. }))
            };
            assert!(wanted, "{name} {operation} {fault}: {said:?}");
        }
        assert_eq!(bench.find(&id).await.stage, Stage::Draft, "{name}");
        bench.assert_clean();
    }
}

#[tokio::test]
async fn a_wrong_key_and_a_partner_that_is_away() {
    for case in CASES {
        let bench = Bench::with_key(case, Some("not the key")).await;
        let said = bench.partner.place(&order(case)).await;
        assert!(matches!(said, Err(Trouble::Broken { .. })), "{}: {said:?}", case.name);
    }
    for case in CASES {
        let Bench { sandbox, partner, .. } = Bench::of(case).await;
        drop(sandbox);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let said = partner.place(&order(case)).await;
        assert!(matches!(said, Err(Trouble::Unavailable { .. })), "{}: {said:?}", case.name);
    }
}

#[tokio::test]
async fn a_release_happens_once_whoever_says_it_how_often() {
    for case in CASES {
        let bench = Bench::of(case).await;
        let (partner, name) = (&bench.partner, case.name);
        let id = bench.place().await;
        bench.fault(case.release, "lost_answer").await;
        let lost = partner.release(&id).await;
        assert!(matches!(lost, Err(Trouble::NoAnswer { .. })), "{name}: {lost:?}");
        let again = partner.release(&id).await;
        assert!(matches!(again, Ok(()) | Err(Trouble::Refused { .. })), "{name}: {again:?}");
        assert!(bench.find(&id).await.stage.is_released(), "{name}");
        let gone = partner.release(if name == "printful" { "999" } else { "no-such-order" }).await;
        assert!(matches!(gone, Err(Trouble::Refused { .. })), "{name}: {gone:?}");
    }
}

#[tokio::test]
async fn cancelling_in_time_and_too_late() {
    for case in CASES {
        let bench = Bench::of(case).await;
        let (partner, name) = (&bench.partner, case.name);
        let draft = bench.place().await;
        partner.cancel(&draft).await.unwrap_or_else(|trouble| panic!("{name}: {trouble:?}"));
        let known = OrderRef { external_id: EXTERNAL.into(), id: Some(draft) };
        let found = partner.find(&known).await.unwrap();
        assert!(found.is_none_or(|order| order.stage == Stage::Cancelled), "{name}");

        let bench = Bench::of(case).await;
        let id = bench.place().await;
        bench.partner.release(&id).await.unwrap();
        bench.act(&id, "produce", json!({})).await;
        // Gelato still cancels what is in production and not printed.
        bench.act(&id, "ship", json!({ "tracking_number": "1Z999AA10123456784", "carrier": "UPS" })).await;
        let late = bench.partner.cancel(&id).await;
        assert!(matches!(&late, Err(Trouble::Refused { why }) if !why.is_empty()), "{name}: {late:?}");
        assert_eq!(bench.find(&id).await.stage, Stage::Producing, "{name}");
        bench.assert_clean();
    }
}

#[tokio::test]
async fn a_hold_a_new_address_the_catalog_and_the_money() {
    for case in CASES {
        let bench = Bench::of(case).await;
        let (partner, name) = (&bench.partner, case.name);
        let id = bench.place().await;
        partner.release(&id).await.unwrap();
        let said = partner.change_address(&id, &Address { address1: "2 Harbour Street".into(), ..address() }).await;
        assert!((case.address)(&said), "{name}: {said:?}");
        bench.act(&id, "hold", json!({ "reason": "The print file is too small" })).await;
        let held = bench.find(&id).await;
        let stop = held.stopped.as_ref().map(|(how, _)| *how);
        assert_eq!(stop.is_none(), case.lacks(Lack::Holds), "{name}: {held:?}");
        assert!(matches!(stop, None | Some(PartnerStop::OnHold | PartnerStop::FileRejected)), "{name}: {held:?}");
        assert!(held.stage.is_released(), "{name}: {held:?}");

        let variant = partner.variant(case.variant).await.unwrap().unwrap_or_else(|| panic!("{name}"));
        let told = |word| if case.lacks(Lack::Stock) { Availability::Unknown } else { word };
        assert_eq!((variant.id.as_str(), variant.available), (case.variant, told(Availability::Available)), "{name}");
        for (word, availability) in
            [("out_of_stock", Availability::OutOfStock), ("discontinued", Availability::Discontinued)]
        {
            let path = format!("/_sandbox/partner/{}/variants/{}", case.stand_in, case.variant);
            let (status, answer) =
                control(&bench.sandbox, "PUT", &path, json!({ "available": word }).to_string()).await;
            assert!(status < 300, "{name}: {answer}");
            let now = partner.variant(case.variant).await.unwrap().map(|variant| variant.available);
            assert_eq!(now, Some(told(availability)), "{name} {word}");
        }
        assert!(partner.products(None).await.is_ok(), "{name}");
        assert_eq!(partner.funds().await.unwrap().is_none(), case.lacks(Lack::Funds), "{name}");
        bench.assert_clean();
    }
}

#[tokio::test]
async fn a_workshop_says_what_it_has_and_what_it_takes() {
    let bench = Bench::of(Case::named("workshop")).await;
    let funds = bench.partner.funds().await.unwrap().map(|funds| funds.to_string());
    assert_eq!((funds.as_deref(), bench.partner.limit().calls), (Some("250.00 EUR"), 60));
    let bench = Bench::of(Case::named("shed")).await;
    let shed = &bench.partner;
    assert_eq!(shed.limit().calls, 7);
    assert!(shed.products(None).await.unwrap().items.is_empty());
    let anything = shed.variant("anything").await.unwrap().unwrap();
    assert_eq!(anything.available, Availability::Unknown, "it may make it, as far as we know");
}

/// Whoever is played is asked: a stand-in without a row proves nothing.
#[test]
fn every_stand_in_has_its_row() {
    for (partner, _) in sandbox::partners::OPERATIONS {
        assert!(CASES.iter().any(|case| case.stand_in == *partner), "{partner}");
    }
    for manifest in partner::manifest::ALL {
        let of_kind =
            |case: &Case| (case.section)("", &sandbox::Config::default())["kind"].as_str() == Some(manifest.kind);
        assert!(CASES.iter().any(|case| case.name == manifest.kind || of_kind(case)), "{}", manifest.kind);
    }
}
