//! What the table's stream tells the relay: whose queue gets which key.

use domain::handoff::Layer;

use crate::row::Row;

/// A key on its way to a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    pub layer: Layer,
    pub pk: String,
    pub sk: String,
}

/// Where a row goes that was just written: a new event to every layer behind a queue that owes it, everything else nowhere.
/// Monitoring hears the stream itself, through a filter of its own (`infra/template.yaml`).
#[must_use]
pub fn dispatches(row: &Row) -> Vec<Dispatch> {
    // Later revisions are acknowledgements and postponements.
    let Row::Event(event) = row else { return Vec::new() };
    let owed = event.owes.keys().filter(|_| event.rev == 1).filter_map(|name| name.parse::<Layer>().ok());
    let to = |layer| Dispatch { layer, pk: event.pk.clone(), sk: event.sk.clone() };
    owed.filter(|layer| layer.has_queue()).map(to).collect()
}
