//! A look at an order: verify it, judge it, and do what the verdict says. The same for every event that asks for one, so that it
//! does not matter which comes first, or how often.

use domain::decision::Choice;
use domain::event::{Event, Fact};
use domain::exception::{Exception, Life, What};
use domain::handoff::Wait;
use domain::order::{Order, Risk};
use domain::provider::Trouble;
use domain::screening::{Velocity, velocity};
use domain::subject::OrderId;
use domain::verdict::{Standing, Verdict, tax, to_be_screened, verdict};
use jiff::SignedDuration;
use lambda::{Clock, Outcome, Queue};
use ledger::{Journey, Stored, Table};

use crate::{Capture, LAYER, Platform, Stop};

/// What ends with a hold.
const ABOUT_HOLDS: [&str; 4] = ["held", "hold-refused", "late-held-order", "decision-not-done"];

/// One look: what was asked, and everything that is known.
pub(crate) struct Look<'a> {
    pub stored: &'a Stored,
    /// The event, with the order's name as the store has it.
    pub named: Event,
    pub order: Order,
    pub journey: Journey,
    pub standing: Standing,
}

impl<T: Table, Q: Queue, C: Clock, S: Platform> Capture<'_, T, Q, C, S> {
    pub(crate) async fn look(&self, stored: &Stored) -> Result<Outcome, Stop> {
        let Some(id) = stored.event.subject.order() else { return Ok(Outcome::done()) };
        // A dispute has to be answered in time, whatever becomes of the order here: told before anything can wait.
        let told = to_tell(&stored.event.fact);
        for what in &told {
            self.station.raise(stored, what).await?;
        }
        let journey = self.station.ledger.journey(&stored.event.subject).await?;
        let standing = Standing::of(&journey.events);
        // Before the payment has reached us there is nothing to judge: the payment's own event will look.
        let outcome = if standing.paid || matches!(stored.event.fact, Fact::OrderPaid { .. }) {
            let order = self.read(stored, id).await?;
            let named = Event { order_name: Some(order.name.clone()), ..stored.event.clone() };
            self.judge(Look { stored, named, order, journey, standing }).await?
        } else {
            Outcome::done()
        };
        Ok(with(outcome, told))
    }

    /// The order as the store has it now.
    pub(crate) async fn read(&self, stored: &Stored, id: OrderId) -> Result<Order, Stop> {
        let trouble = match self.store.order(id).await {
            Ok(Some(order)) => return Ok(order),
            // The store announced it a moment ago: it is behind, or the key is another store's. Both are worth a second look.
            Ok(None) => Trouble::Unavailable { why: "it announced this order and does not know it".to_owned() },
            Err(trouble) => trouble.nothing_sent(),
        };
        Err(self.station.wait_for_store(stored, LAYER, trouble).await?.into())
    }

    async fn judge(&self, look: Look<'_>) -> Result<Outcome, Stop> {
        if let Some(refusal) = &look.standing.refusal {
            // The decision's own event does what was decided; nothing else has a say any more.
            let deciding = matches!(look.named.fact, Fact::OrderDecided { choice: Choice::Refuse, .. });
            return if deciding { self.refuse(&look, refusal).await } else { Ok(Outcome::done()) };
        }
        if let Some(round) = self.lifted_in_store(&look) {
            self.record_lifting(&look, round).await?;
            // The decision has an event of its own now, which looks again.
            return Ok(Outcome::done());
        }
        let velocity = self.velocity(&look).await?;
        match verdict(&look.order, &self.rules, &look.standing, &velocity) {
            Verdict::Clear => self.clear(&look).await,
            // The assessment's own event looks again; from now on it is waited for.
            Verdict::Wait => Ok(awaited(&look.stored.event.fact)),
            Verdict::Cancelled => {
                self.close_held(&look.journey).await?;
                Ok(settled())
            }
            Verdict::Hold(holds) => self.hold(&look, holds).await,
        }
    }

    /// Counts orders like this one, each only where it is known and the owner's rule is on. By the store's time of the order:
    /// what a sweep finds late is counted where it belongs.
    async fn velocity(&self, look: &Look<'_>) -> Result<Velocity, Stop> {
        let mut velocity = Velocity::default();
        let order = &look.order;
        if !to_be_screened(order, &look.standing) || order.risk == Risk::Pending {
            return Ok(velocity);
        }
        for count in velocity::counts(order, &self.rules.screening) {
            let window = SignedDuration::from_hours(i64::from(count.hours));
            let kind = count.trail.as_str();
            let orders = self.station.ledger.mark(kind, &count.hash, order.id, order.created, window).await?;
            velocity = velocity.with(count.trail, orders);
        }
        Ok(velocity)
    }

    /// It may be made. What held it in the store is lifted first: a partner's parcel could not be written there otherwise.
    async fn clear(&self, look: &Look<'_>) -> Result<Outcome, Stop> {
        let Look { order, standing, .. } = look;
        if standing.cleared && standing.held().is_some() {
            // It was stopped after it had gone out, and routing acts on a person's word only: so does this.
            return Ok(settled());
        }
        for round in 1..=standing.round {
            self.lift(look, round).await?;
        }
        if !standing.cleared {
            let untaxed = tax::missing(order, &self.rules.tax_due).filter(|_| !order.is_trial());
            if let Some(place) = untaxed {
                // Before the event: after it, no look comes here again.
                self.tell_once(look, &What::TaxMissing { place }, Fact::OrderCleared {}).await?;
            }
            self.station.append(LAYER, &look.named, Fact::OrderCleared {}).await?;
        }
        if standing.round > 0 {
            self.close_held(&look.journey).await?;
        }
        Ok(settled())
    }

    /// Told once for the fact it is about, whichever event the look is for; the exception's id.
    pub(crate) async fn tell_once(&self, look: &Look<'_>, what: &What, about: Fact) -> Result<String, Stop> {
        let event = Event { fact: about, ..look.named.clone() };
        let cause = event.fact.id().0;
        let exception = Exception::raise(&event.subject, what, &cause, self.station.now()).about(&event);
        let new = self.station.ledger.raise(&exception).await?;
        tracing::warn!(exception.id = exception.id, exception.new = new, "exception");
        Ok(exception.id)
    }

    /// The hold is over: so is what the owner was told about it.
    pub(crate) async fn close_held(&self, journey: &Journey) -> Result<(), Stop> {
        let about = |e: &&Exception| e.state != Life::Resolved && ABOUT_HOLDS.contains(&e.what.as_str());
        let decided = journey.events.iter().any(|event| matches!(event.fact, Fact::OrderDecided { .. }));
        for exception in journey.exceptions.iter().filter(about) {
            if decided {
                self.station.ledger.resolve(&exception.subject, &exception.id).await?;
            } else {
                self.station.ledger.heal(&exception.subject, &exception.id, self.station.now()).await?;
            }
        }
        Ok(())
    }
}

