//! The ledger's contract: the same checks over the table in memory and, where a stack runs, over DynamoDB's emulator.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::effect::{EffectKey, MailKind, State};
use domain::event::{Event, EventId, EventKey, Fact};
use domain::exception::{Exception, Healed, Life, What};
use domain::handoff::{Deadlines, Layer, Owed, Wait, owes};
use domain::subject::{OrderId, Subject};
use domain::watch::{LayerWait, WaitReason};
use jiff::SignedDuration;
use ledger::{
    Appended, ChannelState, Claim, DueEvent, Finished, Ledger, Memory, Passed, Payload, Refusal, Table, Watermark,
};

const LEASE: SignedDuration = SignedDuration::from_secs(40);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

fn paid(subject: &Subject) -> Event {
    Event {
        subject: subject.clone(),
        fact: Fact::OrderPaid { what: None },
        source: "shopify".to_owned(),
        time: at(0),
        order_name: Some("#1001".to_owned()),
    }
}

/// Every check, each on subjects of its own, so that a table that is shared with others will do.
pub async fn holds<T: Table>(ledger: &Ledger<T>, salt: u64) {
    let subject = |n: u64| Subject::Order(OrderId(salt * 1_000 + n));
    an_event_is_appended_once(ledger, &subject(1)).await;
    a_body_comes_back_as_it_was(ledger, &subject(2)).await;
    what_is_owed_is_struck_off_by_each(ledger, &subject(3)).await;
    a_claim_is_for_one(ledger, &subject(4)).await;
    a_lease_that_is_over_leaves_doubt(ledger, &subject(5)).await;
    waiting_is_claimed_when_it_is_time(ledger, &subject(6)).await;
    whoever_refuses_first_wins(ledger, &subject(7)).await;
    an_exception_is_told_once_and_comes_back(ledger, &subject(8)).await;
    bodies_are_forgotten(ledger, &subject(9)).await;
    an_exception_is_seen_and_heals(ledger, &subject(11)).await;
    a_channel_is_known_tested_and_answered(ledger, &subject(12)).await;
    a_witness_settles_doubt(ledger, &subject(10)).await;
    marks_count_orders_within_their_window(ledger, salt).await;
    a_bookmark_moves_only_from_where_it_was_read(ledger, &Subject::Store(format!("shop-{salt}"))).await;
    a_walk_comes_page_by_page(ledger, salt).await;
    the_watermark_passes_what_was_looked_at(ledger, &Subject::Store(format!("shop-{salt}"))).await;
}

async fn marks_count_orders_within_their_window<T: Table>(ledger: &Ledger<T>, salt: u64) {
    let hour = SignedDuration::from_hours(1);
    let hash = format!("{salt:016x}");
    let mark = async |order: u64, when| ledger.mark("mail", &hash, OrderId(order), when, hour).await.unwrap();
    assert_eq!(mark(1, at(0)).await, 1);
    assert_eq!(mark(1, at(10)).await, 1, "the same order again");
    assert_eq!(mark(2, at(20)).await, 2);
    assert_eq!(mark(3, at(3_605)).await, 2, "the first one lies before the window");
    assert_eq!(ledger.mark("ip", &hash, OrderId(4), at(20), hour).await.unwrap(), 1, "another kind");
}

async fn a_bookmark_moves_only_from_where_it_was_read<T: Table>(ledger: &Ledger<T>, store: &Subject) {
    assert_eq!(ledger.bookmark(store, "sweep").await.unwrap(), None);
    assert!(ledger.move_bookmark(store, "sweep", None, "a", at(0)).await.unwrap());
    assert!(!ledger.move_bookmark(store, "sweep", None, "b", at(1)).await.unwrap(), "another walk was first");
    let read = ledger.bookmark(store, "sweep").await.unwrap().unwrap();
    assert_eq!((read.place.as_str(), read.at), ("a", at(0)));
    assert!(ledger.move_bookmark(store, "sweep", Some(&read), "b", at(1)).await.unwrap());
    assert!(!ledger.move_bookmark(store, "sweep", Some(&read), "c", at(2)).await.unwrap());
    assert_eq!(ledger.bookmark(store, "sweep").await.unwrap().unwrap().place, "b");
}

