//! What the account keeps.

use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody, by their address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Profile {
    pub email: String,
    pub external_id: Option<String>,
    pub first_name: Option<String>,
    /// The account's own.
    pub properties: BTreeMap<String, Value>,
    /// `SUBSCRIBED`, `UNSUBSCRIBED`, or never asked.
    pub consent: Option<String>,
    /// `UNSUBSCRIBE`, `SPAM_REPORT`, `USER_SUPPRESSED`, `HARD_BOUNCE`.
    pub suppressions: BTreeSet<String>,
    pub lists: BTreeSet<String>,
    /// How often it was subscribed, and how often asked to confirm that.
    pub subscribed: u32,
    pub asked: u32,
}

/// An event that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Taken {
    pub metric: String,
    /// Whose: the address, or what else the profile goes by.
    pub profile: String,
    pub unique_id: Option<String>,
    pub time: Option<String>,
    /// As it was written, digit by digit.
    pub value: Option<String>,
    pub currency: Option<String>,
    pub properties: Value,
}

/// Suppressions that a yes takes away.
const FORGIVEN: [&str; 3] = ["UNSUBSCRIBE", "SPAM_REPORT", "USER_SUPPRESSED"];

#[derive(Default)]
pub(super) struct Book {
    pub profiles: BTreeMap<String, Profile>,
    pub events: Vec<Taken>,
    /// Events that were there already.
    pub repeated: usize,
}

impl Book {
    fn profile(&mut self, address: &str) -> &mut Profile {
        let known = self.profiles.entry(address.to_lowercase()).or_default();
        address.clone_into(&mut known.email);
        known
    }

    /// Keeps an event and what it says of its profile; one that came before is not kept again. `now`: the time to the second,
    /// which stands in for an id.
    pub fn happened(&mut self, mut event: Taken, attributes: &Value, now: &str) {
        let told = self.profile(&event.profile);
        for (field, kept) in [("external_id", &mut told.external_id), ("first_name", &mut told.first_name)] {
            if let Some(text) = attributes[field].as_str() {
                *kept = Some(text.to_owned());
            }
        }
        let own = attributes["properties"].as_object().cloned().unwrap_or_default();
        told.properties.extend(own);
        event.unique_id.get_or_insert_with(|| event.time.clone().unwrap_or_else(|| now.to_owned()));
        let same = |kept: &Taken| {
            kept.metric == event.metric
                && kept.profile.eq_ignore_ascii_case(&event.profile)
                && kept.unique_id == event.unique_id
        };
        if self.events.iter().any(same) {
            self.repeated += 1;
        } else {
            self.events.push(event);
        }
    }

    /// `asks`: the list wants a confirmation first.
    pub fn subscribe(&mut self, address: &str, list: Option<&str>, asks: bool) {
        let profile = self.profile(address);
        if asks {
            profile.asked += 1;
            return;
        }
        profile.subscribed += 1;
        profile.consent = Some("SUBSCRIBED".to_owned());
        profile.suppressions.retain(|why| !FORGIVEN.contains(&why.as_str()));
        profile.lists.extend(list.map(str::to_owned));
    }

    /// From one list, or from everything.
    pub fn unsubscribe(&mut self, address: &str, list: Option<&str>) {
        let profile = self.profile(address);
        // Whoever is not on the list is unsubscribed from everything.
        if list.is_some_and(|list| profile.lists.remove(list)) {
            return;
        }
        profile.consent = Some("UNSUBSCRIBED".to_owned());
        profile.suppressions.insert("UNSUBSCRIBE".to_owned());
    }

    pub fn act(&mut self, address: &str, act: &str) -> bool {
        let Some(profile) = self.profiles.get_mut(&address.to_lowercase()) else { return false };
        let why = match act {
            "unsubscribe" => "UNSUBSCRIBE",
            "spam" => "SPAM_REPORT",
            "bounce" => "HARD_BOUNCE",
            _ => return false,
        };
        if act != "bounce" {
            profile.consent = Some("UNSUBSCRIBED".to_owned());
        }
        profile.suppressions.insert(why.to_owned());
        true
    }

    pub fn shown(&self) -> Value {
        let profiles: Vec<&Profile> = self.profiles.values().collect();
        json!({ "profiles": profiles, "events": self.events, "repeated": self.repeated })
    }
}
