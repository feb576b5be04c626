//! The owner's pages: a held order and the decision about it, what is open, and the answer to a test alert.
//!
//! The way in is the link of an alert: signed, for one thing, over after a while. Looking changes nothing, so that a
//! mail program that follows links decides nothing; deciding is a form of its own, and refusing wants a second mark. What is
//! decided becomes the event `order.decided`; capture does it.
//!
//! | file | job |
//! |---|---|
//! | [`decision`] | where the hold stands, and writing the decision down |
//! | [`open`] | what is open, and that the owner has seen it; the answer to a test alert |
//! | [`page`] | what the owner reads |
//! | [`http`] | to and from a function URL |

pub mod decision;
pub mod http;
pub mod open;
pub mod page;

#[cfg(test)]
mod tests;

use std::fmt;

use domain::handoff::Deadlines;
use domain::subject::Subject;
use lambda::Clock;
use lambda::batch::chain;
use ledger::{Ledger, Table};
use links::{LinkError, Purpose};
use store::ReadOrder;

use crate::decision::Wish;
use crate::http::{Reply, Request};

/// A form of ours is some fifty bytes.
const LARGEST_FORM: usize = 4_096;

/// The page of one store.
pub struct Console<T, S, C> {
    pub ledger: Ledger<T>,
    pub store: S,
    pub clock: C,
    pub key: links::Key,
    pub deadlines: Deadlines,
    /// The store's name as customers read it.
    pub shop: String,
    /// Under which the ledger keeps what concerns the store as a whole.
    pub subject: Subject,
}

impl<T, S, C> fmt::Debug for Console<T, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("shop", &self.shop).finish_non_exhaustive()
    }
}

impl<T: Table, S: ReadOrder, C: Clock> Console<T, S, C> {
    /// Answers one request: 200 with the page, 400 for a form that says nothing, 403 and 410 for a link that is not or no longer
    /// good, 404, 405, 413, or 503 when our table does not answer.
    pub async fn answer(&self, request: &Request) -> Reply {
        let post = match request.method.as_str() {
            "GET" => false,
            "POST" => true,
            _ => return page::notice(405, "This page can be read and answered, nothing else.", ""),
        };
        if request.body.len() > LARGEST_FORM {
            return page::notice(413, "That is more than the form has.", "Open the link in the alert again.");
        }
        let (page, token) = request.path.split_once('/').unwrap_or((&request.path, ""));
        let answered = match page {
            "decisions" => return self.decide(token, post, &request.body).await,
            "exceptions" => self.exception(token, post).await,
            "open" => self.open(token, post.then_some(&request.body)).await,
            "tests" => self.test(token, post).await,
            _ => return page::notice(404, "There is nothing here.", "Open the link in the alert again."),
        };
        answered.unwrap_or_else(|error| {
            let error = chain(&error);
            tracing::error!(page, error, "a page failed");
            let next = "Nothing was changed. Wait a minute and open the link again.";
            page::notice(503, "This page cannot be shown just now.", next)
        })
    }

    async fn decide(&self, token: &str, post: bool, form: &[u8]) -> Reply {
        let about = match self.key.open(token, Purpose::Decision, self.clock.now()) {
            Ok(about) => about,
            Err(LinkError::Expired) => {
                let next = "If the order is still held, `make exceptions` names it, and `make replay EXCEPTION=<id>` sends you a \
                            new link. Cancelling it in the store, or lifting the hold there, decides it too.";
                return page::notice(410, "This link is too old.", next);
            }
            Err(LinkError::Forged) => {
                return page::notice(403, "This link is not one of ours.", "Open the link in the alert itself.");
            }
        };
        let Some((order, round)) = decision::about(&about) else {
            return page::notice(403, "This link is not one of ours.", "Open the link in the alert itself.");
        };
        let wish = if post { Wish::of(form) } else { Wish::Look };
        match self.hold(order, round, wish).await {
            Ok(reply) => reply,
            Err(error) => {
                let error = chain(&error);
                tracing::error!(order = %order, error, "the decision page failed");
                let next = "Nothing was decided. Wait a minute and open the link again.";
                page::notice(503, "This page cannot be shown just now.", next)
            }
        }
    }
}
