//! The webhook endpoint at Stripe. One endpoint has all topics.
//!
//! Stripe shows an endpoint's signing secret once, to whoever creates it; a function that created one could hand its secret to
//! nobody, and the door would refuse every delivery. So an endpoint is made at deployment, with [`super::VERSION`], and what is
//! missing from one is added here.

use domain::handoff::Layer;
use domain::provider::Trouble;
use domain::subject::short_hash;

use super::Headless;
use super::stripe::{Form, PAGE, wire};
use super::table::OrderTable;
use crate::{Subscription, Subscriptions, Topic};

/// Capture asks Stripe what is true about each of them.
const fn topic(name: &'static str, purpose: &'static str) -> Topic {
    Topic { name, purpose, consumer: Layer::Capture }
}

/// Every topic the headless store lives by. Stripe lists events of at most twenty types at once.
pub const TOPICS: &[Topic] = &[
    topic("checkout.session.completed", "A customer finished the checkout."),
    topic("checkout.session.async_payment_succeeded", "Money that takes days, a bank debit for one, has come."),
    topic("checkout.session.async_payment_failed", "Money that takes days did not come."),
    topic("checkout.session.expired", "A checkout was begun and nobody paid."),
    topic("payment_intent.succeeded", "Money came in, whether or not a checkout of ours asked for it."),
    topic("payment_intent.payment_failed", "A payment was declined."),
    topic("charge.refunded", "Money went back to the customer."),
    topic("refund.failed", "Money that was to go back did not."),
    topic("charge.dispute.created", "The customer or the bank disputes a payment."),
    topic("charge.dispute.updated", "A dispute moved on."),
    topic("charge.dispute.closed", "A dispute is decided."),
    topic("radar.early_fraud_warning.created", "A card's network warns of fraud on a payment."),
];

impl<T: OrderTable> Subscriptions for Headless<T> {
    /// One for each topic of each endpoint that is switched on.
    async fn subscriptions(&self) -> Result<Vec<Subscription>, Trouble> {
        let endpoints = self.endpoints().await?.into_iter().filter(is_on);
        let subscriptions = endpoints.flat_map(|endpoint| {
            let address = endpoint.url.unwrap_or_default();
            let all = endpoint.enabled_events.iter().any(|event| event == "*");
            let topics =
                if all { TOPICS.iter().map(|topic| topic.name.to_owned()).collect() } else { endpoint.enabled_events };
            let id = endpoint.id;
            topics.into_iter().map(move |topic| Subscription { id: id.clone(), topic, address: address.clone() })
        });
        Ok(subscriptions.collect())
    }

    async fn subscribe(&self, topic: &str, address: &str) -> Result<(), Trouble> {
        let at_address = self.endpoints().await?.into_iter().find(|endpoint| endpoint.url.as_deref() == Some(address));
        let Some(endpoint) = at_address else {
            return Err(Trouble::Refused {
                why: format!(
                    "Stripe has no webhook endpoint at {address}. Create it there with API version {} and all topics, put its \
                     signing secret into the file that stripe.webhook_secret_file names, and deploy again",
                    super::VERSION
                ),
            });
        };
        let has = endpoint.enabled_events.iter().any(|event| event == topic || event == "*");
        if has && is_on(&endpoint) {
            return Ok(());
        }
        let mut events = endpoint.enabled_events;
        if !has {
            events.push(topic.to_owned());
        }
        let form = events
            .iter()
            .enumerate()
            .fold(Form::default(), |form, (at, event)| form.with(&format!("enabled_events[{at}]"), event))
            .with("disabled", false);
        // The same change may be needed again next week: the time is part of what is asked.
        let when = self.now().to_string();
        let key = format!("endpoint-{}", short_hash(&[&endpoint.id, &form.encoded(), &when], 32));
        let path = format!("/v1/webhook_endpoints/{}", endpoint.id);
        self.stripe.post::<wire::Named>(&path, &form, &key).await.map(|_| ())
    }
}

fn is_on(endpoint: &wire::Endpoint) -> bool {
    endpoint.status.as_deref() != Some("disabled")
}

impl<T: OrderTable> Headless<T> {
    async fn endpoints(&self) -> Result<Vec<wire::Endpoint>, Trouble> {
        let query = Form::default().with("limit", PAGE);
        let list: Option<wire::List<wire::Endpoint>> = self.stripe.get("/v1/webhook_endpoints", &query).await?;
        Ok(list.map(|list| list.data).unwrap_or_default())
    }
}
