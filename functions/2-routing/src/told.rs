//! `partner.told`: a partner said too little to act on, or said it unsigned. It is asked what is true, and what follows is appended
//! under the order, as if its webhook had told it.

use domain::effect::EffectKey;
use domain::event::Event;
use domain::external_id;
use domain::subject::{OrderId, Subject};
use lambda::{Clock, Outcome, Queue};
use ledger::{Appended, Stored, Table};
use partner::{FindOrder, OrderRef, PartnerOrder};
use store::ReadOrder;

use crate::{LAYER, Routing, Stop, begun, life};

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    pub(crate) async fn told(&self, stored: &Stored, name: &str, partner_order: &str) -> Result<Outcome, Stop> {
        let Some(partner) = self.partner(name) else { return Ok(Outcome::done()) };
        let about = stored.event.subject.order();
        let known = match about {
            Some(order) => {
                let effects = self.station.ledger.journey(&stored.event.subject).await?.effects;
                let split = begun::by_partner(&effects).get(name).map_or(1, |here| here.split);
                self.order_ref(order, split, Some(partner_order))
            }
            None => OrderRef { external_id: String::new(), id: Some(partner_order.to_owned()) },
        };
        let found = match partner.find(&known).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Outcome::done()),
            Err(trouble) => {
                let trouble = self.slowed(partner, trouble.nothing_sent()).await?;
                return Ok(self.station.wait_or_raise(stored, LAYER, name, trouble));
            }
        };
        // The owner's own orders at the partner are none of our business.
        if let Some(order) = self.of_ours(&found).or(about) {
            self.learn(order, name, &found, name).await?;
        }
        Ok(Outcome::done())
    }

    /// Which of our orders it is, by the id we gave it.
    pub(crate) fn of_ours(&self, found: &PartnerOrder) -> Option<OrderId> {
        external_id::parse(&self.shop, found.external_id.as_deref()?).map(|(order, _split)| order)
    }

    /// Appends what the partner's order says and the journey lacks; how much that was.
    pub(crate) async fn learn(
        &self,
        order: OrderId,
        partner: &str,
        found: &PartnerOrder,
        source: &str,
    ) -> Result<u32, Stop> {
        let subject = Subject::Order(order);
        let journey = self.station.ledger.journey(&subject).await?;
        let placed = |key: &EffectKey| matches!(key, EffectKey::PartnerOrder { partner: at, .. } if at == partner);
        // Another table's order, from before a move or a second installation: its own table follows it.
        if !journey.effects.iter().any(|effect| placed(&effect.key)) {
            return Ok(0);
        }
        let order_name = journey.events.iter().find_map(|event| event.order_name.clone());
        let mut learned = 0;
        for fact in life::missing(partner, found, &journey) {
            let event = Event {
                subject: subject.clone(),
                fact,
                source: source.to_owned(),
                time: self.station.now(),
                order_name: order_name.clone(),
            };
            learned += u32::from(self.station.append_event(&event, None).await? == Appended::New);
        }
        Ok(learned)
    }
}
