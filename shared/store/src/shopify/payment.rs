//! Attempts to pay, from Shopify's transactions.

use domain::order::{AttemptOutcome, Card, Dispute, PaymentAttempt};
use domain::provider::Trouble;
use domain::subject::short_hash;

use super::order::broken;
use super::{number_of, wire};

/// Every attempt to take money, oldest first. Captures, refunds and voids are no attempts of the customer's.
pub(super) fn attempts(transactions: Vec<wire::Transaction>) -> Result<Vec<PaymentAttempt>, Trouble> {
    let tries = transactions
        .into_iter()
        .filter(|transaction| matches!(transaction.kind.as_str(), "SALE" | "AUTHORIZATION" | "EMV_AUTHORIZATION"));
    let mut attempts = tries.map(attempt).collect::<Result<Vec<_>, _>>()?;
    attempts.sort_by_key(|attempt| attempt.at);
    Ok(attempts)
}

fn attempt(transaction: wire::Transaction) -> Result<PaymentAttempt, Trouble> {
    Ok(PaymentAttempt {
        gateway: transaction.gateway.unwrap_or_else(|| "unknown".to_owned()),
        outcome: match transaction.status.as_str() {
            "SUCCESS" => AttemptOutcome::Succeeded,
            "FAILURE" | "ERROR" => AttemptOutcome::Failed,
            _ => AttemptOutcome::Pending,
        },
        manual: transaction.manual_payment_gateway,
        card: transaction.payment_details.and_then(card),
        error: transaction.error_code.map(|code| code.to_lowercase()),
        at: transaction.processed_at.unwrap_or(transaction.created_at).parse().map_err(broken)?,
    })
}

/// What Shopify shows of a card: company, the issuer's digits and the last four. Its hash tells cards apart well enough to count
/// them; the digits themselves go no further than here.
fn card(details: wire::PaymentDetails) -> Option<Card> {
    let brand = details.company.map(|company| company.trim().to_lowercase()).filter(|brand| !brand.is_empty());
    let digits = |text: Option<String>| text.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    let (issuer, last): (String, String) = (digits(details.bin), digits(details.number));
    let shown = !last.is_empty();
    let fingerprint = shown.then(|| short_hash(&[brand.as_deref().unwrap_or_default(), &issuer, &last], 16));
    (brand.is_some() || shown).then_some(Card { brand, fingerprint, country: None })
}

pub(super) fn dispute(dispute: wire::Dispute) -> Dispute {
    Dispute {
        id: number_of(&dispute.id),
        chargeback: dispute.initiated_as == "CHARGEBACK",
        open: dispute.status == "NEEDS_RESPONSE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(kind: &str, status: &str, at: &str, last: &str) -> wire::Transaction {
        serde_json::from_value(serde_json::json!({
            "kind": kind, "status": status, "gateway": "shopify_payments", "manualPaymentGateway": false,
            "errorCode": (status == "FAILURE").then_some("CARD_DECLINED"), "createdAt": at, "processedAt": null,
            "paymentDetails": { "company": "Visa", "bin": "400000", "number": format!("•••• •••• •••• {last}") },
        }))
        .unwrap()
    }

    #[test]
    fn attempts_come_oldest_first_and_a_refund_is_none() {
        let transactions = vec![
            transaction("SALE", "SUCCESS", "2026-11-22T02:13:00Z", "0002"),
            transaction("REFUND", "SUCCESS", "2026-11-22T02:14:00Z", "0002"),
            transaction("SALE", "FAILURE", "2026-11-22T02:12:00Z", "0001"),
            transaction("AUTHORIZATION", "PENDING", "2026-11-22T02:11:00Z", "0001"),
        ];
        let attempts = attempts(transactions).unwrap();
        let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome).collect();
        assert_eq!(outcomes, [AttemptOutcome::Pending, AttemptOutcome::Failed, AttemptOutcome::Succeeded]);
        assert_eq!(attempts[1].error.as_deref(), Some("card_declined"));
        let print = |n: usize| attempts[n].card.as_ref().unwrap().fingerprint.clone().unwrap();
        assert_eq!(print(0), print(1), "the same card");
        assert_ne!(print(1), print(2));
        assert!(!print(0).contains("0001"), "a hash, not the digits");
    }

    #[test]
    fn what_is_no_card_has_no_fingerprint() {
        let details = |value| serde_json::from_value::<wire::PaymentDetails>(value).unwrap();
        assert_eq!(card(details(serde_json::json!({}))), None);
        let brand_only = card(details(serde_json::json!({ "company": "Mastercard", "number": null }))).unwrap();
        assert_eq!((brand_only.brand.as_deref(), brand_only.fingerprint), (Some("mastercard"), None));
    }
}
