//! What customers touch, on a function URL of its own. It may call the store and its payment provider; it never sees a card.
//!
//! | route | does |
//! |---|---|
//! | `POST checkout` | begins a checkout of the headless store |
//! | `GET orders/<token>` | shows the order of the link that a mail brought |
//! | `subscribe`, `unsubscribe/<token>`, `preferences/<token>` | consent to marketing mail: [`consent`] |

mod checkout;
pub mod consent;
mod form;
mod frame;
pub mod http;
pub mod order;
mod page;
pub mod words;

use lambda::Clock;
use lambda::config::CheckoutSection;
use ledger::Table;
use store::ReadOrder;
use store::headless::Headless;
use store::headless::table::OrderTable;

pub use consent::Consents;
pub use http::{Reply, Request};
pub use order::Pages;
use page::Reader;

/// The shop's checkout is not set up so that customers can pay.
#[derive(Debug, thiserror::Error)]
#[error("store.toml does not say all that a checkout needs: {}", .0.join("; "))]
pub struct Unready(pub Vec<String>);

/// The pages of one shop.
#[derive(Debug)]
pub struct Storefront<T> {
    /// `None`: the shop sells elsewhere, and has no checkout here.
    headless: Option<Headless<T>>,
}

impl<T: OrderTable> Storefront<T> {
    /// The pages of a shop, with its checkout where the store is the headless one. An error names every key of `[checkout]` that
    /// is missing.
    pub fn new(headless: Option<Headless<T>>) -> Result<Self, Unready> {
        let problems = headless.as_ref().map(|store| store.section().problems()).unwrap_or_default();
        if problems.is_empty() { Ok(Self { headless }) } else { Err(Unready(problems)) }
    }

    /// Answers one request.
    pub async fn answer(&self, request: &Request) -> Reply {
        let reader = Reader::of(request);
        match (request.path.trim_end_matches('/'), &self.headless) {
            ("checkout", Some(store)) => {
                let reply = match request.method.as_str() {
                    "POST" if foreign(request, store.section()) => {
                        let words = "This page may not begin a checkout here. Go to the shop's own site.";
                        reader.refusal(403, "origin", words)
                    }
                    "POST" => checkout::begin(store, request).await,
                    "OPTIONS" => Reply { status: 204, ..Reply::default() },
                    _ => {
                        let words = "A checkout is begun from the cart. Go back to the shop and try again.";
                        let mut reply = reader.refusal(405, "method", words);
                        reply.headers.push(("allow", "POST, OPTIONS".to_owned()));
                        reply
                    }
                };
                shared(reply, request, store.section())
            }
            _ => reader.refusal(404, "not-found", "There is no such page. Go back to the shop."),
        }
    }
}

/// Answers one request, by its route.
pub async fn answer<O, T, S, C>(
    front: &Storefront<O>,
    pages: &Pages<T, S, C>,
    consents: &Consents<T, S, C>,
    request: &Request,
) -> Reply
where
    O: OrderTable,
    T: Table,
    S: ReadOrder + consent::People,
    C: Clock,
{
    if request.path.starts_with(order::PATH) {
        pages.answer(request).await
    } else if consent::is_page(&request.path) {
        consents.answer(request).await
    } else {
        front.answer(request).await
    }
}

/// A browser says which site's page sends; another program does not have to.
fn foreign(request: &Request, checkout: &CheckoutSection) -> bool {
    request.header("origin").is_some_and(|origin| origin != checkout.origin.trim_end_matches('/'))
}

/// Lets the shop's own site, and no other, read the answer (CORS).
fn shared(mut reply: Reply, request: &Request, checkout: &CheckoutSection) -> Reply {
    reply.headers.push(("vary", "Origin, Accept".to_owned()));
    if request.header("origin").is_some() && !foreign(request, checkout) {
        let origin = checkout.origin.trim_end_matches('/').to_owned();
        reply.headers.push(("access-control-allow-origin", origin));
        if request.method == "OPTIONS" {
            reply.headers.push(("access-control-allow-methods", "POST".to_owned()));
            reply.headers.push(("access-control-allow-headers", "content-type".to_owned()));
            reply.headers.push(("access-control-max-age", "86400".to_owned()));
        }
    }
    reply
}
