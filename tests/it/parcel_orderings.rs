//! The same end for every order in which an order's parcels are told of, through the real relay, shipping, email and ledger, over a
//! store and a partner in memory: all 5,040 orders of seven events, with duplicates, and layers that run at any time between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use domain::Timestamp;
use domain::contact::{Bought, Checkout, Consent, Contact, ContactId, Who};
use domain::event::{Event, Fact, ParcelRef};
use domain::exception::Life;
use domain::flow::Flows;
use domain::handoff::Layer;
use domain::order::{Fulfilment, FulfilmentOrder, FulfilmentOrderLine, Line, Order};
use domain::parcel::{Contents, ParcelKey, Pieces, Progress, Tracking, standing};
use domain::provider::Trouble;
use domain::subject::{OrderId, Subject};
use email::{Email, Sender};
use lambda::{Key, Station};
use ledger::{Ledger, Memory};
use partner::{FindOrder, OrderRef, PartnerOrder, Shipment, Stage};
use serde_json::json;
use shipping::{Maker, Shipping};
use store::{BoughtSince, ReadCheckout, ReadContact, ReadOrder, SetConsent, TrackFulfilment, WriteFulfilment};

use crate::world::{Crash, Post, SimClock, SimQueue, SimTimers, VISIBILITY};

const PARTNER: &str = "printful";

/// A store with one order of two lines, in memory. Like Shopify it takes no more pieces than remain.
#[derive(Clone)]
struct Shop(Arc<Mutex<Order>>);

impl Shop {
    fn new() -> Self {
        let mut order = domain::fixture::order().unwrap();
        let line = order.lines[0].clone();
        order.lines = [11, 12].map(|id| Line { id, ..line.clone() }).to_vec();
        let lines = [11, 12].map(|id| FulfilmentOrderLine { id: format!("l{id}"), line: id, remaining: 1 }).to_vec();
        order.fulfilment_orders =
            vec![FulfilmentOrder { id: "fo".into(), open: true, service: None, holds: vec![], lines }];
        Self(Arc::new(Mutex::new(order)))
    }
}

impl ReadOrder for Shop {
    async fn order(&self, _: OrderId) -> Result<Option<Order>, Trouble> {
        Ok(Some(self.0.lock().unwrap().clone()))
    }
}

/// It has the one order and knows nobody: nothing here is marketing.
impl ReadContact for Shop {
    async fn contact(&self, _: &ContactId) -> Result<Option<Contact>, Trouble> {
        Ok(None)
    }

    async fn contact_by_mail(&self, _: &str) -> Result<Option<Contact>, Trouble> {
        Ok(None)
    }
}

impl ReadCheckout for Shop {
    async fn checkout(&self, _: &str) -> Result<Option<Checkout>, Trouble> {
        Ok(None)
    }
}

impl BoughtSince for Shop {
    async fn bought_since(&self, _: &Who, _: Timestamp) -> Result<Option<Bought>, Trouble> {
        Ok(None)
    }
}

impl SetConsent for Shop {
    async fn set_consent(&self, _: &ContactId, _: Consent, _: Timestamp) -> Result<(), Trouble> {
        Err(Trouble::Refused { why: "it knows nobody".to_owned() })
    }
}

impl WriteFulfilment for Shop {
    async fn fulfil(&self, contents: &Contents, tracking: Option<&Tracking>) -> Result<String, Trouble> {
        let mut order = self.0.lock().unwrap();
        for wanted in contents.values().flatten() {
            let lines = &mut order.fulfilment_orders[0].lines;
            let line = lines.iter_mut().find(|line| line.id == wanted.id).unwrap();
            assert!(wanted.quantity <= line.remaining, "more than remains");
            line.remaining -= wanted.quantity;
        }
        let left = order.fulfilment_orders[0].lines.iter().any(|line| line.remaining > 0);
        order.fulfilment_orders[0].open = left;
        let id = format!("f{}", order.fulfilments.len() + 1);
        order.fulfilments.push(Fulfilment {
            id: id.clone(),
            cancelled: false,
            tracking: tracking.into_iter().cloned().collect(),
        });
        Ok(id)
    }
}

