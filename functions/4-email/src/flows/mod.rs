//! The owner's flows: armed by a fact, decided again when a step is due.
//!
//! | module | job |
//! |---|---|
//! | [`arm`] | a fact in, one schedule for each step out; and away again when the reason is gone |
//! | [`due`] | a step's time has come: claim, read the store, decide, send, settle |
//! | [`person`] | who it would go to, and what they said about mail |
//! | [`seen`] | what the store and the ledger say of checkout, order and contact at that moment |
//! | [`tally`] | did it work: what was sent, read, ended and bought, counted once each |
//! | [`dry`] | what would happen to an event now, without anything happening |

mod arm;
mod dry;
mod due;
mod person;
mod seen;
pub mod tally;

pub use dry::{Dry, Line};
pub(crate) use person::{Person, Word, customer_of};
pub(crate) use seen::over;

use std::fmt;

use domain::Timestamp;
use domain::event::{Event, Fact};
use domain::flow::{By, Flow, Flows, Mistake, Repeat, Step, Timer, Trigger};
use domain::subject::Subject;
use lambda::StoreConfig;

use crate::mails::marketing;

/// The entry into a flow that needs no further name: there is one for each checkout, and one for each order.
const ONCE: &str = "once";

/// The owner's flows, if they can be worked with: this function does not start on a broken file.
pub fn checked(config: &StoreConfig) -> Result<Flows, Broken> {
    let mut mistakes = config.flows.mistakes(|mail| marketing::known(mail) && mail != marketing::CONFIRM);
    if config.klaviyo.is_none() {
        mistakes.extend(config.flows.flow.iter().filter(|flow| flow.by == By::Klaviyo).map(|flow| Mistake {
            flow: flow.name.clone(),
            what: "is left to klaviyo, and store.toml has no [klaviyo] with its key".to_owned(),
        }));
    }
    if mistakes.is_empty() { Ok(config.flows.clone()) } else { Err(Broken(mistakes)) }
}

/// Everything that is wrong with the flows.
#[derive(Debug, thiserror::Error)]
pub struct Broken(Vec<Mistake>);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the flows need correcting, and then `make up` or `make deploy`:")?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

/// What starts a flow because of this event.
pub(crate) fn trigger_of(event: &Event) -> Option<Trigger> {
    use domain::contact::Consent;
    match &event.fact {
        Fact::CheckoutStarted { .. } => Some(Trigger::CheckoutStarted),
        Fact::ContactSubscribed { .. } => Some(Trigger::Subscribed),
        Fact::ConsentChanged { state, .. } if Consent::of_word(state) == Consent::Subscribed => {
            Some(Trigger::Subscribed)
        }
        Fact::ParcelDelivered { .. } => Some(Trigger::Delivered),
        _ => None,
    }
}

/// Which entry into the flow begins at that moment. Somebody who may come back has one for each day on which they do.
pub(crate) fn entry(flow: &Flow, subject: &Subject, since: Timestamp) -> String {
    match (subject, flow.repeat) {
        (Subject::Contact(_), Repeat::After(_)) => tally::day(since),
        _ => ONCE.to_owned(),
    }
}

/// Whether this entry was left to Klaviyo: then it stays Klaviyo's, whoever sends the flow since.
fn given_away(flow: &Flow, entered: &str, events: &[Event]) -> bool {
    events.iter().any(|event| match &event.fact {
        Fact::KlaviyoDue { flows, since, .. } => {
            flows.contains(&flow.name) && entry(flow, &event.subject, *since) == entered
        }
        _ => false,
    })
}

/// The timers of all steps, first things first, each with its number.
pub(crate) fn timers<'f>(flow: &'f Flow, event: &'f Event) -> impl Iterator<Item = (Timer, &'f Step)> {
    flow.numbered().map(|(number, step)| {
        let timer = Timer {
            subject: event.subject.to_string(),
            flow: flow.name.clone(),
            step: number,
            entry: entry(flow, &event.subject, event.time),
            since: event.time,
            again: None,
        };
        (timer, step)
    })
}
