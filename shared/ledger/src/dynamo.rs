//! The table in DynamoDB: on demand, two sparse indexes, strongly consistent reads.
//!
//! A write whose answer is lost is tried again by AWS's client, and then meets its own first attempt: its condition is refused
//! although it was done. So each write marks its item ([`WRITTEN_BY`]) and knows itself by the mark; otherwise a claim that is ours
//! would look like another's, and what is done at most once would never be done.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure};

use crate::row::Row;
use crate::{Due, Place, Table, TableError};

/// One table of the account, by name.
#[derive(Debug, Clone)]
pub struct Dynamo {
    client: Client,
    table: String,
}

type Item = HashMap<String, AttributeValue>;

/// The attribute that says which write an item is from: 12 hex digits, drawn anew for each.
const WRITTEN_BY: &str = "by";

impl Dynamo {
    /// The table `table`, through `client`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    async fn query(&self, query: Query<'_>) -> Result<Vec<Item>, TableError> {
        let mut items = Vec::new();
        let mut from = query.after;
        loop {
            let mut request = self.client.query().table_name(&self.table).key_condition_expression(query.condition);
            request = match query.index {
                Some(index) => request.index_name(index),
                None => request.consistent_read(!query.glance),
            };
            for (name, value) in &query.values {
                request = request.expression_attribute_values(*name, value.clone());
            }
            for (name, attribute) in query.names {
                request = request.expression_attribute_names(*name, *attribute);
            }
            if let Some(limit) = query.limit {
                request = request.limit(i32::from(limit));
            }
            let answer = request.set_exclusive_start_key(from.take()).send().await.map_err(|e| failed("Query", e))?;
            items.extend(answer.items.unwrap_or_default());
            from = answer.last_evaluated_key;
            let enough = query.limit.is_some_and(|limit| items.len() >= usize::from(limit));
            if from.is_none() || enough {
                return Ok(items);
            }
        }
    }
}

impl Dynamo {
    async fn item(&self, pk: &str, sk: &str, glance: bool) -> Result<Option<Row>, TableError> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(!glance);
        let answer = request.key("pk", text(pk)).key("sk", text(sk)).send().await.map_err(|e| failed("GetItem", e))?;
        answer.item.map(|item| to_row(item, "GetItem")).transpose()
    }

    async fn rows(&self, pk: &str, prefix: &str, glance: bool) -> Result<Vec<Row>, TableError> {
        let mut values = vec![(":pk", text(pk))];
        let condition = if prefix.is_empty() {
            "pk = :pk"
        } else {
            values.push((":prefix", text(prefix)));
            "pk = :pk AND begins_with(sk, :prefix)"
        };
        let query = Query { index: None, condition, names: &[], values, limit: None, after: None, glance };
        self.query(query).await?.into_iter().map(|item| to_row(item, "Query")).collect()
    }
}

struct Query<'a> {
    index: Option<&'a str>,
    condition: &'a str,
    names: &'a [(&'a str, &'a str)],
    values: Vec<(&'a str, AttributeValue)>,
    limit: Option<u16>,
    /// The entry before the first.
    after: Option<Item>,
    /// As it was a moment ago is good enough.
    glance: bool,
}

fn failed<E: std::error::Error + Send + Sync + 'static>(operation: &'static str, error: E) -> TableError {
    TableError { operation, source: Box::new(error) }
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The item of one write, and its mark.
#[expect(clippy::disallowed_methods, reason = "a write has to know itself; nothing is decided by what was drawn")]
fn to_item(row: &Row) -> Result<(Item, AttributeValue), TableError> {
    let mut item: Item = serde_dynamo::to_item(row).map_err(|e| failed("PutItem", e))?;
    // The standard library draws these keys by chance; what is hashed under them does not matter.
    let drawn = RandomState::new().build_hasher().finish() >> 16;
    let by = text(format!("{drawn:012x}"));
    item.insert(WRITTEN_BY.to_owned(), by.clone());
    Ok((item, by))
}

/// Whether the item that stands in the way of a write is that write's own: an earlier attempt, whose answer was lost.
fn is_ours(item: &Item, by: &AttributeValue) -> bool {
    item.get(WRITTEN_BY) == Some(by)
}

fn to_row(item: Item, operation: &'static str) -> Result<Row, TableError> {
    serde_dynamo::from_item(item).map_err(|e| failed(operation, e))
}

/// The item that a refused condition returned; `Err` is every other failure.
fn in_the_way(error: SdkError<PutItemError>) -> Result<Option<Item>, TableError> {
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(refused)) => Ok(refused.item.clone()),
        _ => Err(failed("PutItem", error)),
    }
}

impl Table for Dynamo {
    async fn get(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        self.item(pk, sk, false).await
    }

    async fn glance(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        self.item(pk, sk, true).await
    }

    async fn glance_over(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        self.rows(pk, prefix, true).await
    }