async fn append<T: Table>(ledger: &Ledger<T>, event: &Event, body: Option<&[u8]>) -> Appended {
    let owed = owes(&event.fact, at(0), &Deadlines::default());
    let payload = body.map(|body| Payload { body, expires: at(1_000_000) });
    ledger.append(event, &owed, payload).await.unwrap()
}

async fn an_event_is_appended_once<T: Table>(ledger: &Ledger<T>, subject: &Subject) {
    let event = paid(subject);
    assert_eq!(append(ledger, &event, None).await, Appended::New);
    let twin = Event { time: at(99), source: "another".to_owned(), ..event.clone() };
    assert_eq!(append(ledger, &twin, None).await, Appended::Duplicate);
    let journey = ledger.journey(subject).await.unwrap();
    assert_eq!(journey.events, [event]);
    assert!(ledger.event(&paid(&Subject::Order(OrderId(1))).key()).await.unwrap().is_none());
}

async fn a_body_comes_back_as_it_was<T: Table>(ledger: &Ledger<T>, subject: &Subject) {
    let small = paid(subject);
    append(ledger, &small, Some(b"{}")).await;
    assert_eq!(ledger.payload(&small.key()).await.unwrap().as_deref(), Some(b"{}".as_slice()));
    // Large and hardly compressible: an item of its own.
    let mut seed = 7_u32;
    let body: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    })
    .take(50_000)
    .collect();
    let large = Event { fact: Fact::OrderRefunded { refund: "5".to_owned() }, ..small };
    append(ledger, &large, Some(&body)).await;
    assert_eq!(ledger.payload(&large.key()).await.unwrap(), Some(body));
    assert_eq!(ledger.journey(subject).await.unwrap().events.len(), 2, "a body is no event");
}

async fn what_is_owed_is_struck_off_by_each<T: Table>(ledger: &Ledger<T>, subject: &Subject) {
    let event = Event { fact: Fact::OrderCleared {}, ..paid(subject) };
    append(ledger, &event, None).await;
    let stored = ledger.event(&event.key()).await.unwrap().unwrap();
    let due = |to: Timestamp| async move { walk(ledger, at(-1), to, 500).await };
    assert!(!due(at(299)).await.contains(&event.key()));
    assert!(due(at(300)).await.contains(&event.key()));
    // Both layers read the same revision; neither strikes off the other's name.
    ledger.acknowledge(&stored, &[Owed::Layer(Layer::Routing)]).await.unwrap();
    let wait = LayerWait { since: at(1), until: at(500), reason: WaitReason::Pace("a window".to_owned()) };
    ledger.layer_waits(&stored, Layer::Email, &wait, at(800)).await.unwrap();
    let now = ledger.event(&event.key()).await.unwrap().unwrap();
    assert!(!now.owed_by(Layer::Routing) && now.owed_by(Layer::Email));
    assert_eq!(now.waits[&Layer::Email], wait);
    assert!(!due(at(799)).await.contains(&event.key()), "its own pace moves the deadline");
    ledger.open_wait(&now, Wait::CustomerInformed, at(900)).await.unwrap();
    ledger.open_wait(&now, Wait::CustomerInformed, at(50)).await.unwrap();
    let owing = async || ledger.journey(subject).await.unwrap().owing;
    let both = [(Owed::Layer(Layer::Email), at(800)), (Owed::Wait(Wait::CustomerInformed), at(900))];
    assert_eq!(owing().await[&event.key().id], both.into(), "opened once");
    let opens = [(Owed::Wait(Wait::RiskVerdict), at(850))].into();
    let finished = Finished { settled: vec![Wait::CustomerInformed], opens };
    ledger.finish(&now, Layer::Email, &finished).await.unwrap();
    ledger.finish(&now, Layer::Email, &finished).await.unwrap();
    let journey = ledger.journey(subject).await.unwrap();
    assert_eq!(journey.owing[&event.key().id], [(Owed::Wait(Wait::RiskVerdict), at(850))].into());
    assert!(journey.last_words.contains(&event.key().id), "whichever event the clock stands at, it is over");
    assert!(!due(at(849)).await.contains(&event.key()) && due(at(850)).await.contains(&event.key()));

    // What owes nothing keeps its place, until it owes again.
    let now = ledger.event(&event.key()).await.unwrap().unwrap();
    ledger.acknowledge(&now, &[Owed::Wait(Wait::RiskVerdict)]).await.unwrap();
    assert!(owing().await.is_empty());
    assert!(due(at(850)).await.contains(&event.key()));
    let now = ledger.event(&event.key()).await.unwrap().unwrap();
    assert!(now.owes_nothing() && !now.owes_by(at(9_000_000)));
    ledger.owe_again(&now, Layer::Email, at(870)).await.unwrap();
    assert!(!due(at(869)).await.contains(&event.key()) && due(at(870)).await.contains(&event.key()));
    let again = ledger.event(&event.key()).await.unwrap().unwrap();
    ledger.acknowledge(&again, &[Owed::Layer(Layer::Email)]).await.unwrap();
}

