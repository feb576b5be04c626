//! Who we write to, and what they were doing in the store: read when a layer acts, never kept.
//!
//! A contact's subject is the hash of the mail address; the store finds the person again by its own [`ContactId`], which the facts
//! about a contact carry. So the table holds neither a name nor an address. [`Contact`], [`Checkout`] and [`Who`] live in memory
//! only, and their `Debug` shows ids and no person.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{Event, Fact};
use crate::money::CustomerMoney;
use crate::order::Address;
use crate::subject::OrderId;

/// The store's own id of a person: Shopify's customer number (`4410007701`), or the headless store's contact id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContactId(pub String);

impl fmt::Display for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody said about marketing mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    Subscribed,
    /// Asked, and not confirmed yet (double opt-in): no marketing.
    Pending,
    /// Said no.
    Unsubscribed,
    /// Never asked.
    NotSubscribed,
    /// A word of the store's that this version does not know (an address that is invalid or was redacted among them). Never a yes.
    Unknown,
}

impl Consent {
    /// Reads the store's word in any case: `subscribed`, `NOT_SUBSCRIBED`.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "subscribed" => Self::Subscribed,
            "pending" => Self::Pending,
            "unsubscribed" => Self::Unsubscribed,
            "not_subscribed" => Self::NotSubscribed,
            _ => Self::Unknown,
        }
    }

    /// The word in facts, effects and traces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscribed => "subscribed",
            Self::Pending => "pending",
            Self::Unsubscribed => "unsubscribed",
            Self::NotSubscribed => "not_subscribed",
            Self::Unknown => "unknown",
        }
    }
}

/// A person as the store has them now.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    pub id: ContactId,
    /// Absent where the store has only a telephone number.
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub consent: Consent,
    /// Since when the consent is as it is, where the store tells.
    pub consent_at: Option<Timestamp>,
    /// As in `de` or `pt-BR`, where the store knows it.
    pub language: Option<String>,
    /// ISO 3166-1 alpha-2, of the person's default address. The store knows no time zone; it follows from the country.
    pub country: Option<String>,
    /// Orders this person made in this store.
    pub orders: u32,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact").field("id", &self.id).field("consent", &self.consent).finish_non_exhaustive()
    }
}

/// A checkout as the store has it now, finished or not.
#[derive(Clone, PartialEq, Eq)]
pub struct Checkout {
    /// What the subject `checkout#…` names.
    pub id: String,
    /// Where its buyer reads mail; absent until they gave an address.
    pub email: Option<String>,
    pub customer: Option<ContactId>,
    pub started: Timestamp,
    /// When anything about it last changed, by the store's clock.
    pub updated: Timestamp,
    /// It became an order then.
    pub completed: Option<Timestamp>,
    pub lines: Vec<CheckoutLine>,
    pub total: CustomerMoney,
    /// Where the buyer goes on; absent once that page is gone.
    pub recover_url: Option<String>,
    /// Where it is to go; absent until the buyer said.
    pub address: Option<Address>,
    pub language: Option<String>,
}

impl fmt::Debug for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout")
            .field("id", &self.id)
            .field("customer", &self.customer)
            .field("started", &self.started)
            .field("completed", &self.completed)
            .field("lines", &self.lines.len())
            .finish_non_exhaustive()
    }
}

/// So many pieces of something in a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutLine {
    pub title: String,
    pub variant_title: Option<String>,
    pub quantity: u32,
    /// Of one piece, after the discounts of its line.
    pub unit_price: CustomerMoney,
    /// A picture of it, where the store has one: an address of the web.
    pub image: Option<String>,
}

/// By what a purchase is recognised: whoever bought under any of these has bought.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Who {
    pub checkout: Option<String>,
    pub customer: Option<ContactId>,
    pub mail: Option<String>,
    pub address: Option<Address>,
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Who")
            .field("checkout", &self.checkout)
            .field("customer", &self.customer)
            .finish_non_exhaustive()
    }
}

impl Who {
    /// Everything by which the buyer of this checkout could be recognised.
    #[must_use]
    pub fn of_checkout(checkout: &Checkout) -> Self {
        Self {
            checkout: Some(checkout.id.clone()),
            customer: checkout.customer.clone(),
            mail: checkout.email.clone(),
            address: checkout.address.clone(),
        }
    }

