//! What the owner chooses about silence.

use serde::Deserialize;

/// A carrier of which nothing is heard (`[quiet]`).
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct QuietSection {
    /// From so many silent parcels of one carrier on, they are one exception and not one each.
    pub group_at: usize,
}

impl Default for QuietSection {
    fn default() -> Self {
        Self { group_at: 5 }
    }
}
