//! Text from outside, made harmless for where it is shown.
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

/// Text from outside as a mail or a page shows it: one line, nothing hidden in it, at most 200 characters.
#[must_use]
pub fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let line = one_line(text);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A first name that a greeting may use; `None` for what is none. Whoever signs up a stranger's address can write anything into the
/// name: a mail that carries an address or an advertisement to the stranger in its first line would be theirs, sent by the shop.
#[must_use]
pub fn first_name(text: &str) -> Option<String> {
    const LONGEST: usize = 40;
    let name = one_line(text);
    let odd = |c: char| {
        c.is_ascii_digit() || (c.is_ascii_punctuation() && !"-'.".contains(c)) || c == '\u{ff0e}' || c == '。'
    };
    // A full stop ends an initial; within a word it makes a domain, which mail programs turn into a link.
    let linked = name.split(' ').any(|word| word.trim_end_matches('.').contains('.'));
    let fits = !name.is_empty() && name.chars().count() <= LONGEST && name.split(' ').count() <= 4;
    (fits && !linked && !name.contains(odd) && name.contains(char::is_alphabetic)).then_some(name)
}

/// An address of the web that may become a link: http(s), without anything that could end it early.
#[must_use]
pub fn web_address(text: &str) -> Option<String> {
    const LONGEST: usize = 2_000;
    let text = text.trim();
    let web = text.starts_with("https://") || text.starts_with("http://");
    let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>\"'\\^`{|}".contains(c));
    (web && plain && text.len() <= LONGEST && one_line(text) == text).then(|| text.to_owned())
}

/// The bare address in `help@example.com` or `Example Prints <help@example.com>`, where it may stand in a `mailto:` link: one `@`,
/// and on both sides of it only letters, digits and marks that mean nothing there.
#[must_use]
pub fn mail_address(text: &str) -> Option<String> {
    const LONGEST: usize = 254;
    let text = text.trim();
    let bare =
        text.strip_suffix('>').and_then(|text| text.rsplit_once('<')).map_or(text, |(_, address)| address.trim());
    let (local, domain) = bare.split_once('@')?;
    let plain = |text: &str, marks: &[u8]| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || marks.contains(&b))
    };
    let good = plain(local, b"!$*+-/=^_~.") && plain(domain, b"-.") && domain.contains('.');
    (good && bare.len() <= LONGEST).then(|| bare.to_owned())
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
    fn a_link_ends_where_it_should() {
        assert_eq!(web_address(" https://example.com/t?n=1&x=2 ").as_deref(), Some("https://example.com/t?n=1&x=2"));
        for bad in ["javascript:alert(1)", "https://example.com/\"><b>", "https://example.com/a b", "file:///etc", ""] {
            assert_eq!(web_address(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_greeting_needs_a_name() {
        for name in ["Ada", "Jean-Luc", "J. R.", "D'Arcy", "Zoë", "さくら", "मीरा", "محمد"] {
            assert_eq!(first_name(name).as_deref(), Some(name));
        }
        assert_eq!(first_name(" Ada\r\nMaria ").as_deref(), Some("Ada Maria"));
        for none in [
            "",
            " ",
            "-",
            "Win 1000 now",
            "evil.example",
            "see www.evil.example",
            "https://evil.example",
            "a@b",
            "<b>Ada</b>",
            "{{ 7*7 }}",
            "{name}",
            "evil。example",
            "one two three four five",
            &"a".repeat(41),
        ] {
            assert_eq!(first_name(none), None, "{none}");
        }
    }

    #[test]
    fn an_address_is_a_plain_one_or_none() {
        assert_eq!(mail_address("Help <help@example.com>").as_deref(), Some("help@example.com"));
        assert_eq!(mail_address(" help+1@example.com ").as_deref(), Some("help+1@example.com"));
        for bad in
            ["+1 555 0100", "help@example", "a@b@example.com", "help?bcc=eve@example.com", "help@example.com?x", ""]
        {
            assert_eq!(mail_address(bad), None, "{bad}");
        }
    }
}
