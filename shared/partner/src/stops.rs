//! What a partner's words say of why it stopped: each reason has its own fix.

use domain::event::PartnerStop;

/// The reason behind a hold or a failure, as far as its words tell; `how` where they do not. Partners write prose, no codes.
pub(crate) fn told(how: PartnerStop, words: Option<&str>) -> PartnerStop {
    /// In this order: "the card was declined for this address" is about the money.
    const REASONS: [(PartnerStop, &[&str]); 4] = [
        (PartnerStop::PaymentFailed, &["payment", "charge", "billing", "declined", "insufficient", "wallet", "unpaid"]),
        (PartnerStop::OutOfStock, &["stock", "discontinued", "unavailable"]),
        (PartnerStop::FileRejected, &["file", "artwork", "design", "image", "resolution", "dpi", "print area"]),
        (PartnerStop::AddressRejected, &["address", "recipient", "postal", "zip code", "postcode", "undeliverable"]),
    ];
    if !matches!(how, PartnerStop::OnHold | PartnerStop::Failed) {
        return how;
    }
    let words = words.unwrap_or_default().to_lowercase();
    let found = REASONS.iter().find(|(_, signs)| signs.iter().any(|sign| words.contains(sign)));
    found.map_or(how, |(reason, _)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_the_reason_or_leave_it() {
        for (words, reason) in [
            ("We could not charge your card", PartnerStop::PaymentFailed),
            ("The XL is out of stock", PartnerStop::OutOfStock),
            ("Print file resolution is too low", PartnerStop::FileRejected),
            ("Recipient's postal code does not exist", PartnerStop::AddressRejected),
            ("Please contact us", PartnerStop::OnHold),
            ("", PartnerStop::OnHold),
        ] {
            assert_eq!(told(PartnerStop::OnHold, Some(words)), reason, "{words}");
        }
        assert_eq!(told(PartnerStop::Cancelled, Some("out of stock")), PartnerStop::Cancelled);
    }
}
