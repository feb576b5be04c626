//! Who a mail would go to: the person at the store, and what they said about mail.

use domain::contact::{self, Consent, Contact, ContactId, Who, Wishes};
use domain::event::{Event, Fact, Suppression};
use domain::flow::{Flow, Step, Trigger};
use domain::provider::Trouble;
use domain::subject::address_hash;
use ledger::Table;

use crate::{Email, Shop};

/// Who gets it. Lives in memory only.
pub(crate) struct Person {
    pub to: String,
    pub hash: String,
    pub customer: Option<ContactId>,
    pub first_name: Option<String>,
}

/// What somebody said about marketing mail, and what became of our mail to them.
pub(crate) struct Word {
    pub consent: Consent,
    pub wishes: Wishes,
    pub suppressed: Option<Suppression>,
}

impl Word {
    /// By the store's record, where it has one, and the events about the contact.
    pub fn of(contact: Option<&Contact>, told: &[Event]) -> Self {
        Self {
            consent: contact.map_or(Consent::NotSubscribed, |contact| contact::standing(contact, told)),
            wishes: Wishes::of(told),
            suppressed: suppressed(told),
        }
    }

    /// Whether they still want mails like this one.
    pub fn wants(&self, flow: &Flow, step: &Step) -> bool {
        match (flow.trigger, step.mail.as_str()) {
            (Trigger::CheckoutStarted, _) => self.wishes.reminders,
            (_, "review") => self.wishes.reviews,
            _ => self.wishes.news,
        }
    }
}

impl<T: Table, Q, C, S: Shop, M, W> Email<'_, T, Q, C, S, M, W> {
    /// The person at the store.
    pub(crate) async fn known(&self, who: &Who) -> Result<Option<Contact>, Trouble> {
        let contact = match &who.customer {
            Some(customer) => self.store.contact(customer).await?,
            None => None,
        };
        // Consent belongs to an address: a customer who left another one here said nothing about it.
        match &who.mail {
            Some(mail)
                if !contact.as_ref().and_then(|it| it.email.as_deref()).is_some_and(|own| same_mail(own, mail)) =>
            {
                self.store.contact_by_mail(mail).await
            }
            _ => Ok(contact),
        }
    }
}

fn same_mail(one: &str, other: &str) -> bool {
    address_hash(one) == address_hash(other)
}

/// The store's id of the person, as the events about them last named it.
pub(crate) fn customer_of(events: &[Event]) -> Option<ContactId> {
    let named = events.iter().filter_map(|event| match &event.fact {
        Fact::ContactSubscribed { customer, .. } | Fact::ContactSignedUp { customer, .. } => {
            Some((event.time, customer))
        }
        Fact::ContactChanged { customer: Some(customer), .. }
        | Fact::ConsentChanged { customer: Some(customer), .. }
        | Fact::ContactUnsubscribed { customer: Some(customer), .. }
        | Fact::ContactWished { customer: Some(customer), .. } => Some((event.time, customer)),
        _ => None,
    });
    named.max().map(|(_, customer)| ContactId(customer.clone()))
}

/// Mail to the address bounced or was reported as spam, and they have not asked for mail since.
fn suppressed(events: &[Event]) -> Option<Suppression> {
    let asked = events.iter().filter(|e| matches!(e.fact, Fact::ContactSubscribed { .. })).map(|e| e.time).max();
    let stops = events.iter().filter_map(|event| match &event.fact {
        Fact::ContactSuppressed { why, .. } if asked.is_none_or(|asked| event.time >= asked) => {
            Some((event.time, *why))
        }
        _ => None,
    });
    stops.max().map(|(_, why)| why)
}
