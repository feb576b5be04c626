//! `make replay`: what it would do and what it would not, in plain words, and doing it; for one exception or for many.
//!
//! A replay runs only what is missing. The layer takes the event again on the ordinary path; effects that are done stay done,
//! and those that were refused because the order was cancelled or refunded stay refused.

use domain::Timestamp;
use domain::effect::{Effect, EffectKey, MailKind, State};
use domain::event::{Event, EventKey, EventType, Fact};
use domain::exception::{Exception, Life};
use domain::flow::left::Telling;
use domain::handoff::{Layer, Owed, RELAY};
use domain::parcel::{ParcelKey, normalised};
use lambda::{Clock, Key, Queue};
use ledger::{Journey, Stored, Table};
use mailer::SendMail;
use serde::Serialize;
use serde_json::{Value, json};

use crate::incoming::Request;
use crate::queues::Queues;
use crate::{Error, Monitoring};

/// One call plans or runs so many of many; whoever asks goes on after the last.
const MANY: usize = 25;

/// The answer: one sentence for each thing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub exception: String,
    pub will: Vec<String>,
    pub will_not: Vec<String>,
    /// It was done.
    pub done: bool,
    #[serde(skip)]
    steps: Steps,
}

/// What doing it means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Steps {
    reopen: Vec<EffectKey>,
    again: Option<(EventKey, Layer)>,
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// The plan for one exception, and running it where that is asked for.
    pub(crate) async fn replay(&self, exception: &Exception, run: bool) -> Result<Plan, Error> {
        let journey = self.station.ledger.journey(&exception.subject).await?;
        let stored = match target(exception, &journey) {
            Some((key, layer)) => self.station.ledger.event(&key).await?.map(|stored| (stored, layer)),
            None => None,
        };
        let mut plan = plan(exception, &journey, stored.as_ref());
        if run && !plan.will.is_empty() {
            self.run(exception, &plan.steps, stored).await?;
            plan.done = true;
        }
        Ok(plan)
    }

    /// The plans for all that is open and fits: of this kind, this layer, raised since then. `{"plans": […], "next"}`; `next` is
    /// where the next call goes on (`after`), or null at the end.
    pub(crate) async fn replay_many(&self, request: &Request) -> Result<Value, Error> {
        let layer = match request.layer.as_deref().map(str::parse::<Layer>) {
            None => None,
            Some(Ok(layer)) => Some(layer),
            Some(Err(_)) => {
                let known = Layer::ALL.map(Layer::as_str).join(", ");
                return Ok(json!({ "error": format!("there is no layer of that name; LAYER is one of {known}") }));
            }
        };
        let since = request.since.unwrap_or(Timestamp::MIN);
        let mut open = self.station.ledger.open_exceptions().await?;
        open.retain(|exception| {
            request.kind.as_ref().is_none_or(|kind| *kind == exception.what)
                && layer.is_none_or(|layer| layer == exception.layer)
                && exception.raised >= since
        });
        open.sort_by_cached_key(|exception| exception.id.clone());
        let after = request.after.as_deref().unwrap_or_default();
        let mut left = open.iter().filter(|exception| exception.id.as_str() > after);
        let mut plans = Vec::new();
        for exception in left.by_ref().take(MANY) {
            plans.push(self.replay(exception, request.run).await?);
        }
        let more = left.next().is_some();
        let next = plans.last().filter(|_| more).map(|plan| plan.exception.clone());
        Ok(json!({ "plans": plans, "next": next }))
    }

    /// In this order a crash in between loses nothing: what is owed is durable before the message goes out, and the exception
    /// stands until the layer has finished. Marked as acted on before: if the layer fails again, the owner hears of it again.
    async fn run(&self, exception: &Exception, steps: &Steps, stored: Option<(Stored, Layer)>) -> Result<(), Error> {
        let (ledger, now) = (&self.station.ledger, self.station.now());
        ledger.acted_on(&exception.subject, &exception.id).await?;
        for key in &steps.reopen {
            ledger.reopen(&exception.subject, key, now).await?;
        }
        if let (Some((key, layer)), Some((stored, _))) = (&steps.again, &stored) {
            let due = self.station.deadlines.due(Owed::Layer(*layer), now);
            ledger.owe_again(stored, *layer, due).await?;
            ledger.flag(stored).await?;
            self.give(*layer, &Key::from(key)).await?;
        }
        tracing::info!(exception.id = exception.id, "replayed");
        Ok(())
    }
}

