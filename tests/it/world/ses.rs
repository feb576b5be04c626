//! SES in a storm: it takes so many mails a second, loses answers to mails that it took and to mails that it did not take, sees its
//! callers die, and says afterwards what it sent: mostly within seconds and often twice, sometimes too late, sometimes never.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::Timestamp;
use domain::provider::Trouble;
use mailer::{Account, Letter, NotSent, ReadAccount, SendMail, TAG_EFFECT, TAG_SUBJECT, tag_of};
use serde_json::{Value, json};

use super::SimClock;

/// How bad it is. All but the first are of a thousand mails.
#[derive(Debug, Clone, Copy)]
pub struct Storm {
    /// Mails that SES takes in one second.
    pub per_second: u32,
    /// It takes the mail, and nobody hears of it.
    pub answer_lost: u32,
    /// It does not take the mail, and nobody hears of that.
    pub request_lost: u32,
    /// Its events about the mail come after everybody has given up waiting for them.
    pub event_late: u32,
    /// They never come.
    pub event_lost: u32,
}

/// One mail that SES took.
#[derive(Debug, Clone)]
pub struct Taken {
    pub id: String,
    pub at: Timestamp,
    /// Whoever sent it lived to hear of it.
    pub answered: bool,
    /// When the first event about it had been worked on.
    pub told: Option<Timestamp>,
}

/// What became of the mails of one effect.
#[derive(Debug, Clone, Default)]
pub struct History {
    pub taken: Vec<Taken>,
    /// Answers lost, where it was taken and where it was not.
    pub lost: u32,
}

#[derive(Clone)]
pub struct Ses(Arc<Inner>);

struct Inner {
    clock: SimClock,
    storm: Storm,
    state: Mutex<State>,
}

struct State {
    random: fastrand::Rng,
    by_effect: BTreeMap<String, History>,
    /// Records to come, by their moment in milliseconds.
    events: BTreeMap<(i64, u64), String>,
    mails: u64,
    second: (i64, u32),
    throttled: u32,
    lines: u64,
}

impl Ses {
    pub fn new(clock: SimClock, storm: Storm, seed: u64) -> Self {
        let state = State {
            random: fastrand::Rng::with_seed(seed),
            by_effect: BTreeMap::new(),
            events: BTreeMap::new(),
            mails: 0,
            second: (0, 0),
            throttled: 0,
            lines: 0,
        };
        Self(Arc::new(Inner { clock, storm, state: Mutex::new(state) }))
    }

    /// What became of each effect's mails.
    pub fn histories(&self) -> BTreeMap<String, History> {
        self.0.state.lock().unwrap().by_effect.clone()
    }

    /// How many mails SES took, and how many it did not take because they were too many.
    pub fn took_and_throttled(&self) -> (u64, u32) {
        let state = self.0.state.lock().unwrap();
        (state.mails, state.throttled)
    }

    /// A record whose time has come.
    pub fn due(&self, now: Timestamp) -> Option<String> {
        let mut state = self.0.state.lock().unwrap();
        let first = *state.events.range(..=(now.as_millisecond(), u64::MAX)).next()?.0;
        state.events.remove(&first)
    }

    /// When the next one comes.
    pub fn next(&self) -> Option<Timestamp> {
        let state = self.0.state.lock().unwrap();
        state.events.keys().next().map(|(ms, _)| Timestamp::from_millisecond(*ms).unwrap())
    }

    /// The function failed on the record, or died over it: SNS brings it again a minute later.
    pub fn again(&self, record: String) {
        self.later(record, 60_000);
    }

    /// The function has worked on the record.
    pub fn told(&self, record: &str) {
        let record: Value = serde_json::from_str(record).unwrap();
        let effect = record["mail"]["tags"][TAG_EFFECT][0].as_str().unwrap();
        let mut state = self.0.state.lock().unwrap();
        let mut taken = state.by_effect.get_mut(effect).unwrap().taken.iter_mut();
        let mail = taken.find(|mail| record["mail"]["messageId"] == *mail.id).unwrap();
        mail.told.get_or_insert(self.0.clock.get());
    }

