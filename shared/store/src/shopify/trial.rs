//! The test order: placed paid by a test payment under a tag of its own, and cancelled when it has been followed.

use domain::order::Order;
use domain::provider::Trouble;
use domain::subject::OrderId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::documents;
use super::graphql::Graphql;
use super::order::broken;
use super::refuse::{Cancellation, cancel};
use super::wire::{Named, UserError, refused};
use crate::TEST_TAG;

#[derive(Deserialize)]
struct TaggedAnswer {
    orders: Tagged,
}

#[derive(Deserialize)]
struct Tagged {
    nodes: Vec<TaggedOrder>,
}

#[derive(Deserialize)]
struct TaggedOrder {
    id: String,
    tags: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PriceAnswer {
    product_variant: Option<Priced>,
    shop: Shop,
}

#[derive(Deserialize)]
struct Priced {
    /// A decimal, as text.
    price: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shop {
    currency_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlaceAnswer {
    order_create: Option<Payload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    order: Option<Named>,
    user_errors: Vec<UserError>,
}

/// Where nothing is ever sent: the partner gets the order as a draft only.
fn nowhere() -> Value {
    json!({
        "firstName": "Baton", "lastName": "Test", "address1": "1 Test Street", "city": "Louisville", "provinceCode": "KY",
        "zip": "40202", "countryCode": "US",
    })
}

/// Places the order, unless one has the tag already. Shopify has no idempotency key for this: the tag is ours.
pub(super) async fn place(graphql: &Graphql, tag: &str, variant: &str, email: &str) -> Result<OrderId, Trouble> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !tag.starts_with(TEST_TAG) || !plain(tag) {
        return Err(Trouble::Refused { why: format!("a test order's tag begins with {TEST_TAG}; {tag:?} does not") });
    }
    if let Some(order) = tagged(graphql, tag).await.map_err(Trouble::nothing_sent)? {
        return Ok(order);
    }
    let gid = format!("gid://shopify/ProductVariant/{variant}");
    let asked = graphql.ask(documents::VARIANT_PRICE, json!({ "id": gid })).await;
    let priced: PriceAnswer = asked.map_err(Trouble::nothing_sent)?;
    let Some(price) = priced.product_variant.map(|variant| variant.price) else {
        return Err(Trouble::Refused { why: format!("it sells no variant {variant}") });
    };
    let amount = json!({ "shopMoney": { "amount": price, "currencyCode": priced.shop.currency_code } });
    let order = json!({
        "email": email,
        "tags": [tag],
        "test": true,
        "note": "Placed by Baton to see an order go all the way. Nothing of it is made.",
        "financialStatus": "PAID",
        "lineItems": [{ "variantId": gid, "quantity": 1, "requiresShipping": true }],
        "shippingAddress": nowhere(),
        "billingAddress": nowhere(),
        "transactions": [
            { "kind": "SALE", "status": "SUCCESS", "gateway": "bogus", "test": true, "amountSet": amount },
        ],
    });
    let options = json!({ "inventoryBehaviour": "BYPASS", "sendReceipt": false, "sendFulfillmentReceipt": false });
    let answer: PlaceAnswer =
        graphql.ask(documents::PLACE_ORDER, json!({ "order": order, "options": options })).await?;
    let Some(payload) = answer.order_create else {
        return Err(Trouble::NoAnswer { why: "it answered without a result".to_owned() });
    };
    if !payload.user_errors.is_empty() {
        return Err(refused(&payload.user_errors));
    }
    let placed = payload.order.ok_or_else(|| Trouble::NoAnswer { why: "it answered without an order".to_owned() })?;
    OrderId::parse(&placed.id).ok_or_else(|| broken(format!("{:?} is no order", placed.id)))
}

async fn tagged(graphql: &Graphql, tag: &str) -> Result<Option<OrderId>, Trouble> {
    let answer: TaggedAnswer = graphql.ask(documents::TAGGED_ORDER, json!({ "query": format!("tag:'{tag}'") })).await?;
    let same = |order: &&TaggedOrder| order.tags.iter().any(|known| known == tag);
    Ok(answer.orders.nodes.iter().find(same).and_then(|order| OrderId::parse(&order.id)))
}

/// Cancels the test order and gives its money back, which was a test's: the way back is tried as well. Nobody is told by the
/// store. The decision is the person's who had it placed; the tag names it.
pub(super) async fn clean_up(graphql: &Graphql, order: &Order, tag: &str) -> Result<(), Trouble> {
    if !order.is_trial() || !order.tags.iter().any(|known| known == tag) {
        let why = format!("{} is not the test order {tag}; only that is cancelled", order.name);
        return Err(Trouble::Refused { why });
    }
    let note = "The test order has been followed".to_owned();
    cancel(graphql, Cancellation { order, reason: "OTHER", refund: true, notify: false, note }).await.map(|_| ())
}
