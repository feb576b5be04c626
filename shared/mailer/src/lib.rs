//! Sending a mail: the port [`SendMail`], and SES v2 behind it.
//!
//! | module | job |
//! |---|---|
//! | [`address`] | addresses: checked before they are sent, names encoded as headers want them |
//! | [`words`] | text from outside, made harmless for a subject, a header or a plain text |
//! | [`ses`] | SES v2: one request, no retries of its own |
//! | [`trouble`] | SES's noes and silences, sorted by what must happen next |
//!
//! A mail has no idempotency key at SES: what was sent twice arrives twice. So whoever sends claims an effect first, and SES's
//! own send event, which carries the effect's hash as a tag, settles what stayed in doubt.

pub mod address;
pub mod ses;
pub mod trouble;
pub mod words;

pub use ses::Ses;

use domain::provider::Trouble;
use domain::subject::Subject;

/// One mail, ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// A bare address.
    pub to: String,
    /// An address, or `Name <address>`.
    pub from: String,
    /// An address, or `Name <address>`.
    pub reply_to: Option<String>,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    /// What it is about: becomes the tag [`TAG_SUBJECT`], so that a send event finds its effect.
    pub about: Subject,
    /// The effect's hash: becomes the tag [`TAG_EFFECT`] and the header [`HEADER_EFFECT`].
    pub effect: String,
}

/// The mail's tag that holds [`Subject::slug`].
pub const TAG_SUBJECT: &str = "baton-subject";
/// The mail's tag that holds the effect's hash.
pub const TAG_EFFECT: &str = "baton-effect";
/// The mail's header that holds the effect's hash.
pub const HEADER_EFFECT: &str = "X-Baton-Effect";

/// Sends mails.
pub trait SendMail: Send + Sync {
    /// Hands the mail over; the provider's message id. Sent means that this id exists.
    fn send(&self, letter: &Letter) -> impl Future<Output = Result<String, Trouble>> + Send;
}
