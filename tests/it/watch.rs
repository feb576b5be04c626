//! The watchdog over the real relay: what is late is told by the order's name, what was lost is sent again, what is down comes
//! back by itself, and silence stays silent.

use std::sync::Arc;

use domain::Timestamp;
use domain::event::EventType;
use domain::exception::{Exception, What};
use domain::handoff::{Layer, Owed, Wait};
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use lambda::Station;
use ledger::{Ledger, Memory};
use monitoring::{Alerts, Monitoring};
use sandbox::faults::{Arm, Fault};
use serde_json::{Value, json};

use crate::handoffs::story::{placed, scanned};
use crate::support::control;
use crate::world::{Crash, Fate, NothingDead, Post, Seen, SimClock, SimQueue, World, config, payload, stream};

const ORDER: u64 = 5_550_001_469;
const NAME: &str = "#1469";

pub type Watch = Monitoring<Arc<Memory>, SimQueue, SimClock, Post, NothingDead>;

/// The monitoring layer beside a world: the same table, queues and time; the owner's mails apart from the customers'.
pub fn watch(world: &World) -> Watch {
    let config = config(&world.sandbox);
    let lease = SignedDuration::from_secs(40);
    Monitoring {
        station: Station::new(
            Ledger::new(world.table.clone()),
            world.queue.clone(),
            world.clock.clone(),
            lease,
            &config,
        ),
        mail: Post::new(Crash::default()),
        queues: NothingDead,
        alerts: Alerts::from_config(&config),
        stack: "baton-test".to_owned(),
        silent_hours: 0,
        carriers: monitoring::carriers::Carriers::new(5),
        settled: monitoring::settled::Settled::default(),
        remembered: monitoring::Remembered::default(),
    }
}

/// What a round says it did.
pub struct Did(Value);

impl Did {
    fn of(&self, what: &str) -> u64 {
        self.0[what].as_u64().unwrap()
    }
}

/// The schedule's round at `now`, and time has come that far.
pub async fn round_at(world: &World, watch: &Watch, now: Timestamp) -> Did {
    world.clock.set(now.max(world.clock.get()));
    let event =
        json!({ "source": "aws.events", "detail-type": "Scheduled Event", "time": now.to_string(), "detail": {} });
    Did(watch.handle(event, Timestamp::MAX).await.unwrap())
}

/// What the stream tells monitoring of exceptions: the owner is told.
async fn tell(watch: &Watch) {
    let open = watch.station.ledger.open_exceptions().await.unwrap();
    let keys: Vec<_> = open.iter().map(|e| (e.subject.to_string(), format!("exception#{}", e.id))).collect();
    let batch = stream::batch(keys.iter().map(|(pk, sk)| (pk.as_str(), sk.as_str())));
    watch.handle(batch, Timestamp::MAX).await.unwrap();
}

pub fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

/// Subject lines of the owner's mails.
fn told(watch: &Watch) -> Vec<String> {
    watch.mail.sent().into_iter().map(|(_, letter)| letter.subject).collect()
}

async fn of_kind(world: &World, what: &str) -> Vec<Exception> {
    let all = world.journey(ORDER).await.exceptions;
    all.into_iter().filter(|exception| exception.what == what).collect()
}

