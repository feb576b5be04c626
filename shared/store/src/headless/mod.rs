//! The headless store: our own order table, with Stripe for the money. It *is* the store platform of a shop without one, behind
//! the same ports as Shopify.
//!
//! | module | job |
//! |---|---|
//! | [`table`] | where orders lie: DynamoDB, or memory |
//! | [`row`], [`status`] | an order there, and how what Stripe says enters it: forward only |
//! | [`cart`], [`checkout`] | a cart becomes an order row and a checkout session |
//! | `resolve` | what Stripe told us becomes what is true |
//! | [`person`], `contacts` | people, their consent, their carts, and whether they bought |
//! | `writes` | holds, parcels, refusals |
//! | `changed`, `health`, `subscriptions`, `trial` | the sweep, payment health, the webhook endpoint, the test order |
//! | `observe`, `translate`, `stripe` | Stripe's objects → one look → a row → the order every layer reads |

pub mod cart;
mod changed;
pub mod checkout;
mod contacts;
mod dynamo;
mod health;
mod observe;
pub mod person;
mod resolve;
pub mod row;
pub mod status;
mod stripe;
mod subscriptions;
pub mod table;
mod translate;
mod trial;
mod writes;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use domain::Timestamp;
use domain::order::Order;
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::config::{CheckoutSection, StripeSection};
use lambda::secrets::SecretsError;
use lambda::{Clock, Secrets};

use crate::{ListVariants, Page, ReadOrder, StoreVariant};
use row::OrderRow;
use table::OrderTable;

pub use stripe::{SECRET_KEY, VERSION};
pub use subscriptions::TOPICS;

/// A row that others change at the same time is tried so often.
const TRIES: usize = 8;

/// The headless store over some table.
#[derive(Clone)]
pub struct Headless<T> {
    table: T,
    stripe: stripe::Stripe,
    checkout: CheckoutSection,
    /// The store's short name: tells our payments from those of another shop on the same Stripe account.
    shop: String,
    clock: Arc<dyn Clock>,
}

impl<T> fmt::Debug for Headless<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headless({})", self.shop)
    }
}

/// What the store is made of beside its table.
#[derive(Clone)]
pub struct Parts<'a> {
    pub shop: &'a str,
    pub stripe: &'a StripeSection,
    pub checkout: &'a CheckoutSection,
    pub secrets: &'a Secrets,
    pub http: reqwest::Client,
    pub clock: Arc<dyn Clock>,
}

impl<T: OrderTable> Headless<T> {
    /// The store of `parts`, with its orders in `table`.
    pub fn new(table: T, parts: Parts<'_>) -> Result<Self, SecretsError> {
        let key = parts.secrets.get(SECRET_KEY)?;
        Ok(Self {
            table,
            stripe: stripe::Stripe::new(&parts.stripe.base_url, key, parts.http),
            checkout: parts.checkout.clone(),
            shop: parts.shop.to_owned(),
            clock: parts.clock,
        })
    }

    /// The table below, for tests that look at what was stored.
    pub fn table(&self) -> &T {
        &self.table
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Changes an order under its revision; whoever decided on an older one decides again. A change that changes nothing writes
    /// nothing. `None`: there is no such order.
    async fn update<R: Send>(
        &self,
        number: u64,
        change: impl Fn(&mut OrderRow) -> Result<R, Trouble> + Send + Sync,
    ) -> Result<Option<(OrderRow, R)>, Trouble> {
        for _ in 0..TRIES {
            let Some(before) = self.table.get(number).await? else { return Ok(None) };
            let mut row = before.clone();
            let result = change(&mut row)?;
            if row == before {
                return Ok(Some((row, result)));
            }
            row.rev = before.rev + 1;
            row.updated = self.now().max(before.updated);
            if self.table.replace(&row, before.rev).await? {
                return Ok(Some((row, result)));
            }
        }
        Err(Trouble::Unavailable { why: format!("order #{number} changes too often just now") })
    }
}

impl<T: OrderTable> ReadOrder for Headless<T> {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, Trouble> {
        self.table.get(id.0).await?.map(|row| translate::order(&row)).transpose()
    }
}

impl<T: OrderTable> ListVariants for Headless<T> {
    /// Our own catalog, on one page; the SKU is the number.
    async fn variants(&self, _after: Option<&str>) -> Result<Page<StoreVariant>, Trouble> {
        let products = self.checkout.products.iter().map(|product| StoreVariant {
            id: product.sku.clone(),
            title: match &product.variant_title {
                Some(variant) => format!("{}, {variant}", product.title),
                None => product.title.clone(),
            },
            sku: Some(product.sku.clone()),
            requires_shipping: product.requires_shipping,
            service: None,
        });
        Ok(Page { items: products.collect(), next: None })
    }
}