    /// Everything by which this person could be recognised.
    #[must_use]
    pub fn of_contact(contact: &Contact) -> Self {
        Self { customer: Some(contact.id.clone()), mail: contact.email.clone(), ..Self::default() }
    }
}

/// They bought, and by what it was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    pub by: Match,
    /// Absent where the store says that the checkout was finished, and not what it became.
    pub order: Option<OrderId>,
}

/// By what a purchase was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    Checkout,
    Customer,
    Mail,
    Address,
}

impl Match {
    /// The word in a skip's reason.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Customer => "customer",
            Self::Mail => "mail",
            Self::Address => "address",
        }
    }
}

/// Whether two addresses are one place (see [`same_place_key`]).
#[must_use]
pub fn same_place(one: &Address, other: &Address) -> bool {
    same_place_key(one).is_some_and(|key| same_place_key(other) == Some(key))
}

/// What makes an address a place: street, its second line, postal code, city and country, without white space, punctuation and
/// letter case. Names, companies and telephone numbers do not count, since a household buys under several. `None`: no street.
#[must_use]
pub fn same_place_key(address: &Address) -> Option<[String; 5]> {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let optional = |text: &Option<String>| text.as_deref().map(plain).unwrap_or_default();
    let street = Some(plain(&address.address1)).filter(|street| !street.is_empty())?;
    Some([
        street,
        optional(&address.address2),
        optional(&address.zip),
        plain(&address.city),
        plain(&address.country_code),
    ])
}

/// Which kinds of marketing mail somebody wants. Kept as an event about the contact, not in the store: Shopify has one consent to
/// marketing mail and no field for kinds, and the same event serves the headless store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    /// News and offers: welcome, second order, win-back.
    pub news: bool,
    /// Reminders of a cart.
    pub reminders: bool,
    /// Requests for a review.
    pub reviews: bool,
}

impl Wishes {
    /// Whoever said nothing gets what they consented to: all of it.
    pub const ALL: Self = Self { news: true, reminders: true, reviews: true };
    pub const NONE: Self = Self { news: false, reminders: false, reviews: false };

    /// What the contact wished last, by the events about it.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let wishes = events.iter().filter_map(|event| match &event.fact {
            Fact::ContactWished { wishes, .. } => Some((event.time, event.fact.id(), *wishes)),
            _ => None,
        });
        wishes.max_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1))).map_or(Self::ALL, |(.., wishes)| wishes)
    }
}

/// Whether this is one plain mail address that a mail can be sent to: what SES would refuse, or a header would misread, is none.
#[must_use]
pub fn is_address(text: &str) -> bool {
    const LONGEST_LOCAL: usize = 64;
    const LONGEST: usize = 254;
    let Some((local, domain)) = text.split_once('@') else { return false };
    let local_sign = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    let label = |label: &str| {
        let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= LONGEST
        && (1..=LONGEST_LOCAL).contains(&local.len())
        && local.bytes().all(local_sign)
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// The last word about consent among the events about a contact, and when it was said; of two at the same moment the stricter.
#[must_use]
pub fn last_word(events: &[Event]) -> Option<(Timestamp, Consent)> {
    let words = events.iter().filter_map(|event| match &event.fact {
        Fact::ContactSubscribed { .. } => Some((event.time, Consent::Subscribed)),
        Fact::ContactUnsubscribed { .. } => Some((event.time, Consent::Unsubscribed)),
        // Its own time: a webhook may come late, and say what is long over.
        Fact::ConsentChanged { state, at, .. } => Some((at.parse().unwrap_or(event.time), Consent::of_word(state))),
        _ => None,
    });
    words.max_by_key(|(at, consent)| (*at, *consent != Consent::Subscribed))
}

/// What counts when a mail is to be sent: what the store says now, unless an unsubscription reached us after the store's own word
/// (it takes effect at once, also while the store is down). A yes that only we know of is none: the store is asked.
#[must_use]
pub fn standing(contact: &Contact, events: &[Event]) -> Consent {
    match last_word(events) {
        Some((at, Consent::Unsubscribed)) if contact.consent_at.is_none_or(|told| told <= at) => Consent::Unsubscribed,
        _ => contact.consent,
    }
}

#[cfg(test)]
mod tests;
