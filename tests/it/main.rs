//! Tests over more than one package: the sandbox itself, and the relay against it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests themselves do")]

mod crashes;
mod door;
mod door_load;
mod door_payloads;
mod door_stripe;
mod door_tampered;
mod house;
mod ledger_contract;
mod partner_contract;
mod partner_payloads;
mod project;
mod queries;
mod relay;
mod samples;
mod sandbox_aws;
mod sandbox_gelato;
mod sandbox_partners;
mod sandbox_printful;
mod sandbox_printify;
mod sandbox_schema;
mod sandbox_shopify;
mod sandbox_shopify_changes;
mod sandbox_shopify_hooks;
mod sandbox_shopify_made;
mod sandbox_shopify_money;
mod sandbox_shopify_payloads;
mod sandbox_spine;
mod sandbox_stripe;
mod sandbox_workshop;
mod stack;
mod store_contract;
mod storefront;
mod support;
mod troubles;
mod watch;
mod world;
