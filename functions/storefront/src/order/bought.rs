//! What was ordered and what it cost, as the store has it.

use brand::text::{shown, web_address};
use domain::money::Money;
use domain::order::{Line, Order, Payment};

use crate::words::{Words, fill};

/// So many of a line's own choices are shown: an engraving, a size; never a list without end.
const MOST_PROPERTIES: usize = 8;

/// Lines and sums, in the customer's money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    pub lines: Vec<LineView>,
    pub sums: Vec<SumView>,
    /// What went back, or where to ask for it.
    pub note: Option<String>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineView {
    pub title: String,
    pub variant: Option<String>,
    /// What the customer chose or wrote: `Engraving: Ada`.
    pub chosen: Vec<String>,
    /// `2 × 25.00 USD`
    pub pieces: String,
    pub taken_out: Option<String>,
    pub gift_card: bool,
    /// Nothing where the sum would be beyond all money, which is a mistake in the order.
    pub sum: String,
    /// A picture of it, from an https address.
    pub image: Option<String>,
}

/// One row below the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumView {
    pub words: String,
    pub amount: String,
    pub is_total: bool,
}

impl Bought {
    pub fn of(order: &Order, words: &Words) -> Self {
        let lines = order.lines.iter().map(|line| LineView::of(line, words)).collect();
        Self { lines, sums: sums(order, words), note: note(order, words) }
    }

    /// The addresses of all pictures.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| line.image.as_deref())
    }
}

impl LineView {
    /// As ordered: the sums below are what was charged, before anything went back.
    fn of(line: &Line, words: &Words) -> Self {
        let unit = line.customer_unit_price.0;
        let taken_out = line.ordered.saturating_sub(line.quantity);
        Self {
            title: shown(&line.title),
            // Shopify's word for a product without variants.
            variant: line
                .variant_title
                .as_deref()
                .map(shown)
                .filter(|text| !text.is_empty() && text != "Default Title"),
            chosen: chosen(line),
            pieces: format!("{} × {unit}", line.ordered),
            taken_out: (taken_out > 0).then(|| fill(&words.bought.taken_out, &[("count", &taken_out.to_string())])),
            gift_card: line.gift_card,
            sum: unit.times(line.ordered).map_or_else(|_| String::new(), |sum| sum.to_string()),
            image: line.image.as_deref().and_then(web_address).filter(|url| url.starts_with("https://")),
        }
    }
}

/// What the customer chose or wrote. Names that begin with `_` are the shop's own, and an address of an uploaded file says nothing.
fn chosen(line: &Line) -> Vec<String> {
    let told =
        line.properties.iter().filter(|property| !property.name.starts_with('_') && !property.value.contains("://"));
    let pairs = told.map(|property| (shown(&property.name), shown(&property.value)));
    pairs
        .filter(|(_, value)| !value.is_empty())
        .take(MOST_PROPERTIES)
        .map(|(name, value)| format!("{name}: {value}"))
        .collect()
}

/// The parts of the total; a part that is nothing is left out, but for the total.
fn sums(order: &Order, words: &Words) -> Vec<SumView> {
    let parts = &order.amounts.customer;
    let tax = if order.amounts.tax_included { &words.bought.tax_included } else { &words.bought.tax };
    let rows: [(&str, Money, bool); 6] = [
        (&words.bought.goods, parts.lines.0, false),
        (&words.bought.discounts, parts.discounts.0, true),
        (&words.bought.shipping, parts.shipping.0, false),
        (tax, parts.tax.0, false),
        (&words.bought.tips, parts.tips.0, false),
        (&words.bought.duties_and_fees, parts.duties_and_fees.0, false),
    ];
    let row = |words: &str, amount: String, is_total| SumView { words: words.to_owned(), amount, is_total };
    let mut sums: Vec<SumView> = rows
        .into_iter()
        .filter(|(_, amount, _)| amount.minor() != 0)
        .map(|(words, amount, off)| row(words, if off { less(amount) } else { amount.to_string() }, false))
        .collect();
    sums.push(row(&words.bought.total, parts.total.to_string(), true));
    if order.refunded.0.minor() != 0 {
        sums.push(row(&words.bought.refunded, less(order.refunded.0), false));
    }
    sums
}

/// What is taken off, with a sign in front.
fn less(amount: Money) -> String {
    amount.zero().minus(amount).unwrap_or(amount).to_string()
}

fn note(order: &Order, words: &Words) -> Option<String> {
    let refunded = order.refunded.0;
    if refunded.minor() != 0 {
        return Some(fill(&words.bought.refund_note, &[("amount", &refunded.to_string())]));
    }
    let was_paid = matches!(order.payment, Payment::Paid | Payment::PartiallyPaid | Payment::Authorized);
    (order.cancelled && was_paid).then(|| words.bought.cancelled_unrefunded.clone())
}
