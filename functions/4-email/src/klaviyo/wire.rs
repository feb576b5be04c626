//! What Klaviyo is sent, field by field as its OpenAPI document has it. Amounts are written from minor units as exact decimals: no
//! number here was ever a float.

use domain::Timestamp;
use domain::contact::{Checkout, CheckoutLine, Wishes};
use domain::money::Money;
use domain::order::{Line, Order};
use serde::Serialize;
use serde_json::value::RawValue;

/// `{"data": …}`
#[derive(Debug, Serialize)]
pub struct Data<T> {
    data: T,
}

/// `{"type": …, "attributes": …}`
#[derive(Debug, Serialize)]
pub struct Resource<T> {
    #[serde(rename = "type")]
    kind: &'static str,
    attributes: T,
}

fn data<T>(kind: &'static str, attributes: T) -> Data<Resource<T>> {
    Data { data: Resource { kind, attributes } }
}

/// The body of an event.
pub type Event = Data<Resource<Happened>>;

/// What happened, to whom, and what it was worth.
#[derive(Debug, Serialize)]
pub struct Happened {
    properties: Properties,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_currency: Option<&'static str>,
    unique_id: String,
    metric: Data<Resource<Metric>>,
    profile: Data<Resource<Profile>>,
}

#[derive(Debug, Serialize)]
struct Metric {
    name: &'static str,
}

/// Somebody as Klaviyo knows them: by the address, and by the store's own id.
#[derive(Debug, Clone, Serialize)]
pub struct Profile {
    pub email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    pub properties: Wants,
}

/// What they chose on our preference page, for the filters of Klaviyo's flows.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Wants {
    wants_news: bool,
    wants_reminders: bool,
    wants_reviews: bool,
}

impl From<Wishes> for Wants {
    fn from(wishes: Wishes) -> Self {
        Self { wants_news: wishes.news, wants_reminders: wishes.reminders, wants_reviews: wishes.reviews }
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Properties {
    Checkout {
        #[serde(rename = "CheckoutURL", skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        #[serde(rename = "ItemNames")]
        names: Vec<String>,
        #[serde(rename = "Items")]
        items: Vec<Item>,
    },
    Order {
        #[serde(rename = "OrderId")]
        id: String,
        #[serde(rename = "OrderName")]
        name: String,
        #[serde(rename = "ItemNames")]
        names: Vec<String>,
        #[serde(rename = "Items")]
        items: Vec<Item>,
    },
    Product {
        #[serde(rename = "OrderId")]
        order: String,
        #[serde(flatten)]
        item: Item,
    },
}

/// One line. What is not known is left out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    #[serde(rename = "ProductID", skip_serializing_if = "Option::is_none")]
    product: Option<String>,
    #[serde(rename = "SKU", skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    product_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant_name: Option<String>,
    quantity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_price: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row_total: Option<Box<RawValue>>,
    #[serde(rename = "ImageURL", skip_serializing_if = "Option::is_none")]
    image: Option<String>,
}

/// What every event says beside what it is about.
#[derive(Debug)]
pub struct About {
    pub profile: Profile,
    /// When it happened.
    pub at: Timestamp,
}

impl About {
    fn event(&self, name: &'static str, unique_id: String, value: Option<Money>, properties: Properties) -> Event {
        let happened = Happened {
            properties,
            // To the second, as Klaviyo keeps it.
            time: Timestamp::from_second(self.at.as_second()).unwrap_or(self.at).to_string(),
            value: value.and_then(exact),
            value_currency: value.map(Money::code),
            unique_id,
            metric: data("metric", Metric { name }),
            profile: data("profile", self.profile.clone()),
        };
        data("event", happened)
    }

    /// "Started Checkout".
    #[must_use]
    pub fn started_checkout(&self, checkout: &Checkout, id: String) -> Event {
        let properties = Properties::Checkout {
            url: checkout.recover_url.clone(),
            names: checkout.lines.iter().map(|line| line.title.clone()).collect(),
            items: checkout.lines.iter().map(of_checkout).collect(),
        };
        self.event("Started Checkout", id, Some(checkout.total.0), properties)
    }

    /// "Placed Order".
    #[must_use]
    pub fn placed_order(&self, order: &Order, id: String) -> Event {
        self.event("Placed Order", id, Some(order.amounts.customer.total.0), whole(order))
    }

    /// "Ordered Product": one line of it.
    #[must_use]
    pub fn ordered_product(&self, order: &Order, line: &Line, id: String) -> Event {
        let properties = Properties::Product { order: order.id.to_string(), item: of_order(line) };
        self.event("Ordered Product", id, row_total(line), properties)
    }

    /// "Fulfilled Order". Of the same worth as when it was placed.
    #[must_use]
    pub fn fulfilled_order(&self, order: &Order, id: String) -> Event {
        self.event("Fulfilled Order", id, Some(order.amounts.customer.total.0), whole(order))
    }

