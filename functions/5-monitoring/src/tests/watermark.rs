//! The watermark: nothing that is owed is ever hidden behind it, whatever fails, lags, stops or runs at the same time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use domain::Timestamp;
use domain::event::{Event, Fact};
use domain::handoff::{Layer, Owed, Wait};
use domain::subject::{OrderId, Subject};
use domain::watch::{LayerWait, WaitReason};
use jiff::SignedDuration;
use lambda::Station;
use ledger::{Finished, Ledger, MARGIN, Memory, Row, Stored, Table};
use proptest::prelude::*;

use super::lagging::{Lagging, Ticking};
use super::support::*;
use crate::settled::Settled;
use crate::{Alerts, Monitoring};

type Layer5 = Monitoring<Lagging, PaperQueue, Ticking, Mailbox, Paper>;

fn layer5() -> Layer5 {
    let clock = Ticking(Arc::new(AtomicI64::new(start().as_millisecond())));
    let table = Lagging {
        memory: Memory::default(),
        clock: clock.clone(),
        index: Mutex::default(),
        left: AtomicI64::new(i64::MAX),
        dies: Mutex::new(false),
    };
    let config = config();
    Monitoring {
        station: Station::new(Ledger::new(table), PaperQueue::default(), clock, SignedDuration::from_secs(45), &config),
        mail: Mailbox::default(),
        queues: Paper::default(),
        alerts: Alerts::from_config(&config),
        stack: "baton-test".into(),
        silent_hours: 0,
        carriers: crate::carriers::Carriers::new(5),
        settled: Settled::default(),
        remembered: crate::Remembered::default(),
    }
}

impl Layer5 {
    fn table(&self) -> &Lagging {
        self.station.ledger.table()
    }

    fn pass(&self, seconds: i64) {
        self.station.clock.pass(seconds);
    }

    /// A round as of so many seconds from now, with so many milliseconds of time.
    async fn round_with(&self, offset: i64, budget: i64) {
        let now = self.station.now();
        let as_of = now.checked_add(SignedDuration::from_secs(offset)).unwrap();
        let deadline = now.checked_add(SignedDuration::from_millis(budget)).unwrap();
        // What fails is in the log; here it counts what comes of it.
        drop(self.round(as_of, deadline).await);
    }

    async fn healthy_round(&self) {
        self.table().healthy();
        self.table().catch_up();
        self.round(self.station.now(), Timestamp::MAX).await.unwrap();
    }

    async fn events(&self) -> Vec<Stored> {
        let mut found = Vec::new();
        for row in self.table().memory.rows() {
            let Row::Event(row) = row else { continue };
            let key = domain::event::EventKey { subject: row.pk.parse().unwrap(), id: domain::event::EventId(row.id) };
            found.push(self.station.ledger.event(&key).await.unwrap().unwrap());
        }
        found
    }

    /// Whether the watermark has come as far as it may.
    async fn watermark(&self) -> i64 {
        self.station.ledger.watermark(&self.station.store).await.unwrap().to
    }

    fn bookmark_rev(&self) -> Option<u64> {
        let rows = self.table().memory.rows();
        rows.iter().find(|row| matches!(row, Row::Bookmark(_))).map(Row::rev)
    }
}

fn fact(which: usize, n: usize) -> Fact {
    match which % 6 {
        0 => Fact::OrderPaid { what: None },
        1 => Fact::OrderCleared {},
        2 => Fact::OrderRouted { partner: "printful".into(), split: 1, partner_order: "13".into(), cost: None },
        3 => Fact::OrderRefunded { refund: n.to_string() },
        4 => Fact::ParcelMoved {
            source: "printful".into(),
            tracking_event: n.to_string(),
            status: "in_transit".into(),
            parcel: None,
            // A promise that is broken already: it is due at once.
            promised: Some("2026-11-01".into()),
        },
        _ => Fact::OrderHeld { reason: "high risk".into(), round: 1, causes: vec![] },
    }
}

#[derive(Debug, Clone)]
enum Step {
    Happens(usize, u64),
    /// A layer takes one of the events, by its number: it finishes, or waits so long (`true`: somebody is out of reach).
    Takes(proptest::sample::Index, Option<(bool, i64)>),
    Again(proptest::sample::Index),
    /// The index does not catch up by itself.
    Passes(i64),
    CatchesUp,
    /// As of so many seconds from now, with so many milliseconds; after so many calls one fails, or all.
    Round(i64, i64, Option<(i64, bool)>),
    TwoRounds(i64, i64),
    AnotherProcess,
    Pause(usize),
}

