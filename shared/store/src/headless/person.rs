//! A contact as our own table holds them. This table *is* the store of a shop without one, so here, and nowhere else of ours, a
//! person's mail address is kept.

use std::collections::BTreeMap;
use std::fmt;

use domain::Timestamp;
use domain::contact::{Consent, Contact, ContactId, same_place_key};
use domain::order::Address;
use domain::subject::{address_hash, short_hash};
use serde::{Deserialize, Serialize};

/// One contact of the headless store.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRow {
    /// The hash of the address: whoever is known by it is found by it.
    pub id: String,
    /// Rises with each change; a change names the one it was decided on.
    pub rev: u64,
    pub email: String,
    #[serde(default)]
    pub first_name: Option<String>,
    pub consent: Consent,
    #[serde(default)]
    pub consent_at: Option<Timestamp>,
    #[serde(default)]
    pub language: Option<String>,
    /// ISO 3166-1 alpha-2, of the last order.
    #[serde(default)]
    pub country: Option<String>,
    /// When each of their orders was placed, by its number.
    #[serde(default)]
    pub orders: BTreeMap<String, Timestamp>,
}

impl fmt::Debug for ContactRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactRow").field("id", &self.id).field("consent", &self.consent).finish_non_exhaustive()
    }
}

/// The id of whoever has this address.
#[must_use]
pub fn id_of(mail: &str) -> ContactId {
    ContactId(address_hash(mail))
}

/// The key of a place that parcels go to.
#[must_use]
pub fn place_of(address: &Address) -> Option<String> {
    same_place_key(address).map(|key| format!("place#{}", short_hash(&key.each_ref().map(String::as_str), 32)))
}

impl ContactRow {
    /// Somebody of whom only the address is known.
    #[must_use]
    pub fn new(mail: &str) -> Self {
        Self {
            id: id_of(mail).0,
            rev: 1,
            email: mail.trim().to_owned(),
            first_name: None,
            consent: Consent::NotSubscribed,
            consent_at: None,
            language: None,
            country: None,
            orders: BTreeMap::new(),
        }
    }

    /// Takes over what they said at `at`, unless something newer is known. Of two words of the same moment the later call stands.
    pub fn say(&mut self, consent: Consent, at: Timestamp) {
        if self.consent_at.is_none_or(|told| told <= at) {
            self.consent = consent;
            self.consent_at = Some(at);
        }
    }

    /// As every layer reads them.
    #[must_use]
    pub fn contact(&self) -> Contact {
        Contact {
            id: ContactId(self.id.clone()),
            email: Some(self.email.clone()),
            first_name: self.first_name.clone(),
            consent: self.consent,
            consent_at: self.consent_at,
            language: self.language.clone(),
            country: self.country.clone(),
            orders: u32::try_from(self.orders.len()).unwrap_or(u32::MAX),
        }
    }
}
