//! What the store and the ledger say of checkout, order and contact at this moment.

use domain::Timestamp;
use domain::contact::{Bought, Checkout, Consent, Contact, ContactId, Match, Who};
use domain::event::{CheckoutEnd, Event, Fact, Suppression};
use domain::flow::decide::Over;
use domain::flow::hours::zones_of;
use domain::flow::{Condition, Flow, Repeat, Situation, Step, Timer, Trigger};
use domain::mails;
use domain::money::Money;
use domain::order::{Order, Payment};
use domain::parcel::{Progress, standing};
use domain::provider::Trouble;
use domain::subject::{Subject, address_hash};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use lambda::{Clock, Failure, Queue};
use ledger::Table;

use super::person::{Person, Word, customer_of};
use super::tally;
use crate::{Email, Shop};

/// As long after the first parcel's arrival an order is waited for; what is missing then does not come.
const WAIT_FOR_ALL: SignedDuration = SignedDuration::from_hours(24 * 60);

/// The answer to a look.
pub(super) enum Look {
    Seen(Box<Seen>),
    /// The store did not answer.
    NoAnswer(Trouble),
}

/// Everything that decides about a step, and what its mail would say.
pub(super) struct Seen {
    pub now: Timestamp,
    pub since: Timestamp,
    pub over: Option<Over>,
    pub given_away: bool,
    pub bought: Option<Bought>,
    pub person: Option<Person>,
    pub consent: Consent,
    pub wanted: bool,
    pub suppressed: Option<Suppression>,
    pub entered_before: bool,
    pub mailed_today: u32,
    pub orders: Option<u32>,
    /// ISO 3166-1 alpha-2: where the customer lives.
    pub country: Option<String>,
    pub lines: Vec<Bit>,
    pub total: Option<Money>,
    pub button: Option<String>,
    pub language: Option<String>,
}

/// One thing in the cart or in the order.
pub(super) struct Bit {
    pub title: String,
    pub variant: Option<String>,
    pub picture: Option<String>,
    pub quantity: u32,
    pub price: Option<Money>,
}

/// What the subject itself says, before the person is looked at.
#[derive(Default)]
struct Found {
    over: Option<Over>,
    since: Option<Timestamp>,
    completed: bool,
    /// Nothing they buy before this counts.
    bought_from: Option<Timestamp>,
    who: Who,
    country: Option<String>,
    language: Option<String>,
    lines: Vec<Bit>,
    total: Option<Money>,
    button: Option<String>,
    /// The subject's own contact, where it is one.
    contact: Option<Contact>,
}

impl Seen {
    pub(super) fn situation<'a>(&'a self, zones: &'a [TimeZone]) -> Situation<'a> {
        Situation {
            now: self.now,
            since: self.since,
            over: self.over,
            given_away: self.given_away,
            bought: self.bought.clone(),
            contact: self.person.as_ref().map(|person| person.hash.as_str()),
            consent: self.consent,
            wanted: self.wanted,
            suppressed: self.suppressed,
            entered_before: self.entered_before,
            mailed_today: self.mailed_today,
            orders: self.orders,
            zones,
        }
    }
}

