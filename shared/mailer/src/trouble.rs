//! SES's noes and silences, sorted by what must happen next.

use std::error::Error;
use std::io;

use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::get_account::GetAccountError;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use domain::exception::SendingStop;
use domain::provider::Trouble;
use jiff::SignedDuration;

use crate::address::Mailbox;
use crate::words::without_addresses;
use crate::{Letter, NotSent};

/// Sorts what came instead of a message id.
pub(crate) fn sorted(error: &SdkError<SendEmailError, HttpResponse>, letter: &Letter) -> NotSent {
    let message = error.message().unwrap_or_default();
    match trouble(error) {
        Trouble::Unavailable { why } if over_quota(message) => NotSent::Stopped { how: SendingStop::Quota, why },
        Trouble::Broken { why } => match error.code() {
            Some("SendingPausedException" | "AccountSuspendedException") => {
                NotSent::Stopped { how: SendingStop::Paused, why }
            }
            Some("MailFromDomainNotVerifiedException") => NotSent::Stopped { how: SendingStop::Sender, why },
            _ => Trouble::Broken { why }.into(),
        },
        Trouble::Refused { why } => match unverified(message, letter) {
            Some(Unverified::Sender) => NotSent::Stopped { how: SendingStop::Sender, why },
            Some(Unverified::Recipient) => NotSent::Sandboxed { why },
            None => Trouble::Refused { why }.into(),
        },
        other => other.into(),
    }
}

/// Sorts what came instead of the account's figures. Nothing was to be done, so that nothing is in doubt.
pub(crate) fn asking(error: &SdkError<GetAccountError, HttpResponse>) -> Trouble {
    trouble(error).nothing_sent()
}

/// Whose address SES does not know as verified.
enum Unverified {
    Sender,
    Recipient,
}

/// "Email address is not verified. The following identities failed the check in region EU-WEST-1: a@example.com": SES looks at the
/// recipient only while the account is in the sandbox (developer guide, "Request production access").
fn unverified(message: &str, letter: &Letter) -> Option<Unverified> {
    let (_, identities) = message.split_once("identities failed the check")?;
    let named = |address: &str| {
        let plain = |word: &str| word.trim_end_matches('.').to_lowercase();
        let mut words = identities.split([' ', ',', '<', '>']).map(plain);
        words.any(|word| word == address.to_lowercase())
    };
    let from = Mailbox::parse(&letter.from).map(|mailbox| mailbox.address).unwrap_or_default();
    let domain = from.rsplit_once('@').map_or("", |(_, domain)| domain);
    if named(&from) || named(domain) {
        Some(Unverified::Sender)
    } else {
        named(letter.to.trim()).then_some(Unverified::Recipient)
    }
}

/// The daily quota comes under several codes.
fn over_quota(message: &str) -> bool {
    let words = message.to_lowercase();
    words.contains("quota exceeded") || words.contains("quota has been exceeded")
}

fn trouble<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>) -> Trouble {
    match error {
        SdkError::ConstructionFailure(_) => {
            Trouble::Broken { why: format!("the request could not be built ({})", without_addresses(&root(error))) }
        }
        SdkError::TimeoutError(_) => Trouble::NoAnswer { why: "no answer in time".to_owned() },
        SdkError::DispatchFailure(failure) => not_dispatched(error, failure.is_timeout(), failure.is_user()),
        SdkError::ServiceError(answer) => {
            let raw = answer.raw();
            let retry_after = raw.headers().get("retry-after").and_then(|text| text.trim().parse().ok());
            said(
                raw.status().as_u16(),
                error.code().unwrap_or_default(),
                error.message().unwrap_or_default(),
                retry_after,
            )
        }
        _ => Trouble::NoAnswer { why: "its answer could not be read".to_owned() },
    }
}