    fn later(&self, record: String, milliseconds: i64) {
        let mut state = self.0.state.lock().unwrap();
        state.lines += 1;
        // By the second, so that many come together.
        let at = (self.0.clock.get().as_millisecond() + milliseconds) / 1_000 * 1_000 + 1_000;
        let place = (at, state.lines);
        state.events.insert(place, record);
    }

    /// One of so many seconds a second's worth of mails is taken in; `false`: this one is too many.
    fn has_room(&self, now: Timestamp) -> bool {
        let mut state = self.0.state.lock().unwrap();
        if state.second.0 != now.as_second() {
            state.second = (now.as_second(), 0);
        }
        let room = state.second.1 < self.0.storm.per_second;
        if room {
            state.second.1 += 1;
        } else {
            state.throttled += 1;
        }
        room
    }

    /// Takes the mail, and plans what it will say of it.
    fn take(&self, letter: &Letter, now: Timestamp) -> String {
        let storm = self.0.storm;
        let (id, plan) = {
            let mut state = self.0.state.lock().unwrap();
            state.mails += 1;
            let id = format!("ses-{}", state.mails);
            let fate = state.random.u32(0..1_000);
            let after = match fate {
                fate if fate < storm.event_lost => None,
                fate if fate < storm.event_lost + storm.event_late => Some(state.random.i64(600_000..900_000)),
                _ => Some(state.random.i64(50..25_000)),
            };
            let twice = state.random.bool();
            let taken = Taken { id: id.clone(), at: now, answered: false, told: None };
            state.by_effect.entry(letter.effect.clone()).or_default().taken.push(taken);
            // Deliveries are told of marketing mails only, and none comes here.
            assert_eq!(letter.flow, None);
            let mut plan: Vec<_> = after.into_iter().collect();
            if twice {
                plan.extend_from_within(..);
            }
            (id, plan)
        };
        for after in plan {
            let record = json!({"eventType": "Send", "mail": {
                "messageId": id, "timestamp": now.to_string(), "destination": [letter.to],
                "tags": {TAG_SUBJECT: [tag_of(&letter.about)], TAG_EFFECT: [letter.effect]},
            }});
            self.later(record.to_string(), after);
        }
        id
    }

    fn answered(&self, effect: &str, id: &str) {
        let mut state = self.0.state.lock().unwrap();
        let mut taken = state.by_effect.get_mut(effect).unwrap().taken.iter_mut();
        taken.find(|mail| mail.id == id).unwrap().answered = true;
    }

    /// A moment on the wire, in which the caller may die.
    async fn wire(&self) {
        let moment = self.0.state.lock().unwrap().random.u64(0..3);
        tokio::time::sleep(Duration::from_millis(moment)).await;
    }
}

impl ReadAccount for Ses {
    async fn account(&self) -> Result<Account, Trouble> {
        let sent = self.0.state.lock().unwrap().mails;
        Ok(Account { per_second: self.0.storm.per_second, per_day: None, sent })
    }
}

impl SendMail for Ses {
    async fn send(&self, letter: &Letter) -> Result<String, NotSent> {
        self.wire().await;
        let (now, storm) = (self.0.clock.get(), self.0.storm);
        if !self.has_room(now) {
            return Err(Trouble::RateLimited { retry_after: None, a_second: None }.into());
        }
        let fate = self.0.state.lock().unwrap().random.u32(0..1_000);
        let taken = (fate >= storm.request_lost).then(|| self.take(letter, now));
        self.wire().await;
        match taken {
            Some(id) if fate >= storm.request_lost + storm.answer_lost => {
                self.answered(&letter.effect, &id);
                Ok(id)
            }
            _ => {
                let mut state = self.0.state.lock().unwrap();
                state.by_effect.entry(letter.effect.clone()).or_default().lost += 1;
                Err(Trouble::NoAnswer { why: "no answer in time".to_owned() }.into())
            }
        }
    }
}
