//! The platform's own assessment, and Stripe Radar's.

use super::{Reason, Rules};
use crate::order::{Order, Risk};

/// How the owner knows a provider of assessments.
#[must_use]
pub fn provider_name(provider: &str) -> String {
    match provider {
        "shopify" | "" => "Shopify".to_owned(),
        "stripe-radar" => "Stripe Radar".to_owned(),
        app => app.to_owned(),
    }
}

/// The strictest assessment from MEDIUM on. Where the platform only recommends, without saying who says so, it is "the store".
pub(crate) fn assessed(order: &Order) -> Option<Reason> {
    if order.risk < Risk::Medium {
        return None;
    }
    let strictest = order.assessments.iter().filter(|one| one.risk == order.risk);
    let provider = strictest.clone().next().map_or_else(|| "The store".to_owned(), |one| provider_name(&one.provider));
    Some(Reason::Assessed { provider, risk: order.risk, facts: strictest.map(|one| one.facts.len()).sum() })
}

/// From `hold_at` on it weighs as much as all rules together have to; a MEDIUM below that weighs what the owner says.
pub(crate) fn weight(order: &Order, rules: &Rules, hold_at: Risk) -> u32 {
    if order.risk >= hold_at { rules.hold_at.max(1) } else { rules.medium_risk }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::order::Assessment;
    use crate::screening::{Velocity, enough, screen};

    fn order(risk: Risk, assessments: &[(&str, Risk, usize)]) -> Order {
        let assessments = assessments.iter().map(|(provider, risk, facts)| Assessment {
            provider: (*provider).to_owned(),
            risk: *risk,
            facts: vec!["a fact against it".to_owned(); *facts],
        });
        Order { risk, assessments: assessments.collect(), ..fixture::order().unwrap() }
    }

    fn words(order: &Order) -> String {
        let tripped = screen(order, &Velocity::default(), &Rules::default(), Risk::High);
        let held = enough(&tripped, &Rules::default());
        let words: Vec<String> = tripped.iter().map(|one| format!("{} {}", one.weight, one.reason)).collect();
        format!("{} {}", if held { "held" } else { "not held" }, words.join(" "))
    }

    #[test]
    fn high_holds_and_medium_only_weighs() {
        insta::assert_snapshot!(words(&order(Risk::High, &[("shopify", Risk::High, 2)])), @"held 100 Shopify's fraud analysis calls it high risk (2 facts against it).");
        insta::assert_snapshot!(words(&order(Risk::High, &[])), @"held 100 The store's fraud analysis calls it high risk.");
        insta::assert_snapshot!(words(&order(Risk::High, &[("stripe-radar", Risk::High, 1), ("shopify", Risk::Low, 3)])), @"held 100 Stripe Radar's fraud analysis calls it high risk (one fact against it).");
        insta::assert_snapshot!(words(&order(Risk::Medium, &[("An app", Risk::Medium, 0)])), @"not held 40 An app's fraud analysis calls it medium risk.");
        insta::assert_snapshot!(words(&order(Risk::Low, &[("shopify", Risk::Low, 3)])), @"not held");
    }
}