/// An order on its way, in which nothing but this wait (and what hangs on the same thread) is open; the event that owes it.
pub async fn waiting_for(wait: Wait) -> (World, EventType) {
    let mut world = World::new(1).await;
    match wait {
        Wait::RiskVerdict => world.order_at_risk(&payload(ORDER), "PENDING").await,
        Wait::HeldOrder => {
            let mut order = payload(ORDER);
            order["financial_status"] = json!("pending");
            world.order(&order, 1).await;
        }
        Wait::PaymentArrives => {
            let mut order = payload(ORDER);
            order["financial_status"] = json!("pending");
            world.order(&order, 0).await;
            let body = placed(&order);
            let (status, answer) = control(&world.sandbox, "POST", "/_sandbox/deliver", body.to_string()).await;
            assert_eq!((status, &answer["statuses"]), (200, &json!([200])), "{answer}");
        }
        _ => assert_eq!(world.order(&payload(ORDER), 1).await, 201),
    }
    world.run().await;
    let shipped = json!({ "tracking_number": "1Z999AA10123456784", "carrier": "UPS" });
    let event_type = match wait {
        Wait::PaymentArrives => EventType::OrderCreated,
        Wait::RiskVerdict => EventType::OrderPaid,
        Wait::HeldOrder => EventType::OrderHeld,
        Wait::PartnerAccepts => EventType::OrderRouted,
        Wait::PartnerShips | Wait::CustomerInformed => {
            world.at_partner("produce", json!({})).await;
            EventType::OrderRouted
        }
        Wait::FirstScan | Wait::Delivered => {
            world.at_partner("produce", json!({})).await;
            world.at_partner("ship", shipped).await;
            EventType::ParcelAnnounced
        }
        Wait::TrackingAlive => {
            world.at_partner("produce", json!({})).await;
            world.at_partner("ship", shipped).await;
            world.run().await;
            let fulfilment = world.in_sandbox(ORDER).await["fulfillments"][0]["id"].clone();
            let body = scanned(ORDER, &fulfilment);
            let (status, answer) = control(&world.sandbox, "POST", "/_sandbox/deliver", body.to_string()).await;
            assert_eq!((status, &answer["statuses"]), (200, &json!([200])), "{answer}");
            EventType::ParcelMoved
        }
    };
    world.run().await;
    (world, event_type)
}

#[tokio::test]
async fn each_wait_is_told_by_name_one_minute_past_its_deadline_and_not_a_minute_before() {
    // The customer's silence is broken by a mail, not told to the owner: `quiet` has it.
    for wait in Wait::ALL.into_iter().filter(|wait| *wait != Wait::CustomerInformed) {
        let (mut world, event_type) = waiting_for(wait).await;
        let watch = watch(&world);
        let journey = world.journey(ORDER).await;
        let event = journey.events.iter().find(|event| event.fact.event_type() == event_type);
        let event = event.unwrap_or_else(|| panic!("{wait:?}: no {event_type}"));
        let stored = world.ledger().event(&event.key()).await.unwrap().unwrap();
        let due = stored.owes[&Owed::Wait(wait)];
        let slug = What::Late(wait).slug();

        round_at(&world, &watch, later(due, -60)).await;
        // What the customer is told meanwhile is email's work.
        world.run_until(later(due, -60)).await;
        tell(&watch).await;
        assert_eq!(of_kind(&world, slug).await, [], "{wait:?} a minute before");

        round_at(&world, &watch, later(due, 60)).await;
        tell(&watch).await;
        let raised = of_kind(&world, slug).await;
        assert_eq!(raised.len(), 1, "{wait:?}");
        assert!(raised[0].told, "{wait:?}");
        assert_eq!(raised[0].subject, Subject::Order(OrderId(ORDER)));
        let reason = raised[0].reason.clone();
        let letters = watch.mail.sent();
        let about = |text: &str| text.contains(reason.split('.').next().unwrap());
        let letters: Vec<_> = letters.iter().filter(|(_, letter)| about(&letter.text)).collect();
        assert_eq!(letters.len(), 1, "{wait:?}: {:?}", told(&watch));
        assert!(letters[0].1.subject.contains(NAME), "{}", letters[0].1.subject);

        let before = told(&watch).iter().filter(|subject| subject.contains(NAME)).count();
        for minute in 2..60 {
            round_at(&world, &watch, later(due, 60 * minute)).await;
            world.run_until(later(due, 60 * minute)).await;
            tell(&watch).await;
        }
        assert_eq!(of_kind(&world, slug).await.len(), 1, "{wait:?}: once");
        assert_eq!(told(&watch).len(), before, "{wait:?}: {:?}", told(&watch));
        assert_eq!(world.queue.len(), 0, "{wait:?}: a wait is nobody's work");
    }
}

