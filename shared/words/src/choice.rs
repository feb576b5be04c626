//! Which of our languages somebody reads.

use crate::Language;

/// The language of a BCP 47 tag such as `de-AT` or `en_GB`; `None`: we do not speak it.
#[must_use]
pub fn of_tag(tag: &str) -> Option<Language> {
    let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
    Language::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
}

/// The language wanted most of those in an `Accept-Language` header (RFC 9110, 12.5.4) that we speak. Of equal wishes the first.
#[must_use]
pub fn of_header(header: &str) -> Option<Language> {
    // A browser sends a handful; a stranger may send anything.
    const MOST: usize = 20;
    let mut wanted: Option<(u16, Language)> = None;
    for wish in header.split(',').take(MOST) {
        let (tag, weight) = wish.split_once(';').unwrap_or((wish, ""));
        let (Some(language), Some(weight)) = (of_tag(tag), thousandths(weight)) else { continue };
        if weight > wanted.map_or(0, |(most, _)| most) {
            wanted = Some((weight, language));
        }
    }
    wanted.map(|(_, language)| language)
}

/// `q=0.8` in thousandths; nothing said is 1, and what cannot be read is no wish.
fn thousandths(weight: &str) -> Option<u16> {
    let weight = weight.trim();
    if weight.is_empty() {
        return Some(1_000);
    }
    let number = weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?.trim();
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !matches!(whole, "0" | "1") || part.len() > 3 || !digits(part) {
        return None;
    }
    let part: u16 = format!("{part:0<3}").parse().ok()?;
    Some(if whole == "1" { 1_000 } else { part })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_wish_that_we_speak() {
        for (header, wanted) in [
            ("de-AT,de;q=0.9,en;q=0.8", Some(Language::German)),
            ("fr-FR,fr;q=0.9,en-US;q=0.8,de;q=0.85", Some(Language::German)),
            ("en;q=0.8, de;q=0.8", Some(Language::English)),
            ("DE", Some(Language::German)),
            ("de;q=0, en;q=0.1", Some(Language::English)),
            ("fr, *;q=0.5", None),
            ("de;q=nan", None),
            ("de;q=0.1234", None),
            ("", None),
            (";;;,,,=", None),
        ] {
            assert_eq!(of_header(header), wanted, "{header}");
        }
    }

    #[test]
    fn a_tag_is_its_first_part() {
        assert_eq!(of_tag("de_CH"), Some(Language::German));
        assert_eq!(of_tag("deu"), None);
        assert_eq!(of_tag(""), None);
    }
}
