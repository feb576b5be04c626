//! Text from outside, made harmless for where it goes.
//!
//! Control characters would end a header or hide text. Directional marks and overrides can make `gpj.exe` read as `exe.jpg`;
//! no name needs them to be read, so they go as well. Joiners stay: emoji and several scripts are written with them.

/// One line: control characters and line breaks become a space, runs of white space become one, marks that hide or turn
/// text are dropped.
#[must_use]
pub fn one_line(text: &str) -> String {
    let seen = text.chars().filter(|c| !hides(*c)).map(|c| if breaks(c) { ' ' } else { c });
    let spaced: String = seen.collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Many lines: line feeds stay, every other control character and every mark that hides or turns text goes.
#[must_use]
pub fn many_lines(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    unix.chars().filter(|c| *c == '\n' || !(breaks(*c) || hides(*c))).collect()
}

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

fn breaks(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn hides(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_one_line() {
        assert_eq!(one_line("Ada\r\nBcc: eve@example.com\u{2028}x\u{0}y\t z "), "Ada Bcc: eve@example.com x y z");
        assert_eq!(one_line("\u{202e}gpj.exe\u{200f}\u{feff}"), "gpj.exe");
        assert_eq!(one_line("日本 👩\u{200d}🎨"), "日本 👩\u{200d}🎨");
    }

    #[test]
    fn many_lines_keep_their_ends_only() {
        assert_eq!(many_lines("a\r\nb\rc\u{0}\u{1b}[31m\n"), "a\nb\nc[31m\n");
    }

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
