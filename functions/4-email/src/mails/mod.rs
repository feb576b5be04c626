//! The mails: what a customer reads, in text and HTML, with the owner's brand.
//!
//! Words and looks are in `templates/`, one folder per mail (`subject.txt`, `body.txt`, `body.html`) on one base; what a
//! template may say is a view ([`views`]), made from the order as the store has it. To change a mail, edit its templates and
//! look at the snapshots. To add one: a kind in `domain::effect::MailKind`, a folder of templates, a view, and a line in
//! [`write`].
//!
//! A view holds only text that [`brand::text::shown`] has cleaned; HTML templates escape what they print. No mail carries
//! marketing: these are about an order, and go to people who never asked for more.

pub mod marketing;
mod parcels;
mod views;

use askama::Template;
use domain::effect::MailKind;
use domain::event::Event;
use domain::order::Order;

pub use brand::{Brand, Support};
pub use parcels::{Delivered, OutForDelivery, Problem, Shipped, Step, Still, TrackingView, Trouble};
pub use views::{Confirmation, InProduction, LineView, Next};

/// A mail, written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The three templates of one mail over one view.
macro_rules! written {
    ($view:ty, $mail:expr, $look:expr, $subject:literal, $text:literal, $html:literal) => {{
        #[derive(Template)]
        #[template(path = $subject)]
        struct SubjectLine<'a> {
            brand: &'a Brand,
            mail: &'a $view,
        }
        #[derive(Template)]
        #[template(path = $text)]
        struct Text<'a> {
            brand: &'a Brand,
            page: Option<&'a str>,
            mail: &'a $view,
        }
        #[derive(Template)]
        #[template(path = $html)]
        struct Html<'a> {
            brand: &'a Brand,
            page: Option<&'a str>,
            mail: &'a $view,
        }
        let (Look { brand, page }, mail) = ($look, &$mail);
        Ok(Written {
            subject: SubjectLine { brand, mail }.render()?,
            text: Text { brand, page, mail }.render()?,
            html: Html { brand, page, mail }.render()?,
        })
    }};
}

/// What every mail shows beside what it is about.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    pub brand: &'a Brand,
    /// The address of the customer's order page.
    pub page: Option<&'a str>,
}

/// Writes the mail of this kind. `events` are the order's, for the parcels' tracking.
#[rustfmt::skip]
pub fn write(kind: &MailKind, order: &Order, events: &[Event], look: Look<'_>) -> Result<Written, askama::Error> {
    match kind {
        MailKind::Confirmation => written!(
            Confirmation, Confirmation::of(order), look,
            "confirmation/subject.txt", "confirmation/body.txt", "confirmation/body.html"
        ),
        MailKind::InProduction => written!(
            InProduction, InProduction::of(order), look,
            "in-production/subject.txt", "in-production/body.txt", "in-production/body.html"
        ),
        MailKind::Shipped(parcel) => written!(
            Shipped, Shipped::of(order, events, parcel), look,
            "shipped/subject.txt", "shipped/body.txt", "shipped/body.html"
        ),
        MailKind::OutForDelivery(parcel) => written!(
            OutForDelivery, OutForDelivery::of(order, events, parcel), look,
            "out-for-delivery/subject.txt", "out-for-delivery/body.txt", "out-for-delivery/body.html"
        ),
        MailKind::Delivered(parcel) => written!(
            Delivered, Delivered::of(order, events, parcel), look,
            "delivered/subject.txt", "delivered/body.txt", "delivered/body.html"
        ),
        MailKind::Problem(progress, parcel) => written!(
            Problem, Problem::of(order, events, *progress, parcel), look,
            "problem/subject.txt", "problem/body.txt", "problem/body.html"
        ),
        MailKind::Still(_) => written!(
            Still, Still::of(order, events), look,
            "still/subject.txt", "still/body.txt", "still/body.html"
        ),
        // What goes only to people who asked for it is written by `marketing::write`, from other things than an order.
        MailKind::Flow { .. } | MailKind::Confirm(_) => Err(askama::Error::custom("no mail about an order")),
    }
}
