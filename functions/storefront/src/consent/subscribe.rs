//! `subscribe`: somebody signs up for the store's news, and where the owner wants it confirms that by a link in a mail.
//!
//! The answer never says whether the store knew the address. Only the store gets the address: our events name the store's id.

use domain::Timestamp;
use domain::contact::{Consent, Contact, ContactId, is_address, standing};
use domain::event::{Fact, OptIn};
use domain::provider::Trouble;
use domain::subject::address_hash;
use jiff::SignedDuration;
use lambda::Clock;
use ledger::{LedgerError, Table};
use links::Recipient;

use super::fields::{field, fields};
use super::page::{Form, Said};
use super::{Consents, People, Reader, brake};
use crate::frame::Notice;
use crate::http::{Reply, Request};

/// A yes that the store has had for less than this may not have reached our events: a crash between the two.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

impl<T: Table, S: People, C: Clock> Consents<T, S, C> {
    pub(super) async fn sign_up(&self, request: &Request, reader: Reader<'_>) -> Result<Reply, LedgerError> {
        let fields = fields(request);
        let words = &reader.words.consent;
        let mail = field(&fields, "email").unwrap_or_default().trim();
        let done = if self.double_opt_in { Said::Sent } else { Said::Subscribed };
        // No person sees this field; who fills it in hears what everybody hears.
        if field(&fields, "website").is_some_and(|trap| !trap.is_empty()) {
            tracing::info!("a form was filled in by a program");
            return Ok(self.say(200, reader, done));
        }
        let flawed = || Ok(self.form(422, reader, Said::SignUp, Form::address(words, Some(&words.no_address))));
        if !is_address(mail) {
            return flawed();
        }
        let contact = address_hash(mail);
        if !brake::lets(&self.ledger, &self.shop, request.ip.as_deref(), &contact, self.clock.now()).await? {
            tracing::warn!("too many sign-ups from one network");
            let mut reply = self.say(429, reader, Said::TooMany);
            reply.headers.push(("retry-after", "3600".to_owned()));
            return Ok(reply);
        }
        match self.write(&contact, mail, reader.language.tag()).await? {
            Ok(()) => Ok(self.say(200, reader, done)),
            Err(Trouble::Refused { why }) => {
                tracing::warn!(subject = %contact, why, "the store takes no such contact");
                flawed()
            }
            Err(trouble) => Ok(self.later(&contact, &trouble, reader)),
        }
    }

    fn later(&self, contact: &str, trouble: &Trouble, reader: Reader<'_>) -> Reply {
        tracing::warn!(subject = %contact, why = %trouble, "the store does not take a sign-up now");
        self.notice(reader, Notice::Later)
    }

    /// First the store, then the event. Whoever comes back after a crash between the two finds the one and makes the other.
    async fn write(&self, contact: &str, mail: &str, language: &str) -> Result<Result<(), Trouble>, LedgerError> {
        let known = match self.store.contact_by_mail(mail).await {
            Ok(known) => known,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let events = self.events(contact).await?;
        let now = self.now();
        if let Some(known) = &known
            && standing(known, &events) == Consent::Subscribed
        {
            return self.repeat(contact, known, OptIn::Form, now).await.map(Ok);
        }
        let consent = if self.double_opt_in { Consent::Pending } else { Consent::Subscribed };
        let written = match known {
            Some(known) => self.store.set_consent(&known.id, consent, now).await.map(|()| known.id),
            None => self.store.add_contact(mail, consent, Some(language), now).await,
        };
        let id = match written {
            Ok(id) => id,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let fact = if self.double_opt_in {
            let day = now.to_string().chars().take(10).collect();
            Fact::ContactSignedUp { customer: id.0, day }
        } else {
            subscribed(OptIn::Form, &id, now)
        };
        self.append(contact, fact, now).await.map(Ok)
    }

    /// The event of a yes that the store has already, if that is young: it may be missing.
    async fn repeat(&self, contact: &str, known: &Contact, how: OptIn, now: Timestamp) -> Result<(), LedgerError> {
        match known.consent_at.filter(|at| now.duration_since(*at) < FRESH) {
            Some(at) => self.append(contact, subscribed(how, &known.id, at), at).await,
            None => Ok(()),
        }
    }

    pub(super) async fn confirm(
        &self,
        who: &Recipient,
        posted: bool,
        reader: Reader<'_>,
    ) -> Result<Reply, LedgerError> {
        if !posted {
            let form = Form::button(&reader.words.consent.confirm_button, "confirm");
            return Ok(self.form(200, reader, Said::Confirm, form));
        }
        let Some(id) = &who.customer else { return Ok(self.notice(reader, Notice::NotFound)) };
        let known = match self.store.contact(id).await {
            Ok(known) => known,
            Err(trouble) => return Ok(self.later(&who.contact, &trouble, reader)),
        };
        // The person is gone, or has another address by now, which nobody confirmed.
        let same = |known: &Contact| known.email.as_deref().map(address_hash).as_ref() == Some(&who.contact);
        let Some(known) = known.filter(same) else { return Ok(self.notice(reader, Notice::NotFound)) };
        let (events, now) = (self.events(&who.contact).await?, self.now());
        if standing(&known, &events) == Consent::Subscribed {
            self.repeat(&who.contact, &known, OptIn::Confirmed, now).await?;
            return Ok(self.say(200, reader, Said::Subscribed));
        }
        if let Err(trouble) = self.store.set_consent(id, Consent::Subscribed, now).await {
            return Ok(self.later(&who.contact, &trouble, reader));
        }
        self.append(&who.contact, subscribed(OptIn::Confirmed, id, now), now).await?;
        Ok(self.say(200, reader, Said::Subscribed))
    }
}

fn subscribed(how: OptIn, id: &ContactId, at: Timestamp) -> Fact {
    Fact::ContactSubscribed { how, customer: id.0.clone(), at: at.to_string() }
}
