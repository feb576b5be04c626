//! An event in, what Klaviyo has to hear of it out. Decided from what the store says at that moment, not when the event came.

use domain::Timestamp;
use domain::contact::{Consent, Contact, ContactId, Match, Who};
use domain::effect::{Effect, EffectKey, MailKind, State};
use domain::event::{CheckoutEnd, Event, Fact};
use domain::flow::decide::{Over, held_out, unwelcome};
use domain::flow::left::{Telling, telling};
use domain::flow::{Flow, Skip};
use domain::handoff::Layer;
use domain::mails;
use domain::provider::Trouble;
use domain::subject::{OrderId, Subject, address_hash};
use lambda::{Clock, Failure, Outcome, Queue};
use ledger::{Journey, Stored, Table};
use mailer::SendMail;

use super::client::{CONSENTS, Call, EVENTS};
use super::wire::{About, Profile, Wants, wanted};
use crate::flows::{Word, customer_of, entry, over};
use crate::post::SKIP;
use crate::timers::Timers;
use crate::{Email, Shop};

/// What there is to tell.
enum Found {
    Tell(Vec<(EffectKey, Call)>),
    /// Nothing, and why.
    LeaveOut(String),
    /// The store did not answer.
    NoAnswer(Trouble),
}

impl From<Skip> for Found {
    fn from(skip: Skip) -> Self {
        Self::LeaveOut(skip.to_string())
    }
}

/// What is due.
#[derive(Clone, Copy)]
struct Due<'e> {
    what: Telling,
    /// When somebody said yes or no, or which parcel it was.
    about: Option<&'e str>,
    flows: &'e [String],
    since: Timestamp,
}

/// Somebody with an address, and what they said.
struct Addressee {
    profile: Profile,
    hash: String,
    word: Word,
}