impl TrackFulfilment for Shop {
    async fn track(&self, fulfilment: &str, tracking: &[Tracking]) -> Result<(), Trouble> {
        let mut order = self.0.lock().unwrap();
        let known = order.fulfilments.iter_mut().find(|one| one.id == fulfilment).unwrap();
        known.tracking = tracking.to_vec();
        Ok(())
    }
}

/// The partner, to whom all of it has happened already.
struct Workshop(Vec<Shipment>);

impl FindOrder for Workshop {
    async fn find(&self, order: &OrderRef) -> Result<Option<PartnerOrder>, Trouble> {
        Ok(Some(PartnerOrder {
            id: order.id.clone().unwrap(),
            external_id: Some(order.external_id.clone()),
            stage: Stage::Producing,
            stopped: None,
            cost: None,
            shipments: self.0.clone(),
            changed: "1".into(),
        }))
    }
}

impl Maker for Workshop {
    fn name(&self) -> &str {
        PARTNER
    }
}

fn tracking(number: &str) -> Option<Tracking> {
    Tracking::new(Some(number), Some("USPS"), None)
}

fn shipment(id: &str, number: &str, reshipment: bool, line: u64) -> Shipment {
    let pieces = vec![Pieces { line, quantity: 1 }];
    Shipment { id: id.into(), tracking: tracking(number), reshipment, delivered: false, pieces }
}

fn shipped(id: &str, number: &str, reshipment: bool) -> Fact {
    Fact::ParcelShipped {
        partner: PARTNER.into(),
        partner_order: "13".into(),
        shipment: id.into(),
        reshipment,
        tracking: tracking(number),
    }
}

fn delivered(id: &str, number: &str) -> Fact {
    Fact::ParcelDelivered {
        source: PARTNER.into(),
        parcel: ParcelRef::shipment(PARTNER, id, tracking(number).as_ref()),
    }
}

/// What happened, in the order in which it did.
fn seven() -> Vec<Fact> {
    vec![
        Fact::PartnerAccepted { partner: PARTNER.into(), partner_order: "13".into() },
        shipped("10", "A1", false),
        shipped("11", "B1", false),
        Fact::ParcelMoved {
            source: "easypost".into(),
            tracking_event: "A1-1".into(),
            status: "in_transit".into(),
            parcel: Some(ParcelRef::Number(ParcelKey("A1".into()))),
            promised: None,
        },
        delivered("10", "A1"),
        shipped("12", "B2", true),
        delivered("12", "B2"),
    ]
}

/// What must not depend on the order in which it was told.
#[derive(Debug, PartialEq, Eq)]
struct End {
    /// The numbers of each of the store's fulfilments.
    fulfilments: BTreeSet<BTreeSet<String>>,
    /// Where each parcel stands, by its numbers.
    parcels: BTreeMap<BTreeSet<String>, Progress>,
    /// How often each of the customer's mails went out; the one that says it is being made may be overtaken.
    mails: BTreeMap<String, usize>,
    open: Vec<String>,
}

struct Bench {
    shop: Shop,
    partner: Vec<Shipment>,
    table: Arc<Memory>,
    clock: SimClock,
    queue: SimQueue,
    station: Station<Arc<Memory>, SimQueue, SimClock>,
    post: Post,
    config: lambda::StoreConfig,
    random: fastrand::Rng,
}

