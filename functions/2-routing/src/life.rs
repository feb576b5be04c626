//! What a partner's order, as the partner has it now, says that the order's journey does not: the facts its webhooks should have told,
//! under the same ids. Pure.

use domain::effect::{EffectKey, State};
use domain::event::{Event, Fact, ParcelRef, PartnerStop};
use domain::parcel::ParcelKey;
use ledger::Journey;
use partner::{PartnerOrder, Shipment, Stage};

/// The facts that are missing in the journey, in the order in which they happen.
pub(crate) fn missing(partner: &str, order: &PartnerOrder, journey: &Journey) -> Vec<Fact> {
    let mut facts = Vec::new();
    if order.stage == Stage::Producing {
        facts.push(Fact::PartnerAccepted { partner: partner.to_owned(), partner_order: order.id.clone() });
    }
    facts.extend(stop_or_resume(partner, order, journey));
    for shipment in &order.shipments {
        facts.push(Fact::ParcelShipped {
            partner: partner.to_owned(),
            partner_order: order.id.clone(),
            shipment: shipment.id.clone(),
            reshipment: shipment.reshipment,
            tracking: shipment.tracking.clone(),
        });
        facts.extend(shipment.delivered.then(|| delivered(partner, shipment)));
    }
    facts.retain(|fact| journey.events.iter().all(|event| event.fact.id() != fact.id()));
    facts
}

fn delivered(partner: &str, shipment: &Shipment) -> Fact {
    let tracking = shipment.tracking.as_ref();
    Fact::ParcelDelivered {
        source: partner.to_owned(),
        parcel: ParcelRef::Shipment {
            by_shipment: ParcelKey::of(partner, &shipment.id, None),
            by_number: tracking.map(|_| ParcelKey::of(partner, &shipment.id, tracking)),
        },
    }
}

/// A partner's own time is part of these ids, and its webhook's time is another than its API's: so what counts is whether the journey
/// knows that it is stopped, and by what.
fn stop_or_resume(partner: &str, order: &PartnerOrder, journey: &Journey) -> Option<Fact> {
    let stopped = order.stopped.clone().or(match order.stage {
        Stage::Failed => Some((PartnerStop::Failed, None)),
        Stage::Cancelled => Some((PartnerStop::Cancelled, None)),
        Stage::Draft | Stage::Released | Stage::Producing => None,
    });
    let known = known_stop(partner, &order.id, &journey.events);
    let at = || order.changed.clone();
    match (stopped, known) {
        (Some((PartnerStop::Cancelled, _)), _) if we_cancelled(partner, journey) => None,
        (Some((how, _)), Some(known)) if how == known => None,
        (Some((how, reason)), _) => Some(Fact::PartnerStopped {
            partner: partner.to_owned(),
            partner_order: order.id.clone(),
            how,
            reason,
            at: at(),
        }),
        // A hold is over; or an order that was released lies there as a draft again.
        (None, known) => {
            let back = order.stage == Stage::Draft && we_released(partner, &order.id, journey);
            let resumed =
                Fact::PartnerResumed { partner: partner.to_owned(), partner_order: order.id.clone(), at: at() };
            (known.is_some() || back).then_some(resumed)
        }
    }
}

/// What the order is stopped by, as far as its events tell.
fn known_stop(partner: &str, partner_order: &str, events: &[Event]) -> Option<PartnerStop> {
    let mut last = None;
    for event in events {
        match &event.fact {
            Fact::PartnerStopped { partner: by, partner_order: order, how, .. }
                if by == partner && order == partner_order =>
            {
                last = Some(*how);
            }
            Fact::PartnerResumed { partner: by, partner_order: order, .. }
                if by == partner && order == partner_order =>
            {
                last = None;
            }
            _ => {}
        }
    }
    last
}

/// We asked for it: no news.
fn we_cancelled(partner: &str, journey: &Journey) -> bool {
    journey.effects.iter().any(|effect| {
        matches!(&effect.key, EffectKey::PartnerCancel { partner: at, .. } if at == partner)
            && !matches!(effect.state, State::Refused { .. })
    })
}

