//! What templates may say: cleaned text, made from the order as the store has it now.

use brand::text::shown;
use domain::order::{Address, Line, Order};
use domain::plan;

/// The order confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    pub order: String,
    pub lines: Vec<LineView>,
    pub total: String,
    pub next: Next,
    /// The address, a line each; empty where nothing is shipped.
    pub ship_to: Vec<String>,
}

/// One line of the order as it was bought, in the customer's money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineView {
    pub title: String,
    pub variant: Option<String>,
    pub quantity: u32,
    pub unit: String,
    pub sum: String,
}

/// The partner makes it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InProduction {
    pub order: String,
}

/// What happens after the confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Something in it is made to order.
    Made,
    /// Something is shipped, but not by us.
    Sent,
    /// Gift cards and downloads.
    NoParcel,
}

impl Confirmation {
    pub(super) fn of(order: &Order) -> Self {
        let shipped = |line: &Line| line.requires_shipping && !line.gift_card;
        let next = if order.lines.iter().any(|line| plan::ours(order, line)) {
            Next::Made
        } else if order.lines.iter().any(shipped) {
            Next::Sent
        } else {
            Next::NoParcel
        };
        let ship_to = order.ship_to.as_ref().filter(|_| next != Next::NoParcel).map(address_lines);
        Self {
            order: name(order),
            lines: order.lines.iter().map(LineView::of).collect(),
            total: order.amounts.customer.total.to_string(),
            next,
            ship_to: ship_to.unwrap_or_default(),
        }
    }
}

impl InProduction {
    pub(super) fn of(order: &Order) -> Self {
        Self { order: name(order) }
    }
}

impl LineView {
    /// As ordered: the total beside it is what was charged, before anything went back.
    pub(super) fn of(line: &Line) -> Self {
        let unit = line.customer_unit_price.0;
        Self {
            title: shown(&line.title),
            variant: line
                .variant_title
                .as_deref()
                .map(shown)
                .filter(|text| !text.is_empty() && text != "Default Title"),
            quantity: line.ordered,
            unit: unit.to_string(),
            // A sum beyond all money is a mistake in the order; the unit price is still right.
            sum: unit.times(line.ordered).map_or_else(|_| format!("{unit} each"), |sum| sum.to_string()),
        }
    }
}

/// The order's name as the customer knows it; its number where the store gave none.
pub(super) fn name(order: &Order) -> String {
    let name = shown(&order.name);
    if name.is_empty() { format!("#{}", order.id) } else { name }
}

/// The address as an envelope has it. Telephone numbers stay out of mails.
fn address_lines(address: &Address) -> Vec<String> {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let place =
        [address.city.clone(), optional(&address.province_code), optional(&address.zip)].map(|part| shown(&part));
    let place = place.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let lines = [
        shown(&address.name),
        shown(&optional(&address.company)),
        shown(&address.address1),
        shown(&optional(&address.address2)),
        place,
        shown(&address.country_code),
    ];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}
