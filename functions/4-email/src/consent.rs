//! What somebody said about marketing mail: the store is told, and who signed up is asked to confirm it.

use std::collections::BTreeMap;

use domain::contact::{Consent, ContactId};
use domain::effect::{EffectKey, MailKind, State};
use domain::event::Fact;
use domain::exception::What;
use domain::handoff::Layer;
use domain::subject::{Subject, address_hash};
use lambda::store_line::STORE;
use lambda::{Clock, Failure, Outcome, Queue};
use ledger::{Claim, Stored, Table};
use mailer::{Letter, ReadAccount, SendMail};

use crate::flows::{customer_of, tally};
use crate::mails::marketing::{self, CONFIRM, Marketing};
use crate::post::{Claimed, SKIP, Turn};
use crate::timers::Timers;
use crate::{Email, Shop};

impl<T, Q, C, S, M, W> Email<'_, T, Q, C, S, M, W>
where
    T: Table,
    Q: Queue,
    C: Clock,
    S: Shop,
    M: SendMail + ReadAccount,
    W: Timers,
{
    /// A no: it holds already, whatever the store says. The store is told, and what was armed goes away.
    pub(crate) async fn unsubscribed(&self, stored: &Stored) -> Result<Outcome, Failure> {
        let Fact::ContactUnsubscribed { customer, mail, at, .. } = &stored.event.fact else {
            return Ok(Outcome::done());
        };
        if let (Subject::Contact(contact), Some(effect)) = (&stored.event.subject, mail) {
            tally::unsubscribed(self.station, contact, effect).await?;
        }
        match self.tell_store(stored, customer.as_deref(), at).await? {
            Outcome::Done { .. } => self.disarm(stored).await,
            other => Ok(other),
        }
    }

    /// Saying it twice is saying it once: an attempt in doubt is made again.
    async fn tell_store(&self, stored: &Stored, customer: Option<&str>, at: &str) -> Result<Outcome, Failure> {
        let (subject, now) = (&stored.event.subject, self.station.now());
        let key = EffectKey::Consent { state: Consent::Unsubscribed, at: at.to_owned() };
        let refused = |why: String| What::ConsentRefused { why };
        let lease = match self.station.ledger.claim(subject, &key, now, self.station.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Done { .. } => return Ok(Outcome::done()),
            Claim::Refused { reason } => return Ok(Outcome::raise(refused(reason))),
            Claim::Busy { until } => {
                return Ok(self.come_back(stored, until, "an earlier attempt to tell the store has to end"));
            }
            Claim::Waiting { not_before, reason } => return Ok(self.come_back(stored, not_before, &reason)),
        };
        let customer = match customer {
            Some(customer) => Some(ContactId(customer.to_owned())),
            None => customer_of(&self.station.ledger.journey(subject).await?.events),
        };
        let Some(customer) = customer else {
            let why = "the link did not say which of the store's customers it was";
            self.refuse(lease, why).await?;
            return Ok(Outcome::raise(refused(why.to_owned())));
        };
        // The fact's own words name the moment; its event's time is the same.
        let said = at.parse().unwrap_or(stored.event.time);
        match self.store.set_consent(&customer, Consent::Unsubscribed, said).await {
            Ok(()) => {
                self.settle(lease, State::Done { reference: customer.0 }, BTreeMap::new(), None).await?;
                Ok(Outcome::done())
            }
            Err(trouble) => self.station.settle_trouble(stored, lease, Layer::Email, STORE, trouble, refused).await,
        }
    }

    /// Somebody signed up: the address itself has to say yes (double opt-in).
    pub(crate) async fn signed_up(&self, stored: &Stored) -> Result<Outcome, Failure> {
        let (Fact::ContactSignedUp { customer, day }, Subject::Contact(hash)) =
            (&stored.event.fact, &stored.event.subject)
        else {
            return Ok(Outcome::done());
        };
        let kind = MailKind::Confirm(day.clone());
        let lease = match self.claim(stored, &kind).await? {
            Claimed::Ours(lease) => lease,
            Claimed::Not(turn) => return Ok(ended(turn)),
        };
        let contact = match self.store.contact(&ContactId(customer.clone())).await {
            Ok(contact) => contact,
            Err(trouble) => return self.store_trouble(stored, Some(lease), trouble).await,
        };
        let known = contact.filter(|contact| contact.email.as_deref().is_some_and(|mail| address_hash(mail) == *hash));
        let Some((contact, to)) = known.and_then(|contact| contact.email.clone().map(|mail| (contact, mail))) else {
            self.refuse(lease, &format!("{SKIP}the store does not know this address any more")).await?;
            return Ok(Outcome::done());
        };
        if contact.consent == Consent::Subscribed {
            self.refuse(lease, &format!("{SKIP}subscribed already")).await?;
            return Ok(Outcome::done());
        }
        let effect = lease.hash();
        let written = self.sender.pages.as_ref().map(|pages| {
            let button = pages.confirm(hash, &contact.id, &effect, self.station.now());
            let about = Marketing {
                first_name: None,
                lines: &[],
                total: None,
                button: &button,
                unsubscribe: "",
                preferences: "",
                language: contact.language.as_deref(),
            };
            marketing::write(CONFIRM, &about, self.sender.look(None)).map_err(|why| why.to_string())
        });
        let written = written.unwrap_or_else(|| Err("the storefront's address or key is missing".to_owned()));
        let written = match written {
            Ok(written) => written,
            Err(why) => {
                self.refuse(lease, &why).await?;
                return Ok(Outcome::raise(What::MailRefused { mail: CONFIRM.to_owned(), why }));
            }
        };
        let letter = Letter {
            to,
            from: self.sender.from.clone(),
            reply_to: self.sender.reply_to.clone(),
            subject: written.subject,
            text: written.text,
            html: Some(written.html),
            about: stored.event.subject.clone(),
            effect,
            headers: Vec::new(),
            flow: None,
        };
        Ok(ended(self.post(stored, CONFIRM.to_owned(), lease, &letter).await?))
    }
}

fn ended(turn: Turn) -> Outcome {
    match turn {
        Turn::Next => Outcome::done(),
        Turn::Told(what) => Outcome::raise(what),
        Turn::End(outcome) => outcome,
    }
}