/// The request did not get an answer. Nothing was done only if no connection came about.
fn not_dispatched(error: &(dyn Error + 'static), timeout: bool, user: bool) -> Trouble {
    if never_connected(error) {
        return Trouble::Unavailable { why: "no connection".to_owned() };
    }
    if chain(error).any(|cause| cause.to_string().to_lowercase().contains("credentials")) {
        return Trouble::Broken { why: "there are no credentials to sign the request with".to_owned() };
    }
    if user {
        return Trouble::Broken { why: "the request could not be built".to_owned() };
    }
    let why = if timeout { "no answer in time" } else { "the connection broke before an answer came" };
    Trouble::NoAnswer { why: why.to_owned() }
}

/// What SES answered: its code and words, or where those are missing, the status.
fn said(status: u16, code: &str, message: &str, retry_after: Option<i64>) -> Trouble {
    let words = message.to_lowercase();
    let why = match (without_addresses(message), code) {
        (message, "") if message.is_empty() => format!("it answers {status}"),
        (message, code) if message.is_empty() => format!("it answers {code}"),
        (message, _) => message.trim_end_matches('.').to_owned(),
    };
    // It passes by itself, but not soon.
    if over_quota(message) {
        return Trouble::Unavailable { why };
    }
    if words.contains("maximum sending rate exceeded") {
        return rate_limited(retry_after);
    }
    match code {
        "TooManyRequestsException" | "LimitExceededException" | "Throttling" | "ThrottlingException" => {
            rate_limited(retry_after)
        }
        "SendingPausedException"
        | "AccountSuspendedException"
        | "MailFromDomainNotVerifiedException"
        | "NotFoundException" => Trouble::Broken { why },
        "MessageRejected" | "BadRequestException" | "ValidationException" => Trouble::Refused { why },
        // AWS's own words for it: "the request has failed due to a temporary failure of the server".
        "ServiceUnavailable" | "ServiceUnavailableException" => Trouble::Unavailable { why },
        _ => match status {
            // A yes that cannot be read.
            200..=299 => Trouble::NoAnswer { why: "its answer could not be read".to_owned() },
            429 => rate_limited(retry_after),
            // An inner failure, or a gateway's: the mail may be on its way all the same.
            500.. => Trouble::NoAnswer { why },
            // Keys, permissions, a clock that is off, and whatever else a person has to look at.
            _ => Trouble::Broken { why },
        },
    }
}

fn rate_limited(retry_after: Option<i64>) -> Trouble {
    Trouble::RateLimited { retry_after: retry_after.map(SignedDuration::from_secs), a_second: None }
}

/// Whether the request cannot have left: the name was not found, or nobody took the connection.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
    chain(error).any(|cause| {
        let refused = cause.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(error.kind(), AddrNotAvailable | ConnectionRefused | HostUnreachable | NetworkUnreachable)
        });
        // The HTTP client's own type is not ours to name; a test holds on to its words.
        refused || cause.to_string() == "client error (Connect)"
    })
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}