/// Finished, and the verdict that the paid order waited for is there.
pub(crate) fn settled() -> Outcome {
    Outcome::settled(vec![Wait::RiskVerdict])
}

/// Finished for now: the store's screening has not said its word. The payment's event waits for it, whatever else looks meanwhile.
fn awaited(fact: &Fact) -> Outcome {
    match fact {
        Fact::OrderPaid { .. } => Outcome::opens(vec![Wait::RiskVerdict, Wait::CustomerInformed]),
        _ => Outcome::done(),
    }
}

/// What the owner must know of by this event alone.
fn to_tell(fact: &Fact) -> Vec<What> {
    match fact {
        Fact::OrderDisputed { dispute, kind, due } => {
            vec![What::Disputed { dispute: dispute.clone(), kind: kind.clone(), due: due.clone() }]
        }
        // Refunding now costs less than the chargeback that usually follows.
        Fact::FraudWarned { warning } => {
            vec![What::Disputed { dispute: warning.clone(), kind: "fraud warning".to_owned(), due: None }]
        }
        _ => Vec::new(),
    }
}

/// The same outcome, and this is told as well.
fn with(outcome: Outcome, told: Vec<What>) -> Outcome {
    if told.is_empty() {
        return outcome;
    }
    match outcome {
        // What is told by itself is no payment, and so opens nothing.
        Outcome::Done { settled, .. } => Outcome::Tell { settled, whats: told },
        Outcome::Tell { settled, mut whats } => {
            whats.extend(told);
            Outcome::Tell { settled, whats }
        }
        Outcome::Raise(mut whats) => {
            whats.extend(told);
            Outcome::Raise(whats)
        }
        // It was told already, and it comes back.
        wait @ Outcome::Wait(_) => wait,
    }
}