impl<T, Q, C, S, M, W> Email<'_, T, Q, C, S, M, W>
where
    T: Table,
    Q: Queue,
    C: Clock,
    S: Shop,
{
    /// Looks at everything that decides about this step. `effect`: the hash of the mail's effect, which is no mail before itself.
    pub(super) async fn look(
        &self,
        subject: &Subject,
        timer: &Timer,
        flow: &Flow,
        step: &Step,
        effect: Option<&str>,
    ) -> Result<Look, Failure> {
        let events = self.station.ledger.journey(subject).await?.events;
        let found = match self.find(subject, timer, step, &events).await {
            Ok(found) => found,
            Err(trouble) => return Ok(Look::NoAnswer(trouble)),
        };
        let asks = flow.trigger == Trigger::CheckoutStarted || step.condition == Some(Condition::NotBought);
        let gone = found.over == Some(Over::Gone);
        let (contact, bought) = match self.person(&found, asks && !gone, timer.since).await {
            Ok(answer) => answer,
            Err(trouble) => return Ok(Look::NoAnswer(trouble)),
        };
        let now = self.station.now();
        let mail = found.who.mail.clone().or_else(|| contact.as_ref().and_then(|contact| contact.email.clone()));
        let person = mail.map(|mail| mail.trim().to_owned()).filter(|mail| !mail.is_empty()).map(|to| Person {
            hash: address_hash(&to),
            customer: contact.as_ref().map(|contact| contact.id.clone()).or_else(|| found.who.customer.clone()),
            first_name: contact.as_ref().and_then(|contact| contact.first_name.clone()),
            to,
        });
        let mut seen = Seen {
            now,
            since: found.since.unwrap_or(timer.since),
            over: found.over,
            given_away: super::given_away(flow, &timer.entry, &events),
            bought: bought.or(found.completed.then_some(Bought { by: Match::Checkout, order: None })),
            consent: contact.as_ref().map_or(Consent::NotSubscribed, |contact| contact.consent),
            wanted: true,
            suppressed: None,
            entered_before: false,
            mailed_today: 0,
            orders: contact.as_ref().map(|contact| contact.orders),
            country: found.country.or_else(|| contact.as_ref().and_then(|contact| contact.country.clone())),
            lines: found.lines,
            total: found.total,
            button: found.button,
            language: found.language.or_else(|| contact.as_ref().and_then(|contact| contact.language.clone())),
            person,
        };
        if let Some(person) = &seen.person {
            let told = self.station.ledger.journey(&Subject::Contact(person.hash.clone())).await?.events;
            let word = Word::of(contact.as_ref(), &told);
            let entered_before = match (effect, flow.repeat) {
                (_, Repeat::After(again)) if again.is_zero() => false,
                (None, _) => false,
                (Some(_), _) => {
                    tally::entered_before(self.station, flow, &person.hash, subject, &timer.entry, now).await?
                }
            };
            let zones = self.zones_of(&seen);
            let mailed_today = tally::mailed_today(self.station, &person.hash, effect, &zones, now).await?;
            seen.consent = word.consent;
            seen.wanted = word.wants(flow, step);
            seen.suppressed = word.suppressed;
            seen.entered_before = entered_before;
            seen.mailed_today = mailed_today;
        }
        Ok(Look::Seen(Box::new(seen)))
    }

    /// The zones the customer's clock may show; the shop's own where nobody knows better.
    pub(super) fn zones_of(&self, seen: &Seen) -> Vec<TimeZone> {
        let names = seen.country.as_deref().map(zones_of).unwrap_or_default();
        let zones: Vec<TimeZone> = names.iter().filter_map(|name| TimeZone::get(name).ok()).collect();
        if zones.is_empty() { vec![self.sender.zone.clone()] } else { zones }
    }

    /// The person at the store, and whether they bought.
    async fn person(
        &self,
        found: &Found,
        asks: bool,
        since: Timestamp,
    ) -> Result<(Option<Contact>, Option<Bought>), Trouble> {
        let contact = match &found.contact {
            Some(contact) => Some(contact.clone()),
            None => self.known(&found.who).await?,
        };
        // A guest's mail address may be that of a customer whom the store knows, and the other way round.
        let mut who = found.who.clone();
        if let Some(contact) = &contact {
            who.customer.get_or_insert_with(|| contact.id.clone());
            who.mail = who.mail.or_else(|| contact.email.clone());
        }
        let bought = match asks {
            true => self.store.bought_since(&who, found.bought_from.unwrap_or(since)).await?,
            false => None,
        };
        Ok((contact, bought))
    }

    async fn find(&self, subject: &Subject, timer: &Timer, step: &Step, events: &[Event]) -> Result<Found, Trouble> {
        let gone = || Found { over: Some(Over::Gone), ..Found::default() };
        Ok(match subject {
            Subject::Checkout(id) => match self.store.checkout(id).await? {
                Some(checkout) => of_checkout(checkout, events),
                None => gone(),
            },
            Subject::Order(id) => match self.store.order(*id).await? {
                Some(order) => self.of_order(&order, events, timer, step),
                None => gone(),
            },
            Subject::Contact(hash) => match customer_of(events) {
                Some(id) => {
                    self.store.contact(&id).await?.and_then(|contact| of_contact(contact, hash)).unwrap_or_else(gone)
                }
                None => gone(),
            },
            Subject::Parcel(_) | Subject::Store(_) => gone(),
        })
    }

    fn of_order(&self, order: &Order, events: &[Event], timer: &Timer, step: &Step) -> Found {
        let arrived = events.iter().filter(|event| matches!(event.fact, Fact::ParcelDelivered { .. }));
        let arrived = arrived.map(|event| event.time).max();
        // As long as something is on its way the delay has not begun.
        let open = mails::is_open(events, order);
        let waited = self.station.now().duration_since(timer.since) > WAIT_FOR_ALL.saturating_add(step.delay);
        let over = over(order, events).or((open && waited).then_some(Over::NotDelivered));
        let page = self.sender.pages.as_ref().map(|pages| pages.link(order.id, self.station.now()));
        Found {
            over,
            since: if open { Some(self.station.now()) } else { arrived },
            bought_from: order.created.checked_add(SignedDuration::from_secs(1)).ok(),
            who: Who {
                checkout: None,
                customer: order.buyer.customer.clone().map(ContactId),
                mail: order.email.clone(),
                address: order.ship_to.clone(),
            },
            country: order.ship_to.as_ref().map(|address| address.country_code.clone()),
            language: order.locale.clone(),
            lines: order
                .lines
                .iter()
                .map(|line| Bit {
                    title: line.title.clone(),
                    variant: line.variant_title.clone(),
                    picture: line.image.clone(),
                    quantity: line.quantity,
                    price: None,
                })
                .collect(),
            button: page.filter(|_| step.mail == "review"),
            ..Found::default()
        }
    }
}

