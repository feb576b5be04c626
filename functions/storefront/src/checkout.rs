//! `POST checkout`: a cart in, the address of Stripe's page out.

use domain::provider::Trouble;
use store::headless::Headless;
use store::headless::cart::{Cart, CartError};
use store::headless::checkout::Checkout;
use store::headless::table::OrderTable;

use crate::form;
use crate::http::{Reply, Request};
use crate::page::Reader;

/// The largest cart, in bytes: a hundred lines fit many times.
pub(crate) const LARGEST_BODY: usize = 16 << 10;

/// Begins the checkout of the cart in the body.
pub(crate) async fn begin<T: OrderTable>(store: &Headless<T>, request: &Request) -> Reply {
    let reader = Reader::of(request);
    if request.body.len() > LARGEST_BODY {
        return reader.refusal(413, "too-large", "The cart is too large. Take something out and try again.");
    }
    let cart = match read(request) {
        Ok(cart) => cart,
        Err(why) => return reader.refusal(400, "unreadable", &why),
    };
    let priced = match cart.price(store.section(), store.shop()) {
        Ok(priced) => priced,
        Err(error) => return reader.refusal(422, reason(&error), &error.to_string()),
    };
    match store.begin(&priced, request.ip.as_deref()).await {
        Ok(Checkout::Open { order, url }) => {
            tracing::info!(order, lines = priced.lines.len(), "a checkout is open");
            reader.forward(&order, &url)
        }
        Ok(Checkout::Over { order }) => {
            let words = format!("This cart was ordered already, as {order}. Begin a new one to order more.");
            reader.refusal(409, "ordered", &words)
        }
        Err(trouble) => refused(reader, &trouble),
    }
}

/// JSON, or what a plain form sends.
fn read(request: &Request) -> Result<Cart, String> {
    let kind = request.header("content-type").unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return form::cart(&request.body);
    }
    let json = &mut serde_json::Deserializer::from_slice(&request.body);
    serde_path_to_error::deserialize(json).map_err(|error| {
        format!(
            "The cart cannot be read at {}: send JSON like {{\"cart\": \"a-name-of-8-or-more\", \"items\": [{{\"sku\": \"…\", \
             \"quantity\": 1}}]}}.",
            error.path()
        )
    })
}

fn reason(error: &CartError) -> &'static str {
    match error {
        CartError::Name => "cart",
        CartError::Empty => "empty",
        CartError::TooManyLines | CartError::TooMany { .. } | CartError::Nothing(_) => "quantity",
        CartError::Unknown(_) => "unknown-product",
        CartError::Currency { .. } => "currency",
        CartError::Email(_) => "email",
    }
}

/// The customer hears whether to try again; the owner finds why in the log. What a provider said is not repeated to strangers.
fn refused(reader: Reader, trouble: &Trouble) -> Reply {
    let why = trouble.to_string();
    match trouble {
        Trouble::Unavailable { .. } | Trouble::RateLimited { .. } | Trouble::Slot { .. } | Trouble::NoAnswer { .. } => {
            tracing::warn!(why, "a checkout could not be opened now");
            let words = "The checkout does not answer just now. Nothing was charged: try again in a minute.";
            let mut reply = reader.refusal(503, "later", words);
            reply.headers.push(("retry-after", "30".to_owned()));
            reply
        }
        Trouble::Refused { .. } | Trouble::Broken { .. } => {
            tracing::error!(why, "a checkout was refused");
            let words = "The checkout cannot be opened. Nothing was charged: write to the shop, it can help.";
            reader.refusal(502, "refused", words)
        }
    }
}
