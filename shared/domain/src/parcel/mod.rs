//! Parcels: tracking numbers are a set, and a parcel has one key whoever reports it.

mod progress;
mod standing;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::order::Order;

pub use progress::Progress;
pub use standing::{Standing, standing, which};

/// One parcel within an order: its tracking number in capitals and digits, or the partner's shipment where there is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ParcelKey(pub String);

impl ParcelKey {
    /// The key of a partner's shipment.
    #[must_use]
    pub fn of(partner: &str, shipment: &str, tracking: Option<&Tracking>) -> Self {
        match tracking.and_then(|tracking| normalised(&tracking.number)) {
            Some(number) => Self(number),
            None => Self(format!("{partner}-{shipment}")),
        }
    }

    /// The shipment itself, whatever numbers it has: a corrected number makes no second parcel, a reshipment does.
    #[must_use]
    pub fn of_shipment(partner: &str, shipment: &str, reshipment: bool) -> Self {
        Self(format!("{partner}-{shipment}{}", if reshipment { "-again" } else { "" }))
    }
}

impl fmt::Display for ParcelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tracking number as carriers print it, without spaces and dashes; `None` where nothing is left.
#[must_use]
pub fn normalised(number: &str) -> Option<String> {
    let plain: String = number.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    // Printful's own documentation sends the number 0 where there is no tracking yet.
    (!plain.is_empty() && plain != "0").then_some(plain)
}

/// How to follow a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracking {
    pub number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Tracking {
    /// `None` where there is no usable number. Zero-width characters around a URL are dropped (Printful's documentation has
    /// them), and a URL that is not http(s) is no URL.
    #[must_use]
    pub fn new(number: Option<&str>, carrier: Option<&str>, url: Option<&str>) -> Option<Self> {
        let number = number.map(str::trim).filter(|number| normalised(number).is_some())?;
        let clean = |text: &str| {
            text.trim_matches(|c: char| c.is_whitespace() || c == '\u{200b}' || c == '\u{feff}').to_owned()
        };
        Some(Self {
            number: number.to_owned(),
            carrier: carrier.map(clean).filter(|carrier| !carrier.is_empty()),
            url: url.map(clean).filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        })
    }
}

/// So many pieces of one of the store's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pieces {
    /// The store's line item number.
    pub line: u64,
    pub quantity: u32,
}

/// What goes into one fulfilment: pieces by fulfilment order.
pub type Contents = BTreeMap<String, Vec<FulfilmentLine>>;

/// So many pieces of one line of a fulfilment order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulfilmentLine {
    /// The fulfilment order's line, as the store names it.
    pub id: String,
    pub quantity: u32,
}

/// Finds the parcel's pieces among what the store still has to fulfil, never more than remains.
///
/// Empty when nothing of it remains: somebody else has written the fulfilment meanwhile.
#[must_use]
pub fn contents(order: &Order, pieces: &[Pieces]) -> Contents {
    let mut wanted: BTreeMap<u64, u32> = BTreeMap::new();
    for piece in pieces {
        *wanted.entry(piece.line).or_default() += piece.quantity;
    }
    let mut contents = Contents::new();
    for fulfilment_order in order.fulfilment_orders.iter().filter(|fo| fo.open) {
        for line in &fulfilment_order.lines {
            let Some(wanted) = wanted.get_mut(&line.line) else { continue };
            let quantity = (*wanted).min(line.remaining);
            if quantity > 0 {
                *wanted -= quantity;
                let lines = contents.entry(fulfilment_order.id.clone()).or_default();
                lines.push(FulfilmentLine { id: line.id.clone(), quantity });
            }
        }
    }
    contents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_parcel_has_one_key_whoever_reports_it() {
        let key = |number| ParcelKey::of("printful", "10", Tracking::new(Some(number), None, None).as_ref());
        assert_eq!(key("1z 999-aa1"), key("1Z999AA1"));
        assert_eq!(key("0"), ParcelKey("printful-10".into()));
        assert_eq!(ParcelKey::of("printful", "10", None), ParcelKey("printful-10".into()));
    }

    #[test]
    fn a_url_is_cleaned_or_dropped() {
        let url = |url| Tracking::new(Some("1Z"), None, Some(url)).unwrap().url;
        assert_eq!(url("\u{200b}https://example.com/t?n=1 ").as_deref(), Some("https://example.com/t?n=1"));
        assert_eq!(url("javascript:alert(1)"), None);
    }
}
