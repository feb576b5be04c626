//! Which part of the order a partner's order is, as routing noted it.

use domain::effect::{Effect, EffectKey, State};
use domain::order::Order;
use domain::parcel::Pieces;
use domain::plan::{NOTED_LINES, all_ours, noted_pieces};

use crate::Report;

/// A part of the order.
pub(crate) struct Part {
    pub split: u8,
    lines: Vec<Pieces>,
}

impl Part {
    /// What a parcel without a list of its pieces is taken to hold: all of the part, and where nothing was noted all that is ours.
    pub fn pieces(&self, order: &Order) -> Vec<Pieces> {
        if self.lines.is_empty() { all_ours(order) } else { self.lines.clone() }
    }
}

/// The part that the report's partner order is; the first one where nothing was noted.
pub(crate) fn part(effects: &[Effect], report: &Report<'_>) -> Part {
    let found = effects.iter().find_map(|effect| match (&effect.key, &effect.state) {
        (EffectKey::PartnerOrder { partner, split }, State::Done { reference }) => {
            let this = partner == report.partner && reference == report.partner_order;
            let lines = effect.note.get(NOTED_LINES).map(String::as_str).unwrap_or_default();
            this.then(|| Part { split: *split, lines: noted_pieces(lines) })
        }
        _ => None,
    });
    found.unwrap_or(Part { split: 1, lines: Vec::new() })
}
