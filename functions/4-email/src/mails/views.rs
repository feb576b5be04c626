//! What templates may say: cleaned text, made from the order as the store has it now.

use domain::event::{Event, Fact};
use domain::order::{Address, Line, Order};
use domain::parcel::{ParcelKey, Tracking};
use domain::plan;
use mailer::words::one_line;

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

/// A parcel is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipped {
    pub order: String,
    pub tracking: Option<TrackingView>,
    /// What is in the parcel, where that is known: in an order of one single piece.
    pub piece: Option<String>,
}

/// A parcel is at its door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    pub order: String,
    pub tracking: Option<TrackingView>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackingView {
    pub number: String,
    pub carrier: Option<String>,
    pub url: Option<String>,
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

impl LineView {
    /// As ordered: the total beside it is what was charged, before anything went back.
    fn of(line: &Line) -> Self {
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

impl Shipped {
    pub(super) fn of(order: &Order, events: &[Event], parcel: &ParcelKey) -> Self {
        Self { order: name(order), tracking: tracking(events, parcel), piece: single_piece(order) }
    }
}

impl Delivered {
    pub(super) fn of(order: &Order, events: &[Event], parcel: &ParcelKey) -> Self {
        Self { order: name(order), tracking: tracking(events, parcel) }
    }
}

impl TrackingView {
    fn of(tracking: &Tracking) -> Self {
        Self {
            number: shown(&tracking.number),
            carrier: tracking.carrier.as_deref().map(shown).filter(|carrier| !carrier.is_empty()),
            url: tracking.url.as_deref().and_then(web_address),
        }
    }
}

/// The order's name as the customer knows it; its number where the store gave none.
fn name(order: &Order) -> String {
    let name = shown(&order.name);
    if name.is_empty() { format!("#{}", order.id) } else { name }
}

fn tracking(events: &[Event], parcel: &ParcelKey) -> Option<TrackingView> {
    events.iter().find_map(|event| match &event.fact {
        Fact::ParcelAnnounced { parcel: announced, tracking, .. } if announced == parcel => {
            tracking.as_ref().map(TrackingView::of)
        }
        _ => None,
    })
}

fn single_piece(order: &Order) -> Option<String> {
    let mut shipped = order.lines.iter().filter(|line| line.requires_shipping && !line.gift_card && line.quantity > 0);
    let line = shipped.next().filter(|line| line.quantity == 1)?;
    let only = shipped.next().is_none();
    only.then(|| LineView::of(line)).map(|line| match line.variant {
        Some(variant) => format!("{} ({variant})", line.title),
        None => line.title,
    })
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

/// Text from outside as a mail shows it: one line, nothing hidden in it, at most 200 characters.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let line = one_line(text);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// An address of the web that may become a link: http(s), without anything that could end it early.
pub(super) fn web_address(text: &str) -> Option<String> {
    const LONGEST: usize = 2_000;
    let text = text.trim();
    let web = text.starts_with("https://") || text.starts_with("http://");
    let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>\"'\\^`{|}".contains(c));
    (web && plain && text.len() <= LONGEST && one_line(text) == text).then(|| text.to_owned())
}