/// What ends marketing after an order, for good.
pub(crate) fn over(order: &Order, events: &[Event]) -> Option<Over> {
    let trouble =
        |progress: Progress| progress.is_trouble() || matches!(progress, Progress::Returning | Progress::Returned);
    if order.cancelled || order.payment == Payment::Voided {
        Some(Over::Cancelled)
    } else if order.payment == Payment::Refunded || !order.refunds.is_empty() {
        Some(Over::Refunded)
    } else {
        standing(events, order).iter().any(|parcel| trouble(parcel.progress)).then_some(Over::Trouble)
    }
}

fn of_checkout(checkout: Checkout, events: &[Event]) -> Found {
    let who = Who::of_checkout(&checkout);
    let deleted = events.iter().any(|e| matches!(e.fact, Fact::CheckoutEnded { how: CheckoutEnd::Deleted }));
    let said = events.iter().filter(|event| matches!(event.fact, Fact::CheckoutStarted { .. })).map(|event| event.time);
    // An event that never came must not make the cart look older than it is: the store's own word counts, too.
    let changed = said.chain([checkout.updated]).max();
    let completed = checkout.completed.is_some();
    let over = !completed && (deleted || checkout.recover_url.is_none());
    Found {
        over: over.then_some(Over::CheckoutEnded),
        since: changed,
        completed,
        bought_from: Some(checkout.started),
        who,
        country: checkout.address.as_ref().map(|address| address.country_code.clone()),
        language: checkout.language,
        lines: checkout
            .lines
            .into_iter()
            .map(|line| Bit {
                title: line.title,
                variant: line.variant_title,
                picture: line.image,
                quantity: line.quantity,
                price: line.unit_price.0.times(line.quantity).ok(),
            })
            .collect(),
        total: Some(checkout.total.0),
        button: checkout.recover_url,
        contact: None,
    }
}

/// `None`: they have another address now, so that the hash names nobody.
fn of_contact(contact: Contact, hash: &str) -> Option<Found> {
    let mail = contact.email.as_deref()?;
    if address_hash(mail) != hash {
        return None;
    }
    Some(Found {
        who: Who::of_contact(&contact),
        country: contact.country.clone(),
        language: contact.language.clone(),
        contact: Some(contact),
        ..Found::default()
    })
}
