//! What customers are shown of the shop, in mails and on pages: its brand, checked once at start-up so that nothing breaks on it,
//! and [`text`] from outside made harmless.

pub mod text;

use serde::Deserialize;

use text::{mail_address, shown, web_address};

/// The owner's brand as `store.toml` has it (`[brand]`).
#[derive(Debug, Clone, Deserialize)]
pub struct BrandSection {
    pub name: String,
    #[serde(default)]
    pub logo_url: Option<String>,
    /// `#rrggbb`.
    #[serde(default = "plain")]
    pub color: String,
    /// `#rrggbb`, of buttons; the same colour where there is none.
    #[serde(default)]
    pub button_color: Option<String>,
    #[serde(default)]
    pub tone: Tone,
    /// The postal address in the footer.
    pub address: String,
    /// Where a customer's answer goes.
    pub support: String,
}

/// How mails address a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// `Guten Tag Ada`, `Sie`.
    #[default]
    Formal,
    /// `Hallo Ada`, `du`.
    Casual,
}

/// What every mail and every page shows of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    pub name: String,
    pub logo_url: Option<String>,
    /// `#rrggbb`.
    pub color: String,
    /// What can be read on [`Brand::color`].
    pub on_color: &'static str,
    /// `#rrggbb`
    pub button_color: String,
    /// What can be read on [`Brand::button_color`].
    pub on_button_color: &'static str,
    pub tone: Tone,
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

const BLACK: &str = "#000000";
const WHITE: &str = "#ffffff";
/// In place of a colour that is none.
const PLAIN: &str = "#1f2937";

fn plain() -> String {
    PLAIN.to_owned()
}

impl Brand {
    /// The brand as configured. What cannot be shown is left out or replaced, never printed as it is.
    #[must_use]
    pub fn new(section: &BrandSection) -> Self {
        let color = if rgb(&section.color).is_some() { section.color.to_lowercase() } else { plain() };
        let button = section.button_color.as_deref().filter(|color| rgb(color).is_some()).map(str::to_lowercase);
        let button_color = button.unwrap_or_else(|| color.clone());
        Self {
            name: shown(&section.name),
            logo_url: section.logo_url.as_deref().and_then(web_address),
            on_color: readable_on(&color),
            color,
            on_button_color: readable_on(&button_color),
            button_color,
            tone: section.tone,
            address: shown(&section.address),
            support: Support::new(&section.support),
        }
    }
}

impl Support {
    /// A mail address, a web address, or just words.
    #[must_use]
    pub fn new(text: &str) -> Self {
        match mail_address(text) {
            Some(address) => Self { href: Some(format!("mailto:{address}")), words: address },
            None => Self { words: shown(text), href: web_address(text) },
        }
    }
}

fn rgb(color: &str) -> Option<[u64; 3]> {
    let digits = color.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let part = |from: usize| u64::from_str_radix(digits.get(from..from + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

fn readable_on(color: &str) -> &'static str {
    if rgb(color).is_some_and(is_light) { BLACK } else { WHITE }
}

/// Whether black letters have more contrast on it than white ones, by WCAG 2's contrast ratio: they are equal at a relative
/// luminance of 0.179, and there both are above 4.5, so that the better one always passes AA.
fn is_light([red, green, blue]: [u64; 3]) -> bool {
    const MILLION: u64 = 1_000_000;
    (2_126 * linear(red) + 7_152 * linear(green) + 722 * linear(blue)) / 10_000 > 179 * MILLION / 1_000
}

/// A part of an sRGB colour as light, in millionths: the standard's curve as a polynomial, less than 0.002 beside it.
fn linear(part: u64) -> u64 {
    const TOP: u64 = 255;
    part * (12_523 * TOP * TOP + part * (682_171 * TOP + part * 305_306)) / (TOP * TOP * TOP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brand(color: &str, support: &str, logo: Option<&str>) -> Brand {
        Brand::new(&BrandSection {
            name: "Example Prints".into(),
            logo_url: logo.map(str::to_owned),
            color: color.into(),
            button_color: None,
            tone: Tone::default(),
            address: "1 Harbour Street".into(),
            support: support.into(),
        })
    }

    #[test]
    fn a_colour_is_a_colour_and_can_be_read_on() {
        for (given, color, on) in [
            ("#205081", "#205081", WHITE),
            ("#FFD400", "#ffd400", BLACK),
            ("#ffffff", "#ffffff", BLACK),
            // White on this grey would have a contrast of 3.9.
            ("#808080", "#808080", BLACK),
            ("#767676", "#767676", BLACK),
            ("#707070", "#707070", WHITE),
            ("red;background:url(x)", PLAIN, WHITE),
            ("#12345", PLAIN, WHITE),
            ("#ééé", PLAIN, WHITE),
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
