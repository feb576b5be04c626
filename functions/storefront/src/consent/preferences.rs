//! `preferences/<token>`: which kinds of marketing mail somebody wants.

use domain::contact::{Consent, Wishes, last_word};
use domain::event::{Fact, OptOut};
use lambda::Clock;
use ledger::{LedgerError, Table};
use links::Recipient;

use super::fields::{field, fields};
use super::page::{Form, Kind, Said};
use super::{Consents, People, Reader};
use crate::http::{Reply, Request};

impl<T: Table, S: People, C: Clock> Consents<T, S, C> {
    pub(super) async fn preferences(
        &self,
        who: &Recipient,
        request: &Request,
        reader: Reader<'_>,
    ) -> Result<Reply, LedgerError> {
        let events = self.events(&who.contact).await?;
        // A no is taken back by signing up, which says to what; not by a link that lies in an old mail.
        if last_word(&events).is_some_and(|(_, consent)| consent == Consent::Unsubscribed) {
            return Ok(self.say(200, reader, Said::NothingToChoose));
        }
        if request.method != "POST" {
            let kind = Kind::Wishes(Wishes::of(&events));
            let button = reader.words.consent.save_button.as_str();
            return Ok(self.form(200, reader, Said::Preferences, Form { kind, button, choice: "save", flaw: None }));
        }
        let fields = fields(request);
        if field(&fields, "choice") != Some("save") {
            return Ok(self.say(400, reader, Said::Unclear));
        }
        let ticked = |name| field(&fields, name).is_some();
        let wishes = Wishes { news: ticked("news"), reminders: ticked("reminders"), reviews: ticked("reviews") };
        // Nothing at all is a no, and the store has to know it.
        if wishes == Wishes::NONE {
            self.opt_out(who, OptOut::Page).await?;
            return Ok(self.say(200, reader, Said::Unsubscribed));
        }
        if Wishes::of(&events) != wishes {
            let (now, customer) = (self.now(), who.customer.as_ref().map(|id| id.0.clone()));
            self.append(&who.contact, Fact::ContactWished { wishes, customer, at: now.to_string() }, now).await?;
        }
        Ok(self.say(200, reader, Said::Saved))
    }
}