impl<T, Q, C, S, M, W> Email<'_, T, Q, C, S, M, W>
where
    T: Table,
    Q: Queue,
    C: Clock,
    S: Shop,
    M: SendMail,
    W: Timers,
{
    /// Notes that Klaviyo is to hear of this event, where it is. Doing so again changes nothing. It is an event of its own, so that
    /// no customer's mail waits for Klaviyo.
    pub(crate) async fn hand_over(&self, stored: &Stored) -> Result<(), Failure> {
        let event = &stored.event;
        let Some(due) = self.klaviyo.as_ref().and_then(|_| telling(event, &self.flows)) else { return Ok(()) };
        if matches!(event.fact, Fact::CheckoutStarted { .. }) && !self.begins(event).await? {
            return Ok(());
        }
        self.station.append(Layer::Email, event, due).await?;
        Ok(())
    }

    /// Tells Klaviyo what is still true of it.
    pub(crate) async fn klaviyo_due(&self, stored: &Stored) -> Result<Outcome, Failure> {
        let (Some(klaviyo), Fact::KlaviyoDue { what, about, flows, since }) = (&self.klaviyo, &stored.event.fact)
        else {
            tracing::info!(subject = %stored.event.subject, "store.toml has no [klaviyo] any more");
            return Ok(Outcome::done());
        };
        let due = Due { what: *what, about: about.as_deref(), flows, since: *since };
        let journey = self.station.ledger.journey(&stored.event.subject).await?;
        let key = due.key();
        let before = journey.effects.iter().find(|effect| effect.key == key);
        if let Some(waits) = self.station.too_early(stored, Layer::Email, before) {
            return Ok(waits);
        }
        if before.is_some_and(|effect| due.is_over(effect)) {
            return Ok(Outcome::done());
        }
        let (found, line) = match (&stored.event.subject, due.what) {
            (Subject::Checkout(id), _) => (self.of_a_checkout(due, id, &journey).await?, EVENTS),
            (Subject::Order(id), _) => (self.of_an_order(due, *id, &journey).await?, EVENTS),
            (Subject::Contact(hash), _) => (self.of_a_contact(due, hash, &journey).await?, CONSENTS),
            (Subject::Parcel(_) | Subject::Store(_), _) => return Ok(Outcome::done()),
        };
        match found {
            Found::Tell(calls) => self.tell(stored, klaviyo, line, &journey.effects, calls).await,
            Found::LeaveOut(why) => self.left_out(stored, &key, &why).await,
            Found::NoAnswer(trouble) => self.store_trouble(stored, None, trouble).await,
        }
    }

    async fn of_a_checkout(&self, due: Due<'_>, id: &str, journey: &Journey) -> Result<Found, Failure> {
        let checkout = match self.store.checkout(id).await {
            Ok(Some(checkout)) => checkout,
            Ok(None) => return Ok(Skip::Over(Over::Gone).into()),
            Err(trouble) => return Ok(Found::NoAnswer(trouble)),
        };
        let deleted = |event: &Event| matches!(event.fact, Fact::CheckoutEnded { how: CheckoutEnd::Deleted });
        if checkout.completed.is_some() {
            return Ok(Skip::Bought(Match::Checkout).into());
        }
        if checkout.recover_url.is_none() || journey.events.iter().any(deleted) {
            return Ok(Skip::Over(Over::CheckoutEnded).into());
        }
        let mut who = Who::of_checkout(&checkout);
        let to = match self.addressee(&who).await? {
            Ok(Some(to)) => to,
            Ok(None) => return Ok(Skip::NoAddress.into()),
            Err(trouble) => return Ok(Found::NoAnswer(trouble)),
        };
        if let Some(skip) = self.speaks_against(due, &to, journey) {
            return Ok(skip.into());
        }
        // Told after the purchase it would begin a flow that the purchase no longer ends.
        who.customer = who.customer.or_else(|| to.profile.external_id.clone().map(ContactId));
        match self.store.bought_since(&who, checkout.started).await {
            Ok(None) => {}
            Ok(Some(bought)) => return Ok(Skip::Bought(bought.by).into()),
            Err(trouble) => return Ok(Found::NoAnswer(trouble)),
        }
        let about = About { profile: to.profile, at: due.since };
        let event = about.started_checkout(&checkout, due.id(&Subject::Checkout(id.to_owned())));
        Ok(Found::Tell(vec![(due.key(), Call::Event(Box::new(event)))]))
    }

    async fn of_an_order(&self, due: Due<'_>, id: OrderId, journey: &Journey) -> Result<Found, Failure> {
        let (events, subject) = (&journey.events, Subject::Order(id));
        let order = match self.store.order(id).await {
            Ok(Some(order)) => order,
            Ok(None) => return Ok(Skip::Over(Over::Gone).into()),
            Err(trouble) => return Ok(Found::NoAnswer(trouble)),
        };
        if order.is_trial() {
            return Ok(Found::LeaveOut(format!("{SKIP}a test order of ours")));
        }
        let ended = match due.what {
            Telling::PlacedOrder => order.cancelled.then_some(Over::Cancelled),
            Telling::DeliveredOrder if mails::is_open(events, &order) => Some(Over::NotDelivered),
            _ => over(&order, events),
        };
        if let Some(over) = ended {
            return Ok(Skip::Over(over).into());
        }
        if due.what == Telling::FulfilledOrder && !mails::all_sent(&order) {
            return Ok(Found::LeaveOut(format!("{SKIP}not everything is on its way")));
        }
        let customer = order.buyer.customer.clone().map(ContactId);
        let to = match self.addressee(&Who { customer, mail: order.email.clone(), ..Who::default() }).await? {
            Ok(Some(to)) => to,
            Ok(None) => return Ok(Skip::NoAddress.into()),
            Err(trouble) => return Ok(Found::NoAnswer(trouble)),
        };
        if let Some(skip) = self.speaks_against(due, &to, journey) {
            return Ok(skip.into());
        }
        let placed = due.what == Telling::PlacedOrder;
        let about = About { profile: to.profile, at: if placed { order.created } else { due.since } };
        let event = match due.what {
            Telling::FulfilledOrder => about.fulfilled_order(&order, due.id(&subject)),
            Telling::DeliveredOrder => about.delivered_order(&order, due.id(&subject)),
            _ => about.placed_order(&order, due.id(&subject)),
        };
        let mut calls = vec![(due.key(), Call::Event(Box::new(event)))];
        for line in wanted(&order).filter(|_| placed) {
            let key = EffectKey::Klaviyo(format!("ordered-product#{}", line.id));
            let event = about.ordered_product(&order, line, key.hash(&subject));
            calls.push((key, Call::Event(Box::new(event))));
        }
        Ok(Found::Tell(calls))
    }

    async fn of_a_contact(&self, due: Due<'_>, hash: &str, journey: &Journey) -> Result<Found, Failure> {
        let contact = match customer_of(&journey.events) {
            Some(id) => match self.store.contact(&id).await {
                Ok(contact) => contact,
                Err(trouble) => return Ok(Found::NoAnswer(trouble)),
            },
            None => None,
        };
        let same = |contact: &Contact| contact.email.as_deref().is_some_and(|mail| address_hash(mail) == hash);
        let Some(contact) = contact.filter(same) else {
            return Ok(Found::LeaveOut(format!("{SKIP}the store does not know this address any more")));
        };
        let word = Word::of(Some(&contact), &journey.events);
        let mail = contact.email.unwrap_or_default();
        if due.what == Telling::Unsubscribed {
            if word.consent == Consent::Subscribed {
                return Ok(Found::LeaveOut(format!("{SKIP}they have subscribed again since")));
            }
            return Ok(Found::Tell(vec![(due.key(), Call::Unsubscribe { mail })]));
        }
        // An old yes may be older than a no that only Klaviyo knows, which this call would take away.
        let said = due.about.and_then(|at| at.parse().ok()).unwrap_or(due.since);
        if let Some(skip) = unwelcome(word.suppressed, word.consent, true).or_else(|| self.too_late(said)) {
            return Ok(skip.into());
        }
        // Being added to the list begins Klaviyo's welcome.
        let welcomed = self.still_theirs(due, hash, &word, journey).is_ok() && !due.flows.is_empty();
        let list = self.klaviyo.as_ref().and_then(|klaviyo| klaviyo.list.clone()).filter(|_| welcomed);
        Ok(Found::Tell(vec![(due.key(), Call::Subscribe { mail, list })]))
    }

    /// The person at the store; `None`: there is no address.
    async fn addressee(&self, who: &Who) -> Result<Result<Option<Addressee>, Trouble>, Failure> {
        let contact = match self.known(who).await {
            Ok(contact) => contact,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let mail = who.mail.clone().or_else(|| contact.as_ref().and_then(|contact| contact.email.clone()));
        let Some(email) = mail.map(|mail| mail.trim().to_owned()).filter(|mail| !mail.is_empty()) else {
            return Ok(Ok(None));
        };
        let hash = address_hash(&email);
        let told = self.station.ledger.journey(&Subject::Contact(hash.clone())).await?.events;
        let word = Word::of(contact.as_ref(), &told);
        let external_id = contact.as_ref().map(|contact| contact.id.0.clone());
        let first_name = contact.and_then(|contact| contact.first_name);
        let profile = Profile { email, external_id, first_name, properties: Wants::from(word.wishes) };
        Ok(Ok(Some(Addressee { profile, hash, word })))
    }

    /// Why Klaviyo hears nothing of it.
    fn speaks_against(&self, due: Due<'_>, to: &Addressee, journey: &Journey) -> Option<Skip> {
        // A purchase is told however late, and whatever became of our own mail: it ends what Klaviyo has begun.
        let begins = due.what != Telling::PlacedOrder;
        unwelcome(to.word.suppressed.filter(|_| begins), to.word.consent, true)
            .or_else(|| self.still_theirs(due, &to.hash, &to.word, journey).err())
            .or_else(|| self.too_late(due.since).filter(|_| begins))
    }

    fn too_late(&self, since: Timestamp) -> Option<Skip> {
        (self.station.now().duration_since(since) > self.flows.limits.stale_after).then_some(Skip::TooLate)
    }

    /// Whether any of the flows that this begins is Klaviyo's for this person: not one of which we have sent a mail already (then
    /// the entry is ours), nor one of mails that they do not want, or that they are held out of. What begins none is told in any case.
    fn still_theirs(&self, due: Due<'_>, contact: &str, word: &Word, journey: &Journey) -> Result<(), Skip> {
        let mut why = None;
        for name in due.flows {
            let flow = self.flows.get(name);
            if held_out(name, contact, self.flows.limits.hold_out_percent) {
                why.get_or_insert(Skip::HeldOut);
            } else if flow.is_some_and(|flow| is_ours(flow, due, journey)) {
                why = Some(Skip::ByAnother);
            } else if flow.is_some_and(|flow| !flow.steps.iter().any(|step| word.wants(flow, step))) {
                why = Some(Skip::NotWanted);
            } else {
                return Ok(());
            }
        }
        why.map_or(Ok(()), Err)
    }
}

/// A mail of this entry went out, or is going out now.
fn is_ours(flow: &Flow, due: Due<'_>, journey: &Journey) -> bool {
    journey.effects.iter().any(|effect| match &effect.key {
        EffectKey::Email(MailKind::Flow { flow: sent, entry: entered, .. }) => {
            let out = !matches!(effect.state, State::Refused { .. } | State::Waiting { .. });
            *sent == flow.name && *entered == entry(flow, &effect.subject, due.since) && out
        }
        _ => false,
    })
}

impl Due<'_> {
    /// The effect that it begins with.
    fn key(&self) -> EffectKey {
        let about = self.about.map(|about| format!("#{about}")).unwrap_or_default();
        EffectKey::Klaviyo(format!("{}{about}", self.what.as_str()))
    }

    /// Klaviyo's `unique_id`: one for each order, whichever of its parcels was the last.
    fn id(&self, subject: &Subject) -> String {
        EffectKey::Klaviyo(self.what.as_str().to_owned()).hash(subject)
    }

    /// Nothing is missing. Of a placed order its lines may be.
    fn is_over(&self, effect: &Effect) -> bool {
        match &effect.state {
            State::Done { .. } => self.what != Telling::PlacedOrder,
            State::Refused { reason } => reason.starts_with(SKIP),
            _ => false,
        }
    }
}