impl Bench {
    fn new(config: &lambda::StoreConfig, partner: Vec<Shipment>, seed: u64) -> Self {
        let table = Arc::new(Memory::default());
        let clock = SimClock::starting_at("2026-11-22T12:00:00Z");
        let queue = SimQueue::new(clock.clone());
        let lease = jiff::SignedDuration::from_secs(40);
        let station = Station::new(Ledger::new(table.clone()), queue.clone(), clock.clone(), lease, config);
        let post = Post::new(Crash::default());
        let random = fastrand::Rng::with_seed(seed);
        Self { shop: Shop::new(), partner, table, clock, queue, station, post, config: config.clone(), random }
    }

    fn subject(&self) -> Subject {
        Subject::Order(self.shop.0.lock().unwrap().id)
    }

    async fn tell(&self, fact: &Fact, happened: Timestamp) {
        let source = "test".to_owned();
        let event = Event { subject: self.subject(), fact: fact.clone(), source, time: happened, order_name: None };
        self.station.append_event(&event, None).await.unwrap();
    }

    /// Runs until nothing is in flight.
    async fn run(&mut self) {
        loop {
            for row in self.table.drain_stream() {
                relay::pass_on_row(&self.queue, &row).await.unwrap();
            }
            let now = self.clock.get();
            let Some((layer, key, received)) = self.queue.receive(now, VISIBILITY, &mut self.random) else {
                match self.queue.next_visible() {
                    Some(next) => self.clock.set(next.max(now)),
                    None => return,
                }
                continue;
            };
            self.take(layer, &key).await;
            self.queue.delete(layer, &key, received);
        }
    }

    async fn take(&self, layer: Layer, key: &Key) {
        match layer {
            Layer::Shipping => {
                let makers = vec![Workshop(self.partner.clone())];
                let work = Shipping::new(&self.station, self.shop.clone(), makers, Vec::new(), "shop".to_owned());
                self.station.take(&work, key).await.unwrap();
            }
            Layer::Email => {
                let sender = Sender::new(&self.config, None).unwrap();
                let (store, mailer) = (self.shop.clone(), self.post.clone());
                let (flows, timers) = (Flows::default(), SimTimers::default());
                let email = Email { station: &self.station, store, mailer, sender, flows, timers, klaviyo: None };
                self.station.take(&email, key).await.unwrap();
            }
            _ => {}
        }
    }

    async fn end(&self) -> End {
        let numbers = |tracking: &[Tracking]| tracking.iter().map(|one| one.number.clone()).collect::<BTreeSet<_>>();
        let journey = self.station.ledger.journey(&self.subject()).await.unwrap();
        let order = self.shop.0.lock().unwrap().clone();
        let parcels = standing(&journey.events, &order);
        let mut mails = BTreeMap::new();
        for (kind, _) in self.post.sent() {
            *mails.entry(kind).or_default() += 1;
        }
        let open = journey.exceptions.iter().filter(|exception| exception.state == Life::Open);
        End {
            fulfilments: order.fulfilments.iter().map(|one| numbers(&one.tracking)).collect(),
            parcels: parcels.iter().map(|parcel| (numbers(&parcel.numbers), parcel.progress)).collect(),
            mails,
            open: open.map(|exception| exception.what.clone()).collect(),
        }
    }
}

fn config() -> lambda::StoreConfig {
    let choices = json!({
        "store": { "name": "Example Prints", "mode": "test", "shop": "example.myshopify.com" },
        "partners": { "printful": { "base_url": "https://printful.example.com" } },
        "catalog": { "any_variant": { "partner": "printful" } },
        "mail": { "from": "Example Prints <orders@example.com>" },
        "brand": { "name": "Example Prints", "address": "1 Example Street, Example", "support": "help@example.com" },
        "alerts": { "to": "owner@example.com" },
    });
    lambda::StoreConfig::parse(&choices.to_string()).unwrap()
}

fn set(numbers: &[&str]) -> BTreeSet<String> {
    numbers.iter().map(|number| (*number).to_owned()).collect()
}

