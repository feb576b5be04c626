//! Consent to marketing mail: to sign up, to confirm, to choose, to unsubscribe. Reading a page changes nothing, so that a mail
//! program that follows links does no harm; every change is a POST, and none needs a sign-in.
//!
//! | route | does |
//! |---|---|
//! | `GET`, `POST subscribe` | somebody signs up for the store's news |
//! | `GET`, `POST subscribe/<token>` | they confirm it (double opt-in) |
//! | `GET`, `POST unsubscribe/<token>` | they want none any more: by our page's button, or by their mail program (RFC 8058) |
//! | `GET`, `POST preferences/<token>` | they choose which kinds they want |
//!
//! | file | job |
//! |---|---|
//! | `subscribe`, `unsubscribe`, `preferences` | the three pages |
//! | `brake` | how often one network may sign somebody up |
//! | `fields` | what a form or a mail program sends |
//! | `page` | HTML |
//!
//! An unsubscription is an event and holds once that is durable; the email layer tells the store under the ledger, so that a
//! store that is down does not lose it. A sign-up is told to the store first: it alone may keep the address.

mod brake;
mod fields;
mod page;
mod preferences;
mod subscribe;
mod unsubscribe;

use std::fmt;

use brand::Brand;
use domain::Timestamp;
use domain::event::{Event, Fact};
use domain::handoff::{Deadlines, owes};
use domain::subject::Subject;
use lambda::{Clock, StoreConfig};
use ledger::{Ledger, LedgerError, Table};
use links::{LinkError, Purpose, Recipient, linked_recipient};
use store::{AddContact, ReadContact, SetConsent};

use crate::frame::{Frame, Notice, contact};
use crate::http::{Reply, Request};
use crate::words::{Dictionary, Language, Words, WordsError};
use page::{Form, Said};

/// Who says it, in events.
const SOURCE: &str = "storefront";
/// The largest form, in bytes: a mail program sends some hundred, a browser hardly more.
const LARGEST_BODY: usize = 8 << 10;

/// What these pages need of the store: people and their consent.
pub trait People: ReadContact + SetConsent + AddContact {}

impl<S: ReadContact + SetConsent + AddContact> People for S {}

/// The pages about consent of one shop.
pub struct Consents<T, S, C> {
    ledger: Ledger<T>,
    store: S,
    clock: C,
    key: links::Key,
    dictionary: Dictionary,
    frame: Frame,
    deadlines: Deadlines,
    /// What concerns no single contact.
    shop: Subject,
    double_opt_in: bool,
}

impl<T, S, C> fmt::Debug for Consents<T, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consents").field("shop", &self.shop).finish_non_exhaustive()
    }
}

/// Whether a path is one of these pages.
#[must_use]
pub fn is_page(path: &str) -> bool {
    matches!(path.split('/').next(), Some("subscribe" | "unsubscribe" | "preferences"))
}

/// What a page needs to answer: who reads it, in which language.
#[derive(Clone, Copy)]
struct Reader<'a> {
    language: Language,
    words: &'a Words,
}

impl<T: Table, S: People, C: Clock> Consents<T, S, C> {
    /// The pages of the shop in `config`. An error names the key of `store.toml` that is wrong.
    pub fn new(
        config: &StoreConfig,
        ledger: Ledger<T>,
        store: S,
        clock: C,
        key: links::Key,
    ) -> Result<Self, WordsError> {
        let brand = Brand::new(&config.brand);
        let contact = contact(&brand, config.mail.reply_to.as_deref());
        Ok(Self {
            ledger,
            store,
            clock,
            key,
            dictionary: Dictionary::new(&config.store.language)?,
            frame: Frame::new(brand, contact),
            deadlines: config.deadlines.clone(),
            shop: config.subject(),
            double_opt_in: config.mail.double_opt_in,
        })
    }

