//! Text from outside, made harmless for a subject, a header or a plain text.

pub use brand::text::{many_lines, one_line};

/// The text without mail addresses: what a provider says must not carry a customer's address into our table or the log.
#[must_use]
pub fn without_addresses(text: &str) -> String {
    let hidden = text.split(' ').map(|word| if word.contains('@') { "(address)" } else { word });
    one_line(&hidden.collect::<Vec<_>>().join(" "))
}

/// A header's value as RFC 2047 wants it: ASCII as it is, everything else as encoded words of at most 75 characters.
#[must_use]
pub fn encoded(text: &str) -> String {
    use base64::Engine as _;
    const BYTES_A_WORD: usize = 45;
    let text = one_line(text);
    // A text that looks encoded is encoded, so that it is read as it stands.
    if text.is_ascii() && !text.contains("=?") {
        return text;
    }
    let mut pieces: Vec<String> = vec![String::new()];
    for c in text.chars() {
        match pieces.last_mut() {
            Some(piece) if piece.len() + c.len_utf8() <= BYTES_A_WORD => piece.push(c),
            _ => pieces.push(c.to_string()),
        }
    }
    let word = |piece: &String| format!("=?UTF-8?B?{}?=", base64::engine::general_purpose::STANDARD.encode(piece));
    pieces.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_out_of_what_is_kept() {
        let said = "Email address is not verified: ada@example.com, <bob@example.com>";
        assert_eq!(without_addresses(said), "Email address is not verified: (address) (address)");
    }

    #[test]
    fn what_is_not_ascii_becomes_words_that_fit_a_header() {
        assert_eq!(encoded("Ada"), "Ada");
        assert_eq!(encoded("Äda"), "=?UTF-8?B?w4RkYQ==?=");
        let long = encoded(&"ä日".repeat(40));
        assert!(long.split(' ').count() > 1);
        assert!(long.split(' ').all(|word| word.len() <= 75 && word.is_ascii()), "{long}");
        assert_eq!(encoded("=?UTF-8?B?w4Q=?="), "=?UTF-8?B?PT9VVEYtOD9CP3c0UT0/PQ==?=");
    }
}
