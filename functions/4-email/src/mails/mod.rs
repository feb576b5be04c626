//! The mails: what a customer reads, in text and HTML, with the owner's brand.
//!
//! Words and looks are in `templates/`, one folder per mail (`subject.txt`, `body.txt`, `body.html`) on one base; what a
//! template may say is a view ([`views`]), made from the order as the store has it. To change a mail, edit its templates and
//! look at the snapshots. To add one: a kind in `domain::effect::MailKind`, a folder of templates, a view, and a line in
//! [`write`].
//!
//! A view holds only text that [`views::shown`] has cleaned; HTML templates escape what they print. No mail carries
//! marketing: these are about an order, and go to people who never asked for more.

mod brand;
mod views;

use askama::Template;
use domain::effect::MailKind;
use domain::event::Event;
use domain::order::Order;

pub use brand::{Brand, Support};
pub use views::{Confirmation, Delivered, LineView, Next, Shipped, TrackingView};

/// A mail, written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The three templates of one mail over one view.
macro_rules! written {
    ($view:ty, $mail:expr, $brand:expr, $subject:literal, $text:literal, $html:literal) => {{
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
            mail: &'a $view,
        }
        #[derive(Template)]
        #[template(path = $html)]
        struct Html<'a> {
            brand: &'a Brand,
            mail: &'a $view,
        }
        let (brand, mail) = ($brand, &$mail);
        Ok(Written {
            subject: SubjectLine { brand, mail }.render()?,
            text: Text { brand, mail }.render()?,
            html: Html { brand, mail }.render()?,
        })
    }};
}

/// Writes the mail of this kind. `events` are the order's, for the parcels' tracking.
#[rustfmt::skip]
pub fn write(kind: &MailKind, order: &Order, events: &[Event], brand: &Brand) -> Result<Written, askama::Error> {
    match kind {
        MailKind::Confirmation => written!(
            Confirmation, Confirmation::of(order), brand,
            "confirmation/subject.txt", "confirmation/body.txt", "confirmation/body.html"
        ),
        MailKind::Shipped(parcel) => written!(
            Shipped, Shipped::of(order, events, parcel), brand,
            "shipped/subject.txt", "shipped/body.txt", "shipped/body.html"
        ),
        MailKind::Delivered(parcel) => written!(
            Delivered, Delivered::of(order, events, parcel), brand,
            "delivered/subject.txt", "delivered/body.txt", "delivered/body.html"
        ),
    }
}
