//! What the owner chooses about money, fraud and the sweep.

use domain::order::Risk;
use domain::verdict::Place;
use serde::Deserialize;

/// Rules of capture.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct RulesSection {
    /// From this assessment of the platform's on, a person decides.
    pub hold_at_risk: Risk,
}

impl Default for RulesSection {
    fn default() -> Self {
        Self { hold_at_risk: Risk::High }
    }
}

/// Our own fraud rules (`[screening]`): each that an order trips adds its weight, and at `hold_at` a person decides. The keys and
/// their defaults stand with the rules themselves.
pub use domain::screening::Rules as ScreeningSection;

/// Where tax is due.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub struct TaxSection {
    /// Countries (`DE`) or parts of them (`US-KY`) where the owner has to charge tax.
    pub due: Vec<Place>,
}

/// What is looked for because no webhook may have told it.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct SweepSection {
    /// A sweep that has not come to its end for so many hours is an exception.
    pub silent_hours: i64,
    /// No paid order for so many hours is an exception; 0: no expectation.
    pub expect_order_hours: i64,
}

impl Default for SweepSection {
    fn default() -> Self {
        Self { silent_hours: 3, expect_order_hours: 0 }
    }
}
