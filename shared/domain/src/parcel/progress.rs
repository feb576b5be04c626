//! Where a parcel stands, in one vocabulary for all carriers, feeds and partners.

use serde::{Deserialize, Serialize};

/// Where a parcel stands. Each source's own word is kept beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// A word that this version does not know: it says that somebody spoke, and nothing more.
    Unknown,
    /// A label exists; no carrier has seen the parcel.
    LabelCreated,
    InTransit,
    OutForDelivery,
    /// The carrier was at the door, and nobody took it.
    AttemptFailed,
    /// It waits to be fetched.
    ReadyForPickup,
    HeldAtCustoms,
    /// Damaged, stopped, or anything else that wants a person.
    Problem,
    /// The carrier has given up looking for it.
    Lost,
    Delivered,
    /// On its way back.
    Returning,
    Returned,
}

impl Progress {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Unknown,
        Self::LabelCreated,
        Self::InTransit,
        Self::OutForDelivery,
        Self::AttemptFailed,
        Self::ReadyForPickup,
        Self::HeldAtCustoms,
        Self::Problem,
        Self::Lost,
        Self::Delivered,
        Self::Returning,
        Self::Returned,
    ];

    /// The word in the table, in a trace and in data files of words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::LabelCreated => "label_created",
            Self::InTransit => "in_transit",
            Self::OutForDelivery => "out_for_delivery",
            Self::AttemptFailed => "attempt_failed",
            Self::ReadyForPickup => "ready_for_pickup",
            Self::HeldAtCustoms => "held_at_customs",
            Self::Problem => "problem",
            Self::Lost => "lost",
            Self::Delivered => "delivered",
            Self::Returning => "returning",
            Self::Returned => "returned",
        }
    }

    /// Something keeps it from its door, and the customer should hear of it.
    #[must_use]
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::AttemptFailed | Self::ReadyForPickup | Self::HeldAtCustoms | Self::Problem | Self::Lost)
    }

    /// Nothing more is expected of the carrier.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Delivered | Self::Returned)
    }

    /// Whether `later`, said after `self`, is where the parcel stands from then on. A parcel at its door does not move again,
    /// unless it comes back; a parcel that came back stays there.
    #[must_use]
    pub fn gives_way_to(self, later: Self) -> bool {
        match (self, later) {
            (_, Self::Unknown) => false,
            (Self::Returned, _) => false,
            (Self::Returning, later) => later == Self::Returned,
            (Self::Delivered, later) => matches!(later, Self::Returning | Self::Returned),
            (now, Self::LabelCreated) => now < Self::LabelCreated,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_at_its_door_stays_there_unless_it_comes_back() {
        use Progress as P;
        for later in [P::InTransit, P::OutForDelivery, P::Problem, P::Lost, P::LabelCreated, P::Unknown] {
            assert!(!P::Delivered.gives_way_to(later), "{later:?}");
        }
        assert!(P::Delivered.gives_way_to(P::Returning) && P::Returning.gives_way_to(P::Returned));
        assert!(!P::Returned.gives_way_to(P::Delivered) && !P::Returning.gives_way_to(P::Delivered));
        assert!(P::AttemptFailed.gives_way_to(P::OutForDelivery), "the carrier tries again");
        assert!(!P::InTransit.gives_way_to(P::LabelCreated));
    }

    #[test]
    fn words_are_the_stored_ones() {
        for progress in Progress::ALL {
            assert_eq!(serde_json::to_value(progress).unwrap(), progress.as_str());
        }
    }
}