#[tokio::test]
async fn all_orders_of_seven_end_in_the_same_place() {
    let (facts, config) = (seven(), config());
    let began: Timestamp = "2026-11-22T03:00:00Z".parse().unwrap();
    let at = |index: usize| began.checked_add(jiff::SignedDuration::from_hours(index as i64)).unwrap();
    let partner =
        vec![shipment("10", "A1", false, 11), shipment("11", "B1", false, 12), shipment("12", "B2", true, 12)];
    let mut count = 0_u64;
    let mut indices: Vec<usize> = (0..facts.len()).collect();
    loop {
        let mut bench = Bench::new(&config, partner.clone(), count);
        for (n, index) in indices.iter().enumerate() {
            bench.tell(&facts[*index], at(*index)).await;
            // Again, what was told before.
            let again = indices[bench.random.usize(..=n)];
            bench.tell(&facts[again], at(again)).await;
            if bench.random.bool() {
                bench.run().await;
            }
        }
        bench.run().await;
        let mut end = bench.end().await;
        let calm = end.mails.remove("in-production").unwrap_or_default();
        assert!(calm <= 1, "{indices:?}");
        let mails = [("delivered", 2), ("shipped", 3)].map(|(kind, count)| (kind.to_owned(), count));
        let parcels = [
            (set(&["A1"]), Progress::Delivered),
            (set(&["B1"]), Progress::LabelCreated),
            (set(&["B2"]), Progress::Delivered),
        ];
        let wanted = End {
            fulfilments: [set(&["A1"]), set(&["B1", "B2"])].into(),
            parcels: parcels.into(),
            mails: mails.into(),
            open: Vec::new(),
        };
        assert_eq!(end, wanted, "{indices:?}");
        count += 1;
        if !next(&mut indices) {
            break;
        }
    }
    assert_eq!(count, 5_040);
}

/// A number that is corrected, or that comes after the parcel was announced without one: one parcel, one mail, every number kept.
#[tokio::test]
async fn a_corrected_number_is_one_parcel_with_two_numbers() {
    let config = config();
    let began: Timestamp = "2026-11-22T03:00:00Z".parse().unwrap();
    let bare = || Fact::ParcelShipped {
        partner: PARTNER.into(),
        partner_order: "13".into(),
        shipment: "10".into(),
        reshipment: false,
        tracking: None,
    };
    let facts = [bare(), shipped("10", "A1", false), shipped("10", "A2", false), delivered("10", "A2")];
    let mut indices: Vec<usize> = (0..facts.len()).collect();
    let mut count = 0;
    loop {
        // The partner's API may know no number yet, the first, or the corrected one.
        for known in [None, Some("A1"), Some("A2")] {
            let there = Shipment { tracking: known.and_then(tracking), ..shipment("10", "A1", false, 11) };
            let mut bench = Bench::new(&config, vec![there], count);
            for index in &indices {
                bench.tell(&facts[*index], began).await;
                if bench.random.bool() {
                    bench.run().await;
                }
            }
            bench.run().await;
            let end = bench.end().await;
            assert_eq!(end.fulfilments, [set(&["A1", "A2"])].into(), "{indices:?} {known:?}");
            assert_eq!(end.parcels, [(set(&["A1", "A2"]), Progress::Delivered)].into(), "{indices:?} {known:?}");
            let once = [("delivered", 1), ("shipped", 1)].map(|(kind, count)| (kind.to_owned(), count));
            assert_eq!((end.mails, end.open), (once.into(), vec![]), "{indices:?} {known:?}");
            count += 1;
        }
        if !next(&mut indices) {
            break;
        }
    }
    assert_eq!(count, 3 * 24);
}

/// The next order, in the order of a dictionary; `false` after the last.
fn next(indices: &mut [usize]) -> bool {
    let Some(rises) = indices.windows(2).rposition(|pair| pair[0] < pair[1]) else { return false };
    let above = indices.iter().rposition(|index| *index > indices[rises]).unwrap();
    indices.swap(rises, above);
    indices[rises + 1..].reverse();
    true
}
