//! The mails: what a customer reads, in text and HTML, in the customer's language and with the owner's brand.
//!
//! | module | job |
//! |---|---|
//! | [`order`], [`parcels`] | what the mails about an order say |
//! | [`marketing`] | what the mails of the owner's flows say |
//! | [`content`] | what a mail says, block by block |
//! | [`words`] | the words, a file for each language |
//! | [`html`], [`text`] | the two parts of a mail, both made from its content |
//!
//! The layout is MJML in `templates/`, compiled by `build.rs`. To change a sentence, edit the files of words; to change how all mails
//! look, the layout; `make mails` shows every one. To add a mail: its words, a function that puts them in order, a line in [`write`]
//! or in [`marketing::NAMES`].
//!
//! No mail that is written here, beside those in [`marketing`], carries marketing: these are about an order, and go to people who
//! never asked for more.

mod content;
mod html;
pub mod marketing;
mod order;
mod parcels;
mod text;
mod words;

use domain::effect::MailKind;
use domain::event::Event;
use domain::order::Order;

pub use self::words::Wording;
pub use brand::{Brand, Support};

use self::content::{Block, Foot, Link};
use self::parcels::About;

/// A mail, written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub subject: String,
    pub text: String,
    pub html: String,
    /// What a list of mails shows beside the subject. Stands in the HTML part, hidden.
    pub preheader: String,
    /// BCP 47.
    pub language: &'static str,
}

/// What every mail shows beside what it is about.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    pub brand: &'a Brand,
    pub wording: &'a Wording,
    /// The address of the customer's order page.
    pub page: Option<&'a str>,
}

/// Why a mail was not written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    #[error("there is no mail {0:?}; flows.toml can name: {names}", names = marketing::NAMES.join(", "))]
    Name(String),
    #[error("the link for {0} is no address of the web")]
    Link(&'static str),
    #[error("there are no words for it")]
    Words,
    #[error(transparent)]
    Render(#[from] askama::Error),
}

/// Writes the mail of this kind, in the order's language. `events` are the order's, for the parcels' tracking.
pub fn write(kind: &MailKind, order: &Order, events: &[Event], look: Look<'_>) -> Result<Written, Unwritten> {
    let speech = look.wording.speech(order.locale.as_deref()).ok_or(Unwritten::Words)?;
    let brand = look.brand;
    let about = |parcel| About { order, events, parcel, speech, brand };
    let mut content = match kind {
        MailKind::Confirmation => order::confirmation(order, speech, brand),
        MailKind::InProduction => order::in_production(order, speech, brand),
        MailKind::Shipped(parcel) => parcels::shipped(about(parcel)),
        MailKind::OutForDelivery(parcel) => parcels::out_for_delivery(about(parcel)),
        MailKind::Delivered(parcel) => parcels::delivered(about(parcel)),
        MailKind::Problem(progress, parcel) => parcels::problem(about(parcel), *progress),
        MailKind::Still(_) => order::still(order, events, speech, brand),
        // What goes only to people who asked for it is written by `marketing::write`, from other things than an order.
        MailKind::Flow { .. } | MailKind::Confirm(_) => return Err(Unwritten::Words),
    };
    let page = look.page.map(|page| Block::Link(Link::new(&speech.words.frame.order_page, page)));
    content.blocks.extend(page);
    let foot = Foot { questions: speech.words.frame.questions.clone() };
    Ok(Written {
        text: text::of(&content, brand, &foot, None),
        html: html::transactional(&content, brand, &foot)?,
        subject: content.subject,
        preheader: content.preheader,
        language: content.language,
    })
}
