//! What the owner chooses about tracking feeds.

use serde::Deserialize;

/// One feed: `[tracking.<name>]`. Which there are, and what each asks of the owner, stands in `shared/tracking/src/<feed>/feed.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct FeedSection {
    /// Where its API is; absent: the feed's own public address.
    pub base_url: Option<String>,
}