fn step() -> impl Strategy<Value = Step> {
    use proptest::sample::Index;
    let failure = || proptest::option::weighted(0.4, (0..40_i64, any::<bool>()));
    let offset = || prop_oneof![6 => Just(0_i64), 1 => -2_000..0_i64, 1 => 0..3_000_000_i64];
    prop_oneof![
        4 => (0..6_usize, 0..6_u64).prop_map(|(which, order)| Step::Happens(which, order)),
        4 => (any::<Index>(), proptest::option::weighted(0.3, (any::<bool>(), 0..3_000_i64))).prop_map(|(n, wait)| Step::Takes(n, wait)),
        1 => any::<Index>().prop_map(Step::Again),
        4 => (1..1_500_i64).prop_map(Step::Passes),
        3 => Just(Step::CatchesUp),
        6 => (offset(), prop_oneof![Just(1_000_000_i64), 5..200_i64], failure()).prop_map(|(offset, budget, failure)| Step::Round(offset, budget, failure)),
        1 => (offset(), offset()).prop_map(|(one, other)| Step::TwoRounds(one, other)),
        1 => Just(Step::AnotherProcess),
        1 => (0..5_usize).prop_map(Step::Pause),
    ]
}

/// How long the index may lag behind in these tests.
const LAG: i64 = 420;

async fn run(steps: Vec<Step>) -> Layer5 {
    let mut watch = layer5();
    let mut lag = 0;
    for (n, step) in steps.into_iter().enumerate() {
        watch.table().healthy();
        match step {
            Step::Happens(which, order) => {
                let subject = Subject::Order(OrderId(ORDER + order));
                let event = Event { subject, ..event(fact(which, n), watch.station.now()) };
                watch.station.append_event(&event, None).await.unwrap();
            }
            Step::Takes(which, wait) => {
                let events = watch.events().await;
                let owed = events.iter().flat_map(|stored| {
                    let layers = stored.owes.keys().filter_map(|owed| match owed {
                        Owed::Layer(layer) => Some(*layer),
                        Owed::Wait(_) => None,
                    });
                    layers.map(move |layer| (stored, layer))
                });
                let owed: Vec<_> = owed.collect();
                if owed.is_empty() {
                    continue;
                }
                let (stored, layer) = owed[which.index(owed.len())];
                take(&watch, stored, layer, wait).await;
            }
            Step::Again(which) => {
                let events = watch.events().await;
                if !events.is_empty() {
                    let due = watch.station.deadlines.due(Owed::Layer(Layer::Routing), watch.station.now());
                    let stored = &events[which.index(events.len())];
                    watch.station.ledger.owe_again(stored, Layer::Routing, due).await.unwrap();
                }
            }
            Step::Passes(seconds) => {
                lag += seconds;
                if lag > LAG {
                    watch.table().catch_up();
                    lag = 0;
                }
                watch.pass(seconds);
            }
            Step::CatchesUp => {
                watch.table().catch_up();
                lag = 0;
            }
            Step::Round(offset, budget, failure) => {
                if let Some((after, dies)) = failure {
                    watch.table().left.store(after, Ordering::SeqCst);
                    *watch.table().dies.lock().unwrap() = dies;
                }
                watch.round_with(offset, budget).await;
            }
            Step::TwoRounds(one, other) => {
                tokio::join!(watch.round_with(one, 1_000_000), watch.round_with(other, 1_000_000));
            }
            Step::AnotherProcess => watch.settled = Settled::default(),
            Step::Pause(layer) => {
                watch.station.ledger.pause(&watch.station.store, Layer::ALL[layer], watch.station.now()).await.unwrap();
            }
        }
    }
    watch
}

async fn take(watch: &Layer5, stored: &Stored, layer: Layer, wait: Option<(bool, i64)>) {
    let (ledger, now) = (&watch.station.ledger, watch.station.now());
    let Some((outage, seconds)) = wait else {
        let clock = (Owed::Wait(Wait::CustomerInformed), later(now, 604_800));
        let opens = if layer == Layer::Routing { [clock].into() } else { BTreeMap::new() };
        ledger.finish(stored, layer, &Finished { settled: Vec::new(), opens }).await.unwrap();
        return;
    };
    let reason = if outage {
        WaitReason::Outage { provider: "printful".into(), why: "down".into() }
    } else {
        WaitReason::Pace("rate".into())
    };
    let until = later(now, seconds);
    let due = watch.station.deadlines.due(Owed::Layer(layer), until);
    ledger.layer_waits(stored, layer, &LayerWait { since: now, until, reason }, due).await.unwrap();
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// After anything at all, one healthy round finds everything that is owed by then; and so it does a month later.
    #[test]
    fn nothing_that_is_owed_is_ever_hidden(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let watch = run(steps).await;
            for seconds in [0, 86_400, 40 * 86_400] {
                watch.pass(seconds);
                watch.healthy_round().await;
                let now = watch.station.now();
                assert_eq!(overdue(&watch.table().memory.rows(), now), [""; 0], "{seconds} s later");
                let watermark = watch.station.ledger.watermark(&watch.station.store).await.unwrap();
                assert_eq!(watermark.left, [], "everything could be looked at");
                assert!(watermark.to <= now.as_second() - MARGIN.as_secs(), "never nearer to the real time");
            }
        });
    }
}

