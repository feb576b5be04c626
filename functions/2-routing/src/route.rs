//! The order as a whole: may it go now, who makes what, and one end for all its parts.

use std::collections::BTreeMap;

use domain::decision::Choice;
use domain::effect::{Effect, EffectKey, State};
use domain::event::{Event, Fact};
use domain::exception::{Exception, What};
use domain::handoff::Wait;
use domain::order::{Order, Payment};
use domain::plan::{Plan, plan};
use domain::subject::OrderId;
use domain::verdict::Hold;
use domain::watch::{LayerWait, WaitReason};
use jiff::SignedDuration;
use lambda::{Clock, Outcome, Queue};
use ledger::{ITS_TURN, Journey, Stored, Table};
use store::ReadOrder;

use crate::begun::{self, At, Begun, COST, HELD};
use crate::{LAYER, Routing, Stop};

/// Why an order waits that could go: customer and owner may still change it.
const WINDOW: &str = "customer and owner may still change it";

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    /// `order.cleared`: what is missing of it is done, part by part.
    pub(crate) async fn route(&self, stored: &Stored, id: OrderId) -> Result<Outcome, Stop> {
        if let Some(wait) = self.not_yet(stored) {
            return Ok(Outcome::Wait(wait));
        }
        let journey = self.station.ledger.journey(&stored.event.subject).await?;
        let mut parts = begun::by_partner(&journey.effects);
        // What was released goes on where it was begun, whatever the store or the catalog say by now.
        for (partner, here) in &parts {
            if let (true, Some(draft)) = (here.released(), here.draft()) {
                self.routed(stored, (partner, here.split), draft, here.noted(COST), false).await?;
            }
        }
        if begun::is_held(&journey.events) {
            // The decision is an event of its own, and comes back here.
            return Ok(Outcome::done());
        }
        let order = self.read_store(stored, id).await?;
        if order.cancelled {
            return self.cancellation_seen(stored).await;
        }
        if order.payment == Payment::Refunded {
            return Ok(Outcome::raise(What::Held(Hold::Refunded)));
        }
        if let Some(wait) = self.window(stored, &order) {
            return Ok(wait);
        }
        let plan = plan(&order, &self.catalog, &self.rules, &begun::lines(&parts));
        if self.open_again(stored, &parts, &plan).await? {
            parts = begun::by_partner(&self.station.ledger.journey(&stored.event.subject).await?.effects);
        }
        self.by_hand(stored, &journey, &plan).await?;
        // What somebody else makes goes to no partner: that event will not open the customer's clock.
        let by_others = plan.parts.is_empty() || !plan.by_hand.is_empty();
        let ends = self.parts(stored, &order, plan, parts).await;
        Ok(match self.merge(stored, ends).await? {
            Outcome::Done { .. } if by_others => Outcome::opens(vec![Wait::CustomerInformed]),
            outcome => outcome,
        })
    }

    /// `order.decided`: an order that was cleared, then held, and is released now, goes on. One that was never cleared is cleared by
    /// capture, which is an event of its own; one that was refused is cancelled in the store, which is another.
    pub(crate) async fn decided(&self, stored: &Stored, id: OrderId) -> Result<Outcome, Stop> {
        let Fact::OrderDecided { choice: Choice::Release, .. } = &stored.event.fact else { return Ok(Outcome::done()) };
        let events = self.station.ledger.journey(&stored.event.subject).await?.events;
        if events.iter().any(|event| matches!(event.fact, Fact::OrderCleared {})) {
            self.route(stored, id).await
        } else {
            Ok(Outcome::done())
        }
    }

    /// It came back too early (a queue's delay ends after 15 minutes): it is neither read nor reserved again.
    fn not_yet(&self, stored: &Stored) -> Option<LayerWait> {
        let wait = stored.waits.get(&LAYER)?;
        let WaitReason::Pace(reason) = &wait.reason else { return None };
        let soon = self.station.now().checked_add(SignedDuration::from_secs(1)).ok()?;
        (wait.until > soon && (reason == WINDOW || reason == ITS_TURN)).then(|| wait.clone())
    }

    fn window(&self, stored: &Stored, order: &Order) -> Option<Outcome> {
        let until = order.created.checked_add(SignedDuration::from_secs(self.choices.window.max(0))).ok()?;
        (self.choices.window > 0 && until > self.station.now())
            .then(|| self.station.come_back(stored, LAYER, until, WINDOW))
    }

    /// What was refused only because a person had to decide is possible again, where there is something to make. Whether there was
    /// any.
    async fn open_again(&self, stored: &Stored, begun: &BTreeMap<String, Begun>, plan: &Plan) -> Result<bool, Stop> {
        let held = |effect: &Effect| matches!(&effect.state, State::Refused { reason } if reason == HELD);
        let mut any = false;
        for release in begun.values().filter_map(|here| here.release.as_ref()).filter(|effect| held(effect)) {
            let wanted =
                matches!(&release.key, EffectKey::PartnerRelease { partner, .. } if plan.part(partner).is_some());
            if wanted {
                let now = self.station.now();
                any |= self.station.ledger.reopen(&stored.event.subject, &release.key, now).await?;
            }
        }
        Ok(any)
    }

    /// Lines that the owner makes: told once, as a matter of its own, which no replay of ours settles.
    async fn by_hand(&self, stored: &Stored, journey: &Journey, plan: &Plan) -> Result<(), Stop> {
        let what = What::MakeByHand { lines: plan.by_hand.clone() };
        let told = journey.exceptions.iter().any(|exception| exception.what == what.slug());
        if plan.by_hand.is_empty() || told {
            return Ok(());
        }
        let exception = Exception::raise(&stored.event.subject, &what, "lines", self.station.now());
        let order_name = stored.event.order_name.clone();
        self.station.ledger.raise(&Exception { order_name, ..exception }).await?;
        Ok(())
    }

    /// Every part on its own; what keeps one back does not keep the others.
    async fn parts(
        &self,
        stored: &Stored,
        order: &Order,
        plan: Plan,
        mut begun: BTreeMap<String, Begun>,
    ) -> Vec<Result<Outcome, Stop>> {
        let mut ends = Vec::new();
        for (partner, lines) in &plan.app_has {
            let what = What::PartnerAppHasIt { partner: partner.clone(), lines: lines.clone() };
            ends.push(Ok(Outcome::raise(what)));
        }
        let mut problems = plan.problems;
        let whole = problems.is_empty();
        for part in plan.parts {
            let here = begun.remove(&part.partner).unwrap_or_else(Begun::fresh);
            if here.released() {
                continue;
            }
            problems.extend(part.problems.iter().cloned());
            if !whole || !part.problems.is_empty() {
                continue;
            }
            // What lies at the partner as it is now was looked at when it went there.
            if here.noted(begun::WORK) != Some(part.work().as_str()) {
                match self.preflight(stored, order, &part).await {
                    Ok(found) if found.is_empty() => {}
                    Ok(found) => {
                        problems.extend(found);
                        continue;
                    }
                    Err(stop) => {
                        ends.push(Err(stop));
                        continue;
                    }
                }
            }
            ends.push(self.part(stored, order, &part, here).await);
        }
        // A draft of which nothing is left to make.
        for (partner, here) in begun.into_iter().filter(|(_, here)| here.may_be_there() && !here.released()) {
            let end = match self.set_up(&partner) {
                Ok(partner) => {
                    let at = At { partner, order: order.id, split: here.split };
                    self.withdraw(stored, at, here.draft()).await.map(|_| Outcome::done())
                }
                Err(stop) => Err(stop),
            };
            ends.push(end);
        }
        if !problems.is_empty() {
            ends.push(Ok(Outcome::raise(What::CannotRoute(problems))));
        }
        ends
    }

    /// The store shows a cancellation whose webhook has not come yet: it is the same fact, and its event does what follows.
    pub(crate) async fn cancellation_seen(&self, stored: &Stored) -> Result<Outcome, Stop> {
        self.station.append(LAYER, &stored.event, Fact::OrderCancelled { reason: None }).await?;
        Ok(Outcome::done())
    }

    /// The part is on its way. A test order's is not: its event says what the draft is and would cost, and opens no waits.
    pub(crate) async fn routed(
        &self,
        stored: &Stored,
        (partner, split): (&str, u8),
        partner_order: &str,
        cost: Option<&str>,
        trial: bool,
    ) -> Result<(), Stop> {
        let fact = Fact::OrderRouted {
            partner: partner.to_owned(),
            split,
            partner_order: partner_order.to_owned(),
            cost: cost.map(str::to_owned),
        };
        if !trial {
            self.station.append(LAYER, &stored.event, fact).await?;
            return Ok(());
        }
        let event = Event {
            subject: stored.event.subject.clone(),
            fact,
            source: LAYER.as_str().to_owned(),
            time: self.station.now(),
            order_name: stored.event.order_name.clone(),
        };
        self.station.ledger.append(&event, &domain::handoff::Owes::new(), None).await?;
        Ok(())
    }
}
