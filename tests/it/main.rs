//! Tests over more than one package: the sandbox itself, and the relay against it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests themselves do")]

mod crashes;
mod door;
mod door_payloads;
mod house;
mod ledger_contract;
mod project;
mod queries;
mod relay;
mod samples;
mod sandbox_aws;
mod sandbox_printful;
mod sandbox_schema;
mod sandbox_shopify;
mod sandbox_shopify_changes;
mod sandbox_shopify_payloads;
mod sandbox_spine;
mod stack;
mod support;
mod troubles;
mod watch;
mod world;
