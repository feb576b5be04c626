//! Fraud screening: what speaks against an order, in words a person can read, and how much it weighs.
//!
//! Pure: the order as the store has it, counts of orders like it, and the owner's [`Rules`]. One file per family of rules. No
//! reason names a person, an address or a mail box: reasons are stored and told.
//!
//! | file | what it looks at |
//! |---|---|
//! | [`platform`] | the platform's own assessment (Shopify's, Stripe Radar's, an app's) |
//! | [`velocity`] | many orders with one mail address, street, card or network address |
//! | [`places`] | countries that differ, freight forwarders |
//! | [`mail`] | mail addresses that live for minutes |
//! | [`payment`] | payments that failed before one worked |
//! | [`basket`] | a first order above an amount, many of one thing |

pub mod basket;
pub mod mail;
pub mod payment;
pub mod places;
pub mod platform;
mod reason;
mod rules;
pub mod velocity;

pub use reason::{Reason, Sign};
pub use rules::{Amount, FailedPayments, FirstOrder, Forwarder, ManyOfOne, Often, Rules};
pub use velocity::{Trail, Velocity};

use crate::order::{Order, Risk};

/// A reason that an order tripped, and its weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tripped {
    pub reason: Reason,
    pub weight: u32,
}

/// Everything that speaks against the order, the heaviest first. `hold_at` is the platform's assessment from which on a person
/// decides whatever else is so.
#[must_use]
pub fn screen(order: &Order, velocity: &Velocity, rules: &Rules, hold_at: Risk) -> Vec<Tripped> {
    let mut tripped: Vec<Tripped> = Vec::new();
    let mut trip = |weight: u32, reason: Option<Reason>| {
        if let Some(reason) = reason.filter(|_| weight > 0) {
            tripped.push(Tripped { reason, weight });
        }
    };
    trip(platform::weight(order, rules, hold_at), platform::assessed(order));
    for (trail, often) in velocity::rules(rules) {
        trip(often.weight, velocity::often(trail, often, velocity));
    }
    trip(rules.countries_differ, places::countries_differ(order));
    trip(rules.card_country_differs, places::card_country_differs(order));
    match places::listed_forwarder(order, &rules.forwarders) {
        Some(listed) => trip(rules.listed_forwarder, Some(listed)),
        None => trip(rules.forwarder, places::forwarder(order)),
    }
    trip(rules.disposable_mail, mail::disposable(order, rules));
    trip(rules.failed_payments.weight, payment::failed(order, rules.failed_payments));
    trip(rules.first_order.weight, basket::first_order(order, &rules.first_order));
    trip(rules.many_of_one.weight, basket::many_of_one(order, rules.many_of_one));
    tripped.sort_by_key(|tripped| std::cmp::Reverse(tripped.weight));
    tripped
}

/// Whether these together are enough for a person to decide.
#[must_use]
pub fn enough(tripped: &[Tripped], rules: &Rules) -> bool {
    let sum = tripped.iter().fold(0_u32, |sum, tripped| sum.saturating_add(tripped.weight));
    rules.hold_at > 0 && sum >= rules.hold_at
}
