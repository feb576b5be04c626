//! Layer 4: lifecycle mail. One mail per order or parcel, through SES, settled by SES's own word.
//!
//! | module | job |
//! |---|---|
//! | [`work`] | an event in, the mails that are due because of it out: claim, read the order, write, send, settle |
//! | [`rules`] | what becomes of a mail that may or may not have gone out: the written rule of each kind |
//! | [`notices`] | what SES says by itself: sent, bounced, complained; the witness that settles doubt |
//! | [`mails`] | what the customer reads |
//! | [`incoming`] | what invokes this function: its queue, or SES's events |
//!
//! Which mails are due is decided in `domain::mails`. What can become of one:
//!
//! | SES | the effect | and then |
//! |---|---|---|
//! | gives a message id | done | the next mail |
//! | limits the rate, or is out of reach | waiting | it comes back by itself |
//! | does not answer | unknown | it comes back after the settle window; SES's send event may settle it meanwhile |
//! | says no to this mail | refused | the owner hears of it; other mails go on |
//! | does not work with us at all | refused | the owner hears of it; a replay sends it |

pub mod incoming;
pub mod mails;
pub mod notices;
pub mod rules;
pub mod work;

#[cfg(test)]
mod tests;

use domain::Timestamp;
use domain::subject::OrderId;
use lambda::{Station, StoreConfig};
use mailer::address;

pub use mails::{Brand, Look};

/// The email layer: where it works, the store it reads and the mailer it sends through.
#[derive(Debug)]
pub struct Email<'s, T, Q, C, S, M> {
    pub station: &'s Station<T, Q, C>,
    pub store: S,
    pub mailer: M,
    pub sender: Sender,
}

/// Who the mails come from.
#[derive(Debug, Clone)]
pub struct Sender {
    /// `Example Prints <orders@example.com>`
    pub from: String,
    pub reply_to: Option<String>,
    pub brand: Brand,
    /// Where the customer's order pages are; `None`: nowhere, and mails link to none.
    pub pages: Option<Pages>,
}

/// The order pages: every mail links to its order's.
#[derive(Debug, Clone)]
pub struct Pages {
    /// The storefront's own address.
    pub base: String,
    pub key: links::Key,
}

impl Pages {
    fn link(&self, order: OrderId, now: Timestamp) -> String {
        links::order_link(&self.base, &self.key, order, now)
    }
}

impl Sender {
    /// As the owner configured it. A sender without a name gets the brand's; answers go to the support address where the owner
    /// names no other.
    #[must_use]
    pub fn new(config: &StoreConfig, pages: Option<Pages>) -> Self {
        let brand = Brand::new(&config.brand);
        let from = config.mail.from.trim();
        let from = if from.ends_with('>') { from.to_owned() } else { format!("{} <{from}>", brand.name) };
        let support = || Some(config.brand.support.trim().to_owned()).filter(|text| address::check(text).is_ok());
        let reply_to = config.mail.reply_to.clone().filter(|text| !text.trim().is_empty()).or_else(support);
        Self { from, reply_to, brand, pages }
    }

    /// What every mail shows beside what it is about; `page` is the address of the order's page, for the mails of an order.
    #[must_use]
    pub fn look<'a>(&'a self, page: Option<&'a str>) -> Look<'a> {
        Look { brand: &self.brand, page }
    }
}