/// The relay is stopped for ten minutes: the event is in the table and in no queue.
#[tokio::test]
async fn an_event_that_was_never_queued_is_sent_again_and_told() {
    let mut world = World::new(2).await;
    let watch = watch(&world);
    let start = world.clock.get();
    world.order(&payload(ORDER), 1).await;
    assert!(!world.table.drain_stream().is_empty(), "the stopped relay");
    assert_eq!(round_at(&world, &watch, later(start, 240)).await.of("sent_again"), 0);
    assert_eq!(world.queue.len(), 0);

    let did = round_at(&world, &watch, later(start, 600)).await;
    assert_eq!((did.of("sent_again"), did.of("raised")), (1, 1));
    tell(&watch).await;
    let raised = of_kind(&world, "not-taken").await;
    assert_eq!((raised.len(), raised[0].layer, raised[0].order_name.as_deref()), (1, Layer::Capture, Some(NAME)));
    assert_eq!(told(&watch).len(), 1);
    assert!(told(&watch)[0].contains(NAME), "{:?}", told(&watch));

    world.run_to_the_doorstep().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.seen(ORDER).await, Seen::all_once());
    round_at(&world, &watch, later(world.clock.get(), 60)).await;
    assert_eq!(world.open(ORDER).await, [], "it came through, so it is closed");
    assert_eq!(told(&watch).len(), 1);
}

/// Whatever the relay hands on is lost, every time: the watchdog alone carries the order through.
#[tokio::test]
async fn every_message_lost_once() {
    let mut world = World::new(3).await;
    let watch = watch(&world);
    world.order(&payload(ORDER), 1).await;
    let acts = [
        ("produce", json!({})),
        ("ship", json!({ "tracking_number": "1Z999AA10123456784", "carrier": "UPS" })),
        ("deliver", json!({})),
    ];
    let mut acts = acts.into_iter();
    let (mut lost, mut rounds) = (0, 0);
    loop {
        world.pass_on().await;
        lost += world.queue.len();
        world.queue.lose_all();
        let did = round_at(&world, &watch, later(world.clock.get(), 360)).await;
        rounds += 1;
        assert!(rounds < 100, "it does not come to an end");
        if did.of("sent_again") == 0 {
            match acts.next() {
                Some((act, body)) => world.at_partner(act, body).await,
                None => break,
            }
            continue;
        }
        // What the watchdog sent is taken; what follows from it is lost again.
        let mut random = fastrand::Rng::with_seed(3);
        let now = later(world.clock.get(), 1);
        while let Some((layer, key, received)) = world.queue.receive(now, SignedDuration::from_secs(120), &mut random) {
            assert!(world.process(layer, &key).await);
            world.queue.delete(layer, &key, received);
        }
        world.delivered().await;
    }
    eprintln!("{lost} messages lost, {rounds} rounds");
    assert!(lost >= 7, "{lost}");
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.seen(ORDER).await, Seen::all_once());
    assert_eq!(world.open(ORDER).await, []);
}

#[tokio::test]
async fn a_partner_that_is_down_is_told_by_name_and_the_order_goes_out_by_itself() {
    for (operation, down) in
        [("create_order", Fault::ServerError), ("create_order", Fault::Reset), ("confirm_order", Fault::ServerError)]
    {
        let mut world = World::new(4).await;
        let watch = watch(&world);
        let arm = Arm {
            provider: "printful".into(),
            operation: operation.into(),
            fault: down,
            times: Some(100_000),
            skip: 0,
            seconds: None,
        };
        world.sandbox.ctx.faults.arm(vec![arm]);
        world.order(&payload(ORDER), 1).await;
        let start = world.clock.get();
        let mut first_told = None;
        for minute in 0..=150 {
            if minute == 120 {
                assert_eq!(world.open(ORDER).await.len(), 1, "{operation}: open while it is down");
                world.sandbox.ctx.faults.clear();
            }
            let now = later(start, minute * 60);
            world.run_until(now).await;
            assert_eq!(
                round_at(&world, &watch, now).await.of("sent_again"),
                0,
                "{operation}: the layer comes back by itself"
            );
            tell(&watch).await;
            if first_told.is_none() && !told(&watch).is_empty() {
                first_told = Some(minute);
            }
        }
        let raised = of_kind(&world, "unreachable").await;
        assert_eq!(raised.len(), 1, "{operation}");
        assert_eq!((raised[0].layer, raised[0].order_name.as_deref()), (Layer::Routing, Some(NAME)));
        // The layer's deadline is five minutes.
        assert_eq!(first_told, Some(5), "{operation}: {:?}", told(&watch));
        assert_eq!(told(&watch).len(), 1, "{operation}: once: {:?}", told(&watch));
        assert!(told(&watch)[0].contains(NAME));
        assert_eq!(world.open(ORDER).await, [], "{operation}: it is back, and so the exception is closed");
        world.assert_at_rest(ORDER).await;
        let seen = world.seen(ORDER).await;
        assert_eq!((seen.partner_orders, seen.released), (1, 1), "{operation}");
    }
}

