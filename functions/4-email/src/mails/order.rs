//! The mails about a whole order: confirmed, in production, and how things stand after a silence.

use brand::Brand;
use brand::text::shown;
use domain::event::{Event, Fact as Happened};
use domain::order::{Address, Line, Order};
use domain::parcel::standing;
use domain::plan;
use words::fill;

use super::content::{Block, Content, Goods, GoodsLine, Picture, Total, variant};
use super::parcels::Way;
use super::words::Speech;

/// Paid, and seen to.
pub fn confirmation(order: &Order, speech: Speech<'_>, brand: &Brand) -> Content {
    let (frame, words) = (&speech.words.frame, &speech.words.confirmation);
    let (name, date) = (name(order), speech.day(order.created));
    let say = |text: &str| fill(text, &[("brand", &brand.name), ("order", &name), ("date", &date)]);
    let total = Total {
        label: frame.total.clone(),
        note: Some(words.total_note.clone()),
        sum: speech.money(order.amounts.customer.total.0),
    };
    let mut blocks = vec![
        Block::Text(say(&words.intro)),
        Block::Heading(words.bought.clone()),
        Block::Goods(Goods {
            item: frame.item.clone(),
            price: frame.price.clone(),
            more: frame.more.clone(),
            lines: order.lines.iter().map(|line| bought(line, speech)).collect(),
            total: Some(total),
        }),
        Block::Heading(frame.next.clone()),
    ];
    let shipped = |line: &Line| line.requires_shipping && !line.gift_card;
    let steps = |steps: &[&String]| Block::Steps(steps.iter().map(|step| (*step).clone()).collect());
    let parcel = if order.lines.iter().any(|line| plan::ours(order, line)) {
        blocks.push(steps(&[&words.made_make, &words.made_send, &words.made_arrive]));
        true
    } else if order.lines.iter().any(shipped) {
        // Somebody else's to make: what is known is that it is sent.
        blocks.push(steps(&[&words.sent_prepare, &words.sent_send]));
        true
    } else {
        blocks.push(Block::Text(words.no_parcel.clone()));
        false
    };
    let address = order.ship_to.as_ref().filter(|_| parcel).map(address_lines).filter(|lines| !lines.is_empty());
    if let Some(lines) = address {
        let heading = Block::Heading(words.ship_to.clone());
        blocks.extend([heading, Block::Address(lines), Block::Text(words.wrong.clone())]);
    }
    speech.content(say(&words.subject), &words.preheader, &words.title, blocks)
}

/// The partner makes it now.
pub fn in_production(order: &Order, speech: Speech<'_>, brand: &Brand) -> Content {
    let words = &speech.words.in_production;
    let name = name(order);
    let say = |text: &str| fill(text, &[("brand", &brand.name), ("order", &name)]);
    let blocks = vec![
        Block::Text(say(&words.intro)),
        Block::Heading(speech.words.frame.next.clone()),
        Block::Text(words.next.clone()),
        Block::Text(words.late.clone()),
    ];
    speech.content(say(&words.subject), &words.preheader, &words.title, blocks)
}

/// How things stand, after a silence.
pub fn still(order: &Order, events: &[Event], speech: Speech<'_>, brand: &Brand) -> Content {
    let words = &speech.words.still;
    let name = name(order);
    let say = |text: &str| fill(text, &[("brand", &brand.name), ("order", &name)]);
    let any = |test: fn(&Happened) -> bool| events.iter().any(|event| test(&event.fact));
    let parcels = standing(events, order);
    let step = if !parcels.is_empty() {
        &words.on_its_way
    } else if any(|fact| matches!(fact, Happened::PartnerAccepted { .. })) {
        &words.made
    } else if any(|fact| matches!(fact, Happened::OrderCleared {})) {
        &words.prepared
    } else {
        &words.checked
    };
    let mut blocks = vec![Block::Text(say(step))];
    // Those that are not there yet.
    let open = parcels.iter().filter(|parcel| !parcel.progress.is_over());
    for way in open.filter_map(|parcel| parcel.numbers.last().map(Way::of)) {
        blocks.extend(way.blocks(speech, &speech.words.frame.follow));
    }
    blocks.push(Block::Text(words.wait.clone()));
    speech.content(say(&words.subject), &words.preheader, &words.title, blocks)
}

/// As ordered: the total beside it is what was charged, before anything went back.
fn bought(line: &Line, speech: Speech<'_>) -> GoodsLine {
    let frame = &speech.words.frame;
    let (title, unit) = (shown(&line.title), line.customer_unit_price.0);
    let (quantity, price) = (line.ordered.to_string(), speech.money(unit));
    // A sum beyond all money is a mistake in the order; the unit price is still right.
    let sum = unit.times(line.ordered).map_or_else(|_| fill(&frame.each, &[("unit", &price)]), |sum| speech.money(sum));
    GoodsLine {
        variant: variant(line.variant_title.as_deref()),
        picture: Picture::of(speech, line.image.as_deref(), &title),
        count: fill(&frame.count, &[("quantity", &quantity), ("unit", &price)]),
        sum,
        title,
    }
}

/// The order's name as the customer knows it; its number where the store gave none.
pub fn name(order: &Order) -> String {
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
