//! Every mail of many orders through a storm: webhooks that come several times, messages in any order and twice, processes that die at
//! any moment, and an SES that takes fourteen mails a second, loses answers and tells late or never what it sent. Each mail goes out once
//! wherever SES's word arrives; where it does not, the mail's written rule holds, and how each doubt ended is counted.
//!
//! A small storm runs with every test. The long one, by hand:
//! `MAIL_ORDERS=3000 cargo test --locked --workspace --test it -- --exact mail_storm::each_mail_goes_out_once_or_by_its_rule --nocapture`

use std::collections::BTreeMap;
use std::rc::Rc;

use domain::effect::{Effect, EffectKey, MailKind, State};
use domain::subject::{OrderId, Subject};
use email::rules;
use jiff::SignedDuration;
use sandbox::partners::Played as _;
use serde_json::json;
use tokio::task::LocalSet;

use crate::flood::{AT_ONCE, delivered, tick};
use crate::world::World;
use crate::world::flood::{Weather, plus};
use crate::world::ses::{History, Ses, Storm};

const FIRST: u64 = 470_000_000;

const STORM: Storm = Storm { per_second: 14, answer_lost: 30, request_lost: 20, event_late: 20, event_lost: 20 };
/// Processes die over one message in twenty, and one in ten comes twice.
const WEATHER: Weather = Weather { processes: AT_ONCE, deaths: 50, twins: 100 };

