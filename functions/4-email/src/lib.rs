//! Layer 4: lifecycle mail. One mail per order or parcel, through SES, settled by SES's own word.
//!
//! | module | job |
//! |---|---|
//! | [`work`] | an event in, the mails that are due because of it out: claim, read the order, write, send, settle |
//! | [`post`] | one mail: claimed, handed to the mailer, settled |
//! | [`flows`] | the owner's flows: armed by a fact, decided again when a step is due, counted |
//! | [`klaviyo`] | the flows that the owner leaves to Klaviyo: it hears of what begins and ends them |
//! | [`timers`] | what reminds us of a step when its time has come |
//! | [`consent`] | a no reaches the store; who signed up is asked to confirm it |
//! | [`rates`] | how much of our mail comes back, before SES looks at it |
//! | [`rules`] | what becomes of a mail that may or may not have gone out: the written rule of each kind |
//! | [`notices`] | what SES says by itself: sent, bounced, complained; the witness that settles doubt |
//! | [`mails`] | what the customer reads |
//! | [`incoming`] | what invokes this function: its queue, SES's events, a timer |
//! | [`metrics`] | what became of our mail, in numbers |
//!
//! Which mails are due is decided in `domain::mails`, and of flows in `domain::flow`. What can become of one:
//!
//! | SES | the effect | and then |
//! |---|---|---|
//! | gives a message id | done | the next mail |
//! | limits the rate, or is out of reach | waiting | it comes back by itself |
//! | does not answer | unknown | it comes back after the settle window; SES's send event may settle it meanwhile |
//! | says no to this mail | refused | the owner hears of it; other mails go on |
//! | does not work with us at all | refused | the owner hears of it; a replay sends it |

mod consent;
pub mod flows;
pub mod incoming;
pub mod klaviyo;
pub mod mails;
pub mod metrics;
pub mod notices;
mod post;
pub mod rates;
pub mod rules;
pub mod timers;
pub mod work;

#[cfg(test)]
mod tests;

use domain::Timestamp;
use domain::contact::ContactId;
use domain::flow::Flows;
use domain::subject::OrderId;
use flows::Person;
use jiff::tz::TimeZone;
use lambda::config::Platform;
use lambda::{Station, StoreConfig};
use links::Recipient;
use mailer::address;
use store::{BoughtSince, ReadCheckout, ReadContact, ReadOrder, SetConsent};

pub use klaviyo::Klaviyo;
pub use mails::{Brand, Look, Wording};
pub use words::WordsError;

/// The email layer: where it works, the store it reads and the mailer it sends through.
#[derive(Debug)]
pub struct Email<'s, T, Q, C, S, M, W> {
    pub station: &'s Station<T, Q, C>,
    pub store: S,
    pub mailer: M,
    pub sender: Sender,
    pub flows: Flows,
    pub timers: W,
    /// Whom flows may be left to; `None`: nobody.
    pub klaviyo: Option<Klaviyo>,
}

/// What this layer asks of a store.
pub trait Shop: ReadOrder + ReadContact + ReadCheckout + BoughtSince + SetConsent {}

impl<S: ReadOrder + ReadContact + ReadCheckout + BoughtSince + SetConsent> Shop for S {}

/// Who the mails come from.
#[derive(Debug, Clone)]
pub struct Sender {
    /// `Example Prints <orders@example.com>`
    pub from: String,
    pub reply_to: Option<String>,
    pub brand: Brand,
    pub wording: Wording,
    /// Where the customer's order pages are; `None`: nowhere, and mails link to none.
    pub pages: Option<Pages>,
    /// The shop's own address: where a mail's button leads that has no better place.
    pub shop: String,
    /// The shop's zone: what time it is for a customer of whom we do not know better.
    pub zone: TimeZone,
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

    /// The ways out of marketing mail, as the mail of this effect carries them.
    pub(crate) fn ways_out(&self, person: &Person, effect: &str, now: Timestamp) -> WaysOut {
        let who = Recipient {
            contact: person.hash.clone(),
            customer: person.customer.clone(),
            mail: Some(effect.to_owned()),
        };
        WaysOut {
            unsubscribe: links::unsubscribe_link(&self.base, &self.key, &who, now),
            preferences: links::preferences_link(&self.base, &self.key, &who, now),
        }
    }

    /// The link by which somebody who signed up says yes.
    pub(crate) fn confirm(&self, contact: &str, customer: &ContactId, effect: &str, now: Timestamp) -> String {
        let who =
            Recipient { contact: contact.to_owned(), customer: Some(customer.clone()), mail: Some(effect.to_owned()) };
        links::confirm_link(&self.base, &self.key, &who, now)
    }
}

/// The links that every marketing mail carries.
pub(crate) struct WaysOut {
    pub unsubscribe: String,
    pub preferences: String,
}

impl WaysOut {
    /// One line each (RFC 8058): a mail program that posts to the first ends the mails without asking anybody.
    pub fn headers(&self) -> Vec<(String, String)> {
        links::one_click_headers(&self.unsubscribe).into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl Sender {
    /// As the owner configured it. A sender without a name gets the brand's; answers go to the support address where the owner
    /// names no other.
    pub fn new(config: &StoreConfig, pages: Option<Pages>) -> Result<Self, WordsError> {
        let brand = Brand::new(&config.brand);
        let from = config.mail.from.trim();
        let from = if from.ends_with('>') { from.to_owned() } else { format!("{} <{from}>", brand.name) };
        let support = || Some(config.brand.support.trim().to_owned()).filter(|text| address::check(text).is_ok());
        let reply_to = config.mail.reply_to.clone().filter(|text| !text.trim().is_empty()).or_else(support);
        let shop = match config.store.platform {
            Platform::Shopify => format!("https://{}", config.store.shop),
            Platform::Headless => config.checkout.origin.clone(),
        };
        let zone = TimeZone::get(&config.store.time_zone).unwrap_or(TimeZone::UTC);
        let wording = Wording::new(&config.store.language, &config.store.time_zone, brand.tone)?;
        Ok(Self { from, reply_to, brand, wording, pages, shop, zone })
    }

    /// What every mail shows beside what it is about; `page` is the address of the order's page, for the mails of an order.
    #[must_use]
    pub fn look<'a>(&'a self, page: Option<&'a str>) -> Look<'a> {
        Look { brand: &self.brand, wording: &self.wording, page }
    }
}
