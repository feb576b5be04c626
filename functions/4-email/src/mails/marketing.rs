//! The mails of the owner's flows, by the name that `flows.toml` calls them.
//!
//! They go only to people who said yes to them, and each carries the way out: a link that ends them, a link to the preferences,
//! the postal address. The one exception is [`CONFIRM`]: it asks whether somebody wants any, so there is nothing to end yet.

use askama::Template;
use domain::money::Money;

use super::{Look, Written};

/// Asks whether the address wants mails at all (double opt-in); its button is the yes.
pub const CONFIRM: &str = "confirm-subscription";

/// Every mail that a flow may name.
pub const NAMES: [&str; 10] = [
    "welcome-1",
    "welcome-2",
    "welcome-3",
    "cart-1",
    "cart-2",
    "cart-3",
    "review",
    "second-order",
    "win-back",
    CONFIRM,
];

/// What such a mail is about.
#[derive(Debug, Clone, Copy)]
pub struct Marketing<'a> {
    pub first_name: Option<&'a str>,
    /// What is in the cart, or was in the order.
    pub lines: &'a [Item<'a>],
    /// Of the cart, in the customer's money.
    pub total: Option<Money>,
    /// Where the button leads: a signed link, the cart's recovery link, the shop. http(s), or the mail is not written.
    pub button: &'a str,
    /// The signed link that ends these mails. Not in [`CONFIRM`].
    pub unsubscribe: &'a str,
    /// The signed link to the preferences. Not in [`CONFIRM`].
    pub preferences: &'a str,
    /// BCP 47, as the contact's or the checkout's; one that we do not speak is the shop's.
    pub language: Option<&'a str>,
}

/// One thing in it.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    pub title: &'a str,
    pub variant: Option<&'a str>,
    /// The address of a picture.
    pub picture: Option<&'a str>,
    pub quantity: u32,
    /// Of all of them together, where it is shown.
    pub price: Option<Money>,
}

/// Why a mail was not written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    #[error("there is no mail {0:?}; flows.toml can name: {names}", names = NAMES.join(", "))]
    Name(String),
    #[error("the link for {0} is no address of the web")]
    Link(&'static str),
    #[error(transparent)]
    Render(#[from] askama::Error),
}

#[derive(Template)]
#[template(
    ext = "html",
    source = "<!DOCTYPE html><html lang=\"{{ lang }}\"><title></title><pre>{{ text }}</pre></html>"
)]
struct Page<'a> {
    lang: &'a str,
    text: &'a str,
}

/// Whether there is a mail of this name.
#[must_use]
pub fn known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Writes the mail of this name.
pub fn write(name: &str, mail: &Marketing<'_>, look: Look<'_>) -> Result<Written, Unwritten> {
    if !known(name) {
        return Err(Unwritten::Name(name.to_owned()));
    }
    let link = |which, address: &str| brand::text::web_address(address).ok_or(Unwritten::Link(which));
    let mut text = format!("{}\n\n{}\n", look.brand.name, link("the button", mail.button)?);
    if name != CONFIRM {
        let (unsubscribe, preferences) =
            (link("unsubscribe", mail.unsubscribe)?, link("preferences", mail.preferences)?);
        text.push_str(&format!("\n{unsubscribe}\n{preferences}\n{}\n", look.brand.address));
    }
    let html = Page { lang: "en", text: &text }.render()?;
    Ok(Written { subject: look.brand.name.clone(), text, html })
}