#[tokio::test]
async fn what_is_acknowledged_is_looked_at_once_and_passed() {
    let watch = layer5();
    for n in 0..900 {
        let subject = Subject::Order(OrderId(ORDER + n));
        let event = Event { subject, ..event(Fact::OrderRefunded { refund: "1".into() }, watch.station.now()) };
        watch.station.append_event(&event, None).await.unwrap();
        watch.done(&event).await;
    }
    watch.pass(360);
    let gets = async || {
        let before = watch.station.now();
        watch.healthy_round().await;
        watch.station.now().duration_since(before).as_millis()
    };
    assert!(gets().await > 900, "each is looked at");
    for _ in 0..20 {
        assert!(gets().await < 40, "and not again");
        watch.pass(60);
    }
    let rev = watch.bookmark_rev();
    assert_eq!(rev, Some(1), "written once: there was one thing to pass");
    watch.pass(86_400);
    for _ in 0..20 {
        watch.healthy_round().await;
        watch.pass(60);
    }
    assert_eq!(watch.bookmark_rev(), rev, "an idle store writes nothing");
}

impl Layer5 {
    /// Routing has taken the event.
    async fn done(&self, event: &Event) {
        let stored = self.station.ledger.event(&event.key()).await.unwrap().unwrap();
        self.station.ledger.finish(&stored, Layer::Routing, &Finished::default()).await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_left_behind_by_name_and_holds_nothing_back() {
    let watch = layer5();
    let event = event(Fact::OrderRefunded { refund: "1".into() }, watch.station.now());
    watch.station.append_event(&event, None).await.unwrap();
    // A newer version wrote a fact that this one cannot read.
    let Row::Event(row) = watch.table().memory.rows().remove(0) else { panic!() };
    let newer = ledger::row::EventRow { event_type: "order.teleported".into(), rev: 2, ..row.clone() };
    assert!(watch.table().memory.replace(&Row::Event(newer), 1).await.unwrap());
    let another = Event { subject: Subject::Order(OrderId(ORDER + 1)), ..event.clone() };
    watch.station.append_event(&another, None).await.unwrap();
    watch.done(&another).await;
    for _ in 0..3 {
        watch.pass(1_800);
        watch.table().catch_up();
        let failed = watch.round(watch.station.now(), Timestamp::MAX).await.unwrap_err();
        assert!(matches!(failed, crate::Error::Partly(1)), "{failed}");
        let watermark = watch.station.ledger.watermark(&watch.station.store).await.unwrap();
        assert_eq!(watermark.left, [event.key()]);
        assert!(watermark.to > row.due.unwrap(), "the rest is passed");
    }
    // It can be read again, and a round as of a moment before it was due does not lose it: found, sent to its layer and told.
    assert!(watch.table().memory.replace(&Row::Event(ledger::row::EventRow { rev: 3, ..row }), 2).await.unwrap());
    watch.round_with(-5_390, 1_000_000).await;
    watch.healthy_round().await;
    assert_eq!(watch.station.queue.drain(), [(Layer::Routing, "event#refund#1".into(), 0)]);
    let watermark = watch.station.ledger.watermark(&watch.station.store).await.unwrap();
    assert_eq!((watermark.left.len(), overdue(&watch.table().memory.rows(), watch.station.now())), (0, vec![]));
}

#[tokio::test]
async fn a_round_as_of_the_future_does_not_carry_the_watermark_there() {
    let watch = layer5();
    let refund = |n: u64| Event {
        subject: Subject::Order(OrderId(ORDER + n)),
        ..event(Fact::OrderRefunded { refund: "1".into() }, watch.station.now())
    };
    watch.station.append_event(&refund(0), None).await.unwrap();
    watch.done(&refund(0)).await;
    watch.table().catch_up();
    watch.round_with(365 * 86_400, 1_000_000).await;
    assert_eq!(watch.watermark().await, 0, "the real time is what counts");
    let lost = refund(1);
    watch.station.append_event(&lost, None).await.unwrap();
    watch.pass(400);
    watch.healthy_round().await;
    assert_eq!(watch.station.queue.drain().len(), 1, "sent again");
}

#[tokio::test]
async fn a_paused_layer_is_not_late_whichever_call_fails() {
    for call in 0..12 {
        let watch = layer5();
        watch.station.ledger.pause(&watch.station.store, Layer::Routing, watch.station.now()).await.unwrap();
        let event = event(Fact::OrderRefunded { refund: "1".into() }, watch.station.now());
        watch.station.append_event(&event, None).await.unwrap();
        watch.pass(400);
        watch.table().catch_up();
        watch.table().left.store(call, Ordering::SeqCst);
        watch.round_with(0, 1_000_000).await;
        let told = watch.table().memory.rows().into_iter().filter(|row| matches!(row, Row::Exception(_)));
        assert_eq!(told.count(), 0, "call {call}");
    }
}
