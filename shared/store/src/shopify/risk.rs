//! Shopify's fraud screening, and that of the apps that report to it.

use domain::order::{Assessment, Risk};

use super::wire;

/// The strictest of all assessments, and of the recommendation. An assessment that is pending is waited for.
pub(super) fn strictest(risk: &wire::Risk) -> Risk {
    let levels = risk.assessments.iter().map(|assessment| level(&assessment.risk_level));
    let recommended = match risk.recommendation.as_str() {
        "CANCEL" => Risk::High,
        "INVESTIGATE" => Risk::Medium,
        "ACCEPT" => Risk::Low,
        _ => Risk::None,
    };
    let all: Vec<Risk> = levels.chain([recommended]).collect();
    let worst = all.iter().copied().max().unwrap_or(Risk::None);
    // High is high whatever else is still being looked at.
    if worst != Risk::High && all.contains(&Risk::Pending) { Risk::Pending } else { worst }
}

fn level(word: &str) -> Risk {
    match word {
        "PENDING" => Risk::Pending,
        "LOW" => Risk::Low,
        "MEDIUM" => Risk::Medium,
        "HIGH" => Risk::High,
        _ => Risk::None,
    }
}

/// Each opinion with what speaks against the order. One without a provider is Shopify's own.
pub(super) fn assessments(risk: wire::Risk) -> Vec<Assessment> {
    let facts = |facts: Vec<wire::RiskFact>| {
        let against = facts.into_iter().filter(|fact| fact.sentiment == "NEGATIVE");
        against.map(|fact| fact.description).collect()
    };
    let of = |assessment: wire::Assessment| Assessment {
        provider: assessment.provider.map_or_else(|| "shopify".to_owned(), |app| app.title),
        risk: level(&assessment.risk_level),
        facts: facts(assessment.facts),
    };
    risk.assessments.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn risk(recommendation: &str, levels: &[&str]) -> wire::Risk {
        let fact = |description: &str, sentiment: &str| wire::RiskFact {
            description: description.to_owned(),
            sentiment: sentiment.to_owned(),
        };
        let assessment = |level: &&str| wire::Assessment {
            risk_level: (*level).to_owned(),
            provider: None,
            facts: vec![fact("The card was declined twice", "NEGATIVE"), fact("The address exists", "POSITIVE")],
        };
        wire::Risk { recommendation: recommendation.to_owned(), assessments: levels.iter().map(assessment).collect() }
    }

    #[test]
    fn the_worst_assessment_counts_and_pending_is_waited_for() {
        let judged = |recommendation, levels: &[&str]| strictest(&risk(recommendation, levels));
        assert_eq!(judged("ACCEPT", &["LOW"]), Risk::Low);
        assert_eq!(judged("NONE", &[]), Risk::None);
        assert_eq!(judged("NONE", &["PENDING"]), Risk::Pending);
        assert_eq!(judged("ACCEPT", &["LOW", "PENDING"]), Risk::Pending);
        assert_eq!(judged("ACCEPT", &["HIGH", "PENDING"]), Risk::High);
        assert_eq!(judged("CANCEL", &["MEDIUM"]), Risk::High);
        assert_eq!(judged("A_NEW_WORD", &["ANOTHER"]), Risk::None);
    }

    #[test]
    fn only_what_speaks_against_the_order_is_kept() {
        let told = assessments(risk("INVESTIGATE", &["MEDIUM"]));
        let facts = vec!["The card was declined twice".to_owned()];
        assert_eq!(told, [Assessment { provider: "shopify".into(), risk: Risk::Medium, facts }]);
    }
}
