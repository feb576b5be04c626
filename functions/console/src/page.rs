//! What the owner reads: plain HTML, readable on a telephone, without scripts. Every value from outside is escaped.

use std::sync::LazyLock;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::decision::Choice;
use domain::order::{Address, Order};
use domain::screening::platform::provider_name;
use sha2::{Digest, Sha256};

use crate::decision::{Hold, Wish};
use crate::http::Reply;

/// The only style there is; the policy below names its hash.
pub(crate) const STYLE: &str = include_str!("../templates/style.css");

/// Nothing is loaded and nothing runs; the form goes back to where it came from.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

/// So many facts of the fraud analysis and so many lines of the order are shown.
const SHOWN: usize = 20;

#[derive(Template)]
#[template(path = "open.html")]
struct Open<'a> {
    style: &'a str,
    shop: &'a str,
    name: &'a str,
    since: String,
    reason: &'a str,
    order: Option<View>,
    unconfirmed: bool,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Notice<'a> {
    style: &'a str,
    title: &'a str,
    next: &'a str,
}

/// The order, as far as a decision needs it. No name, street or mail address: the store has them.
struct View {
    total: String,
    /// In the shop's currency, where the customer paid in another.
    in_shop: Option<String>,
    ship_to: String,
    bill_to: String,
    lines: Vec<String>,
    facts: Vec<String>,
}

impl View {
    fn of(order: &Order) -> Self {
        let country = |address: Option<&Address>| {
            address.map_or_else(|| "no address".to_owned(), |address| shown(&address.country_code))
        };
        let (paid, shop) = (order.amounts.customer.total.0, order.amounts.shop.total.0);
        let lines = order.lines.iter().filter(|line| line.quantity > 0);
        let facts = order.assessments.iter().flat_map(|assessment| {
            assessment
                .facts
                .iter()
                .map(|fact| format!("{}: {}", shown(&provider_name(&assessment.provider)), shown(fact)))
        });
        Self {
            total: paid.to_string(),
            in_shop: (paid.code() != shop.code()).then(|| shop.to_string()),
            ship_to: country(order.ship_to.as_ref()),
            bill_to: country(order.bill_to.as_ref()),
            lines: lines.take(SHOWN).map(|line| format!("{} × {}", line.quantity, shown(&line.title))).collect(),
            facts: facts.take(SHOWN).collect(),
        }
    }
}

/// One line of plain text, without control characters, and not endless.
pub(crate) fn shown(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() || is_direction(c) { ' ' } else { c });
    plain.take(300).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Marks that turn the direction of the text behind them.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A page that says one thing, and what to do next.
#[must_use]
pub fn notice(status: u16, title: &str, next: &str) -> Reply {
    render(status, &Notice { style: STYLE, title, next })
}

/// The page of a hold.
#[must_use]
pub fn hold(shop: &str, hold: &Hold, wish: Wish) -> Reply {
    let named = |name: &Option<String>| name.as_deref().map_or_else(|| "This order".to_owned(), shown);
    match hold {
        Hold::Open { .. } if wish == Wish::Unclear => {
            notice(400, "The form says neither yes nor no.", "Open the link in the alert again.")
        }
        Hold::Open { held, reason, order } => {
            let open = Open {
                style: STYLE,
                shop: &shown(shop),
                name: &named(&held.order_name),
                since: format!("{:.0}", held.time),
                reason: &shown(reason),
                order: order.as_deref().map(View::of),
                unconfirmed: wish == Wish::Unconfirmed,
            };
            render(200, &open)
        }
        Hold::Decided { decision, choice } => {
            let name = named(&decision.order_name);
            // The first click counts.
            let overruled = wish.other_than(*choice);
            let (done, next) = match choice {
                Choice::Release if overruled => (
                    "will be made",
                    "That was decided before, and what you chose now changed nothing. To stop it after all, cancel it in the store.",
                ),
                Choice::Release => ("will be made", "Baton sends it on now. There is nothing more to do."),
                Choice::Refuse if overruled => (
                    "is refused",
                    "That was decided before, and what you chose now changed nothing. The money goes back.",
                ),
                Choice::Refuse => (
                    "is refused",
                    "Baton cancels it in the store and the money goes back. You hear if that cannot be done.",
                ),
            };
            notice(200, &format!("{name} {done}, decided {:.0}.", decision.time), next)
        }
        Hold::Superseded { name } => {
            let title = format!("{} was held again for another reason.", named(name));
            notice(200, &title, "Decide by the link in the newer alert: it says more.")
        }
        Hold::Cancelled { name } => {
            let title = format!("{} was cancelled in the store.", named(name));
            notice(200, &title, "There is nothing left to decide.")
        }
        Hold::Unknown => notice(404, "Nothing is known of this hold.", "`make exceptions` lists what is open."),
    }
}

pub(crate) fn render(status: u16, template: &impl Template) -> Reply {
    match template.render() {
        Ok(body) => Reply { status, body },
        Err(error) => {
            tracing::error!(error = %error, "a page could not be written");
            Reply { status: 500, body: "This page cannot be shown.\n".to_owned() }
        }
    }
}
