//! What the workshop is told at its start.

use crate::partners::config::one_or_several;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkshopConfig {
    /// What the owner calls it: the last part of the path on the door.
    pub name: String,
    /// Keys that what is sent to the workshop may be signed with; two during a rotation.
    #[serde(alias = "token", deserialize_with = "one_or_several")]
    pub tokens: Vec<String>,
    /// Signs what the workshop sends.
    pub webhook_secret: String,
    /// Variants that it makes.
    pub variants: Vec<String>,
    /// Requests a minute before 429.
    pub rate_limit: u32,
    /// Operations that it answers 405 to; [`super::OPEN`] is the list of what is open, without which one order can still be asked for.
    pub not_offered: Vec<String>,
    /// What the owner has there.
    pub funds: Funds,
}

/// A decimal amount, `250.00`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Funds {
    pub amount: String,
    pub currency: String,
}

impl Default for WorkshopConfig {
    fn default() -> Self {
        Self {
            name: "workshop".to_owned(),
            tokens: vec!["sandbox-workshop-token".to_owned()],
            webhook_secret: "sandbox-workshop-secret".to_owned(),
            variants: vec!["oak-30x40".to_owned()],
            rate_limit: 600,
            not_offered: Vec::new(),
            funds: Funds { amount: "250.00".to_owned(), currency: "EUR".to_owned() },
        }
    }
}