/// How many orders: `MAIL_ORDERS`, for the long run.
#[expect(clippy::disallowed_methods, reason = "the long run is asked for by the environment")]
fn orders() -> u64 {
    std::env::var("MAIL_ORDERS").ok().map_or(60, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mail_goes_out_once_or_by_its_rule() {
    let (count, seed) = (orders(), 20_261_129);
    let mut random = fastrand::Rng::with_seed(seed);
    let world = Rc::new(World::played(seed, plus, |_| {}).await);
    let ses = Ses::new(world.clock.clone(), STORM, seed);
    let mut ids: Vec<u64> = (0..count).map(|n| FIRST + n).collect();
    random.shuffle(&mut ids);
    let times: Vec<u32> = ids.iter().map(|_| random.u32(1..=3)).collect();
    let began = tick();
    LocalSet::new().run_until(delivered(world.clone(), ids.iter().copied().zip(times).collect())).await;
    let mut storm = Told::default();
    storm.passes(&world, &ses, seed).await;
    // The partner's orders go on: some a step at a time, some so fast that the news of all steps are on their way together.
    for acts in [["produce"].as_slice(), &["ship", "deliver"], &["deliver"]] {
        let mut partner: Vec<_> = world.sandbox.printful.list();
        random.shuffle(&mut partner);
        for (place, order) in partner.into_iter().enumerate() {
            let mut todo = acts.to_vec();
            if acts[0] == "produce" && random.u32(0..4) == 0 {
                todo.extend(["ship", "deliver"]);
            } else if acts.len() == 2 && random.bool() {
                todo.truncate(1);
            }
            for act in todo {
                // One that is further on already refuses the step.
                let done = world.sandbox.printful.act(order["id"].as_str().unwrap(), act, json!({}));
                assert!(done.is_ok() || acts[0] != "produce", "{done:?}");
            }
            // The door takes no thousands of connections at once, and the partner gives up after a few tries.
            if place % AT_ONCE == 0 {
                world.delivered().await;
            }
        }
        world.delivered().await;
        storm.passes(&world, &ses, seed + 1).await;
    }
    eprintln!(
        "{count} orders after {} s: {} deaths, {} messages",
        began.elapsed().as_secs(),
        storm.deaths,
        storm.taken
    );
    storm.told(&world, &ses, &ids).await;
}

/// What came of all floods together.
#[derive(Default)]
struct Told {
    doubted: std::collections::BTreeSet<String>,
    deaths: u32,
    taken: u32,
}

impl Told {
    async fn passes(&mut self, world: &Rc<World>, ses: &Ses, seed: u64) {
        let flooded = LocalSet::new().run_until(world.clone().flood_with_mail(WEATHER, ses, seed)).await;
        assert_eq!(flooded.dead, 0, "nothing dies of waiting");
        self.doubted.extend(flooded.doubted);
        self.deaths += flooded.deaths;
        self.taken += flooded.taken;
    }

    /// Holds every mail against what SES knows of it, and prints the tables.
    async fn told(&self, world: &World, ses: &Ses, ids: &[u64]) {
        let histories = ses.histories();
        let (mut mails, mut doubts) = (BTreeMap::<&str, [usize; 4]>::new(), BTreeMap::<(&str, &str), usize>::new());
        let mut known = 0;
        for id in ids {
            let subject = Subject::Order(OrderId(*id));
            let journey = world.journey(*id).await;
            let (mut kinds, mut told) = (Vec::new(), 0);
            for effect in &journey.effects {
                let EffectKey::Email(kind) = &effect.key else { continue };
                let hash = effect.key.hash(&subject);
                let history = histories.get(&hash).cloned().unwrap_or_default();
                known += usize::from(histories.contains_key(&hash));
                kinds.push(kind.name());
                mails.entry(kind.name()).or_default()[history.taken.len().min(3)] += 1;
                let end = end(kind, &effect.state, &history);
                // A claim whose process died is in doubt too, also where SES's word came before anybody else did.
                if self.doubted.contains(&hash) || end == "by SES's event" {
                    let began = if history.lost > 0 { "answer lost" } else { "process died" };
                    *doubts.entry((began, end)).or_default() += 1;
                }
                told += usize::from(end == TOLD);
                holds(kind, effect, &history);
            }
            for due in ["confirmation", "shipped", "delivered"] {
                assert_eq!(kinds.iter().filter(|kind| **kind == due).count(), 1, "{due} of {id}: {kinds:?}");
            }
            let open = world.open(*id).await;
            assert!(open.len() == told && open.iter().all(|one| one.what == "mail-refused"), "{told}: {open:?}");
            world.assert_at_rest(*id).await;
        }
        assert_eq!(known, histories.len(), "SES took no mail that no effect stands for");
        let (took, throttled) = ses.took_and_throttled();
        eprintln!("SES took {took} mails and refused {throttled} as too many a second");
        eprintln!("{:<16}{:>8}{:>8}{:>8}{:>8}", "mails out", "none", "one", "two", "more");
        for (kind, [none, one, two, more]) in &mails {
            eprintln!("{kind:<16}{none:>8}{one:>8}{two:>8}{more:>8}");
        }
        eprintln!("{:<16}{:<34}{:>8}", "in doubt by", "settled", "mails");
        for ((began, end), count) in &doubts {
            eprintln!("{began:<16}{end:<34}{count:>8}");
        }
        assert!(doubts.keys().any(|(_, end)| *end == "by SES's event"), "{doubts:?}");
        assert!(doubts.keys().any(|(_, end)| end.starts_with("sent again")), "{doubts:?}");
        // The pace keeps it so: without it nearly every mail of the first second's herd would be refused.
        assert!(u64::from(throttled) * 5 < took, "{throttled} of {took} were too many");
    }
}

/// How it ended.
fn end(kind: &MailKind, state: &State, history: &History) -> &'static str {
    match state {
        State::Done { reference } => {
            let by = history.taken.iter().find(|mail| mail.id == *reference).unwrap();
            match (by.answered, history.taken.len()) {
                (false, _) => "by SES's event",
                (true, 1) => "sent again, nothing had gone out",
                (true, _) => "sent again, twice in the mailbox",
            }
        }
        State::Refused { .. } if rules::is_calm(kind) => "left out, by its rule",
        _ => TOLD,
    }
}

/// Sent as often as its rule allows, and SES has said nothing each time.
const TOLD: &str = "told to the owner";

/// What must be true of every mail.
fn holds(kind: &MailKind, effect: &Effect, history: &History) {
    let (taken, name) = (&history.taken, kind.name());
    match &effect.state {
        State::Done { reference } => assert!(taken.iter().any(|mail| mail.id == *reference), "{name}: {history:?}"),
        // What nobody waits for is left out after one attempt; the others are sent again as often as their rule says.
        State::Refused { .. } => {
            let again = effect.note.get(rules::SENT_AGAIN).map_or(0, |count| count.parse().unwrap());
            assert_eq!(again + 1, rules::most_sends(kind), "{name}: {effect:?} {history:?}");
        }
        other => panic!("{name}: {other:?}"),
    }
    assert!(taken.len() <= usize::try_from(rules::most_sends(kind)).unwrap(), "{name}: {history:?}");
    for (earlier, later) in taken.iter().zip(taken.iter().skip(1)) {
        assert!(!earlier.answered, "{name}: sent again although it was answered: {history:?}");
        // SES's word may come while the mail is on its way out again, and no earlier.
        let known = earlier.told.is_some_and(|told| later.at.duration_since(told) > SignedDuration::from_secs(5));
        assert!(!known, "{name}: sent again after SES's word: {history:?}");
    }
}