    /// Answers a request for which [`is_page`] is true: 200 with the page; 400 for a form that is none of ours; 404 for a link
    /// that is none of ours, 410 for one that is over; 405, 413; 422 for what is no mail address; 429 from a network that signs up
    /// too many; 503 while the store or our table does not answer.
    pub async fn answer(&self, request: &Request) -> Reply {
        let language = self.dictionary.language(None, request.header("accept-language"));
        let Some(words) = self.dictionary.words(language) else { return Reply { status: 500, ..Reply::default() } };
        let reader = Reader { language, words };
        let mut reply = self.page(request, reader).await;
        if request.method == "HEAD" {
            reply.body.clear();
        }
        reply
    }

    async fn page(&self, request: &Request, reader: Reader<'_>) -> Reply {
        if !matches!(request.method.as_str(), "GET" | "HEAD" | "POST") {
            let mut reply = self.notice(reader, Notice::Method);
            reply.headers.push(("allow", "GET, HEAD, POST".to_owned()));
            return reply;
        }
        if request.body.len() > LARGEST_BODY {
            return self.say(413, reader, Said::Unclear);
        }
        let posted = request.method == "POST";
        let path = request.path.trim_end_matches('/');
        let (name, token) = path.split_once('/').map_or((path, None), |(name, token)| (name, Some(token)));
        let answered = match (name, token) {
            ("subscribe", None) if posted => self.sign_up(request, reader).await,
            ("subscribe", None) => Ok(self.form(200, reader, Said::SignUp, Form::address(&reader.words.consent, None))),
            ("subscribe", Some(token)) => match self.linked(Purpose::Confirm, token) {
                Ok(who) => self.confirm(&who, posted, reader).await,
                Err(notice) => Ok(self.notice(reader, notice)),
            },
            ("unsubscribe", Some(token)) => match self.linked(Purpose::Unsubscribe, token) {
                Ok(who) => self.unsubscribe(&who, request, reader).await,
                Err(notice) => Ok(self.notice(reader, notice)),
            },
            ("preferences", Some(token)) => match self.linked(Purpose::Preferences, token) {
                Ok(who) => self.preferences(&who, request, reader).await,
                Err(notice) => Ok(self.notice(reader, notice)),
            },
            _ => Ok(self.notice(reader, Notice::NotFound)),
        };
        answered.unwrap_or_else(|error| {
            let error = lambda::batch::chain(&error);
            tracing::error!(error, page = name, "our table does not answer a page about consent");
            self.notice(reader, Notice::Later)
        })
    }

    fn linked(&self, purpose: Purpose, token: &str) -> Result<Recipient, Notice> {
        linked_recipient(&self.key, purpose, token, self.clock.now()).map_err(|error| match error {
            LinkError::Expired => Notice::Gone,
            LinkError::Forged => Notice::NotFound,
        })
    }

    fn notice(&self, reader: Reader<'_>, notice: Notice) -> Reply {
        self.frame.notice(reader.language, &reader.words.consent_notice, notice)
    }

    fn say(&self, status: u16, reader: Reader<'_>, said: Said) -> Reply {
        self.frame.consent(status, reader.language, &reader.words.consent, said, None)
    }

    fn form(&self, status: u16, reader: Reader<'_>, said: Said, form: Form<'_>) -> Reply {
        self.frame.consent(status, reader.language, &reader.words.consent, said, Some(form))
    }

    /// Whole seconds: what every store keeps of a moment.
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// What is known of a contact.
    async fn events(&self, contact: &str) -> Result<Vec<Event>, LedgerError> {
        Ok(self.ledger.journey(&Subject::Contact(contact.to_owned())).await?.events)
    }

    /// Appends a fact about a contact, said at `at`; the same again is one.
    async fn append(&self, contact: &str, fact: Fact, at: Timestamp) -> Result<(), LedgerError> {
        let subject = Subject::Contact(contact.to_owned());
        let owes = owes(&fact, self.clock.now(), &self.deadlines);
        let event = Event { subject, fact, source: SOURCE.to_owned(), time: at, order_name: None };
        let appended = self.ledger.append(&event, &owes, None).await?;
        tracing::info!(subject = %event.subject, event = %event.fact.id(), appended = ?appended, "consent");
        Ok(())
    }
}
