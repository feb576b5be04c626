//! Addresses, checked before a mail goes out: what SES would refuse, or a header would misread, is refused here with a
//! sentence a shop owner understands. The sentences never repeat the address.

use std::fmt;

use crate::words::{encoded, one_line};

/// Why it is no address that mail can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAnAddress {
    Empty,
    /// White space, a line break or a control character.
    Space,
    /// Not exactly one `@`, or nothing on one side of it.
    At,
    /// A sign before the `@` that mail systems cannot be given, letters beyond ASCII among them.
    Local,
    /// What stands after the `@` is no domain in ASCII.
    Domain,
    TooLong,
}

impl fmt::Display for NotAnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the mail address is empty",
            Self::Space => "the mail address contains a space or a control character",
            Self::At => "the mail address does not have exactly one @ with something on both sides",
            Self::Local => "the mail address has a sign before the @ that mail cannot be sent to",
            Self::Domain => "what stands after the @ in the mail address is not a domain",
            Self::TooLong => "the mail address is too long",
        })
    }
}

impl std::error::Error for NotAnAddress {}

/// Checks a bare address, e.g. `ada@example.com`.
pub fn check(address: &str) -> Result<(), NotAnAddress> {
    const LONGEST_LOCAL: usize = 64;
    const LONGEST: usize = 254;
    if address.is_empty() {
        return Err(NotAnAddress::Empty);
    }
    if address.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(NotAnAddress::Space);
    }
    let (local, domain) = address.split_once('@').ok_or(NotAnAddress::At)?;
    if local.is_empty() || domain.is_empty() || domain.contains('@') {
        return Err(NotAnAddress::At);
    }
    if !local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b)) {
        return Err(NotAnAddress::Local);
    }
    let label = |label: &str| {
        let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    if !domain.contains('.') || !domain.split('.').all(label) {
        return Err(NotAnAddress::Domain);
    }
    if local.len() > LONGEST_LOCAL || address.len() > LONGEST {
        return Err(NotAnAddress::TooLong);
    }
    Ok(())
}

/// An address with or without a name before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: String,
}

impl Mailbox {
    /// Reads `ada@example.com`, `Ada <ada@example.com>` or `"Lovelace, Ada" <ada@example.com>`.
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, address)) => (Some(name), address.trim()),
            None => (None, text),
        };
        check(address)?;
        let unquoted = |name: &str| {
            let name = name.trim();
            let inner = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
            one_line(inner.unwrap_or(name)).replace('\\', "")
        };
        let name = name.map(unquoted).filter(|name| !name.is_empty());
        Ok(Self { name, address: address.to_owned() })
    }
}

/// As a header has it: 7-bit ASCII, a name with special signs quoted, one beyond ASCII encoded.
impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = &self.name else { return f.write_str(&self.address) };
        let encoded = encoded(name);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b' ' || b == b'-' || b == b'_';
        if encoded == *name && !name.bytes().all(plain) {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            return write!(f, "\"{quoted}\" <{}>", self.address);
        }
        write!(f, "{encoded} <{}>", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_can_be_sent_to() {
        for address in ["ada@example.com", "a.b+c_d'e@sub.example.co", "x@xn--mnchen-3ya.example", "0@e.example"] {
            assert_eq!(check(address), Ok(()), "{address}");
        }
    }

    #[test]
    fn and_the_others_with_the_reason() {
        for (address, why) in [
            ("", NotAnAddress::Empty),
            ("ada lovelace@example.com", NotAnAddress::Space),
            ("ada@example.com\r\nBcc: eve@example.com", NotAnAddress::Space),
            ("ada@example.com\u{0}", NotAnAddress::Space),
            ("ada\u{a0}@example.com", NotAnAddress::Space),
            ("ada", NotAnAddress::At),
            ("@example.com", NotAnAddress::At),
            ("ada@", NotAnAddress::At),
            ("ada@eve@example.com", NotAnAddress::At),
            ("äda@example.com", NotAnAddress::Local),
            ("<ada>@example.com", NotAnAddress::Local),
            ("ada,eve@example.com", NotAnAddress::Local),
            ("ada@münchen.example", NotAnAddress::Domain),
            ("ada@localhost", NotAnAddress::Domain),
            ("ada@example..com", NotAnAddress::Domain),
            ("ada@-example.com", NotAnAddress::Domain),
            ("ada@[192.0.2.1]", NotAnAddress::Domain),
        ] {
            assert_eq!(check(address), Err(why), "{address:?}");
        }
        assert_eq!(check(&format!("{}@example.com", "a".repeat(65))), Err(NotAnAddress::TooLong));
    }

    #[test]
    fn names_are_quoted_or_encoded() {
        let header = |text: &str| Mailbox::parse(text).unwrap().to_string();
        assert_eq!(header("orders@example.com"), "orders@example.com");
        assert_eq!(header("Example Prints <orders@example.com>"), "Example Prints <orders@example.com>");
        assert_eq!(header("Prints, Inc. <orders@example.com>"), "\"Prints, Inc.\" <orders@example.com>");
        assert_eq!(header("\"Prints, Inc.\" <orders@example.com>"), "\"Prints, Inc.\" <orders@example.com>");
        assert_eq!(header("Käse <orders@example.com>"), "=?UTF-8?B?S8Okc2U=?= <orders@example.com>");
        assert_eq!(header("A\r\nBcc: x <orders@example.com>"), "\"A Bcc: x\" <orders@example.com>");
        assert_eq!(Mailbox::parse("Ada <ada>"), Err(NotAnAddress::At));
    }
}
