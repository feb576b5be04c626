//! What the page of one order says: cleaned text in one language, from the order as the store has it now and from what happened.

use brand::text::shown;
use brand::{Brand, Support};
use domain::Timestamp;
use domain::event::{Event, Fact};
use domain::order::{Address, Order, Payment};
use domain::parcel::{Progress, Standing, standing};
use jiff::SignedDuration;

use super::bought::Bought;
use super::parcels::{self, ParcelView, Promise};
use super::stage::{self, Stage, Step};
use crate::frame;
use crate::words::{Dates, Day, Words, fill};

/// What is shown of the shop beside its brand, and what the owner chose.
#[derive(Debug, Clone)]
pub struct Shop {
    pub brand: Brand,
    /// Where answers go.
    pub contact: Support,
    pub dates: Dates,
    /// Between payment and production: so long it can still be changed.
    pub window: SignedDuration,
}

impl Shop {
    /// `reply_to` is where answers to mails go, if not to the brand's support.
    #[must_use]
    pub fn new(brand: Brand, reply_to: Option<&str>, dates: Dates, window: SignedDuration) -> Self {
        let contact = frame::contact(&brand, reply_to);
        Self { brand, contact, dates, window }
    }
}

/// One order, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    pub title: String,
    /// We have it, since when, and whether it is paid.
    pub placed: String,
    pub headline: String,
    pub steps: Vec<StepView>,
    pub parcels: Vec<ParcelView>,
    pub next: Vec<String>,
    pub bought: Bought,
    /// Postal code, place and country; neither name nor street, since links get passed on.
    pub goes_to: Option<String>,
    pub change: String,
    pub contact: Contact,
    pub read_at: String,
}

/// A step on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    pub name: String,
    pub state: StepState,
    /// `done`, `now`, `still to come`.
    pub state_words: String,
    pub day: Option<Day>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Done,
    Current,
    Upcoming,
}

impl StepState {
    /// Its class in the page.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Current => "current",
            Self::Upcoming => "upcoming",
        }
    }
}

/// How the shop is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub lead: String,
    pub words: String,
    pub href: Option<String>,
}

impl OrderView {
    pub fn of(order: &Order, events: &[Event], shop: &Shop, words: &Words, now: Timestamp) -> Self {
        let parcels = standing(events, order);
        let stage = Stage::of(order, events, &parcels);
        let name = name(order);
        let placed = shop.dates.day(words, order.created).words;
        let mut placed = fill(&words.page.placed, &[("date", &placed)]);
        if order.payment == Payment::Paid {
            placed = format!("{placed} {}", words.page.paid);
        }
        Self {
            title: fill(&words.page.title, &[("order", &name)]),
            placed,
            headline: headline(stage, words).to_owned(),
            steps: steps(order, events, &parcels, stage, shop, words),
            parcels: parcels::views(&parcels, words, &shop.dates, now),
            next: next(stage, &parcels, shop, words, now),
            bought: Bought::of(order, words),
            goes_to: order
                .ship_to
                .as_ref()
                .filter(|_| stage != Stage::NothingToShip)
                .map(place)
                .filter(|place| !place.is_empty()),
            change: change(order, events, stage, shop, words, now),
            contact: contact(&shop.contact, &name, words),
            read_at: fill(&words.page.read_at, &[("time", &shop.dates.moment(words, now))]),
        }
    }
}

/// The order's name as the customer knows it; its number where the store gave none.
fn name(order: &Order) -> String {
    let name = shown(&order.name);
    if name.is_empty() { format!("#{}", order.id) } else { name }
}