/// The event that the layer takes again: the one the exception is about, if that layer takes such events; for what is held, the
/// paid order.
fn target(exception: &Exception, journey: &Journey) -> Option<(EventKey, Layer)> {
    let layer = exception.layer;
    let taken = |event: &&Event| takes(layer, event.fact.event_type());
    let about = |event: &&Event| Some(event.fact.id().0) == exception.event;
    let event = journey.events.iter().filter(taken).find(about).or_else(|| {
        let held = matches!(exception.what.as_str(), "held" | "late-held-order" | "late-risk-verdict");
        let paid = |event: &&Event| matches!(event.fact, Fact::OrderPaid { .. });
        journey.events.iter().filter(|_| held).find(paid)
    });
    event.map(|event| (event.key(), layer))
}

fn takes(layer: Layer, event: EventType) -> bool {
    RELAY.iter().any(|leg| leg.event == event && leg.goes_to.contains(&layer))
}

/// What a replay of this exception would do and what it would not.
fn plan(exception: &Exception, journey: &Journey, stored: Option<&(Stored, Layer)>) -> Plan {
    let mut plan = Plan { exception: exception.id.clone(), ..Plan::default() };
    let not = |plan: &mut Plan, words: String| plan.will_not.push(words);
    if exception.state == Life::Resolved {
        not(&mut plan, "It is settled: nothing is missing.".to_owned());
        return plan;
    }
    let next_step = exception.next_step.replace("<id>", &exception.id);
    if exception.what == "unreadable" {
        let kept = "The delivery is kept as it came. This version of Baton cannot read it; a newer one may: deploy that, then replay again.";
        not(&mut plan, kept.to_owned());
        return plan;
    }
    if !exception.replayable {
        let id = &exception.id;
        not(&mut plan, format!("There is nothing here to run. Next: {next_step}"));
        not(&mut plan, format!("When that is done, `make close EXCEPTION={id}` takes it off the list."));
        return plan;
    }
    let Some((stored, layer)) = stored else {
        not(&mut plan, format!("No step of ours is missing. {next_step}"));
        return plan;
    };
    let (event, key) = (&stored.event, stored.event.key());
    let who = event.order_name.clone().unwrap_or_else(|| key.subject.to_string());
    plan.will.push(format!("{layer} takes the event \"{}\" of {who} again.", key.id));
    plan.steps.again = Some((key, *layer));
    if exception.what == "held" {
        plan.will.push("If it has to stay held, you get the alert again, with a new link.".to_owned());
        not(&mut plan, "Nothing goes to a partner before you decide.".to_owned());
    }
    for effect in journey.effects.iter().filter(|effect| !waits_for_a_person(effect)) {
        say(&mut plan, effect, *layer, event);
    }
    plan
}

/// What becomes of one effect of the order.
fn say(plan: &mut Plan, effect: &Effect, layer: Layer, event: &Event) {
    let Some(name) = words(&effect.key) else { return };
    let ours = belongs(&effect.key, layer, event);
    match &effect.state {
        State::Done { reference } => plan.will_not.push(format!("{name}: done already ({reference}).")),
        State::Refused { reason } if stays_refused(reason) => {
            plan.will_not.push(format!("{name}: stays refused ({reason})."));
        }
        State::Refused { reason } if ours => {
            plan.will.push(format!("{name}: tried again; it was refused ({reason})."));
            plan.steps.reopen.push(effect.key.clone());
        }
        State::Refused { reason } => plan.will_not.push(format!("{name}: stays refused ({reason}); another step's.")),
        State::Claimed | State::Unknown { .. } if ours => {
            plan.will
                .push(format!("{name}: in doubt; the provider is asked first, and it is done only if it was not."));
        }
        State::Waiting { .. } if ours => plan.will.push(format!("{name}: done when its time has come.")),
        State::Claimed | State::Unknown { .. } | State::Waiting { .. } => {}
    }
}

/// Written ahead for every partner when an order is held: it says nothing about one of them.
fn waits_for_a_person(effect: &Effect) -> bool {
    matches!(&effect.state, State::Refused { reason } if reason.starts_with("held"))
}

/// Written by the layers when an order was cancelled or its money went back.
fn stays_refused(reason: &str) -> bool {
    reason.starts_with("cancelled") || reason.starts_with("refunded")
}