/// The mail provider's rate limit is our own pace: the mails go out once each, and nobody is bothered.
#[tokio::test]
async fn a_throttled_mail_goes_out_once_and_nothing_is_said() {
    let mut world = World::new(6).await;
    let watch = watch(&world);
    world.post.next([Fate::Throttled; 3]);
    world.order(&payload(ORDER), 1).await;
    world.run_to_the_doorstep().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.seen(ORDER).await, Seen::all_once());
    round_at(&world, &watch, later(world.clock.get(), 600)).await;
    tell(&watch).await;
    assert_eq!((world.open(ORDER).await, told(&watch)), (vec![], vec![]));
}

/// The written rule of a mail in doubt, when no witness comes: sent once more after the settle window, and it comes to rest.
#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_sent_at_most_once_more() {
    for n in 0..4 {
        let mut world = World::new(7).await;
        world.post.next(std::iter::repeat_n(Fate::Sent, n).chain([Fate::LostAnswer]));
        world.order(&payload(ORDER), 1).await;
        world.run_to_the_doorstep().await;
        world.assert_at_rest(ORDER).await;
        let mut seen = world.seen(ORDER).await;
        // The word for calm, in production, goes out once at most.
        assert_eq!(seen.mails.len(), if n == 1 { 4 } else { 5 }, "mail {n}: {:?}", seen.mails);
        seen.mails.dedup();
        assert_eq!(seen, Seen::all_once(), "mail {n}");
    }
}

/// Thirty days of rounds, with nothing in the table and with an order that has arrived: a test alert each week, which the owner
/// answers, and nothing else.
#[tokio::test]
async fn thirty_days_without_orders_are_silent() {
    for with_a_past in [false, true] {
        let mut world = World::new(5).await;
        if with_a_past {
            world.order(&payload(ORDER), 1).await;
            world.run_to_the_doorstep().await;
            world.pass_on().await;
        }
        let watch = watch(&world);
        let (rows, start) = (world.table.rows(), world.clock.get());
        let rows = rows.iter().filter(|row| !row.key().1.starts_with("bookmark#")).count();
        let mut answered = 0;
        for quarter in 1..=30 * 24 * 4 {
            let did = round_at(&world, &watch, later(start, quarter * 15 * 60)).await;
            let did = (did.of("sent_again"), did.of("raised"), did.of("told"), did.of("failed"));
            assert_eq!(did, (0, 0, 0, 0));
            if told(&watch).len() > answered {
                answered += 1;
                let (store, now) = (&watch.station.store, world.clock.get());
                watch.station.ledger.channel_acknowledged(store, "mail", "test", now).await.unwrap();
            }
        }
        assert_eq!(told(&watch), ["Baton: test alert, please answer"; 4]);
        let of_channels = |sk: &str| sk.starts_with("effect#canary#") || sk.starts_with("bookmark#");
        let others = world.table.rows().iter().filter(|row| !of_channels(row.key().1)).count();
        assert_eq!(others, rows, "nothing else is written but what is struck off, and in a bookmark how far");
        assert_eq!(world.queue.len(), 0);
        let owing = world.journey(ORDER).await.events;
        for event in owing {
            let stored = world.ledger().event(&event.key()).await.unwrap().unwrap();
            assert!(stored.owes.is_empty(), "{}: {:?}", event.key(), stored.owes);
        }
    }
}
