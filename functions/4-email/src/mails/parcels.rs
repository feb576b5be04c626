//! The mails about one parcel: where it stands now, and how to follow it.

use brand::Brand;
use brand::text::{shown, web_address};
use domain::event::{Event, Fact as Happened};
use domain::order::Order;
use domain::parcel::{ParcelKey, Progress, Tracking};
use words::fill;

use super::content::{Block, Content, Fact, Link, variant};
use super::order::name;
use super::words::Speech;

/// The way a parcel takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    number: String,
    carrier: Option<String>,
    url: Option<String>,
}

/// Everything a parcel's mail is made from.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub order: &'a Order,
    pub events: &'a [Event],
    pub parcel: &'a ParcelKey,
    pub speech: Speech<'a>,
    pub brand: &'a Brand,
}

/// It is on its way.
pub fn shipped(about: About<'_>) -> Content {
    let (frame, words) = (&about.speech.words.frame, &about.speech.words.shipped);
    let (way, piece) = (about.way(), single_piece(about.order));
    let mut blocks = vec![Block::Text(about.say(&words.intro)), Block::Heading(words.parcel.clone())];
    match &way {
        Some(way) => {
            blocks.push(way.facts(about.speech));
            blocks.extend(way.url.as_ref().map(|url| Block::Button(Link::new(&frame.follow, url))));
        }
        None => blocks.push(Block::Text(words.untracked.clone())),
    }
    blocks.extend(piece.as_ref().map(|piece| Block::Facts(vec![Fact::new(&words.piece, piece)])));
    blocks.push(Block::Heading(frame.next.clone()));
    blocks.extend(way.as_ref().map(|_| Block::Text(words.scan.clone())));
    blocks.push(Block::Text(words.arrival.clone()));
    if piece.is_none() {
        blocks.push(Block::Text(words.several.clone()));
    }
    let preheader = match &way {
        Some(way) => fill(&words.preheader, &[("number", &way.number)]),
        None => words.preheader_untracked.clone(),
    };
    about.speech.content(about.say(&words.subject), &preheader, &words.title, blocks)
}

/// The carrier brings it today.
pub fn out_for_delivery(about: About<'_>) -> Content {
    let words = &about.speech.words.out_for_delivery;
    let mut blocks = vec![Block::Text(about.say(&words.intro))];
    blocks.extend(about.carrier_says());
    blocks.push(Block::Text(words.nobody.clone()));
    about.speech.content(about.say(&words.subject), &words.preheader, &words.title, blocks)
}

/// It is at its door.
pub fn delivered(about: About<'_>) -> Content {
    let words = &about.speech.words.delivered;
    let mut blocks = vec![Block::Text(about.say(&words.intro))];
    blocks.extend(about.carrier_says());
    blocks.extend([
        Block::Heading(words.missing_title.clone()),
        Block::Text(words.missing.clone()),
        Block::Heading(words.wrong_title.clone()),
        Block::Text(words.wrong.clone()),
    ]);
    about.speech.content(about.say(&words.subject), &words.preheader, &words.title, blocks)
}

/// Something keeps it from its door. Each trouble has its own words.
pub fn problem(about: About<'_>, progress: Progress) -> Content {
    let words = &about.speech.words.problem;
    let (subject, title, text) = match progress {
        Progress::AttemptFailed => (&words.attempt_failed_subject, &words.attempt_failed_title, &words.attempt_failed),
        Progress::ReadyForPickup => {
            (&words.ready_for_pickup_subject, &words.ready_for_pickup_title, &words.ready_for_pickup)
        }
        Progress::HeldAtCustoms => {
            (&words.held_at_customs_subject, &words.held_at_customs_title, &words.held_at_customs)
        }
        Progress::Lost => (&words.lost_subject, &words.lost_title, &words.lost),
        Progress::Returning | Progress::Returned => (&words.returned_subject, &words.returned_title, &words.returned),
        _ => (&words.problem_subject, &words.problem_title, &words.problem),
    };
    let mut blocks = vec![Block::Text(about.say(text))];
    blocks.extend(about.carrier_says());
    blocks.push(Block::Text(about.speech.words.frame.answer.clone()));
    about.speech.content(about.say(subject), &words.preheader, title, blocks)
}

impl About<'_> {
    fn say(&self, text: &str) -> String {
        fill(text, &[("brand", &self.brand.name), ("order", &name(self.order))])
    }

    fn way(&self) -> Option<Way> {
        self.events.iter().find_map(|event| match &event.fact {
            Happened::ParcelAnnounced { parcel, tracking, .. } if parcel == self.parcel => {
                tracking.as_ref().map(Way::of)
            }
            _ => None,
        })
    }

    fn carrier_says(&self) -> Vec<Block> {
        self.way().map(|way| way.blocks(self.speech, &self.speech.words.frame.carrier_says)).unwrap_or_default()
    }
}

impl Way {
    pub fn of(tracking: &Tracking) -> Self {
        Self {
            number: shown(&tracking.number),
            carrier: tracking.carrier.as_deref().map(shown).filter(|carrier| !carrier.is_empty()),
            url: tracking.url.as_deref().and_then(web_address),
        }
    }

    fn facts(&self, speech: Speech<'_>) -> Block {
        let frame = &speech.words.frame;
        let mut facts = vec![Fact::new(&frame.tracking_number, &self.number)];
        facts.extend(self.carrier.as_ref().map(|carrier| Fact::new(&frame.carrier, carrier)));
        Block::Facts(facts)
    }

    /// Number and carrier, and a link with this label where there is an address.
    pub fn blocks(&self, speech: Speech<'_>, label: &str) -> Vec<Block> {
        let link = self.url.as_ref().map(|url| Block::Link(Link::new(label, url)));
        [Some(self.facts(speech)), link].into_iter().flatten().collect()
    }
}

/// What is in the parcel, where that is known: in an order of one single piece.
fn single_piece(order: &Order) -> Option<String> {
    let mut shipped = order.lines.iter().filter(|line| line.requires_shipping && !line.gift_card && line.quantity > 0);
    let line = shipped.next().filter(|line| line.quantity == 1)?;
    let title = shown(&line.title);
    shipped.next().is_none().then(|| match variant(line.variant_title.as_deref()) {
        Some(variant) => format!("{title} ({variant})"),
        None => title,
    })
}
