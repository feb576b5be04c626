//! The headless store's contract over DynamoDB: an order table with the key that the template gives the stack's.

use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use store::headless::table::Dynamo;

use super::{Stack, fresh_id, stack};
use crate::store_contract::{headless_holds, table_holds};

/// An empty order table of its own.
async fn table(stack: &Stack, name: &str) -> Dynamo {
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap();
    let attribute =
        AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S).build().unwrap();
    let create = stack.dynamo.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    create.key_schema(key).attribute_definitions(attribute).send().await.unwrap();
    Dynamo::new(stack.dynamo.clone(), name.to_owned())
}

#[tokio::test]
async fn the_order_table_on_dynamodb() {
    let Some(stack) = stack().await else { return };
    let name = format!("orders-{}", fresh_id(1));
    table_holds(&table(&stack, &name).await).await;
    stack.dynamo.delete_table().table_name(name).send().await.unwrap();
}

#[tokio::test]
async fn the_headless_store_on_dynamodb() {
    let Some(stack) = stack().await else { return };
    let name = format!("orders-{}", fresh_id(2));
    headless_holds(table(&stack, &name).await).await;
    stack.dynamo.delete_table().table_name(name).send().await.unwrap();
}
