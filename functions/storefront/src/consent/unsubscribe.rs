//! `unsubscribe/<token>`: no more marketing mail, by our page's button or by the mail program's own (RFC 8058).

use domain::contact::{Consent, last_word};
use domain::event::{Fact, OptOut};
use jiff::SignedDuration;
use lambda::Clock;
use ledger::{LedgerError, Table};
use links::Recipient;

use super::fields::{field, fields};
use super::page::{Form, Said};
use super::{Consents, People, Reader};
use crate::http::{Reply, Request};

/// Another click within this time is the same no; a later one is said again, in case the store has forgotten it meanwhile.
const SAME_CLICK: SignedDuration = SignedDuration::from_hours(1);

impl<T: Table, S: People, C: Clock> Consents<T, S, C> {
    pub(super) async fn unsubscribe(
        &self,
        who: &Recipient,
        request: &Request,
        reader: Reader<'_>,
    ) -> Result<Reply, LedgerError> {
        if request.method != "POST" {
            let form = Form::button(&reader.words.consent.unsubscribe_button, "unsubscribe");
            return Ok(self.form(200, reader, Said::Unsubscribe, form));
        }
        let fields = fields(request);
        // RFC 8058, 3.2: the body is this pair. No cookie and no sign-in comes with it, and no redirect may answer it.
        let how = match (field(&fields, "List-Unsubscribe"), field(&fields, "choice")) {
            (Some("One-Click"), _) => OptOut::OneClick,
            (_, Some("unsubscribe")) => OptOut::Page,
            _ => return Ok(self.say(400, reader, Said::Unclear)),
        };
        self.opt_out(who, how).await?;
        Ok(self.say(200, reader, Said::Unsubscribed))
    }

    /// Writes the no down; from then on it holds.
    pub(super) async fn opt_out(&self, who: &Recipient, how: OptOut) -> Result<(), LedgerError> {
        let now = self.now();
        let events = self.events(&who.contact).await?;
        let lately = now.checked_sub(SAME_CLICK).unwrap_or(now);
        let said =
            events.iter().any(|event| matches!(event.fact, Fact::ContactUnsubscribed { .. }) && event.time >= lately);
        if said && last_word(&events).is_some_and(|(_, consent)| consent == Consent::Unsubscribed) {
            return Ok(());
        }
        let fact = Fact::ContactUnsubscribed {
            how,
            customer: who.customer.as_ref().map(|id| id.0.clone()),
            mail: who.mail.clone(),
            at: now.to_string(),
        };
        self.append(&who.contact, fact, now).await
    }
}
