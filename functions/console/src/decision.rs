//! Where a hold stands, and writing down what the owner decides about it.

use domain::decision::{Choice, OWNER};
use domain::event::{Event, Fact};
use domain::handoff::owes;
use domain::order::Order;
use domain::subject::{OrderId, Subject, short_hash};
use domain::verdict::Standing;
use lambda::Clock;
use ledger::{Appended, LedgerError, Table};
use store::ReadOrder;

use crate::http::Reply;
use crate::{Console, page};

/// What a link of ours is about.
#[must_use]
pub fn about(text: &str) -> Option<(OrderId, u32)> {
    let (order, round) = text.split_once('#')?;
    Some((OrderId::parse(order)?, round.parse().ok()?))
}

/// What the owner wants of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    Look,
    Decide(Choice),
    /// The button was pressed, and the mark that refusing wants was not made.
    Unconfirmed,
    /// A form that is not ours.
    Unclear,
}

impl Wish {
    /// Reads `choice=release`, or `choice=refuse&confirm=refund`.
    #[must_use]
    pub fn of(form: &[u8]) -> Self {
        let text = String::from_utf8_lossy(form);
        let field = |name: &str| text.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
        match field("choice").map(|(_, value)| value) {
            Some("release") => Self::Decide(Choice::Release),
            Some("refuse") if field("confirm").is_some_and(|(_, value)| value == "refund") => {
                Self::Decide(Choice::Refuse)
            }
            Some("refuse") => Self::Unconfirmed,
            _ => Self::Unclear,
        }
    }

    /// Whether it asks for something else than was decided.
    #[must_use]
    pub fn other_than(self, decided: Choice) -> bool {
        match self {
            Self::Look | Self::Unclear => false,
            Self::Decide(choice) => choice != decided,
            Self::Unconfirmed => decided != Choice::Refuse,
        }
    }
}

/// Where the hold stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// Nobody has decided. `order` is missing while the store does not answer.
    Open { held: Event, reason: String, order: Option<Box<Order>> },
    /// Decided: what, and when.
    Decided { decision: Event, choice: Choice },
    /// There is a later hold, whose alert says more.
    Superseded { name: Option<String> },
    /// The order was cancelled in the store.
    Cancelled { name: Option<String> },
    /// There is no such hold.
    Unknown,
}

impl<T: Table, S: ReadOrder, C: Clock> Console<T, S, C> {
    pub(crate) async fn hold(&self, id: OrderId, round: u32, wish: Wish) -> Result<Reply, LedgerError> {
        let hold = self.stands(id, round).await?;
        let (Hold::Open { held, .. }, Wish::Decide(choice)) = (&hold, wish) else {
            return Ok(page::hold(&self.shop, &hold, wish));
        };
        let decision = Event {
            fact: Fact::OrderDecided {
                choice,
                decision: format!("decision-{}", short_hash(&[&held.subject.to_string(), &round.to_string()], 16)),
                round,
            },
            source: OWNER.to_owned(),
            time: self.clock.now(),
            ..held.clone()
        };
        let owes = owes(&decision.fact, self.clock.now(), &self.deadlines);
        let appended = self.ledger.append(&decision, &owes, None).await?;
        tracing::info!(subject = %decision.subject, event = %decision.fact.id(), new = appended == Appended::New, "decided");
        // The first click counts: what is shown is what stands in the ledger.
        let hold = self.stands(id, round).await?;
        Ok(page::hold(&self.shop, &hold, wish))
    }

    async fn stands(&self, id: OrderId, round: u32) -> Result<Hold, LedgerError> {
        let events = self.ledger.journey(&Subject::Order(id)).await?.events;
        let is = |event: &&Event| matches!(event.fact, Fact::OrderHeld { round: held, .. } if held == round);
        let Some(held) = events.iter().find(is) else { return Ok(Hold::Unknown) };
        let name = held.order_name.clone();
        // A decision about a later hold is a decision about this one too.
        let decided = events.iter().find_map(|event| match event.fact {
            Fact::OrderDecided { choice, round: decided, .. } if decided >= round => Some((event.clone(), choice)),
            _ => None,
        });
        if let Some((decision, choice)) = decided {
            return Ok(Hold::Decided { decision, choice });
        }
        if events.iter().any(|event| matches!(event.fact, Fact::OrderCancelled { .. })) {
            return Ok(Hold::Cancelled { name });
        }
        if Standing::of(&events).round > round {
            return Ok(Hold::Superseded { name });
        }
        let order = match self.store.order(id).await {
            Ok(order) => order,
            Err(trouble) => {
                tracing::warn!(order = %id, why = %trouble, "the store does not show the order");
                None
            }
        };
        if order.as_ref().is_some_and(|order| order.cancelled) {
            return Ok(Hold::Cancelled { name });
        }
        let reason = match &held.fact {
            Fact::OrderHeld { reason, .. } => reason.clone(),
            _ => String::new(),
        };
        Ok(Hold::Open { held: held.clone(), reason, order: order.map(Box::new) })
    }
}
