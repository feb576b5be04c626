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

/// Where a row goes that was just written. A new event goes to every layer that owes it; an exception nobody has been told of
/// goes to monitoring; everything else goes nowhere.
#[must_use]
pub fn dispatches(row: &Row) -> Vec<Dispatch> {
    let to = |layer: Layer| {
        let (pk, sk) = row.key();
        Dispatch { layer, pk: pk.to_owned(), sk: sk.to_owned() }
    };
    match row {
        // Later revisions are acknowledgements and postponements.
        Row::Event(event) if event.rev == 1 => event.owes.keys().filter_map(|name| name.parse().ok()).map(to).collect(),
        Row::Exception(exception) if !exception.told && exception.state == "open" => vec![to(Layer::Monitoring)],
        _ => Vec::new(),
    }
}
