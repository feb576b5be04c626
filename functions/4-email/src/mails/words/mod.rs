//! What customers read in mails: the book of words of the email layer (see the crate `words`), a file for each language.

use brand::Tone;
use brand::text::one_line;
use domain::Timestamp;
use domain::money::Money;
use serde::Deserialize;
use words::{Book, DateWords, Dates, Dictionary, Language, WordsError, section};

use super::content::{Block, Content};

/// The words of every language in the shop's tone, and the shop's days.
#[derive(Debug, Clone)]
pub struct Wording {
    dictionary: Dictionary<Words>,
    dates: Dates,
}

/// The words of one mail's language.
#[derive(Debug, Clone, Copy)]
pub struct Speech<'a> {
    pub language: Language,
    pub words: &'a Words,
    dates: &'a Dates,
}

impl Wording {
    /// `language` and `zone` as `[store]` has them, `tone` as `[brand]`.
    pub fn new(language: &str, zone: &str, tone: Tone) -> Result<Self, WordsError> {
        let dictionary = match tone {
            Tone::Formal => Dictionary::new(language),
            Tone::Casual => Dictionary::with(language, casual),
        };
        Ok(Self { dictionary: dictionary?, dates: Dates::new(zone)? })
    }

    /// The words for somebody whose language has this tag; the shop's language where it has none that we speak. `None` cannot
    /// happen with a dictionary that was read, which has every language.
    #[must_use]
    pub fn speech(&self, tag: Option<&str>) -> Option<Speech<'_>> {
        let language = self.dictionary.language(tag, None);
        let words = self.dictionary.words(language)?;
        Some(Speech { language, words, dates: &self.dates })
    }
}

impl Speech<'_> {
    /// The day of a moment in the shop's zone: `November 22, 2026`.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> String {
        self.dates.day(self.words, at).words
    }

    /// An exact amount with its currency: `25.00 USD`, `25,00 EUR`.
    #[must_use]
    pub fn money(&self, money: Money) -> String {
        format!("{} {}", money.decimal().replace('.', &self.words.frame.decimal_mark), money.code())
    }

    /// A content in this language.
    pub(super) fn content(self, subject: String, preheader: &str, title: &str, blocks: Vec<Block>) -> Content {
        let (language, preheader, title) = (self.language.tag(), preheader.to_owned(), title.to_owned());
        Content { language, subject: one_line(&subject), preheader, title, blocks }
    }
}

/// What is said differently where the shop is on first-name terms.
fn casual(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("en.casual.toml"),
        Language::German => include_str!("de.casual.toml"),
    }
}

impl Book for Words {
    fn file(language: Language) -> &'static str {
        match language {
            Language::English => include_str!("en.toml"),
            Language::German => include_str!("de.toml"),
        }
    }
}

impl AsRef<DateWords> for Words {
    fn as_ref(&self) -> &DateWords {
        &self.date
    }
}

/// The words of one language, in the sections of its file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    date: DateWords,
    pub frame: FrameWords,
    pub confirmation: ConfirmationWords,
    pub in_production: InProductionWords,
    pub shipped: ShippedWords,
    pub out_for_delivery: OutForDeliveryWords,
    pub delivered: DeliveredWords,
    pub problem: ProblemWords,
    pub still: StillWords,
    pub way_out: WayOutWords,
    pub welcome_1: FlowWords,
    pub welcome_2: FlowWords,
    pub welcome_3: FlowWords,
    pub cart_1: FlowWords,
    pub cart_2: FlowWords,
    pub cart_3: FlowWords,
    pub review: FlowWords,
    pub second_order: FlowWords,
    pub win_back: FlowWords,
    pub confirm_subscription: FlowWords,
}

/// A mail of a flow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowWords {
    pub subject: String,
    pub preheader: String,
    pub title: String,
    /// A paragraph each.
    pub body: Vec<String>,
    pub button: String,
}

section! {
    /// Around every mail.
    FrameWords {
        greeting, greeting_nobody, next, item, price, total, count, pieces, more, each, picture, tracking_number, carrier, carrier_says,
        follow, answer, order_page, questions,
        decimal_mark,
    }
}
section! {
    /// The order confirmation.
    ConfirmationWords {
        subject, preheader, title, intro, bought, total_note, made_make, made_send, made_arrive, sent_prepare, sent_send, no_parcel,
        ship_to, wrong,
    }
}
section! {
    /// The partner makes it now.
    InProductionWords { subject, preheader, title, intro, next, late }
}
section! {
    /// A parcel is on its way.
    ShippedWords { subject, preheader, preheader_untracked, title, intro, parcel, untracked, piece, scan, arrival, several }
}
section! {
    /// The carrier brings it today.
    OutForDeliveryWords { subject, preheader, title, intro, nobody }
}
section! {
    /// It is at its door.
    DeliveredWords { subject, preheader, title, intro, missing_title, missing, wrong_title, wrong }
}
section! {
    /// Something keeps it from its door: a subject, a title and a paragraph for each.
    ProblemWords {
        preheader, attempt_failed_subject, attempt_failed_title, attempt_failed, ready_for_pickup_subject, ready_for_pickup_title,
        ready_for_pickup, held_at_customs_subject, held_at_customs_title, held_at_customs, problem_subject, problem_title, problem,
        lost_subject, lost_title, lost, returned_subject, returned_title, returned,
    }
}
section! {
    /// How things stand, after a silence.
    StillWords { subject, preheader, title, checked, prepared, made, on_its_way, wait }
}
section! {
    /// Under a flow's mail, and over its goods.
    WayOutWords { why, unsubscribe, preferences, goods_cart, goods_order }
}

#[cfg(test)]
mod tests;