/// Keys of everything that stands in the index from `from` to `to`, read so many at a time.
async fn walk<T: Table>(ledger: &Ledger<T>, from: Timestamp, to: Timestamp, page: u16) -> Vec<EventKey> {
    let mut watermark = Watermark::default();
    watermark.to = from.as_second();
    let (mut walk, mut found) = (watermark.walk(to), Vec::new());
    loop {
        let more = ledger.next_due(&mut walk, page).await.unwrap();
        if more.is_empty() {
            assert_eq!(walk.reached(), i64::MAX);
            return found.into_iter().map(|due: DueEvent| due.key).collect();
        }
        assert!(more.is_sorted() && more.iter().all(|due| (from.as_second()..=to.as_second()).contains(&due.at)));
        found.extend(more);
    }
}

/// Of one second, as a pause leaves them: no place in the index is met twice, and none is left out.
async fn a_walk_comes_page_by_page<T: Table>(ledger: &Ledger<T>, salt: u64) {
    let subjects = (0..4).map(|n| Subject::Order(OrderId(salt * 1_000 + 100 + n)));
    let facts = (0..5).map(|n| Fact::OrderRefunded { refund: n.to_string() });
    let all: Vec<Event> =
        subjects.flat_map(|subject| facts.clone().map(move |fact| Event { fact, ..paid(&subject) })).collect();
    let since = at(700_000);
    for event in &all {
        let owed = owes(&event.fact, since, &Deadlines::default());
        assert_eq!(ledger.append(event, &owed, None).await.unwrap(), Appended::New);
    }
    let due = at(700_300);
    for page in [1, 2, 3, 1_000] {
        let mut found = walk(ledger, due, due, page).await;
        found.retain(|key| all.iter().any(|event| event.key() == *key));
        found.sort();
        let mut wanted: Vec<EventKey> = all.iter().map(Event::key).collect();
        wanted.sort();
        assert_eq!(found, wanted, "{page} at a time");
    }
    assert_eq!(walk(ledger, due, at(700_299), 10).await, [], "a round as of the past");
    // More than one read may name, most of which are not there.
    let nowhere = (0..120).map(|n| EventKey { subject: all[0].subject.clone(), id: EventId(format!("refund#no-{n}")) });
    let asked: Vec<EventKey> = nowhere.chain(all.iter().map(Event::key)).collect();
    assert_eq!(ledger.owing_of(&asked).await.unwrap(), all.iter().map(Event::key).collect());
    for event in &all {
        let stored = ledger.event(&event.key()).await.unwrap().unwrap();
        ledger.acknowledge(&stored, &[Owed::Layer(Layer::Routing)]).await.unwrap();
    }
    assert_eq!(ledger.owing_of(&asked).await.unwrap(), [].into(), "they stand in the index, and owe nothing");
}

