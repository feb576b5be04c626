//! What the owner chooses about the headless store.

use serde::Deserialize;

/// Stripe, for the headless store's money.
#[derive(Debug, Clone, Deserialize)]
pub struct StripeSection {
    /// Where its API is; ends without a slash.
    pub base_url: String,
}

/// The headless store's checkout and what it sells.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CheckoutSection {}