    async fn get_many(&self, keys: &[(String, String)]) -> Result<Vec<Row>, TableError> {
        let keys = keys.iter().map(|(pk, sk)| Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))]));
        let mut wanted = keys.collect::<Vec<_>>();
        let mut rows = Vec::with_capacity(wanted.len());
        while !wanted.is_empty() {
            let asked = wanted.len();
            let keys = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(wanted)).build();
            let keys = keys.map_err(|e| failed("BatchGetItem", e))?;
            let request = self.client.batch_get_item().request_items(&self.table, keys);
            let mut answer = request.send().await.map_err(|e| failed("BatchGetItem", e))?;
            let found = answer.responses.as_mut().and_then(|found| found.remove(&self.table)).unwrap_or_default();
            rows.extend(found.into_iter().map(|item| to_row(item, "BatchGetItem")).collect::<Result<Vec<_>, _>>()?);
            // What a busy table or sixteen megabytes left over is asked for again.
            let left = answer.unprocessed_keys.as_mut().and_then(|left| left.remove(&self.table));
            wanted = left.map(|left| left.keys).unwrap_or_default();
            if wanted.len() == asked {
                return Err(failed("BatchGetItem", BuildError::other("the table answered for none of the keys")));
            }
        }
        Ok(rows)
    }

    async fn put_new(&self, row: &Row) -> Result<Option<Row>, TableError> {
        let (item, by) = to_item(row)?;
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = request.send().await else { return Ok(None) };
        match in_the_way(error)? {
            Some(item) if is_ours(&item, &by) => Ok(None),
            Some(item) => to_row(item, "PutItem").map(Some),
            // An endpoint that does not return the old item: read it.
            None => {
                let (pk, sk) = row.key();
                self.get(pk, sk).await
            }
        }
    }

    async fn replace(&self, row: &Row, before: u64) -> Result<bool, TableError> {
        let (item, by) = to_item(row)?;
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("rev = :before")
            .expression_attribute_values(":before", number(before))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = request.send().await else { return Ok(true) };
        Ok(in_the_way(error)?.is_some_and(|item| is_ours(&item, &by)))
    }

    async fn delete(&self, pk: &str, sk: &str) -> Result<(), TableError> {
        let request = self.client.delete_item().table_name(&self.table).key("pk", text(pk)).key("sk", text(sk));
        request.send().await.map(|_| ()).map_err(|e| failed("DeleteItem", e))
    }

    async fn partition(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        self.rows(pk, prefix, false).await
    }

    async fn due(
        &self,
        shard: &str,
        from: i64,
        after: Option<&Due>,
        to: i64,
        limit: u16,
    ) -> Result<Vec<Due>, TableError> {
        let query = Query {
            index: Some("due"),
            condition: "due_shard = :shard AND #due BETWEEN :from AND :to",
            names: &[("#due", "due")],
            values: vec![(":shard", text(shard)), (":from", number(from)), (":to", number(to))],
            limit: Some(limit),
            after: after.map(|after| {
                let key = [("pk", text(&after.pk)), ("sk", text(&after.sk)), ("due_shard", text(shard))];
                let key = key.into_iter().chain([("due", number(after.at))]);
                key.map(|(name, value)| (name.to_owned(), value)).collect()
            }),
            glance: false,
        };
        let entries = self.query(query).await?.into_iter().map(|item| {
            let lacks =
                |name: &str| failed("Query", BuildError::other(format!("the due index has a row without {name}")));
            let key =
                |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().ok_or_else(|| lacks(name));
            let at = item.get("due").and_then(|value| value.as_n().ok()?.parse().ok()).ok_or_else(|| lacks("due"))?;
            Ok(Due { at, pk: key("pk")?, sk: key("sk")? })
        });
        entries.collect()
    }

    async fn open(&self) -> Result<Vec<Row>, TableError> {
        let mut rows = Vec::new();
        let request = self.client.scan().table_name(&self.table).index_name("open");
        let mut pages = request.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            rows.push(to_row(item.map_err(|e| failed("Scan", e))?, "Scan")?);
        }
        Ok(rows)
    }

    async fn bodies(&self, after: Option<Place>) -> Result<(Vec<Row>, Option<Place>), TableError> {
        let mut request = self.client.scan().table_name(&self.table).consistent_read(true);
        request = request.filter_expression("#kind = :payload OR attribute_exists(payload)");
        request = request
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_values(":payload", text("payload"));
        if let Some(Place { pk, sk }) = after {
            request = request.exclusive_start_key("pk", text(pk)).exclusive_start_key("sk", text(sk));
        }
        let answer = request.send().await.map_err(|e| failed("Scan", e))?;
        let rows =
            answer.items.unwrap_or_default().into_iter().map(|item| to_row(item, "Scan")).collect::<Result<_, _>>()?;
        let next = answer.last_evaluated_key.and_then(|mut key| {
            let mut part = |name| key.remove(name).and_then(|value| value.as_s().ok().cloned());
            Some(Place { pk: part("pk")?, sk: part("sk")? })
        });
        Ok((rows, next))
    }
}