async fn the_watermark_passes_what_was_looked_at<T: Table>(ledger: &Ledger<T>, store: &Subject) {
    let seconds = |seconds: i64| at(seconds).as_second();
    let failed = |n: i64| DueEvent {
        at: seconds(n),
        key: Event { fact: Fact::OrderRefunded { refund: format!("{n:04}") }, ..paid(&Subject::Order(OrderId(7))) }
            .key(),
    };
    let first = ledger.watermark(store).await.unwrap();
    assert_eq!((first.to, first.left.len()), (0, 0));
    assert_eq!(ledger.pass(store, &first, None, &[], seconds(100), at(700)).await.unwrap(), Passed::Nothing);
    assert_eq!(
        ledger.pass(store, &first, Some(seconds(100)), &[], seconds(100), at(700)).await.unwrap(),
        Passed::Nothing
    );
    assert_eq!(ledger.bookmark(store, "due").await.unwrap(), None, "nothing was passed, and nothing is written");

    assert_eq!(
        ledger.pass(store, &first, Some(seconds(99)), &[failed(50)], seconds(100), at(700)).await.unwrap(),
        Passed::Moved
    );
    let second = ledger.watermark(store).await.unwrap();
    assert_eq!((second.to, second.left.clone()), (seconds(100), vec![failed(50).key]));
    // Another was first.
    assert_eq!(
        ledger.pass(store, &first, Some(seconds(1)), &[], seconds(300), at(700)).await.unwrap(),
        Passed::Overtaken
    );
    // Still left behind: nothing is new. Looked at: it is left no longer. Never back.
    assert_eq!(ledger.pass(store, &second, None, &[failed(50)], seconds(90), at(700)).await.unwrap(), Passed::Nothing);
    assert_eq!(ledger.watermark(store).await.unwrap().left.len(), 1);
    assert_eq!(ledger.pass(store, &second, None, &[], seconds(90), at(700)).await.unwrap(), Passed::Moved);
    let third = ledger.watermark(store).await.unwrap();
    assert_eq!((third.to, third.left.len()), (seconds(100), 0));

    // More than can be named hold it back.
    let many: Vec<DueEvent> = (101..=202).map(failed).collect();
    assert_eq!(
        ledger.pass(store, &third, Some(seconds(100)), &many, seconds(900), at(700)).await.unwrap(),
        Passed::Moved
    );
    let fourth = ledger.watermark(store).await.unwrap();
    assert_eq!((fourth.to, fourth.left.len()), (seconds(201), 100));
    assert!(ledger.owing(store).await.unwrap().contains(&failed(101).key), "what was left behind may owe something");
}

fn key() -> EffectKey {
    EffectKey::PartnerOrder { partner: "printful".to_owned(), split: 1 }
}

async fn claim<T: Table>(ledger: &Ledger<T>, subject: &Subject, seconds: i64) -> Claim {
    ledger.claim(subject, &key(), at(seconds), LEASE).await.unwrap()
}

fn done(reference: &str) -> State {
    State::Done { reference: reference.to_owned() }
}

async fn a_claim_is_for_one<T: Table>(ledger: &Ledger<T>, subject: &Subject) {
    let Claim::Ours(lease) = claim(ledger, subject, 0).await else { panic!() };
    assert_eq!(lease.doubt_since(), None);
    assert!(matches!(claim(ledger, subject, 39).await, Claim::Busy { until } if until == at(40)));
    assert!(ledger.settle(lease.clone(), done("13"), BTreeMap::new(), None, at(5)).await.unwrap());
    assert!(matches!(claim(ledger, subject, 900).await, Claim::Done { reference } if reference == "13"));
    // A settle that comes late changes nothing.
    let late = State::Refused { reason: "too late".to_owned() };
    assert!(!ledger.settle(lease, late, BTreeMap::new(), None, at(6)).await.unwrap());
}

async fn a_lease_that_is_over_leaves_doubt<T: Table>(ledger: &Ledger<T>, subject: &Subject) {
    let Claim::Ours(first) = claim(ledger, subject, 0).await else { panic!() };
    let Claim::Ours(second) = claim(ledger, subject, 41).await else { panic!() };
    assert_eq!((second.doubt_since(), second.effect.attempts), (Some(at(40)), 2));
    assert!(
        !ledger.settle(first, done("1"), BTreeMap::new(), None, at(42)).await.unwrap(),
        "the first no longer owns it"
    );
    let unknown = State::Unknown { reason: "no answer".to_owned() };
    assert!(ledger.settle(second, unknown, BTreeMap::new(), Some(at(100)), at(43)).await.unwrap());
    assert!(matches!(claim(ledger, subject, 99).await, Claim::Busy { until } if until == at(100)));
    let Claim::Ours(third) = claim(ledger, subject, 100).await else { panic!() };
    assert_eq!(third.doubt_since(), Some(at(40)), "the doubt is as old as it is");
    let waiting = State::Waiting { not_before: at(200), reason: "it said later".to_owned() };
    ledger.settle(third, waiting, BTreeMap::new(), None, at(101)).await.unwrap();
    let Claim::Ours(fourth) = claim(ledger, subject, 200).await else { panic!() };
    assert_eq!(fourth.doubt_since(), None, "\"later\" is an answer");
}

