//! A checkout as it is now, and whether somebody bought since.

use domain::Timestamp;
use domain::contact::{Bought, Checkout, CheckoutLine, ContactId, Match, Who, same_place};
use domain::order::{Address, TEST_TAG};
use domain::provider::Trouble;
use domain::subject::OrderId;
use serde::Deserialize;
use serde_json::json;

use super::graphql::Graphql;
use super::order::{address, broken};
use super::wire::{self, OrdersAnswer, Page};
use super::{contacts, documents, money, number_of};

/// So many pages of orders are looked through for an address: 1,500 orders since a cart was begun. A shop that sells more in that
/// time recognises its buyers by checkout, customer and mail alone.
const MOST_PAGES: usize = 10;

#[derive(Deserialize)]
struct NodeAnswer {
    node: Option<Abandoned>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Abandoned {
    id: String,
    created_at: String,
    updated_at: String,
    completed_at: Option<String>,
    abandoned_checkout_url: Option<String>,
    customer: Option<Customer>,
    shipping_address: Option<wire::Address>,
    billing_address: Option<wire::Address>,
    total_price_set: wire::MoneyBag,
    line_items: Nodes<Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Customer {
    id: String,
    locale: Option<String>,
    default_email_address: Option<EmailAddress>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmailAddress {
    email_address: String,
}

#[derive(Deserialize)]
struct Nodes<T> {
    nodes: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    title: Option<String>,
    variant_title: Option<String>,
    quantity: u32,
    discounted_unit_price_set: wire::MoneyBag,
    image: Option<wire::Image>,
}

#[derive(Deserialize)]
struct CustomerAnswer {
    customer: Option<CustomersOrders>,
}

#[derive(Deserialize)]
struct CustomersOrders {
    orders: Nodes<Placed>,
}

#[derive(Deserialize)]
struct MailAnswer {
    orders: Nodes<Placed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Placed {
    id: String,
    created_at: String,
    test: bool,
    tags: Vec<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    shipping_address: Option<wire::Address>,
}

impl Placed {
    /// The order, if it was placed then and is no test order of ours.
    fn since(&self, since: Timestamp) -> Result<Option<OrderId>, Trouble> {
        let placed: Timestamp = self.created_at.parse().map_err(broken)?;
        let trial = self.test && self.tags.iter().any(|tag| tag.starts_with(TEST_TAG));
        if placed < since || trial {
            return Ok(None);
        }
        OrderId::parse(&self.id).map(Some).ok_or_else(|| broken(format!("{:?} is no order", self.id)))
    }
}

/// `None`: the store does not know it, or it never got as far as to be one that can be abandoned.
pub(super) async fn checkout(graphql: &Graphql, id: &str) -> Result<Option<Checkout>, Trouble> {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let gid = format!("gid://shopify/AbandonedCheckout/{id}");
    let asked = graphql.ask(documents::CHECKOUT, json!({ "id": gid })).await;
    let answer: NodeAnswer = asked.map_err(Trouble::nothing_sent)?;
    answer.node.map(translate).transpose()
}

fn translate(found: Abandoned) -> Result<Checkout, Trouble> {
    let customer = found.customer.as_ref();
    let lines = found.line_items.nodes.into_iter().map(|line| {
        Ok(CheckoutLine {
            title: line.title.unwrap_or_default(),
            variant_title: line.variant_title,
            quantity: line.quantity,
            unit_price: money::customer(&line.discounted_unit_price_set)?,
            image: line.image.map(|image| image.url),
        })
    });
    Ok(Checkout {
        id: number_of(&found.id),
        email: customer.and_then(|it| it.default_email_address.as_ref()).map(|mail| mail.email_address.clone()),
        customer: customer.map(|customer| ContactId(number_of(&customer.id))),
        language: customer.and_then(|customer| customer.locale.clone()).filter(|locale| !locale.is_empty()),
        started: found.created_at.parse().map_err(broken)?,
        updated: found.updated_at.parse().map_err(broken)?,
        completed: found.completed_at.map(|at| at.parse()).transpose().map_err(broken)?,
        lines: lines.collect::<Result<_, Trouble>>()?,
        total: money::customer(&found.total_price_set)?,
        recover_url: found.abandoned_checkout_url.filter(|url| !url.is_empty()),
        address: found.shipping_address.and_then(address).or_else(|| found.billing_address.and_then(address)),
    })
}

/// Asked from the surest to the dearest: the checkout itself, the customer, the mail address, the place.
pub(super) async fn bought(graphql: &Graphql, who: &Who, since: Timestamp) -> Result<Option<Bought>, Trouble> {
    let finished = match &who.checkout {
        Some(id) => checkout(graphql, id).await?.is_some_and(|checkout| checkout.completed.is_some()),
        None => false,
    };
    let mut order = None;
    if let Some(gid) = who.customer.as_ref().and_then(contacts::gid) {
        order = by_customer(graphql, &gid, since).await?.map(|order| (Match::Customer, order));
    }
    if order.is_none()
        && let Some(mail) = &who.mail
    {
        order = by_mail(graphql, mail, since).await?.map(|order| (Match::Mail, order));
    }
    if finished {
        return Ok(Some(Bought { by: Match::Checkout, order: order.map(|(_, order)| order) }));
    }
    if order.is_none()
        && let Some(place) = &who.address
    {
        order = at_address(graphql, place, since).await?.map(|order| (Match::Address, order));
    }
    Ok(order.map(|(by, order)| Bought { by, order: Some(order) }))
}

async fn by_customer(graphql: &Graphql, gid: &str, since: Timestamp) -> Result<Option<OrderId>, Trouble> {
    let asked = graphql.ask(documents::BOUGHT_BY_CUSTOMER, json!({ "id": gid })).await;
    let answer: CustomerAnswer = asked.map_err(Trouble::nothing_sent)?;
    newest(answer.customer.into_iter().flat_map(|customer| customer.orders.nodes), since)
}

fn placed_since(since: Timestamp) -> String {
    format!("created_at:>='{since}'")
}

async fn by_mail(graphql: &Graphql, mail: &str, since: Timestamp) -> Result<Option<OrderId>, Trouble> {
    // What could end the quoted phrase is in no address that anybody has; it must not become a search of its own.
    let mail = mail.trim();
    if mail.is_empty() || mail.contains(['"', '\\']) || mail.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Ok(None);
    }
    let variables = json!({ "query": format!("{} email:\"{mail}\"", placed_since(since)) });
    let asked = graphql.ask(documents::BOUGHT_BY_MAIL, variables).await;
    let answer: MailAnswer = asked.map_err(Trouble::nothing_sent)?;
    // The search is by parts of words: the address is compared again.
    let same = |order: &Placed| order.email.as_deref().is_some_and(|email| email.trim().eq_ignore_ascii_case(mail));
    newest(answer.orders.nodes.into_iter().filter(same), since)
}

async fn at_address(graphql: &Graphql, place: &Address, since: Timestamp) -> Result<Option<OrderId>, Trouble> {
    let mut after = None;
    for _ in 0..MOST_PAGES {
        let variables = json!({ "query": placed_since(since), "after": after });
        let asked = graphql.ask(documents::BOUGHT_AT_ADDRESS, variables).await;
        let page: Page<Placed> =
            asked.map_err(Trouble::nothing_sent).map(|answer: OrdersAnswer<Placed>| answer.orders)?;
        after = page.next();
        let there = page.nodes.into_iter().filter_map(|mut order| {
            let to = order.shipping_address.take().and_then(address)?;
            same_place(&to, place).then_some(order)
        });
        if let Some(order) = newest(there, since)? {
            return Ok(Some(order));
        }
        if after.is_none() {
            break;
        }
    }
    Ok(None)
}

/// The first of these orders, which come newest first.
fn newest(orders: impl Iterator<Item = Placed>, since: Timestamp) -> Result<Option<OrderId>, Trouble> {
    for order in orders {
        if let Some(found) = order.since(since)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
