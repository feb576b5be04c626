//! What customers read on the pages: the book of words of the storefront (see the crate `words`), a file for each language.

use domain::parcel::Progress;
use serde::Deserialize;
use words::{Book, section};

pub use words::{DateWords, Dates, Day, Language, WordsError, day_of, fill};

/// The words of every language.
pub type Dictionary = words::Dictionary<Words>;

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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    pub date: DateWords,
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

#[cfg(test)]
mod tests;
