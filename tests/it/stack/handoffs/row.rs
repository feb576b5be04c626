//! A row of the hand-off table, and the rounds in which it is told.

use std::collections::BTreeSet;
use std::fmt;

use domain::Timestamp;
use domain::effect::State;
use domain::event::EventKey;
use domain::exception::{Exception, Life, What};
use domain::handoff::{Layer, Owed, Wait};

use super::{Mail, PATIENCE, Stack, body};
use crate::watch::later;

/// Between two rounds of the watchdog, seconds.
const ROUND: i64 = 60;

/// A row of the table, on an order of its own.
pub struct Row {
    /// As the table has it: `order.paid to capture`.
    pub name: String,
    pub how: String,
    pub key: EventKey,
    pub owed: Owed,
    /// When it is late.
    pub due: Timestamp,
    /// As of which round it was told, and what of.
    pub told: Option<(Timestamp, Option<Exception>)>,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, how, due, told, .. } = self;
        let after = told.as_ref().map(|(at, _)| at.duration_since(*due).as_secs());
        let after =
            after.map_or_else(|| "never told".to_owned(), |after| format!("told {after:>2} s past the deadline"));
        let healed = match (self.owed, self.heals_by_itself()) {
            (Owed::Wait(Wait::CustomerInformed), _) => "the customer was written to, and the order went on",
            _ if self.made_good() => "made good by the same round, and the digest said so",
            (_, true) => "healed by itself, and the digest said so",
            (_, false) => "settled by the owner's decision",
        };
        write!(f, "{name:<43} | {how:<47} | {after} | {healed}")
    }
}

impl Row {
    /// The owner is told of it, and not the customer.
    fn is_the_owners(&self) -> bool {
        self.owed != Owed::Wait(Wait::CustomerInformed)
    }

    /// What the owner has decided is no news to the owner, and a mail to the customer is none either.
    pub fn heals_by_itself(&self) -> bool {
        self.is_the_owners() && self.owed != Owed::Wait(Wait::HeldOrder)
    }

    /// The exception about it.
    pub async fn exception(&self, stack: &Stack) -> Option<Exception> {
        let all = stack.ledger.journey(&self.key.subject).await.unwrap().exceptions;
        all.into_iter().find(|exception| {
            let about = exception.event.as_ref() == Some(&self.key.id.0);
            about
                && match self.owed {
                    Owed::Layer(layer) => exception.what == "not-taken" && exception.layer == layer,
                    Owed::Wait(wait) => exception.what == What::Late(wait).slug(),
                }
        })
    }

    /// This text names the order (whose number is in its name) and says what is wrong with it. What is about no order has its event's
    /// id in the reason.
    pub fn is_named_by(&self, text: &str) -> bool {
        let order = self.key.subject.order().map(|order| order.to_string()).unwrap_or_default();
        let Some((_, Some(exception))) = &self.told else { return false };
        text.contains(&order) && text.contains(exception.reason.split(". ").next().unwrap())
    }

    /// The round that found it late did the work as well, which only monitoring's can: nobody was alarmed, and the digest tells.
    fn made_good(&self) -> bool {
        let healed = |exception: &Exception| !exception.told && exception.healed.is_some();
        self.owed == Owed::Layer(Layer::Monitoring)
            && matches!(&self.told, Some((_, Some(exception))) if healed(exception))
    }

    /// Nobody has heard of it yet.
    async fn is_untold(&self, stack: &Stack) -> bool {
        match self.is_the_owners() {
            true => self.exception(stack).await.is_none(),
            false => !self.comforted(stack).await,
        }
    }

    /// The owner has an alert about it, or need not have one; or the customer a mail that says how things stand.
    async fn is_told(&self, stack: &Stack) -> bool {
        let needless = self.owed == Owed::Layer(Layer::Monitoring);
        let told = |exception: Exception| exception.told || (needless && exception.healed.is_some());
        match self.is_the_owners() {
            true => self.exception(stack).await.is_some_and(told),
            false => self.comforted(stack).await,
        }
    }

    async fn comforted(&self, stack: &Stack) -> bool {
        let effects = stack.ledger.journey(&self.key.subject).await.unwrap().effects;
        let still = |key: &str| key.starts_with("email#still");
        effects.iter().any(|one| still(&one.key.to_string()) && matches!(one.state, State::Done { .. }))
    }

    /// It is over: by itself, where it is not the owner who ended it.
    pub async fn is_over(&self, stack: &Stack) -> bool {
        if !self.is_the_owners() {
            return true;
        }
        let Some(exception) = self.exception(stack).await else { return false };
        exception.state == Life::Resolved && exception.healed.is_some() == self.heals_by_itself()
    }
}

/// The watchdog's rounds of each minute, from a second before the first of these is late until all are: each is told in the first
/// round after its deadline, once, and in none before.
pub async fn minute_by_minute(stack: &Stack, rows: &mut [Row]) {
    let (first, last) = (rows.iter().map(|row| row.due).min(), rows.iter().map(|row| row.due).max());
    let (first, last) = (first.unwrap(), last.unwrap());
    assert!(sandbox::clock::now() < first, "this machine is too slow: {first} is over before the first round");
    let before: BTreeSet<String> = stack.mails().await.into_iter().map(|mail| mail.effect).collect();
    let mut now = later(first, -1);
    loop {
        stack.round(now).await;
        for row in rows.iter().filter(|row| row.due > now) {
            assert!(row.is_untold(stack).await, "{}: told as of {now}, and late from {} on", row.name, row.due);
        }
        let late: Vec<_> = rows.iter_mut().filter(|row| row.told.is_none() && row.due <= now).collect();
        told_now(stack, late, now, &before).await;
        if now >= last {
            return;
        }
        now = later(now, ROUND);
    }
}

/// Waits for what is to come of a round as of that moment. What a thousand other orders left is looked at first, and a round ends before
/// its time is over: then it takes another one as of the same moment.
pub async fn a_round_until(stack: &Stack, now: Timestamp, what: &str, mut look: impl AsyncFnMut() -> bool) {
    let mut looks = 0;
    stack
        .until(what, PATIENCE, async || {
            looks += 1;
            if looks % 20 == 5 {
                stack.round(now).await;
            }
            look().await.then_some(())
        })
        .await;
}

/// All of these are told by the round as of `now`.
async fn told_now(stack: &Stack, rows: Vec<&mut Row>, now: Timestamp, before: &BTreeSet<String>) {
    for row in &rows {
        let what = format!("{}, late since {}, to be told as of {now}", row.name, row.due);
        a_round_until(stack, now, &what, async || row.is_told(stack).await).await;
    }
    let mails = if rows.is_empty() { Vec::new() } else { stack.mails().await };
    let alert =
        |mail: &&Mail| mail.to.contains("owner@") && mail.text.contains(" you: ") && !before.contains(&mail.effect);
    let alerts: Vec<String> = mails.iter().filter(alert).map(body).collect();
    for row in rows {
        row.told = Some((now, row.exception(stack).await));
        if row.is_the_owners() {
            let naming = alerts.iter().filter(|alert| row.is_named_by(alert)).count();
            assert_eq!(naming, usize::from(!row.made_good()), "{}: alerts that name the order", row.name);
        } else if let Some(order) = row.key.subject.order() {
            assert_eq!(stack.customer_mails(order.0).await["still"], 1, "{}: words of comfort", row.name);
        }
    }
}
