//! The order table in DynamoDB: on demand, one key, strongly consistent reads. It is retained and restorable to a point in time:
//! it *is* the store.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::Timestamp;
use domain::provider::Trouble;

use super::person::ContactRow;
use super::row::OrderRow;
use super::table::{BEFORE_FIRST, OrderTable};

/// One table of the account, by name.
#[derive(Debug, Clone)]
pub struct Dynamo {
    client: Client,
    table: String,
}

type Item = HashMap<String, AttributeValue>;

const COUNTER: &str = "counter";

impl Dynamo {
    /// The table `table`, through `client`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    async fn item(&self, pk: &str) -> Result<Option<Item>, Trouble> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(true).key("pk", text(pk));
        let why = || "the order table did not answer a read".to_owned();
        request.send().await.map(|answer| answer.item).map_err(|_| Trouble::Unavailable { why: why() })
    }

    /// `false`: the condition does not hold.
    async fn put(&self, item: Item, condition: &str, before: Option<u64>) -> Result<bool, Trouble> {
        let mut request =
            self.client.put_item().table_name(&self.table).set_item(Some(item)).condition_expression(condition);
        if let Some(before) = before {
            request = request.expression_attribute_values(":before", number(before));
        }
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if refused(&error) => Ok(false),
            Err(_) => Err(unwritten()),
        }
    }
}

fn refused(error: &SdkError<PutItemError>) -> bool {
    matches!(error.as_service_error(), Some(PutItemError::ConditionalCheckFailedException(_)))
}

fn unwritten() -> Trouble {
    Trouble::NoAnswer { why: "the order table did not answer a write".to_owned() }
}

fn unreadable(what: &str) -> Trouble {
    Trouble::Broken { why: format!("{what} in the order table is not readable; restore it from a backup") }
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn order_key(number: u64) -> String {
    format!("order#{number}")
}

fn contact_key(id: &str) -> String {
    format!("contact#{id}")
}

fn to_item(row: &OrderRow) -> Result<Item, Trouble> {
    let mut item: Item = serde_dynamo::to_item(row).map_err(|_| unreadable(&row.name()))?;
    item.insert("pk".to_owned(), text(order_key(row.number)));
    Ok(item)
}

fn whole(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

impl OrderTable for Dynamo {
    async fn get(&self, number: u64) -> Result<Option<OrderRow>, Trouble> {
        let Some(item) = self.item(&order_key(number)).await? else { return Ok(None) };
        serde_dynamo::from_item(item).map(Some).map_err(|_| unreadable(&format!("order #{number}")))
    }

    async fn put_new(&self, row: &OrderRow) -> Result<bool, Trouble> {
        self.put(to_item(row)?, "attribute_not_exists(pk)", None).await
    }

    async fn replace(&self, row: &OrderRow, before: u64) -> Result<bool, Trouble> {
        self.put(to_item(row)?, "rev = :before", Some(before)).await
    }

    async fn point(&self, from: &str, to: u64) -> Result<u64, Trouble> {
        let item = Item::from([("pk".to_owned(), text(from)), ("to".to_owned(), number(to))]);
        if self.put(item, "attribute_not_exists(pk)", None).await? {
            return Ok(to);
        }
        self.pointed(from).await?.ok_or_else(|| unreadable("a pointer"))
    }

    async fn pointed(&self, from: &str) -> Result<Option<u64>, Trouble> {
        let Some(item) = self.item(from).await? else { return Ok(None) };
        whole(&item, "to").map(Some).ok_or_else(|| unreadable("a pointer"))
    }

    async fn next_number(&self) -> Result<u64, Trouble> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(COUNTER))
            .update_expression("SET given = if_not_exists(given, :before) + :one")
            .expression_attribute_values(":before", number(BEFORE_FIRST))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew);
        let answer = request.send().await.map_err(|_| unwritten())?;
        answer.attributes.and_then(|item| whole(&item, "given")).ok_or_else(|| unreadable("the counter"))
    }

    async fn last_number(&self) -> Result<u64, Trouble> {
        Ok(self.item(COUNTER).await?.and_then(|item| whole(&item, "given")).unwrap_or(BEFORE_FIRST))
    }

    async fn note_paid(&self, at: Timestamp) -> Result<(), Trouble> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(COUNTER))
            .update_expression("SET newest = :at")
            .condition_expression("attribute_not_exists(newest) OR newest < :at")
            .expression_attribute_values(":at", number(at.as_second()));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(unwritten()),
            },
        }
    }

    async fn newest_paid(&self) -> Result<Option<Timestamp>, Trouble> {
        let newest = self.item(COUNTER).await?.and_then(|item| item.get("newest")?.as_n().ok()?.parse().ok());
        Ok(newest.and_then(|second| Timestamp::from_second(second).ok()))
    }

    async fn contact(&self, id: &str) -> Result<Option<ContactRow>, Trouble> {
        let Some(item) = self.item(&contact_key(id)).await? else { return Ok(None) };
        serde_dynamo::from_item(item).map(Some).map_err(|_| unreadable("a contact"))
    }

    async fn put_contact(&self, row: &ContactRow, before: Option<u64>) -> Result<bool, Trouble> {
        let mut item: Item = serde_dynamo::to_item(row).map_err(|_| unreadable("a contact"))?;
        item.insert("pk".to_owned(), text(contact_key(&row.id)));
        let condition = if before.is_some() { "rev = :before" } else { "attribute_not_exists(pk)" };
        self.put(item, condition, before).await
    }

    async fn note_at(&self, place: &str, order: u64, at: Timestamp) -> Result<(), Trouble> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(place))
            .update_expression("SET #order = :order, bought = :at")
            .condition_expression("attribute_not_exists(bought) OR bought < :at")
            .expression_attribute_names("#order", "order")
            .expression_attribute_values(":order", number(order))
            .expression_attribute_values(":at", number(at.as_second()));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(unwritten()),
            },
        }
    }

    async fn newest_at(&self, place: &str) -> Result<Option<(u64, Timestamp)>, Trouble> {
        let Some(item) = self.item(place).await? else { return Ok(None) };
        let at = item.get("bought").and_then(|at| at.as_n().ok()?.parse().ok());
        let at = at.and_then(|second| Timestamp::from_second(second).ok());
        whole(&item, "order").zip(at).map(Some).ok_or_else(|| unreadable("a place"))
    }
}
