//! `make replay`: what it would do and what it would not, in plain words, and doing it. `make close`: a person says it is done.
//!
//! A replay runs only what is missing. The layer takes the event again on the ordinary path; effects that are done stay done,
//! and those that were refused because the order was cancelled or refunded stay refused.

use domain::effect::{Effect, EffectKey, MailKind, State};
use domain::event::{Event, EventKey, EventType, Fact};
use domain::exception::{Exception, Life};
use domain::handoff::{Layer, Owed, RELAY};
use domain::parcel::{ParcelKey, normalised};
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use lambda::{Clock, Key, Queue};
use ledger::{Journey, Stored, Table};
use mailer::SendMail;
use serde::Serialize;
use serde_json::{Value, json};

use crate::incoming::Request;
use crate::queues::Queues;
use crate::{Error, Monitoring};

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
    /// Answers the owner; a mistake of the owner's is an answer too: `{"error": "what to do next"}`.
    pub(crate) async fn operate(&self, request: &Request) -> Result<Value, Error> {
        let close = match request.operator.as_str() {
            "replay" => false,
            "close" => true,
            other => {
                let why = format!("there is no operator's command {other:?}; there are \"replay\" and \"close\"");
                return Ok(json!({ "error": why }));
            }
        };
        let unknown = || {
            let id = &request.exception;
            json!({ "error": format!("no exception {id:?} is known; `make exceptions` lists the open ones with their ids") })
        };
        let Some(subject) = self.subject_of(&request.exception) else {
            return Ok(unknown());
        };
        let Some(exception) = self.station.ledger.exception(&subject, &request.exception).await? else {
            return Ok(unknown());
        };
        if close {
            return self.close(&exception).await;
        }
        let journey = self.station.ledger.journey(&subject).await?;
        let stored = match target(&exception, &journey) {
            Some((key, layer)) => self.station.ledger.event(&key).await?.map(|stored| (stored, layer)),
            None => None,
        };
        let mut plan = plan(&exception, &journey, stored.as_ref());
        if request.run && !plan.will.is_empty() {
            self.run(&exception, &plan.steps, stored).await?;
            plan.done = true;
        }
        Ok(serde_json::to_value(plan)?)
    }

    /// Takes it off the list: `{"closed": "<id>", "reason"}`. What asks for a decision is closed by the decision.
    async fn close(&self, exception: &Exception) -> Result<Value, Error> {
        let (id, reason) = (&exception.id, &exception.reason);
        if exception.what == "held" && exception.state != Life::Resolved {
            let why = format!(
                "the order waits for your decision, and closing this would leave it held with nobody reminded. Decide by the \
                 link in the alert (for a new link: `make replay EXCEPTION={id}`), or cancel the order in the store"
            );
            return Ok(json!({ "error": why }));
        }
        self.station.ledger.resolve(&exception.subject, id).await?;
        tracing::info!(exception.id = id, "closed by a person");
        Ok(json!({ "closed": id, "reason": reason }))
    }

    /// The subject, which an exception's id begins with: `5550004242-…`, `contact-<hash>-…` or `store-<hash>-…`.
    fn subject_of(&self, id: &str) -> Option<Subject> {
        let store = &self.station.store;
        if id.starts_with(&format!("{}-", store.slug())) {
            return Some(store.clone());
        }
        let (first, rest) = id.split_once('-')?;
        match first {
            "contact" => rest.split_once('-').map(|(hash, _)| Subject::Contact(hash.to_owned())),
            _ => OrderId::parse(first).map(Subject::Order),
        }
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
            let sent = self.station.queue.send(*layer, &Key::from(key), SignedDuration::ZERO).await;
            sent.map_err(lambda::Failure::from)?;
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
        EffectKey::Consent { state, .. } => format!("Telling the store that the customer is {}", state.as_str()),
        EffectKey::Hold { .. } => "The hold in the store".to_owned(),
        EffectKey::HoldRelease { .. } => "The end of the hold in the store".to_owned(),
        EffectKey::OrderRefusal { .. } => "The cancellation and refund you decided on".to_owned(),
        EffectKey::PartnerAddress { partner, split, .. } => format!("The new address at {partner}{}", of(*split)),
        EffectKey::Alert { .. } | EffectKey::Subscription { .. } => return None,
        EffectKey::Other(key) => format!("The step {key}"),
    })
}