async fn waiting_is_claimed_when_it_is_time<T: Table>(ledger: &Ledger<T>, subject: &Subject) {
    let Claim::Ours(lease) = claim(ledger, subject, 0).await else { panic!() };
    let waiting = State::Waiting { not_before: at(60), reason: "rate".to_owned() };
    ledger.settle(lease, waiting, BTreeMap::new(), None, at(1)).await.unwrap();
    assert!(matches!(claim(ledger, subject, 59).await, Claim::Waiting { not_before, .. } if not_before == at(60)));
    assert!(matches!(claim(ledger, subject, 60).await, Claim::Ours(_)));
}

async fn whoever_refuses_first_wins<T: Table>(ledger: &Ledger<T>, subject: &Subject) {
    assert_eq!(ledger.refuse(subject, &key(), "cancelled", at(0)).await.unwrap(), Refusal::Stands);
    assert!(matches!(claim(ledger, subject, 1).await, Claim::Refused { reason } if reason == "cancelled"));
    assert!(ledger.reopen(subject, &key(), at(2)).await.unwrap());
    let Claim::Ours(lease) = claim(ledger, subject, 3).await else { panic!() };
    assert_eq!(ledger.refuse(subject, &key(), "no", at(4)).await.unwrap(), Refusal::Busy { until: at(43) });
    assert_eq!(ledger.refuse(subject, &key(), "no", at(44)).await.unwrap(), Refusal::InDoubt);
    ledger.settle(lease, done("13"), BTreeMap::new(), None, at(45)).await.unwrap();
    assert_eq!(
        ledger.refuse(subject, &key(), "no", at(46)).await.unwrap(),
        Refusal::Done { reference: "13".to_owned() }
    );
    assert!(!ledger.reopen(subject, &key(), at(47)).await.unwrap(), "done stays done");
}

async fn an_exception_is_told_once_and_comes_back<T: Table>(ledger: &Ledger<T>, subject: &Subject) {
    let what = What::Late(Wait::PartnerShips);
    let exception = Exception::raise(subject, &what, "routed", at(0)).about(&paid(subject));
    assert!(ledger.raise(&exception).await.unwrap());
    assert!(!ledger.raise(&exception).await.unwrap(), "the same cause is the same exception");
    let open = || async { ledger.open_exceptions().await.unwrap().into_iter().find(|open| open.id == exception.id) };
    assert!(!open().await.unwrap().told);
    ledger.told(&exception, "mail").await.unwrap();
    assert!(open().await.unwrap().told);
    ledger.resolve(subject, &exception.id).await.unwrap();
    assert!(open().await.is_none());
    assert!(ledger.raise(&exception).await.unwrap(), "it is back");
    let back = open().await.unwrap();
    assert_eq!((back.round, back.told), (2, false));
    // Being told of the first round says nothing about the second.
    ledger.told(&exception, "mail").await.unwrap();
    assert!(!open().await.unwrap().told);
    ledger.resolve(subject, &exception.id).await.unwrap();
}

/// Seen, healed and said so, by what the index shows of it.
async fn an_exception_is_seen_and_heals<T: Table>(ledger: &Ledger<T>, subject: &Subject) {
    let what = What::Late(Wait::PartnerAccepts);
    let exception = Exception::raise(subject, &what, "routed", at(0)).about(&paid(subject));
    let listed =
        async || ledger.listed_exceptions().await.unwrap().into_iter().find(|listed| listed.id == exception.id);
    assert!(ledger.raise(&exception).await.unwrap());
    for channel in ["mail", "webhook"] {
        ledger.told(&exception, channel).await.unwrap();
    }
    let told = listed().await.unwrap();
    assert!(told.told && told.told_on("mail") && told.told_on("webhook") && !told.told_on("pigeon"));
    let seen = ledger.seen(subject, &exception.id, 1).await.unwrap().unwrap();
    assert_eq!(seen.state, Life::Acknowledged);
    assert!(!ledger.raise(&exception).await.unwrap(), "seen, and nothing new");
    ledger.acted_on(subject, &exception.id).await.unwrap();
    assert!(ledger.raise(&exception).await.unwrap(), "a replay did not help");
    ledger.heal(subject, &exception.id, at(60)).await.unwrap();
    ledger.heal(subject, &exception.id, at(90)).await.unwrap();
    // The index has it until a digest has said so.
    let healed = listed().await.unwrap();
    assert_eq!((healed.state, healed.healed), (Life::Resolved, Some(Healed { at: at(60), told: false })));
    assert!(!ledger.open_exceptions().await.unwrap().contains(&healed));
    ledger.healing_told(&healed).await.unwrap();
    assert!(listed().await.is_none());
    assert!(ledger.raise(&exception).await.unwrap(), "and it may come back");
    assert_eq!(listed().await.map(|back| (back.round, back.told, back.healed)), Some((3, false, None)));
    ledger.resolve(subject, &exception.id).await.unwrap();
    assert!(listed().await.is_none(), "what a person closes has not healed");
    assert!(ledger.seen(subject, "nobody-knows-it", 1).await.unwrap().is_none());
}

