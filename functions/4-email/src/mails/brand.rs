//! The owner's brand as templates use it: checked once at start-up, so that no mail breaks on it.

use lambda::config::BrandSection;
use mailer::address;

use super::views::{shown, web_address};

/// What every mail shows of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    pub name: String,
    pub logo_url: Option<String>,
    /// `#rrggbb`.
    pub color: String,
    /// What can be read on [`Brand::color`].
    pub on_color: &'static str,
    /// The postal address in the footer.
    pub address: String,
    pub support: Support,
}

/// Where a customer asks for help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    pub words: String,
    /// `mailto:…` or a web address; `None` for a telephone number and the like.
    pub href: Option<String>,
}

const DARK: &str = "#111827";
const LIGHT: &str = "#ffffff";
/// In place of a colour that is none.
const PLAIN: &str = "#1f2937";

impl Brand {
    /// The brand as configured. What cannot be shown is left out or replaced, never printed as it is.
    #[must_use]
    pub fn new(section: &BrandSection) -> Self {
        let color = if rgb(&section.color).is_some() { section.color.to_lowercase() } else { PLAIN.to_owned() };
        Self {
            name: shown(&section.name),
            logo_url: section.logo_url.as_deref().and_then(web_address),
            on_color: if rgb(&color).is_some_and(is_light) { DARK } else { LIGHT },
            color,
            address: shown(&section.address),
            support: Support::new(&section.support),
        }
    }
}

impl Support {
    fn new(text: &str) -> Self {
        let text = text.trim();
        let href = if address::check(text).is_ok() { Some(format!("mailto:{text}")) } else { web_address(text) };
        Self { words: shown(text), href }
    }
}

fn rgb(color: &str) -> Option<[u32; 3]> {
    let digits = color.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let part = |from: usize| u32::from_str_radix(digits.get(from..from + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

/// Whether dark letters read better on it than white ones, by the eye's sensitivity to each part.
fn is_light([red, green, blue]: [u32; 3]) -> bool {
    red * 299 + green * 587 + blue * 114 > 140 * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brand(color: &str, support: &str, logo: Option<&str>) -> Brand {
        Brand::new(&BrandSection {
            name: "Example Prints".into(),
            logo_url: logo.map(str::to_owned),
            color: color.into(),
            address: "1 Harbour Street".into(),
            support: support.into(),
        })
    }

    #[test]
    fn a_colour_is_a_colour_and_can_be_read_on() {
        for (given, color, on) in [
            ("#205081", "#205081", LIGHT),
            ("#FFD400", "#ffd400", DARK),
            ("#ffffff", "#ffffff", DARK),
            ("red;background:url(x)", PLAIN, LIGHT),
            ("#12345", PLAIN, LIGHT),
            ("#ééé", PLAIN, LIGHT),
        ] {
            let brand = brand(given, "", None);
            assert_eq!((brand.color.as_str(), brand.on_color), (color, on), "{given}");
        }
    }

    #[test]
    fn support_is_a_link_where_it_can_be_one() {
        let href = |support: &str| brand(PLAIN, support, None).support.href;
        assert_eq!(href("help@example.com").as_deref(), Some("mailto:help@example.com"));
        assert_eq!(href("https://example.com/help").as_deref(), Some("https://example.com/help"));
        assert_eq!(href("+1 555 0100"), None);
        assert_eq!(href("javascript:alert(1)"), None);
    }

    #[test]
    fn a_logo_comes_from_the_web_or_not_at_all() {
        assert_eq!(brand(PLAIN, "", Some("file:///logo.png")).logo_url, None);
        assert!(brand(PLAIN, "", Some("https://example.com/logo.png")).logo_url.is_some());
    }
}