fn we_released(partner: &str, partner_order: &str, journey: &Journey) -> bool {
    journey.effects.iter().any(|effect| match (&effect.key, &effect.state) {
        (EffectKey::PartnerRelease { partner: at, .. }, State::Done { reference }) => {
            at == partner && reference == partner_order
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::Timestamp;
    use domain::effect::Effect;
    use domain::parcel::Tracking;
    use domain::subject::{OrderId, Subject};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    fn subject() -> Subject {
        Subject::Order(OrderId(1))
    }

    fn order(stage: Stage) -> PartnerOrder {
        PartnerOrder {
            id: "13".into(),
            external_id: None,
            stage,
            stopped: None,
            cost: None,
            shipments: vec![],
            changed: "later".into(),
        }
    }

    fn journey(facts: &[Fact], done: &[EffectKey]) -> Journey {
        let event = |(n, fact): (i64, &Fact)| Event {
            subject: subject(),
            fact: fact.clone(),
            source: "test".into(),
            time: at(n),
            order_name: None,
        };
        let effect = |key: &EffectKey| Effect {
            subject: subject(),
            key: key.clone(),
            state: State::Done { reference: "13".into() },
            attempts: 1,
            lease_until: at(0),
            doubt_since: None,
            note: BTreeMap::new(),
            updated: at(0),
        };
        Journey {
            events: (0..).zip(facts).map(event).collect(),
            effects: done.iter().map(effect).collect(),
            ..Journey::default()
        }
    }

    fn stopped(how: PartnerStop, at: &str) -> Fact {
        Fact::PartnerStopped {
            partner: "printful".into(),
            partner_order: "13".into(),
            how,
            reason: None,
            at: at.into(),
        }
    }

    fn resumed(at: &str) -> Fact {
        Fact::PartnerResumed { partner: "printful".into(), partner_order: "13".into(), at: at.into() }
    }

    fn accepted() -> Fact {
        Fact::PartnerAccepted { partner: "printful".into(), partner_order: "13".into() }
    }

    fn ids(order: &PartnerOrder, journey: &Journey) -> Vec<String> {
        missing("printful", order, journey).iter().map(|fact| fact.id().0).collect()
    }

    #[test]
    fn everything_a_silent_partner_did_under_the_ids_its_webhooks_would_have_had() {
        let shipment = Shipment {
            id: "10".into(),
            tracking: Tracking::new(Some("1Z9"), None, None),
            reshipment: false,
            delivered: true,
            pieces: vec![],
        };
        let made = PartnerOrder { shipments: vec![shipment], ..order(Stage::Producing) };
        let all = ["accepted#printful#13", "shipped#printful#10#1Z9", "delivered#printful#printful-10"];
        assert_eq!(ids(&made, &journey(&[], &[])), all);
        assert_eq!(ids(&made, &journey(&[accepted()], &[])), all[1..]);
        assert_eq!(ids(&order(Stage::Released), &journey(&[], &[])), [""; 0]);
    }

    #[test]
    fn a_stop_is_told_once_whatever_time_it_has_and_again_after_a_resumption() {
        let held = PartnerOrder { stopped: Some((PartnerStop::OnHold, None)), ..order(Stage::Released) };
        assert_eq!(ids(&held, &journey(&[], &[])), ["stopped#printful#13#on-hold#later"]);
        assert_eq!(ids(&held, &journey(&[stopped(PartnerStop::OnHold, "then")], &[])), [""; 0]);
        let again = [stopped(PartnerStop::OnHold, "then"), resumed("then")];
        assert_eq!(ids(&held, &journey(&again, &[])), ["stopped#printful#13#on-hold#later"]);
        let other = [stopped(PartnerStop::OutOfStock, "then")];
        assert_eq!(ids(&held, &journey(&other, &[])), ["stopped#printful#13#on-hold#later"]);
    }

    #[test]
    fn a_hold_that_is_over_and_a_release_that_was_undone() {
        let known = journey(&[stopped(PartnerStop::OnHold, "then")], &[]);
        assert_eq!(ids(&order(Stage::Released), &known), ["resumed#printful#13#later"]);
        let release = EffectKey::PartnerRelease { partner: "printful".into(), split: 1 };
        assert_eq!(ids(&order(Stage::Draft), &journey(&[], &[release])), ["resumed#printful#13#later"]);
        assert_eq!(ids(&order(Stage::Draft), &journey(&[], &[])), [""; 0], "a draft that waits for us");
    }

    #[test]
    fn what_we_cancelled_is_no_news() {
        let cancel = EffectKey::PartnerCancel { partner: "printful".into(), split: 1 };
        assert_eq!(ids(&order(Stage::Cancelled), &journey(&[], &[cancel])), [""; 0]);
        assert_eq!(ids(&order(Stage::Cancelled), &journey(&[], &[])), ["stopped#printful#13#cancelled#later"]);
        assert_eq!(ids(&order(Stage::Failed), &journey(&[], &[])), ["stopped#printful#13#failed#later"]);
    }
}