/// Whether the layer, taking this event, comes to this effect.
fn belongs(key: &EffectKey, layer: Layer, event: &Event) -> bool {
    match (key, layer, &event.fact) {
        (
            EffectKey::PartnerOrder { .. }
            | EffectKey::PartnerRelease { .. }
            | EffectKey::PartnerReleaseAgain { .. }
            | EffectKey::PartnerCancel { .. },
            Layer::Routing,
            _,
        ) => true,
        (EffectKey::Fulfilment(parcel), Layer::Shipping, Fact::ParcelShipped { partner, shipment, reshipment, .. }) => {
            *parcel == ParcelKey::of_shipment(partner, shipment, *reshipment)
        }
        (EffectKey::Tracking(number), Layer::Shipping, Fact::ParcelShipped { tracking: Some(tracking), .. }) => {
            normalised(&tracking.number).as_ref() == Some(&number.0)
        }
        (EffectKey::Follow { .. }, Layer::Shipping, Fact::ParcelShipped { .. }) => true,
        (
            EffectKey::Hold { .. } | EffectKey::HoldRelease { .. } | EffectKey::OrderRefusal { .. },
            Layer::Capture,
            _,
        ) => true,
        (EffectKey::Klaviyo(told), Layer::Email, fact @ Fact::KlaviyoDue { what, .. }) => {
            let own = fact.id().0;
            own.strip_prefix("klaviyo#") == Some(told)
                || (*what == Telling::PlacedOrder && told.starts_with("ordered-product#"))
        }
        (EffectKey::Consent { at: said, .. }, Layer::Email, Fact::ContactUnsubscribed { at, .. }) => said == at,
        (EffectKey::Email(MailKind::Confirmation), Layer::Email, Fact::OrderCleared {}) => true,
        (EffectKey::Email(MailKind::InProduction), Layer::Email, Fact::PartnerAccepted { .. }) => true,
        (EffectKey::Email(MailKind::Still(since)), Layer::Email, Fact::CustomerWaits { since: began }) => {
            since == began
        }
        (EffectKey::Email(kind), Layer::Email, Fact::ParcelAnnounced { parcel: announced, .. }) => {
            kind.parcel() == Some(announced)
        }
        // These may name the store's fulfilment; only the store knows which parcel that is.
        (
            EffectKey::Email(kind),
            Layer::Email,
            Fact::ParcelDelivered { .. }
            | Fact::ParcelOutForDelivery { .. }
            | Fact::ParcelTroubled { .. }
            | Fact::ParcelReturned { .. },
        ) => kind.parcel().is_some(),
        _ => false,
    }
}

/// The effect in the owner's words; `None` for what is none of the order's business.
fn words(key: &EffectKey) -> Option<String> {
    let of = |split: u8| {
        if split == 1 { String::new() } else { format!(" (part {split})") }
    };
    Some(match key {
        EffectKey::PartnerOrder { partner, split } => format!("The order at {partner}{}", of(*split)),
        EffectKey::PartnerRelease { partner, split } => format!("The release to production at {partner}{}", of(*split)),
        EffectKey::PartnerReleaseAgain { partner, split, .. } => {
            format!("The second release to production at {partner}{}", of(*split))
        }
        EffectKey::PartnerCancel { partner, split } => format!("The cancellation at {partner}{}", of(*split)),
        EffectKey::Fulfilment(parcel) => format!("The store's fulfilment of parcel {parcel}"),
        EffectKey::Tracking(number) => format!("The tracking number {number} in the store"),
        EffectKey::Follow { feed, parcel } => format!("Following parcel {parcel} at {feed}"),
        EffectKey::Email(kind) => {
            let of = kind.parcel().map(|parcel| format!(" for parcel {parcel}")).unwrap_or_default();
            format!("The {} mail{of}", kind.name())
        }
        EffectKey::Klaviyo(what) => format!("Telling Klaviyo ({what})"),
        EffectKey::Consent { state, .. } => format!("Telling the store that the customer is {}", state.as_str()),
        EffectKey::Hold { .. } => "The hold in the store".to_owned(),
        EffectKey::HoldRelease { .. } => "The end of the hold in the store".to_owned(),
        EffectKey::OrderRefusal { .. } => "The cancellation and refund you decided on".to_owned(),
        EffectKey::PartnerAddress { partner, split, .. } => format!("The new address at {partner}{}", of(*split)),
        EffectKey::Alert { .. }
        | EffectKey::AlertOn { .. }
        | EffectKey::Canary { .. }
        | EffectKey::Digest { .. }
        | EffectKey::Subscription { .. } => return None,
        EffectKey::Other(key) => format!("The step {key}"),
    })
}
