//! What SES refuses in a `SendEmail`, beyond its model: the rules its documentation states in prose. Violations are
//! sentences, none for a mail that SES would take.

use serde_json::Value;

/// Headers SES writes itself; the list of additional headers must not name them.
const OWN_HEADERS: [&str; 11] = [
    "bcc",
    "cc",
    "content-disposition",
    "content-type",
    "date",
    "from",
    "message-id",
    "mime-version",
    "reply-to",
    "subject",
    "to",
];
const MOST_RECIPIENTS: usize = 50;
const LONGEST_HEADER: usize = 996;
const LONGEST_TAG: usize = 256;
/// The three lists of a destination.
pub(crate) const RECIPIENTS: [&str; 3] = ["ToAddresses", "CcAddresses", "BccAddresses"];

/// Checks a body that may have any shape.
pub(crate) fn check(body: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let content = &body["Content"];
    let kinds: Vec<&str> = ["Simple", "Raw", "Template"].into_iter().filter(|kind| !content[*kind].is_null()).collect();
    if kinds.len() != 1 {
        problems.push(format!("Content must be one of Simple, Raw and Template, not {kinds:?}"));
    }
    match body["FromEmailAddress"].as_str() {
        Some(from) => address("FromEmailAddress", from, &mut problems),
        None if kinds != ["Raw"] => problems.push("FromEmailAddress is missing".to_owned()),
        None => {}
    }
    let mut recipients = 0;
    for list in RECIPIENTS {
        for to in strings(&body["Destination"][list]) {
            recipients += 1;
            address(list, to, &mut problems);
        }
    }
    if recipients == 0 && kinds != ["Raw"] {
        problems.push("Destination has no recipient".to_owned());
    }
    if recipients > MOST_RECIPIENTS {
        problems.push(format!("Destination has {recipients} recipients, more than {MOST_RECIPIENTS}"));
    }
    for reply_to in strings(&body["ReplyToAddresses"]) {
        address("ReplyToAddresses", reply_to, &mut problems);
    }
    if !content["Simple"].is_null() {
        simple(&content["Simple"], &mut problems);
    }
    headers(&content["Simple"]["Headers"], &mut problems);
    headers(&content["Template"]["Headers"], &mut problems);
    tags(&body["EmailTags"], &mut problems);
    problems
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn simple(message: &Value, problems: &mut Vec<String>) {
    if message["Body"]["Text"].is_null() && message["Body"]["Html"].is_null() {
        problems.push("Body must have Text, Html or both".to_owned());
    }
    if message["Subject"]["Data"].as_str().is_some_and(|subject| subject.contains(['\r', '\n'])) {
        problems.push("Subject must be one line".to_owned());
    }
    for (place, content) in
        [("Subject", &message["Subject"]), ("Text", &message["Body"]["Text"]), ("Html", &message["Body"]["Html"])]
    {
        // Without a charset SES takes the text for 7-bit ASCII and sends something else.
        let ascii = content["Data"].as_str().is_none_or(str::is_ascii);
        if !ascii && content["Charset"].as_str().is_none() {
            problems.push(format!("{place} is not ASCII and has no Charset"));
        }
    }
}

fn headers(headers: &Value, problems: &mut Vec<String>) {
    for header in headers.as_array().into_iter().flatten() {
        let (name, value) = (header["Name"].as_str().unwrap_or_default(), header["Value"].as_str().unwrap_or_default());
        if name.len() + value.len() > LONGEST_HEADER {
            problems.push(format!("header {name} is longer than {LONGEST_HEADER} characters"));
        }
        if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            problems.push(format!("header {name} cannot be set among Headers"));
        }
    }
}

fn tags(tags: &Value, problems: &mut Vec<String>) {
    let mut names = Vec::new();
    for tag in tags.as_array().into_iter().flatten() {
        for part in ["Name", "Value"] {
            let text = tag[part].as_str().unwrap_or_default();
            let fits = (1..=LONGEST_TAG).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
            if !fits {
                problems.push(format!(
                    "tag {} {text:?} must be 1 to {LONGEST_TAG} characters of A-Z, a-z, 0-9, _ and -",
                    part.to_lowercase()
                ));
            }
        }
        let name = tag["Name"].as_str().unwrap_or_default();
        if names.contains(&name) {
            problems.push(format!("tag {name:?} is given twice"));
        }
        names.push(name);
    }
}

/// `user@example.com` or `Name <user@example.com>`. Everything is 7-bit ASCII: a display name is encoded by RFC 2047, a
/// domain by punycode, and a local part beyond ASCII cannot be sent at all.
fn address(place: &str, address: &str, problems: &mut Vec<String>) {
    if !address.is_ascii() || address.bytes().any(|byte| byte.is_ascii_control()) {
        problems.push(format!("{place} must be printable 7-bit ASCII"));
        return;
    }
    let bare = bare(address);
    let fits = bare.rsplit_once('@').is_some_and(|(local, domain)| {
        let labels = domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        let plain = !local.contains('@')
            && !local.contains(|sign: char| sign.is_whitespace() || "<>(),;:\\\"[]".contains(sign));
        let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
        (1..=64).contains(&local.len()) && (plain || quoted) && labels && domain.contains('.')
    });
    if !fits {
        problems.push(format!("{place} is no e-mail address"));
    }
}

/// The address without a display name.
pub(crate) fn bare(address: &str) -> &str {
    match address.rsplit_once('<') {
        Some((_, rest)) => rest.trim().trim_end_matches('>'),
        None => address.trim(),
    }
}