fn place(address: &Address) -> String {
    let parts = [address.zip.as_deref().unwrap_or_default(), &address.city, &address.country_code].map(shown);
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The sentence of a stage from any section of words that has one for each.
macro_rules! for_stage {
    ($stage:expr, $words:expr) => {
        match $stage {
            Stage::Unpaid => &$words.unpaid,
            Stage::PaymentFailed => &$words.payment_failed,
            Stage::Checking => &$words.checking,
            Stage::Received => &$words.received,
            Stage::Making => &$words.making,
            Stage::Sending => &$words.sending,
            Stage::PartlySent => &$words.partly_sent,
            Stage::SomeTrouble => &$words.some_trouble,
            Stage::Several => &$words.several,
            Stage::Untracked => &$words.untracked,
            Stage::Cancelled => &$words.cancelled,
            Stage::CancelledLate => &$words.cancelled_late,
            Stage::Refunded => &$words.refunded,
            Stage::NothingToShip => &$words.nothing_to_ship,
            Stage::Parcels(progress) => match progress {
                Progress::Unknown | Progress::LabelCreated => &$words.label_created,
                Progress::InTransit => &$words.in_transit,
                Progress::OutForDelivery => &$words.out_for_delivery,
                Progress::AttemptFailed => &$words.attempt_failed,
                Progress::ReadyForPickup => &$words.ready_for_pickup,
                Progress::HeldAtCustoms => &$words.held_at_customs,
                Progress::Problem => &$words.problem,
                Progress::Lost => &$words.lost,
                Progress::Delivered => &$words.delivered,
                Progress::Returning => &$words.returning,
                Progress::Returned => &$words.returned,
            },
        }
    };
}

fn headline(stage: Stage, words: &Words) -> &str {
    for_stage!(stage, words.headline)
}

/// When it comes: the carrier's promise for the one parcel there is, and what happens next.
fn next(stage: Stage, parcels: &[Standing], shop: &Shop, words: &Words, now: Timestamp) -> Vec<String> {
    let promise = match (stage, parcels) {
        (Stage::Parcels(_), [parcel]) => Promise::of(parcel, shop.dates.date(now)),
        _ => None,
    };
    let promise = promise.map(|promise| promise.words(words, &words.next.promised, &words.next.promise_passed));
    promise.into_iter().chain([for_stage!(stage, words.next).clone()]).collect()
}

fn steps(
    order: &Order,
    events: &[Event],
    parcels: &[Standing],
    stage: Stage,
    shop: &Shop,
    words: &Words,
) -> Vec<StepView> {
    let Some((at, over)) = stage.step() else { return Vec::new() };
    let made = stage::is_made(order) || stage::making_since(events).is_some();
    let delivered = parcels.iter().map(|parcel| parcel.since).max().filter(|_| over);
    let announced = parcels.iter().map(|parcel| parcel.announced).min().filter(|at| *at > Timestamp::UNIX_EPOCH);
    let all = [
        (Step::Received, &words.step.received, Some(order.created)),
        (Step::Making, &words.step.making, stage::making_since(events)),
        (Step::Shipping, &words.step.shipping, announced),
        (Step::Delivered, &words.step.delivered, delivered),
    ];
    // What nobody of ours makes has no production; the part of it that was sent then counts as shipping.
    let at = if made || at != Step::Making { at } else { Step::Shipping };
    let steps = all.into_iter().filter(|(step, ..)| made || *step != Step::Making);
    let view = |(step, name, day): (Step, &String, Option<Timestamp>)| {
        let (state, state_words) = if step < at || (step == at && over) {
            (StepState::Done, &words.step.done)
        } else if step == at {
            (StepState::Current, &words.step.current)
        } else {
            (StepState::Upcoming, &words.step.upcoming)
        };
        let day = day.filter(|_| state != StepState::Upcoming).map(|day| shop.dates.day(words, day));
        StepView { name: name.clone(), state, state_words: state_words.clone(), day }
    };
    steps.map(view).collect()
}

/// Whether it can still be changed, and never more than is true.
fn change(order: &Order, events: &[Event], stage: Stage, shop: &Shop, words: &Words, now: Timestamp) -> String {
    let begun =
        events.iter().any(|event| matches!(event.fact, Fact::OrderRouted { .. } | Fact::PartnerAccepted { .. }));
    let until = order.created.checked_add(shop.window).ok().filter(|until| *until > now && !begun);
    match stage {
        stage if stage.is_over() => words.change.over.clone(),
        Stage::NothingToShip => words.change.nothing_to_ship.clone(),
        Stage::Checking => words.change.checking.clone(),
        Stage::Unpaid | Stage::Received | Stage::Sending => match until {
            Some(until) => fill(&words.change.window, &[("time", &shop.dates.moment(words, until))]),
            None => words.change.before.clone(),
        },
        Stage::Making | Stage::PartlySent => words.change.making.clone(),
        _ => words.change.sent.clone(),
    }
}

fn contact(support: &Support, order: &str, words: &Words) -> Contact {
    let subject = fill(&words.help.subject, &[("order", order)]);
    let (lead, href) = match support.href.as_deref() {
        Some(href) if href.starts_with("mailto:") => {
            (&words.help.contact, Some(format!("{href}?subject={}", percent_encoded(&subject))))
        }
        href => (&words.help.contact_other, href.map(str::to_owned)),
    };
    Contact { lead: lead.clone(), words: support.words.clone(), href }
}

/// As RFC 3986 wants a value in a query: everything but the unreserved characters.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
