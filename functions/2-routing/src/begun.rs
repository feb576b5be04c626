//! What has begun at which partner, as the order's effects tell it.
//!
//! The split numbers the partner's orders for one of ours; the first is 1. Another one comes only when a draft was withdrawn because
//! the order had changed before it was released: a partner takes our id but once. What the owner adds after the release is not
//! ordered by itself ([`super::change`] tells it).

use std::collections::BTreeMap;

use domain::effect::{Effect, EffectKey, State};
use domain::event::{Event, Fact};
use domain::plan::{NOTED_LINES, noted_pieces};
use domain::subject::OrderId;
use partner::Partner;

/// A draft that was replaced. A replay leaves it so, since it begins with "cancelled".
pub(crate) const WITHDRAWN: &str = "cancelled and placed anew, since the order had changed";
/// A test order's release. A replay leaves it so.
pub(crate) const TRIAL: &str = "cancelled: a test order is never made";
/// Refused while a person decides; made possible again once they have.
pub(crate) const HELD: &str = "held until a person decides";

/// What has begun at one partner.
#[derive(Debug, Clone, Default)]
pub(crate) struct Begun {
    /// The part's number at the partner now.
    pub split: u8,
    /// The effects of that number.
    pub order: Option<Effect>,
    pub release: Option<Effect>,
}

impl Begun {
    /// Nothing yet.
    pub fn fresh() -> Self {
        Self { split: 1, ..Self::default() }
    }

    /// The partner's own id of the draft, if it exists.
    pub fn draft(&self) -> Option<&str> {
        reference(self.order.as_ref())
    }

    /// The partner was told to make it.
    pub fn released(&self) -> bool {
        reference(self.release.as_ref()).is_some()
    }

    /// A word noted when the draft was placed.
    pub fn noted(&self, word: &str) -> Option<&str> {
        self.order.as_ref()?.note.get(word).map(String::as_str)
    }

    /// Something may be at the partner: the order was not refused before it went there.
    pub fn may_be_there(&self) -> bool {
        self.order.as_ref().is_some_and(|order| !matches!(order.state, State::Refused { .. }))
    }
}

fn reference(effect: Option<&Effect>) -> Option<&str> {
    match effect.map(|effect| &effect.state) {
        Some(State::Done { reference }) => Some(reference),
        _ => None,
    }
}

/// By partner: what has begun there.
pub(crate) fn by_partner(effects: &[Effect]) -> BTreeMap<String, Begun> {
    let mut begun: BTreeMap<String, Begun> = BTreeMap::new();
    let orders = effects.iter().filter_map(|effect| match &effect.key {
        EffectKey::PartnerOrder { partner, split } => Some((partner, *split, effect)),
        _ => None,
    });
    for (partner, split, effect) in orders {
        // A cancellation also refuses the number after the last, which nobody has used.
        let used = split == 1 || effect.attempts > 0 || !matches!(effect.state, State::Refused { .. });
        let here = begun.entry(partner.clone()).or_insert_with(Begun::fresh);
        if used && split >= here.split {
            (here.split, here.order) = (split, Some(effect.clone()));
        }
    }
    // A hold may have refused the release of what nobody has placed yet.
    for effect in effects {
        if let EffectKey::PartnerRelease { partner, .. } = &effect.key {
            begun.entry(partner.clone()).or_insert_with(Begun::fresh);
        }
    }
    for (partner, here) in &mut begun {
        let release = |split| {
            let key = release_key(partner, split);
            effects.iter().find(|effect| effect.key == key).cloned()
        };
        here.release = release(here.split);
        let withdrawn = |effect: &Effect| matches!(&effect.state, State::Refused { reason } if reason == WITHDRAWN);
        if here.release.as_ref().is_some_and(withdrawn) {
            let split = here.split.saturating_add(1);
            *here = Begun { split, order: None, release: release(split) };
        }
    }
    begun
}

/// Which partner has which lines: where something may be there, they stay.
pub(crate) fn lines(begun: &BTreeMap<String, Begun>) -> BTreeMap<u64, String> {
    let there = begun.iter().filter(|(_, here)| here.may_be_there());
    there
        .flat_map(|(partner, here)| {
            let pieces = noted_pieces(here.noted(NOTED_LINES).unwrap_or_default());
            pieces.into_iter().map(|piece| (piece.line, partner.clone()))
        })
        .collect()
}

/// Whether a person still has to decide about the order: a hold that no release has answered. Before its clearing an order may
/// also be cleared without a decision, because what held it is mended.
pub(crate) fn is_held(events: &[Event]) -> bool {
    events.iter().any(|event| {
        let Fact::OrderHeld { round, .. } = &event.fact else { return false };
        let answered = events.iter().any(|later| match &later.fact {
            Fact::OrderDecided { choice, round: decided, .. } => {
                *choice == domain::decision::Choice::Release && decided >= round
            }
            Fact::OrderCleared {} => later.time >= event.time,
            _ => false,
        });
        !answered
    })
}

/// Names of the words noted with a draft beside its lines ([`domain::plan::NOTED_LINES`]): hashes of the work and of the address, and
/// its price.
pub(crate) const WORK: &str = "work";
pub(crate) const ADDRESS: &str = "address";
pub(crate) const COST: &str = "cost";

/// One of our orders at one partner.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'p> {
    pub partner: &'p Partner,
    pub order: OrderId,
    pub split: u8,
}

impl At<'_> {
    pub fn name(&self) -> &str {
        self.partner.name()
    }

    pub fn order_key(&self) -> EffectKey {
        EffectKey::PartnerOrder { partner: self.name().to_owned(), split: self.split }
    }

    pub fn release_key(&self) -> EffectKey {
        release_key(self.name(), self.split)
    }

    pub fn cancel_key(&self) -> EffectKey {
        EffectKey::PartnerCancel { partner: self.name().to_owned(), split: self.split }
    }
}

pub(crate) fn release_key(partner: &str, split: u8) -> EffectKey {
    EffectKey::PartnerRelease { partner: partner.to_owned(), split }
}
