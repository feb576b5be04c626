//! The ports: one small trait per verb, and what they speak of.

use domain::provider::Trouble;

use crate::Seen;

/// A parcel that a feed is to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Following<'f> {
    /// As it stands on the parcel; blanks and dashes do not count.
    pub number: &'f str,
    /// As the sender names the carrier; where nobody says, the feed finds it by itself.
    pub carrier: Option<&'f str>,
    /// What the owner knows the order by, shown in the feed's own pages where it has a place for it.
    pub order: &'f str,
}

/// Has a parcel followed.
pub trait Follow: Send + Sync {
    /// The feed's own reference of it. Asking again, whatever became of the first time, is a yes with the first one's reference:
    /// a lost answer leaves no doubt that matters.
    fn follow(&self, parcel: &Following<'_>) -> impl Future<Output = Result<String, Trouble>> + Send;
}

/// Asks where a parcel stands, for when the feed's webhooks are silent.
pub trait Look: Send + Sync {
    /// `None`: the feed does not follow it, or has heard nothing from the carrier yet.
    fn look(&self, number: &str, carrier: Option<&str>) -> impl Future<Output = Result<Option<Seen>, Trouble>> + Send;
}