/// Forward, never back; an answer ends what was said of the channel's silence.
async fn a_channel_is_known_tested_and_answered<T: Table>(ledger: &Ledger<T>, subject: &Subject) {
    let store = Subject::Store(format!("channels-of-{}.example.com", subject.slug()));
    let state = async || ledger.channel(&store, "mail").await.unwrap();
    assert_eq!(state().await, ChannelState { acknowledged: None, tested: None, known: None });
    ledger.channel_known(&store, "mail", at(10)).await.unwrap();
    assert_eq!(state().await, ChannelState { acknowledged: None, tested: None, known: Some(at(10)) });
    ledger.channel_tested(&store, "mail", at(20)).await.unwrap();
    ledger.channel_tested(&store, "mail", at(15)).await.unwrap();
    assert_eq!(state().await.tested, Some(at(20)));
    let what = What::ChannelUnproven { channel: "mail".into(), sent: "2026-11-22".into() };
    let silent = Exception::raise(&store, &what, "mail", at(30));
    ledger.raise(&silent).await.unwrap();
    ledger.channel_acknowledged(&store, "mail", "test", at(40)).await.unwrap();
    ledger.channel_acknowledged(&store, "mail", "test", at(35)).await.unwrap();
    assert_eq!(state().await.acknowledged, Some(at(40)));
    let silent = ledger.exception(&store, &silent.id).await.unwrap().unwrap();
    assert_eq!((silent.state, silent.healed.map(|healed| healed.at)), (Life::Resolved, Some(at(40))));
    ledger.healing_told(&silent).await.unwrap();
    assert_eq!(ledger.channel(&store, "webhook").await.unwrap().known, None);
}

async fn bodies_are_forgotten<T: Table>(ledger: &Ledger<T>, subject: &Subject) {
    let event = paid(subject);
    append(ledger, &event, Some(b"Ada")).await;
    assert_eq!(ledger.forget_payloads(subject).await.unwrap(), 1);
    assert_eq!(ledger.payload(&event.key()).await.unwrap(), None);
    assert_eq!(ledger.journey(subject).await.unwrap().events, [event], "the fact stays");
}

async fn a_witness_settles_doubt<T: Table>(ledger: &Ledger<T>, subject: &Subject) {
    let key = EffectKey::Email(MailKind::Confirmation);
    let Claim::Ours(lease) = ledger.claim(subject, &key, at(0), LEASE).await.unwrap() else { panic!() };
    let hash = lease.hash();
    let unknown = State::Unknown { reason: "no answer".to_owned() };
    ledger.settle(lease, unknown, BTreeMap::new(), Some(at(60)), at(1)).await.unwrap();
    assert!(ledger.witness(subject, &hash, "message-1", BTreeMap::new(), at(2)).await.unwrap());
    assert!(!ledger.witness(subject, &hash, "message-1", BTreeMap::new(), at(3)).await.unwrap());
    let claim = ledger.claim(subject, &key, at(4), LEASE).await.unwrap();
    assert!(matches!(claim, Claim::Done { reference } if reference == "message-1"));
}

#[tokio::test]
async fn in_memory() {
    holds(&Ledger::new(Memory::default()), 1).await;
    holds(&Ledger::new(Memory::with_late_glances(2)), 1).await;
}
