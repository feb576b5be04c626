//! `make doctor`: does each partner accept our key, what can it still charge, and who else would make the store's orders?
//! Only reads, and nothing is written down: the owner is looking.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::provider::Trouble;
use jiff::SignedDuration;
use lambda::{Clock, Queue};
use ledger::Table;
use partner::{Partner, ReadCatalog, ReadFunds};
use serde::Serialize;
use store::{ListVariants, ReadOrder};

use crate::Routing;

/// The check ends so long before its function does.
const MARGIN: SignedDuration = SignedDuration::from_secs(5);

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Check {
    pub partners: Vec<PartnerLine>,
    /// Fulfilment services other than ours, and how many of the store's variants each has: a partner's own app is one.
    pub other_services: BTreeMap<String, u32>,
    /// Why the store could not be asked, if it could not.
    pub store: Option<String>,
    /// The time ended before the check did: what is missing is not here.
    pub cut: bool,
}

/// One partner's answer.
#[derive(Debug, Serialize)]
pub struct PartnerLine {
    pub name: String,
    /// `answers`, `refuses` (the key, or what we asked: a person mends it) or `silent` (it may pass).
    pub state: &'static str,
    pub why: Option<String>,
    /// What stands to our credit there, `250.00 EUR`; absent where the partner does not tell.
    pub funds: Option<String>,
    /// It does stand, and nothing is left.
    pub empty: bool,
}

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder + ListVariants> Routing<'_, T, Q, C, S> {
    /// Asks every partner, then the store, as far as there is time.
    pub async fn check(&self, deadline: Timestamp) -> Check {
        let until = deadline.checked_sub(MARGIN).unwrap_or(deadline);
        let mut check = Check::default();
        for partner in &self.partners {
            if self.station.now() >= until {
                check.cut = true;
                return check;
            }
            check.partners.push(ask(partner).await);
        }
        let mut after: Option<String> = None;
        loop {
            if self.station.now() >= until {
                check.cut = true;
                return check;
            }
            let page = match self.store.variants(after.as_deref()).await {
                Ok(page) => page,
                Err(trouble) => {
                    check.store = Some(trouble.to_string());
                    return check;
                }
            };
            for service in page.items.into_iter().filter(|variant| variant.requires_shipping).filter_map(|v| v.service)
            {
                *check.other_services.entry(service).or_default() += 1;
            }
            after = page.next;
            if after.is_none() {
                return check;
            }
        }
    }
}

/// The owner's products first: that takes the same key as placing an order does.
async fn ask(partner: &Partner) -> PartnerLine {
    let line = |state, why: Option<String>| {
        let name = partner.name().to_owned();
        PartnerLine { name, state, why, funds: None, empty: false }
    };
    let refused = |trouble: Trouble| match trouble {
        Trouble::Refused { .. } | Trouble::Broken { .. } => line("refuses", Some(trouble.to_string())),
        _ => line("silent", Some(trouble.to_string())),
    };
    if let Err(trouble) = partner.products(None).await {
        return refused(trouble);
    }
    match partner.funds().await {
        Ok(None) => line("answers", None),
        Ok(Some(funds)) => {
            PartnerLine { funds: Some(funds.to_string()), empty: funds.minor() <= 0, ..line("answers", None) }
        }
        Err(trouble) => refused(trouble),
    }
}