    /// "Delivered Shipment": the last of the order's.
    #[must_use]
    pub fn delivered_order(&self, order: &Order, id: String) -> Event {
        self.event("Delivered Shipment", id, Some(order.amounts.customer.total.0), whole(order))
    }
}

/// The lines of an order that are still wanted.
pub fn wanted(order: &Order) -> impl Iterator<Item = &Line> {
    order.lines.iter().filter(|line| line.quantity > 0)
}

fn whole(order: &Order) -> Properties {
    Properties::Order {
        id: order.id.to_string(),
        name: order.name.clone(),
        names: wanted(order).map(|line| line.title.clone()).collect(),
        items: wanted(order).map(of_order).collect(),
    }
}

fn row_total(line: &Line) -> Option<Money> {
    line.customer_unit_price.0.times(line.quantity).ok()
}

fn of_order(line: &Line) -> Item {
    Item {
        product: line.variant.map(|id| id.to_string()),
        sku: line.sku.clone(),
        product_name: line.title.clone(),
        variant_name: line.variant_title.clone(),
        quantity: line.quantity,
        item_price: exact(line.customer_unit_price.0),
        row_total: row_total(line).and_then(exact),
        image: line.image.clone(),
    }
}

fn of_checkout(line: &CheckoutLine) -> Item {
    Item {
        product: None,
        sku: None,
        product_name: line.title.clone(),
        variant_name: line.variant_title.clone(),
        quantity: line.quantity,
        item_price: exact(line.unit_price.0),
        row_total: line.unit_price.0.times(line.quantity).ok().and_then(exact),
        image: line.image.clone(),
    }
}

/// A JSON number with just these digits: `598.94`, `800`, `1.250`.
fn exact(money: Money) -> Option<Box<RawValue>> {
    RawValue::from_string(money.decimal()).ok()
}

/// The body that subscribes an address to marketing mail.
#[derive(Debug, Serialize)]
pub struct Subscribe<'a> {
    data: SubscribeJob<'a>,
}

#[derive(Debug, Serialize)]
struct SubscribeJob<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    attributes: Profiles<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationships: Option<Relationships<'a>>,
}

#[derive(Debug, Serialize)]
struct Relationships<'a> {
    list: Data<Named<'a>>,
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
}

#[derive(Debug, Serialize)]
struct Profiles<'a> {
    profiles: Data<[Resource<Consenting<'a>>; 1]>,
}

#[derive(Debug, Serialize)]
struct Consenting<'a> {
    email: &'a str,
    subscriptions: Subscriptions,
}

#[derive(Debug, Serialize)]
struct Subscriptions {
    email: Channel,
}

#[derive(Debug, Serialize)]
struct Channel {
    marketing: Word,
}

#[derive(Debug, Serialize)]
struct Word {
    consent: &'static str,
}

fn one<'a>(email: &'a str, consent: &'static str) -> Profiles<'a> {
    let subscriptions = Subscriptions { email: Channel { marketing: Word { consent } } };
    Profiles {
        profiles: Data { data: [Resource { kind: "profile", attributes: Consenting { email, subscriptions } }] },
    }
}

/// Subscribes this address, and adds it to the list where one is named.
#[must_use]
pub fn subscribe<'a>(email: &'a str, list: Option<&'a str>) -> Subscribe<'a> {
    let relationships = list.map(|id| Relationships { list: Data { data: Named { kind: "list", id } } });
    let (kind, attributes) = ("profile-subscription-bulk-create-job", one(email, "SUBSCRIBED"));
    Subscribe { data: SubscribeJob { kind, attributes, relationships } }
}

/// Unsubscribes this address from all marketing mail: without a list, it is from everything.
#[must_use]
pub fn unsubscribe(email: &str) -> impl Serialize {
    data("profile-subscription-bulk-delete-job", one(email, "UNSUBSCRIBED"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_numbers_of_just_these_digits() {
        for (amount, currency) in
            [("598.94", "USD"), ("0.10", "EUR"), ("800", "JPY"), ("1.250", "KWD"), ("-0.05", "EUR")]
        {
            let money = Money::parse(amount, currency).unwrap();
            assert_eq!(exact(money).unwrap().get(), amount);
        }
        // More digits than a float has.
        let much = Money::from_minor(900_719_925_474_099_301, "USD").unwrap();
        assert_eq!(exact(much).unwrap().get(), "9007199254740993.01");
    }

    #[test]
    fn nobody_is_subscribed_without_being_named_and_a_list_only_where_it_is_wanted() {
        let body = |list| serde_json::to_value(subscribe("ada@example.com", list)).unwrap();
        assert!(body(None)["data"].get("relationships").is_none());
        insta::assert_json_snapshot!([
            body(Some("AbC123")),
            serde_json::to_value(unsubscribe("ada@example.com")).unwrap()
        ]);
    }
}
