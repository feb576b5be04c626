//! Sending a mail: the port [`SendMail`], and SES v2 behind it.
//!
//! | module | job |
//! |---|---|
//! | [`address`] | addresses: checked before they are sent, names encoded as headers want them |
//! | [`words`] | text from outside, made harmless for a subject, a header or a plain text |
//! | [`account`] | how much SES takes from the account |
//! | [`ses`] | SES v2: one request, no retries of its own |
//! | [`trouble`] | SES's noes and silences, sorted by what must happen next |
//!
//! A mail has no idempotency key at SES: what was sent twice arrives twice. So whoever sends claims an effect first, and SES's
//! own send event, which carries the effect's hash as a tag, settles what stayed in doubt.

pub mod account;
pub mod address;
pub mod ses;
pub mod trouble;
pub mod words;

pub use account::{Account, ReadAccount};
pub use ses::Ses;

use domain::exception::SendingStop;
use domain::provider::Trouble;
use domain::subject::{OrderId, Subject};

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
    /// Further headers, a line each. Mails about an order have none.
    pub headers: Vec<(String, String)>,
    /// The flow it belongs to: becomes the tag [`TAG_FLOW`], and its opens and clicks may be counted. `None`: about an order.
    pub flow: Option<String>,
}

/// The mail's tag that holds [`Subject::slug`].
pub const TAG_SUBJECT: &str = "baton-subject";
/// The mail's tag that holds the effect's hash.
pub const TAG_EFFECT: &str = "baton-effect";
/// The mail's tag that holds the flow's name.
pub const TAG_FLOW: &str = "baton-flow";
/// The mail's header that holds the effect's hash.
pub const HEADER_EFFECT: &str = "X-Baton-Effect";

/// How a tag names a subject: [`Subject::slug`], and a checkout by its own token, since a hash would not lead back to it. SES
/// takes letters, digits, `_` and `-`, up to 256 of them; a token of another alphabet is hashed, and its mails have no witness.
#[must_use]
pub fn tag_of(subject: &Subject) -> String {
    let fits =
        |token: &str| token.len() <= 200 && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    match subject {
        Subject::Checkout(token) if fits(token) => format!("{TAG_CHECKOUT}{token}"),
        other => other.slug(),
    }
}

/// The subject that a tag names; `store` is the one of what concerns no order.
#[must_use]
pub fn subject_of(tag: &str, store: &Subject) -> Option<Subject> {
    if let Some(id) = OrderId::parse(tag) {
        return Some(Subject::Order(id));
    }
    if tag == store.slug() {
        return Some(store.clone());
    }
    if let Some(token) = tag.strip_prefix(TAG_CHECKOUT) {
        return Some(Subject::Checkout(token.to_owned()));
    }
    Some(Subject::Contact(tag.strip_prefix("contact-")?.to_owned()))
}

/// What a tag with a checkout's own token begins with.
const TAG_CHECKOUT: &str = "checkout_";

/// Sends mails.
pub trait SendMail: Send + Sync {
    /// Hands the mail over; the provider's message id. Sent means that this id exists.
    fn send(&self, letter: &Letter) -> impl Future<Output = Result<String, NotSent>> + Send;
}

/// No message id came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSent {
    /// Nothing of this account goes out for now, whatever the mail.
    Stopped {
        how: SendingStop,
        why: String,
    },
    /// The account is in SES's sandbox, and the recipient is not verified there.
    Sandboxed {
        why: String,
    },
    Trouble(Trouble),
}

impl From<Trouble> for NotSent {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<NotSent> for Trouble {
    /// For those who send to one address only and do not sort what keeps it from going out.
    fn from(not_sent: NotSent) -> Self {
        match not_sent {
            // The quota passes by itself.
            NotSent::Stopped { how: SendingStop::Quota, why } => Self::Unavailable { why },
            NotSent::Stopped { why, .. } => Self::Broken { why },
            NotSent::Sandboxed { why } => Self::Refused { why },
            NotSent::Trouble(trouble) => trouble,
        }
    }
}
