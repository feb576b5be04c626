//! The ledger's contract over DynamoDB: a table of its own with the keys and indexes that the template gave the stack's.

use ledger::{Dynamo, Ledger};

use super::{fresh_id, stack};
use crate::ledger_contract::holds;

#[tokio::test]
async fn the_contract_holds_on_dynamodb() {
    let Some(stack) = stack().await else { return };
    let deployed = stack.dynamo.describe_table().table_name(stack.fact("table")).send().await.unwrap().table.unwrap();
    let indexes = deployed.global_secondary_indexes().iter().map(|index| {
        aws_sdk_dynamodb::types::GlobalSecondaryIndex::builder()
            .set_index_name(index.index_name.clone())
            .set_key_schema(index.key_schema.clone())
            .set_projection(index.projection.clone())
            .build()
            .unwrap()
    });
    let name = format!("contract-{}", fresh_id(0));
    stack
        .dynamo
        .create_table()
        .table_name(&name)
        .billing_mode(aws_sdk_dynamodb::types::BillingMode::PayPerRequest)
        .set_attribute_definitions(deployed.attribute_definitions.clone())
        .set_key_schema(deployed.key_schema.clone())
        .set_global_secondary_indexes(Some(indexes.collect()))
        .send()
        .await
        .unwrap();
    holds(&Ledger::new(Dynamo::new(stack.dynamo.clone(), name.clone())), 1).await;
    stack.dynamo.delete_table().table_name(name).send().await.unwrap();
}
