//! Stripe's webhooks: hex HMAC-SHA256 over `<t>.<raw body>`, the time of signing beside it.
//!
//! The door keeps only which object an event is about; capture asks Stripe what is true of it. So of the body nothing is read
//! but ids, and the shapes of Stripe's API versions do not matter here.

use domain::Timestamp;
use domain::event::Fact;
use lambda::config::Mode;
use lambda::{Secrets, secrets::SecretsError};
use serde::Deserialize;

use super::{Told, Translated, Unreadable, read};
use crate::http::Request;
use crate::signature::Keys;

/// The endpoint's signing secret (`whsec_…`, used as it is written), or two lines while it is rolled.
pub(super) const WEBHOOK_SECRET: &str = "door/stripe/webhook-secret";

const NAME: &str = "stripe";
/// How far the time of signing may be from ours, in seconds: the default of Stripe's own libraries. Each retry is signed anew.
const TOLERANCE: u64 = 300;
/// Signatures looked at in one header. Stripe sends one, two during a roll.
const SIGNATURES: usize = 8;

#[derive(Debug)]
pub(crate) struct Stripe {
    keys: Keys,
    live: bool,
}

impl Stripe {
    pub(super) fn new(mode: Mode, secrets: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self { keys: Keys::of(&secrets.all(WEBHOOK_SECRET)?), live: mode == Mode::Live })
    }

    /// Any of the `v1` signatures fits under any of our secrets, and it was signed about now. Other schemes are ignored.
    pub(super) fn signed(&self, request: &Request, now: Timestamp) -> bool {
        let Some(header) = request.header("stripe-signature") else { return false };
        let parts: Vec<(&str, &str)> = header.split(',').filter_map(|part| part.trim().split_once('=')).collect();
        let Some((_, signed_at)) = parts.iter().find(|(scheme, _)| *scheme == "t") else { return false };
        let Ok(seconds) = signed_at.parse::<i64>() else { return false };
        if now.as_second().abs_diff(seconds) > TOLERANCE {
            return false;
        }
        let given = parts.iter().filter(|(scheme, _)| *scheme == "v1").filter_map(|(_, text)| hex::decode(text).ok());
        given
            .take(SIGNATURES)
            .fold(false, |fits, given| fits | self.keys.fit(&[signed_at.as_bytes(), b".", &request.body], &given))
    }

    pub(super) fn translate(&self, request: &Request) -> Result<Translated, Unreadable> {
        let event: StripeEvent = read(&request.body)?;
        // Of another account on our platform: neither our money nor our order.
        if event.account.is_some() {
            return Ok(Translated::Unfollowed(None));
        }
        let Some(object) = Object::of(&event.kind) else { return Ok(Translated::Unfollowed(None)) };
        match event.livemode {
            // A live endpoint never sees test events; one that was set up in the wrong mode tells us nothing true.
            Some(false) if self.live => return Ok(Translated::Unfollowed(None)),
            // Somebody paid in earnest: whatever the configuration says, the owner has to hear of it.
            Some(true) if !self.live => {
                let why = "it is about real money, and this store is in test mode: set [store] mode = \"live\", or remove \
                           the live webhook in Stripe";
                return Err(Unreadable(why.to_owned()));
            }
            _ => {}
        }
        let fact = object.fact(&event)?;
        let time = event.created.and_then(|seconds| Timestamp::from_second(seconds).ok());
        Ok(Translated::Fact(Box::new(Told { subject: None, fact, time, order_name: None })))
    }

    /// The event's type; where it came in the other mode or for another account the owner reads that, too.
    pub(super) fn topic(&self, request: &Request) -> String {
        read::<StripeEvent>(&request.body).map_or_else(
            |_| "without a type".to_owned(),
            |event| match (event.account, event.livemode) {
                (Some(_), _) => format!("{}.of-another-account", event.kind),
                (None, Some(false)) if self.live => format!("{}.in-test-mode", event.kind),
                _ => event.kind,
            },
        )
    }
}

/// What an event is about, and what makes two of them two facts.
#[derive(Clone, Copy)]
enum Object {
    /// Its kind of event happens to this object once: a retry, and the same event from a second endpoint, are one fact.
    Once,
    /// It happens again and again to the same object (a second refund of one charge): the event's own id tells them apart,
    /// which is the same for retries and for other endpoints.
    Again,
    /// A review; what it is about is the payment it looks at.
    Review,
}

impl Object {
    /// `None`: a type that no layer follows.
    fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "checkout.session.completed"
            | "checkout.session.async_payment_succeeded"
            | "checkout.session.async_payment_failed"
            | "checkout.session.expired"
            | "payment_intent.succeeded"
            | "charge.failed"
            | "charge.dispute.created"
            | "charge.dispute.closed"
            | "refund.created"
            | "radar.early_fraud_warning.created" => Self::Once,
            "payment_intent.payment_failed"
            | "charge.refunded"
            | "charge.dispute.updated"
            | "charge.dispute.funds_withdrawn"
            | "charge.dispute.funds_reinstated"
            | "refund.failed"
            | "radar.early_fraud_warning.updated" => Self::Again,
            "review.opened" | "review.closed" => Self::Review,
            _ => return None,
        })
    }

    fn fact(self, event: &StripeEvent) -> Result<Fact, Unreadable> {
        let about = &event.data.object;
        let own = id(about.id.as_ref(), "data.object.id")?;
        let (object, repeat) = match self {
            Self::Once => (own, None),
            Self::Again => (own, Some(id(event.id.as_ref(), "id")?)),
            Self::Review => {
                let payment = about.payment_intent.as_ref().or(about.charge.as_ref());
                (id(payment, "data.object.payment_intent")?, Some(own))
            }
        };
        let topic = event.kind.clone();
        Ok(Fact::PaymentTold { provider: NAME.to_owned(), topic, object, repeat })
    }
}

/// An id of Stripe's: letters, digits and underscores. Capture asks for it by this id, so nothing else may stand in it.
fn id(given: Option<&IdOrObject>, field: &str) -> Result<String, Unreadable> {
    let plain = |text: &&String| {
        !text.is_empty() && text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let id = given.map(IdOrObject::id).filter(plain);
    id.cloned().ok_or_else(|| Unreadable(format!("the field {field} is no id of Stripe's")))
}

#[derive(Deserialize)]
struct StripeEvent {
    id: Option<IdOrObject>,
    #[serde(rename = "type")]
    kind: String,
    livemode: Option<bool>,
    /// Set where the event is of an account connected to ours.
    account: Option<String>,
    created: Option<i64>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: About,
}

#[derive(Deserialize)]
struct About {
    id: Option<IdOrObject>,
    payment_intent: Option<IdOrObject>,
    charge: Option<IdOrObject>,
}

/// Stripe writes an id, or the whole object where the endpoint expands it.
#[derive(Deserialize)]
#[serde(untagged)]
enum IdOrObject {
    Id(String),
    Object { id: String },
}

impl IdOrObject {
    fn id(&self) -> &String {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }
}
