//! Stripe's request bodies and queries: `line_items[0][quantity]=2`, percent-encoded.

use std::fmt::Write as _;

/// Names and values in the order they were put in: the same calls give the same bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Adds one value.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a value that may be absent.
    #[must_use]
    pub(crate) fn with_some(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// As it is sent.
    pub(crate) fn encoded(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            if !text.is_empty() {
                text.push('&');
            }
            encode(name, &mut text);
            text.push('=');
            encode(value, &mut text);
        }
        text
    }
}

/// Everything but the unreserved characters of RFC 3986 is escaped.
fn encode(plain: &str, text: &mut String) {
    for byte in plain.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => write!(text, "%{byte:02X}").unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_ampersands_and_umlauts_are_escaped() {
        let form = Form::default().with("a[0][b]", "1 & 2").with("name", "Müller").with_some("none", None::<&str>);
        assert_eq!(form.encoded(), "a%5B0%5D%5Bb%5D=1%20%26%202&name=M%C3%BCller");
        assert_eq!(Form::default().encoded(), "");
    }
}
