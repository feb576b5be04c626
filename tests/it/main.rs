//! Tests over more than one package: the sandbox itself, and the relay against it.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as the tests themselves do"
)]

mod sandbox_aws;
mod sandbox_printful;
mod sandbox_schema;
mod sandbox_shopify;
mod sandbox_shopify_changes;
mod sandbox_shopify_payloads;
mod sandbox_spine;
mod crashes;
mod ledger_contract;
mod relay;
mod support;
mod troubles;
mod world;
mod project;
mod queries;
mod samples;
mod stack;
mod door;
mod door_payloads;
mod watch;
mod house;
