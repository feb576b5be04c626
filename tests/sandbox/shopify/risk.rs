//! What an order's risk is assessed as, by Shopify and by apps.

use super::order::{Order, gid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A level of risk. Ordered: a later one is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RiskLevel {
    None,
    Pending,
    Low,
    Medium,
    High,
}

/// One opinion.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// An app's title; none: Shopify's own analysis.
    pub provider: Option<String>,
    pub level: RiskLevel,
    pub facts: Vec<Fact>,
}

/// `RiskFact`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub description: String,
    /// `POSITIVE`, `NEUTRAL`, `NEGATIVE`.
    #[serde(default = "negative")]
    pub sentiment: String,
}

fn negative() -> String {
    "NEGATIVE".to_owned()
}

impl RiskLevel {
    /// From a query parameter or a body, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_value(json!(text.to_ascii_uppercase())).ok()
    }

    /// `order.risk.recommendation`.
    pub fn recommendation(self) -> &'static str {
        match self {
            Self::Low => "ACCEPT",
            Self::Medium => "INVESTIGATE",
            Self::High => "CANCEL",
            Self::Pending | Self::None => "NONE",
        }
    }

    /// `riskLevel` of an assessment.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Pending => "PENDING",
            Self::None => "NONE",
        }
    }
}

impl Assessment {
    /// Shopify's own, with a fact that goes with the level; a pending one has none yet.
    pub fn shopifys(level: RiskLevel) -> Self {
        let (description, sentiment) = match level {
            RiskLevel::High => {
                ("Characteristics of this order are similar to fraudulent orders observed in the past", "NEGATIVE")
            }
            RiskLevel::Medium => ("The billing address is far from where the order was placed", "NEUTRAL"),
            RiskLevel::Low => ("The order was placed from the shipping country", "POSITIVE"),
            RiskLevel::Pending | RiskLevel::None => {
                return Self { provider: None, level, facts: Vec::new() };
            }
        };
        let fact = Fact { description: description.to_owned(), sentiment: sentiment.to_owned() };
        Self { provider: None, level, facts: vec![fact] }
    }
}

impl Order {
    /// The strictest opinion, which the recommendation follows.
    pub fn risk(&self) -> RiskLevel {
        self.assessments.iter().map(|one| one.level).max().unwrap_or(RiskLevel::None)
    }

    /// Replaces what this provider said before.
    pub fn assess(&mut self, assessment: Assessment) {
        self.assessments.retain(|known| known.provider != assessment.provider);
        self.assessments.push(assessment);
    }
}

/// The number that an app has in bodies and gids: its title, read as a number.
fn app(title: &str) -> u64 {
    title.bytes().fold(7_000, |number, byte| (number * 31 + u64::from(byte)) % 1_000_000_007)
}

/// `OrderRiskSummary`. An opinion that is none is not listed.
pub fn summary(order: &Order) -> Value {
    let provider = |title: &String| json!({"__typename": "App", "id": gid("App", app(title)), "title": title});
    let assessments: Vec<Value> = order
        .assessments
        .iter()
        .filter(|one| one.level != RiskLevel::None)
        .map(|one| {
            json!({
                "riskLevel": one.level.name(),
                "provider": one.provider.as_ref().map(provider),
                "facts": one.facts,
            })
        })
        .collect();
    json!({"recommendation": order.risk().recommendation(), "assessments": assessments})
}

/// The body of `orders/risk_assessment_changed`; Shopify's own analysis has no provider.
pub fn body(order: &Order, assessment: &Assessment, now: &str) -> Value {
    json!({
        "provider_id": assessment.provider.as_deref().map(app),
        "provider_title": assessment.provider,
        "risk_level": assessment.level.name().to_lowercase(),
        "created_at": now,
        "order_id": order.id,
        "admin_graphql_api_order_id": gid("Order", order.alias.unwrap_or(order.id)),
    })
}
