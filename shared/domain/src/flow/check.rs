//! Whether a file of flows can be worked with. `make up` and `make deploy` say the same with the line; this is said at start, so
//! that no function ever runs on a broken one.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{By, Flow, Flows, Trigger};

/// A mail about an order: the fact that brings it, and whether the owner may pause it. A paid order has to be acknowledged
/// without delay (directive 2000/31/EC, article 11), so the confirmation cannot be.
pub const TRANSACTIONAL: [(&str, Trigger, bool); 7] = [
    ("confirmation", Trigger::OrderCleared, false),
    ("in-production", Trigger::PartnerAccepted, true),
    ("shipped", Trigger::ParcelAnnounced, true),
    ("out-for-delivery", Trigger::OutForDelivery, true),
    ("delivered", Trigger::Delivered, true),
    ("problem", Trigger::Troubled, true),
    ("still", Trigger::CustomerWaits, true),
];

/// The row of a mail about an order; `None`: it is none.
#[must_use]
pub fn transactional(mail: &str) -> Option<(Trigger, bool)> {
    TRANSACTIONAL.iter().find(|(name, ..)| *name == mail).map(|(_, trigger, pausable)| (*trigger, *pausable))
}

/// What is wrong, and in which flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("flows.toml, flow {flow:?}: {what}")]
pub struct Mistake {
    pub flow: String,
    pub what: String,
}

/// The longest delay: a year. Schedules that far away are mistakes.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);
/// More steps than anybody wants to get.
const MOST_STEPS: usize = 20;

impl Flows {
    /// Everything that is wrong. `known` are the marketing mails there are.
    #[must_use]
    pub fn mistakes(&self, known: impl Fn(&str) -> bool) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut names = BTreeSet::new();
        for flow in &self.flow {
            let mut wrong = |what: String| mistakes.push(Mistake { flow: flow.name.clone(), what });
            if !names.insert(&flow.name) {
                wrong("the name stands twice; each flow has its own".to_owned());
            }
            if !named_well(&flow.name) {
                wrong("a name is 1 to 32 small letters, digits and -, and begins with a letter".to_owned());
            }
            if flow.steps.is_empty() || flow.steps.len() > MOST_STEPS {
                wrong(format!("it has {} steps; 1 to {MOST_STEPS} make sense", flow.steps.len()));
            }
            steps(flow, &known, &mut wrong);
        }
        for (mail, _, pausable) in TRANSACTIONAL {
            if !pausable && self.pauses(mail) {
                mistakes.push(Mistake {
                    flow: mail.to_owned(),
                    what: "cannot be paused: the law wants every paid order acknowledged".to_owned(),
                });
            }
        }
        mistakes
    }
}

fn steps(flow: &Flow, known: impl Fn(&str) -> bool, wrong: &mut impl FnMut(String)) {
    let mut last = SignedDuration::ZERO;
    for (number, step) in flow.numbered() {
        if step.delay.is_negative() || step.delay > LONGEST {
            wrong(format!("step {number}: a delay is between 0 and 366 d"));
        }
        if step.delay < last {
            wrong(format!("step {number} is due before the step above it; write them in the order of their delays"));
        }
        last = step.delay;
        match transactional(&step.mail) {
            Some((trigger, _)) => about_an_order(flow, number, trigger, wrong),
            None if !known(&step.mail) => wrong(format!("step {number}: there is no mail called {:?}", step.mail)),
            None if !flow.trigger.starts_marketing() => {
                let trigger = flow.trigger.as_str();
                wrong(format!("step {number}: {trigger} brings mails about an order, and these carry no marketing"));
            }
            None => {}
        }
    }
}

fn about_an_order(flow: &Flow, number: u8, trigger: Trigger, wrong: &mut impl FnMut(String)) {
    if flow.steps.len() != 1 {
        wrong(format!("step {number}: a mail about an order stands alone in its flow"));
    }
    if flow.trigger != trigger {
        wrong(format!("step {number}: this mail goes out at {}", trigger.as_str()));
    }
    let plain = flow.steps.iter().all(|step| step.delay.is_zero() && step.condition.is_none());
    if !plain {
        wrong(format!("step {number}: a mail about an order goes out at once, without a condition"));
    }
    if flow.by != By::Ses {
        wrong("mails about an order are sent by ses".to_owned());
    }
}

fn named_well(name: &str) -> bool {
    name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
