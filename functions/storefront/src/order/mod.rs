//! `GET orders/<token>`: the page of one order, behind the link that every mail has.
//!
//! The order is read from the store when the page is opened, what happened to it from the ledger, and nothing is kept. Reading changes
//! nothing, so that a mail program that follows links does no harm.
//!
//! | file | job |
//! |---|---|
//! | `stage` | where the whole order stands |
//! | `parcels` | each parcel |
//! | `bought` | lines and sums |
//! | `view` | what the page says, in one language |
//! | `page` | HTML |

mod bought;
mod page;
mod parcels;
mod stage;
#[cfg(test)]
mod tests;
mod view;

use std::fmt;

use domain::subject::{OrderId, Subject};
use lambda::{Clock, StoreConfig};
use ledger::{Ledger, Table};
use links::{LinkError, linked_order};
use store::ReadOrder;

use crate::frame::{Frame, Notice};
use crate::http::{Reply, Request};
use crate::words::{Dates, Dictionary, WordsError};
use brand::Brand;
use jiff::SignedDuration;
use view::{OrderView, Shop};

/// Where the pages lie, below the storefront's own address.
pub const PATH: &str = "orders/";

/// The order pages of one shop.
pub struct Pages<T, S, C> {
    ledger: Ledger<T>,
    store: S,
    clock: C,
    key: links::Key,
    dictionary: Dictionary,
    frame: Frame,
    shop: Shop,
}

impl<T, S, C> fmt::Debug for Pages<T, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("shop", &self.shop.brand.name).finish_non_exhaustive()
    }
}

impl<T: Table, S: ReadOrder, C: Clock> Pages<T, S, C> {
    /// The pages of the shop in `config`. An error names the key of `store.toml` that is wrong.
    pub fn new(
        config: &StoreConfig,
        ledger: Ledger<T>,
        store: S,
        clock: C,
        key: links::Key,
    ) -> Result<Self, WordsError> {
        let brand = Brand::new(&config.brand);
        let window = SignedDuration::from_secs(config.routing.window.max(0));
        let dates = Dates::new(&config.store.time_zone)?;
        let shop = Shop::new(brand.clone(), config.mail.reply_to.as_deref(), dates, window);
        let dictionary = Dictionary::new(&config.store.language)?;
        Ok(Self { ledger, store, clock, key, dictionary, frame: Frame::new(brand, shop.contact.clone()), shop })
    }

    /// Answers a request below [`PATH`]: 200 with the page; 404 for a link that is none of ours or of an order that nobody knows;
    /// 405; 410 for one that is over; 503 while the store or our table does not answer.
    pub async fn answer(&self, request: &Request) -> Reply {
        let mut reply = self.page(request).await;
        if request.method == "HEAD" {
            reply.body.clear();
        }
        reply
    }

    async fn page(&self, request: &Request) -> Reply {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return self.notice(request, Notice::Method);
        }
        let token = request.path.strip_prefix(PATH).unwrap_or_default();
        match linked_order(&self.key, token, self.clock.now()) {
            Ok(order) => self.order(request, order).await,
            Err(LinkError::Expired) => self.notice(request, Notice::Gone),
            Err(LinkError::Forged) => self.notice(request, Notice::NotFound),
        }
    }

    async fn order(&self, request: &Request, id: OrderId) -> Reply {
        let order = match self.store.order(id).await {
            Ok(Some(order)) => order,
            Ok(None) => {
                tracing::warn!(order = %id, "the store does not know the order of a page");
                return self.notice(request, Notice::NotFound);
            }
            Err(trouble) => {
                tracing::warn!(order = %id, why = %trouble, "the store does not show the order of a page");
                return self.notice(request, Notice::Later);
            }
        };
        let events = match self.ledger.journey(&Subject::Order(id)).await {
            Ok(journey) => journey.events,
            Err(error) => {
                let error = lambda::batch::chain(&error);
                tracing::error!(order = %id, error, "the events of a page cannot be read");
                return self.notice(request, Notice::Later);
            }
        };
        let language = self.dictionary.language(order.locale.as_deref(), request.header("accept-language"));
        let Some(words) = self.dictionary.words(language) else { return Reply { status: 500, ..Reply::default() } };
        let view = OrderView::of(&order, &events, &self.shop, words, self.clock.now());
        self.frame.order(language, words, &view)
    }

    fn notice(&self, request: &Request, notice: Notice) -> Reply {
        let language = self.dictionary.language(None, request.header("accept-language"));
        let Some(words) = self.dictionary.words(language) else { return Reply { status: 500, ..Reply::default() } };
        let mut reply = self.frame.notice(language, &words.notice, notice);
        if notice == Notice::Method {
            reply.headers.push(("allow", "GET, HEAD".to_owned()));
        }
        reply
    }
}
