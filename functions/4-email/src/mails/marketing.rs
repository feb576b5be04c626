//! The mails of the owner's flows, by the name that `flows.toml` calls them.
//!
//! They go only to people who said yes to them, and each carries the way out: a link that ends them, a link to the preferences,
//! the postal address. The one exception is [`CONFIRM`]: it asks whether somebody wants any, so there is nothing to end yet.

use brand::text::{first_name, shown, web_address};
use domain::money::Money;
use words::fill;

use super::content::{Block, Foot, Goods, GoodsLine, Link, Picture, Total, WayOut, variant};
use super::words::{FlowWords, Speech, Words};
use super::{Look, Written, html, text};

pub use super::Unwritten;

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
    /// BCP 47, as the contact's or the checkout's; none, or one that we do not speak, is the shop's.
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

/// Whether there is a mail of this name.
#[must_use]
pub fn known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Writes the mail of this name.
pub fn write(name: &str, mail: &Marketing<'_>, look: Look<'_>) -> Result<Written, Unwritten> {
    let speech = look.wording.speech(mail.language).ok_or(Unwritten::Words)?;
    let flow = words(name, speech.words).ok_or_else(|| Unwritten::Name(name.to_owned()))?;
    let link = |which, label: &str, address: &str| match web_address(address) {
        Some(href) => Ok(Link::new(label, &href)),
        None => Err(Unwritten::Link(which)),
    };
    let brand = look.brand;
    let say = |text: &str| fill(text, &[("brand", &brand.name)]);

    let mut blocks = vec![Block::Text(greeting(speech, mail.first_name))];
    blocks.extend(flow.body.iter().map(|text| Block::Text(say(text))));
    if !mail.lines.is_empty() {
        let out = &speech.words.way_out;
        let heading = if name.starts_with("cart-") { &out.goods_cart } else { &out.goods_order };
        blocks.extend([Block::Heading(heading.clone()), Block::Goods(goods(mail, speech))]);
    }
    blocks.push(Block::Button(link("the button", &flow.button, mail.button)?));
    let content = speech.content(say(&flow.subject), &say(&flow.preheader), &flow.title, blocks);

    let foot = Foot { questions: speech.words.frame.questions.clone() };
    let out = &speech.words.way_out;
    let way_out = match name {
        CONFIRM => None,
        _ => Some(WayOut {
            why: say(&out.why),
            unsubscribe: link("unsubscribing", &out.unsubscribe, mail.unsubscribe)?,
            preferences: link("the preferences", &out.preferences, mail.preferences)?,
        }),
    };
    Ok(Written {
        text: text::of(&content, brand, &foot, way_out.as_ref()),
        html: match &way_out {
            Some(way_out) => html::marketing(&content, brand, &foot, way_out)?,
            None => html::transactional(&content, brand, &foot)?,
        },
        subject: content.subject,
        preheader: content.preheader,
        language: content.language,
    })
}

fn words<'w>(name: &str, words: &'w Words) -> Option<&'w FlowWords> {
    Some(match name {
        "welcome-1" => &words.welcome_1,
        "welcome-2" => &words.welcome_2,
        "welcome-3" => &words.welcome_3,
        "cart-1" => &words.cart_1,
        "cart-2" => &words.cart_2,
        "cart-3" => &words.cart_3,
        "review" => &words.review,
        "second-order" => &words.second_order,
        "win-back" => &words.win_back,
        CONFIRM => &words.confirm_subscription,
        _ => return None,
    })
}

fn greeting(speech: Speech<'_>, name: Option<&str>) -> String {
    let frame = &speech.words.frame;
    match name.and_then(first_name) {
        Some(name) => fill(&frame.greeting, &[("name", &name)]),
        None => frame.greeting_nobody.clone(),
    }
}

fn goods(mail: &Marketing<'_>, speech: Speech<'_>) -> Goods {
    let frame = &speech.words.frame;
    let line = |item: &Item<'_>| {
        let title = shown(item.title);
        GoodsLine {
            variant: variant(item.variant),
            picture: Picture::of(speech, item.picture, &title),
            count: fill(&frame.pieces, &[("quantity", &item.quantity.to_string())]),
            sum: item.price.map(|price| speech.money(price)).unwrap_or_default(),
            title,
        }
    };
    let total = |total| Total { label: frame.total.clone(), note: None, sum: speech.money(total) };
    Goods {
        item: frame.item.clone(),
        price: frame.price.clone(),
        more: frame.more.clone(),
        lines: mail.lines.iter().map(line).collect(),
        total: mail.total.map(total),
    }
}