fn root(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(trouble: &Trouble) -> &'static str {
        match trouble {
            Trouble::Unavailable { .. } => "unavailable",
            Trouble::RateLimited { .. } | Trouble::Slot { .. } => "rate-limited",
            Trouble::NoAnswer { .. } => "no-answer",
            Trouble::Refused { .. } => "refused",
            Trouble::Broken { .. } => "broken",
        }
    }

    #[test]
    fn every_answer_has_its_consequence() {
        for (status, code, message, consequence) in [
            (429, "TooManyRequestsException", "", "rate-limited"),
            (400, "LimitExceededException", "", "rate-limited"),
            (400, "ThrottlingException", "Rate exceeded", "rate-limited"),
            (400, "Throttling", "Maximum sending rate exceeded.", "rate-limited"),
            (400, "MessageRejected", "Maximum sending rate exceeded.", "rate-limited"),
            (400, "Throttling", "Daily message quota exceeded.", "unavailable"),
            (400, "LimitExceededException", "Daily message quota exceeded.", "unavailable"),
            (400, "SendingPausedException", "", "broken"),
            (400, "AccountSuspendedException", "", "broken"),
            (400, "MailFromDomainNotVerifiedException", "", "broken"),
            (404, "NotFoundException", "Configuration set <x> does not exist.", "broken"),
            (403, "AccessDeniedException", "not authorized to perform ses:SendEmail", "broken"),
            (403, "UnrecognizedClientException", "", "broken"),
            (403, "", "", "broken"),
            (400, "SomethingNewException", "", "broken"),
            (400, "MessageRejected", "Email address is not verified.", "refused"),
            (400, "BadRequestException", "Missing final '@domain'", "refused"),
            (503, "ServiceUnavailable", "", "unavailable"),
            (503, "", "", "no-answer"),
            (500, "InternalFailure", "", "no-answer"),
            (502, "", "", "no-answer"),
        ] {
            let trouble = said(status, code, message, None);
            assert_eq!(name(&trouble), consequence, "{status} {code} {message}");
        }
    }

    fn letter() -> Letter {
        Letter {
            to: "Ada@example.com".into(),
            from: "Example Prints <orders@shop.example.com>".into(),
            reply_to: None,
            subject: String::new(),
            text: String::new(),
            html: None,
            about: domain::subject::Subject::Store("example".into()),
            effect: String::new(),
            headers: Vec::new(),
            flow: None,
        }
    }

    /// As the client would bring it.
    fn answered(code: &str, message: &str) -> NotSent {
        let meta = aws_sdk_sesv2::error::ErrorMetadata::builder().code(code).message(message).build();
        let status = aws_sdk_sesv2::config::http::HttpResponse::new(400.try_into().unwrap(), "".into());
        sorted(&SdkError::service_error(SendEmailError::generic(meta), status), &letter())
    }

    #[test]
    fn what_stops_the_whole_account_is_told_from_what_stops_one_mail() {
        let check = |who: &str| {
            format!(
                "Email address is not verified. The following identities failed the check in region EU-WEST-1: {who}"
            )
        };
        for (code, message, expected) in [
            ("Throttling", "Daily message quota exceeded.".to_owned(), Some(SendingStop::Quota)),
            ("SendingPausedException", "Email sending is disabled.".to_owned(), Some(SendingStop::Paused)),
            ("AccountSuspendedException", String::new(), Some(SendingStop::Paused)),
            ("MailFromDomainNotVerifiedException", String::new(), Some(SendingStop::Sender)),
            ("MessageRejected", check("orders@shop.example.com"), Some(SendingStop::Sender)),
            ("MessageRejected", check("shop.example.com."), Some(SendingStop::Sender)),
            ("MessageRejected", check("ada@example.com, orders@shop.example.com"), Some(SendingStop::Sender)),
            ("MessageRejected", check("ada@example.com"), None),
        ] {
            match (answered(code, &message), expected) {
                (NotSent::Stopped { how, .. }, Some(expected)) => assert_eq!(how, expected, "{message}"),
                (NotSent::Sandboxed { why }, None) => assert!(!why.contains('@'), "{why}"),
                (other, _) => panic!("{code} {message}: {other:?}"),
            }
        }
        let other = answered("MessageRejected", &check("eve@example.com"));
        assert!(matches!(other, NotSent::Trouble(Trouble::Refused { .. })), "{other:?}");
    }

    #[test]
    fn the_reason_is_its_own_words_without_addresses() {
        let refused = said(400, "MessageRejected", "Email address is not verified: ada@example.com.", None);
        assert_eq!(refused, Trouble::Refused { why: "Email address is not verified: (address)".into() });
        assert_eq!(said(502, "", "", None), Trouble::NoAnswer { why: "it answers 502".into() });
        let soon = Some(jiff::SignedDuration::from_secs(7));
        assert_eq!(said(429, "", "", Some(7)), Trouble::RateLimited { retry_after: soon, a_second: None });
    }
}
