//! The written rule for a mail in doubt.
//!
//! SES can neither be asked whether it sent a mail nor told to refuse a second one. What it does is publish a send event for
//! every mail it takes; that event names the effect and settles the doubt ([`crate::notices`]). Only if the settle window ends
//! without one does the rule apply:
//!
//! | mail | rule | because |
//! |---|---|---|
//! | confirmation | at least once | a customer who paid and hears nothing asks, or disputes the payment |
//! | shipped | at least once | without it nobody watches for the parcel |
//! | delivered | at least once | it says what to do if the parcel is not there |
//! | problem | at least once | without it nobody fetches the parcel, or answers customs |
//! | confirm-subscription | at least once | without it nobody who asked for the store's news can say yes |
//! | a flow's mail | at most once | nobody waits for an advertisement, and twice it is a nuisance |
//! | in production, out for delivery, still | at most once | a word for calm, and twice it does the opposite |
//!
//! Sending again is counted: in the effect's note (`sent_again`) and in the log (`mail.sent_again`). After
//! [`most_sends`] mails without any word from SES the owner decides.

use domain::effect::MailKind;

/// The name of the count in an effect's note.
pub const SENT_AGAIN: &str = "sent_again";

/// How many mails of this kind may go out while each of them is in doubt.
#[must_use]
pub fn most_sends(kind: &MailKind) -> u32 {
    match kind {
        MailKind::Confirmation | MailKind::Shipped(_) | MailKind::Delivered(_) | MailKind::Problem(..) => 3,
        MailKind::Confirm(_) => 2,
        MailKind::InProduction | MailKind::OutForDelivery(_) | MailKind::Still(_) | MailKind::Flow { .. } => 1,
    }
}

/// A word for calm: nobody misses it, so that what keeps it from going out is in the log and wakes no one.
#[must_use]
pub fn is_calm(kind: &MailKind) -> bool {
    most_sends(kind) == 1
}
