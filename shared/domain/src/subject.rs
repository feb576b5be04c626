//! What an event, an effect or an exception is about: one order, one contact, one checkout, one parcel or one store.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::parcel::ParcelKey;

/// The store platform's number of an order, e.g. `5550004242`. Up to 20 digits; never a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderId(pub u64);

impl OrderId {
    /// Reads `5550004242` or `gid://shopify/Order/5550004242` (a query string behind it is ignored).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.split('?').next().unwrap_or(text);
        let digits = text.strip_prefix("gid://shopify/Order/").unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().map(Self)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The subject, which is also the table's partition: everything about one order lies together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// `order#5550004242`
    Order(OrderId),
    /// `contact#<first 16 hex digits of SHA-256 of the lower-cased address>`
    Contact(String),
    /// `checkout#<the platform's token>`: a cart on its way to an order.
    Checkout(String),
    /// `parcel#<tracking number in capitals and digits>`: what a tracking feed speaks of.
    Parcel(ParcelKey),
    /// `store#example-prints.myshopify.com`: what concerns no single order.
    Store(String),
}

impl Subject {
    /// The order this is about, if it is about one.
    #[must_use]
    pub fn order(&self) -> Option<OrderId> {
        match self {
            Self::Order(id) => Some(*id),
            Self::Contact(_) | Self::Checkout(_) | Self::Parcel(_) | Self::Store(_) => None,
        }
    }

    /// The subject in the alphabet `[a-z0-9-]`, for ids, mail tags and command lines: `5550004242`, or the kind and a hash (`parcel-0a1b…`).
    #[must_use]
    pub fn slug(&self) -> String {
        match self {
            Self::Order(id) => id.to_string(),
            Self::Contact(hash) => format!("contact-{hash}"),
            Self::Checkout(token) => format!("checkout-{}", short_hash(&[token], 16)),
            Self::Parcel(number) => format!("parcel-{}", short_hash(&[&number.0], 16)),
            Self::Store(name) => format!("store-{}", short_hash(&[name], 8)),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(id) => write!(f, "order#{id}"),
            Self::Contact(hash) => write!(f, "contact#{hash}"),
            Self::Checkout(token) => write!(f, "checkout#{token}"),
            Self::Parcel(number) => write!(f, "parcel#{number}"),
            Self::Store(name) => write!(f, "store#{name}"),
        }
    }
}

/// The text is none of the five forms of a subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a subject: expected order#<number>, contact#<hash>, checkout#<token>, parcel#<number> or store#<name>"
)]
pub struct NotASubject(pub String);

impl FromStr for Subject {
    type Err = NotASubject;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || NotASubject(text.to_owned());
        match text.split_once('#').ok_or_else(bad)? {
            ("order", id) => OrderId::parse(id).map(Self::Order).ok_or_else(bad),
            ("contact", hash) if !hash.is_empty() => Ok(Self::Contact(hash.to_owned())),
            ("checkout", token) if !token.is_empty() => Ok(Self::Checkout(token.to_owned())),
            ("parcel", number) if !number.is_empty() => Ok(Self::Parcel(ParcelKey(number.to_owned()))),
            ("store", name) if !name.is_empty() => Ok(Self::Store(name.to_owned())),
            _ => Err(bad()),
        }
    }
}

/// The first `digits` hex digits of SHA-256 over the parts, each closed by a zero byte so that parts cannot run together.
#[must_use]
pub fn short_hash(parts: &[&str], digits: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize(), digits)
}

/// How a mail address appears outside the mail itself: the first 16 hex digits of SHA-256 of the lower-cased address.
#[must_use]
pub fn address_hash(address: &str) -> String {
    hex(&Sha256::digest(address.trim().to_lowercase().as_bytes()), 16)
}

fn hex(bytes: &[u8], digits: usize) -> String {
    let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_survive_the_table() {
        for text in [
            "order#9007199254740995",
            "contact#00ff",
            "parcel#1Z999AA10123456784",
            "store#example-prints.myshopify.com",
        ] {
            assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
        }
        for text in ["order#", "order#12a", "order", "contact#", "parcel#", "box#1"] {
            assert!(text.parse::<Subject>().is_err(), "{text}");
        }
    }

    #[test]
    fn order_ids_in_all_their_forms() {
        assert_eq!(OrderId::parse("9007199254740995"), Some(OrderId(9_007_199_254_740_995)));
        assert_eq!(OrderId::parse("gid://shopify/Order/7?x=y"), Some(OrderId(7)));
        for text in ["", "#1001", "gid://shopify/Customer/7", "-1", "99999999999999999999999"] {
            assert_eq!(OrderId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_address_hash_ignores_case() {
        assert_eq!(address_hash("Ada@Example.com"), address_hash("ada@example.com"));
        assert_eq!(address_hash("ada@example.com").len(), 16);
    }
}
