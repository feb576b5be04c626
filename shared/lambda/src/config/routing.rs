//! What the owner chooses about production.

use std::collections::BTreeMap;

use domain::plan::PlanRules;
use serde::Deserialize;
use serde_json::Value;

/// One production partner: `[partners.<name>]`. What a partner takes beside its address stands in its `partner.toml`
/// (`shared/partner/src/<kind>`), which `make up` and `make deploy` check the owner's file against.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PartnerSection {
    /// Which partner it is; absent where the section is named after it.
    #[serde(default)]
    pub kind: Option<String>,
    pub base_url: String,
    /// Everything else, as the partner's own file reads it.
    #[serde(flatten)]
    pub options: BTreeMap<String, Value>,
}

impl PartnerSection {
    /// Which partner it is, of a section called `name`.
    #[must_use]
    pub fn kind<'s>(&'s self, name: &'s str) -> &'s str {
        self.kind.as_deref().unwrap_or(name)
    }

    /// An option as text; a number stands for its digits.
    #[must_use]
    pub fn text(&self, option: &str) -> Option<String> {
        match self.options.get(option)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// An option that is a whole number.
    #[must_use]
    pub fn number(&self, option: &str) -> Option<i64> {
        self.options.get(option)?.as_i64()
    }
}

/// How orders go to partners.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct RoutingSection {
    /// Seconds between payment and partner in which customer and owner may still change or cancel the order.
    pub window: i64,
    /// What must be left of the order's money after the partner's price, in percent; below it, the owner decides. Absent: not
    /// looked at.
    pub margin_floor_percent: Option<u32>,
    /// Whether print files are looked at before an order goes out.
    pub check_files: bool,
    /// Where the owner sends to (ISO 3166-1 alpha-2); empty: everywhere.
    pub countries: Vec<String>,
    /// More pieces of one line are not ordered unseen.
    pub largest_quantity: u32,
    /// Hosts where the store keeps what customers upload; the address of a customer's picture anywhere else is refused.
    pub upload_hosts: Vec<String>,
}

impl Default for RoutingSection {
    fn default() -> Self {
        Self {
            window: 0,
            margin_floor_percent: None,
            check_files: true,
            countries: Vec::new(),
            largest_quantity: 500,
            upload_hosts: vec!["cdn.shopify.com".to_owned()],
        }
    }
}

impl RoutingSection {
    /// What planning follows.
    #[must_use]
    pub fn plan_rules(&self) -> PlanRules {
        PlanRules {
            countries: self.countries.clone(),
            largest_quantity: self.largest_quantity,
            upload_hosts: self.upload_hosts.clone(),
        }
    }
}
