//! `payment.told`: a payment provider said something about a payment; it is asked what is true, and what follows is appended under
//! the order it is about.

use domain::event::{Event, Fact};
use domain::exception::What;
use domain::subject::Subject;
use lambda::{Clock, Outcome, Queue};
use ledger::{Stored, Table};
use store::Resolved;

use crate::{Capture, LAYER, Platform, Stop};

impl<T: Table, Q: Queue, C: Clock, S: Platform> Capture<'_, T, Q, C, S> {
    pub(crate) async fn told(
        &self,
        stored: &Stored,
        provider: &str,
        topic: &str,
        object: &str,
    ) -> Result<Outcome, Stop> {
        let (order, name, facts) = match self.store.resolve(topic, object).await {
            Ok(Resolved::Order { order, name, facts }) => (order, name, facts),
            Ok(Resolved::MoneyWithoutOrder { payment, amount }) => {
                let provider = provider.to_owned();
                return Ok(Outcome::raise(What::MoneyWithoutOrder { provider, payment, amount }));
            }
            Ok(Resolved::Nothing) => return Ok(Outcome::done()),
            // What the store took over before an answer was lost, it takes over again: its status only moves forward.
            Err(trouble) => {
                return Ok(self.station.wait_for_store(stored, LAYER, trouble.nothing_sent()).await?);
            }
        };
        for fact in facts {
            let subject = match fact {
                // No order yet: a cart, known by the number that its order will have.
                Fact::CheckoutStarted { .. } => Subject::Checkout(order.to_string()),
                _ => Subject::Order(order),
            };
            let event = Event {
                subject,
                fact,
                source: provider.to_owned(),
                time: stored.event.time,
                order_name: Some(name.clone()),
            };
            self.station.append_event(&event, None).await?;
        }
        Ok(Outcome::done())
    }
}
