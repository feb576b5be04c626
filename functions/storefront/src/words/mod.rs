//! What customers read, by language: one file of words each, compiled in and read once at start-up.
//!
//! A language more is a file, a line in [`Language::ALL`] and its tag below. A file that lacks a word, or has one too many, stops the
//! function before it answers anybody, and the tests before that.

mod choice;
mod dates;

use std::collections::BTreeMap;

use domain::parcel::Progress;
use serde::Deserialize;

pub use dates::{Dates, Day, day_of};

/// A language the pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    English,
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// BCP 47, for the page's `lang` and in `store.toml`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::English => include_str!("en.toml"),
            Self::German => include_str!("de.toml"),
        }
    }
}

/// A file of words cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    #[error("the words of {language} are not complete")]
    File {
        language: &'static str,
        #[source]
        source: basic_toml::Error,
    },
    #[error("store.toml has store.language = {0:?}: the pages speak en and de")]
    Language(String),
    #[error("store.toml has store.time_zone = {0:?}: write an IANA name, as in Europe/Berlin")]
    Zone(String),
}

/// The words of every language.
#[derive(Debug)]
pub struct Dictionary {
    words: BTreeMap<Language, Words>,
    /// For whoever's language is not known.
    shop: Language,
}

impl Dictionary {
    /// Reads every file. `shop` is the tag of the shop's own language.
    pub fn new(shop: &str) -> Result<Self, WordsError> {
        let shop = choice::of_tag(shop).ok_or_else(|| WordsError::Language(shop.to_owned()))?;
        let words = Language::ALL.into_iter().map(|language| {
            let source = |source| WordsError::File { language: language.tag(), source };
            basic_toml::from_str(language.file()).map(|words| (language, words)).map_err(source)
        });
        Ok(Self { words: words.collect::<Result<_, _>>()?, shop })
    }

    /// The language of a reader: the order's own where it has one that we speak, else the first of the browser's that we speak, else
    /// the shop's.
    pub fn language(&self, order: Option<&str>, accept_language: Option<&str>) -> Language {
        let order = order.and_then(choice::of_tag);
        order.or_else(|| choice::of_header(accept_language.unwrap_or_default())).unwrap_or(self.shop)
    }

    /// Its words.
    pub fn words(&self, language: Language) -> Option<&Words> {
        self.words.get(&language)
    }
}

/// The words of one language, in the sections of its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    pub date: dates::DateWords,
    pub page: PageWords,
    pub headline: OrderWords,
    pub next: NextWords,
    pub step: StepWords,
    pub parcel: ParcelWords,
    pub status: ProgressWords,
    pub bought: BoughtWords,
    pub change: ChangeWords,
    pub help: HelpWords,
    pub notice: NoticeWords,
    pub consent: ConsentWords,
    pub consent_notice: NoticeWords,
}

/// A section of the file: every field is a word that must be there.
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($word:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(pub $word: String,)+
        }
    };
}

section! {
    /// The frame.
    PageWords { title, placed, paid, where_heading, when_heading, bought_heading, goes_to_heading, change_heading, wrong_heading, read_at }
}
section! {
    /// One sentence for each stage of an order.
    OrderWords {
        unpaid, payment_failed, checking, received, making, sending, partly_sent, label_created, untracked, in_transit, out_for_delivery,
        attempt_failed, ready_for_pickup, held_at_customs, problem, lost, delivered, returning, returned, some_trouble, several, cancelled, cancelled_late,
        refunded, nothing_to_ship,
    }
}
section! {
    /// The same for what comes next, and the carrier's promise.
    NextWords {
        unpaid, payment_failed, checking, received, making, sending, partly_sent, label_created, untracked, in_transit, out_for_delivery,
        attempt_failed, ready_for_pickup, held_at_customs, problem, lost, delivered, returning, returned, some_trouble, several, cancelled, cancelled_late,
        refunded, nothing_to_ship, promised, promise_passed,
    }
}
section! {
    /// The steps on the way.
    StepWords { label, received, making, shipping, delivered, done, current, upcoming }
}
section! {
    /// Around one parcel.
    ParcelWords { heading_one, heading_many, since, carrier, number, numbers, no_number, follow, expected, overdue }
}
section! {
    /// Where one parcel stands.
    ProgressWords {
        unknown, label_created, untracked, in_transit, out_for_delivery, attempt_failed, ready_for_pickup, held_at_customs, problem, lost,
        delivered, returning, returned,
    }
}
section! {
    /// Lines and sums.
    BoughtWords {
        caption, item, price, taken_out, gift_card, goods, discounts, shipping, tax, tax_included, tips,
        duties_and_fees, total, refunded, refund_note, cancelled_unrefunded,
    }
}
section! {
    /// Whether it can still be changed.
    ChangeWords { window, before, checking, making, sent, over, nothing_to_ship }
}
section! {
    /// How the shop is reached.
    HelpWords { wrong, contact, contact_other, subject }
}
section! {
    /// The pages about marketing mail.
    ConsentWords {
        sign_up_title, sign_up, address_label, trap_label, sign_up_button, no_address, sent_title, sent, subscribed_title, subscribed,
        confirm_title, confirm, confirm_button, unsubscribe_title, unsubscribe, unsubscribe_button, unsubscribed_title, unsubscribed,
        preferences_title, preferences, wishes_legend, wish_news, wish_reminders, wish_reviews, wishes_none, save_button, saved_title,
        saved, nothing_title, nothing, unclear_title, unclear, too_many_title, too_many,
    }
}
section! {
    /// Instead of the page.
    NoticeWords { not_found_title, not_found, gone_title, gone, later_title, later, method_title, method }
}

impl ProgressWords {
    /// The words for a parcel that stands there.
    #[must_use]
    pub fn of(&self, progress: Progress) -> &str {
        match progress {
            Progress::Unknown => &self.unknown,
            Progress::LabelCreated => &self.label_created,
            Progress::InTransit => &self.in_transit,
            Progress::OutForDelivery => &self.out_for_delivery,
            Progress::AttemptFailed => &self.attempt_failed,
            Progress::ReadyForPickup => &self.ready_for_pickup,
            Progress::HeldAtCustoms => &self.held_at_customs,
            Progress::Problem => &self.problem,
            Progress::Lost => &self.lost,
            Progress::Delivered => &self.delivered,
            Progress::Returning => &self.returning,
            Progress::Returned => &self.returned,
        }
    }
}

/// The words with `{name}` filled in. What is filled in is not looked at again.
#[must_use]
pub fn fill(words: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            text.push('{');
            rest = after;
            continue;
        };
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => text.push_str(value),
            None => text.extend(["{", name, "}"]),
        }
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests;
