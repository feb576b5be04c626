//! The mail that tells the owner of an exception: which order, which layer, why, what to do next.
//!
//! It says nothing about the customer. Words that came from outside are stripped of control characters and of mail
//! addresses, and escaped in the HTML part.

use std::collections::BTreeSet;

use askama::Template;
use domain::exception::Exception;
use domain::handoff::Layer;
use domain::subject::Subject;
use mailer::Letter;
use mailer::words::without_addresses;

use crate::Alerts;

/// So much of the reason stands in the subject line.
const SHORT: usize = 64;

#[derive(Template)]
#[template(path = "alert.txt")]
struct Text<'a> {
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "alert.html")]
struct Html<'a> {
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "group.txt")]
struct GroupText<'a> {
    page: &'a Group,
}

#[derive(Template)]
#[template(path = "group.html")]
struct GroupHtml<'a> {
    page: &'a Group,
}

/// What the owner can click. All of it is signed, and good for a week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways {
    /// Decides about a held order.
    pub decide: Option<String>,
    /// Says that the owner has seen this exception.
    pub acknowledge: Option<String>,
    /// Everything that is open.
    pub open: Option<String>,
}

/// So many orders are listed; the console lists all.
const LISTED: usize = 20;

/// What both parts of an alert about several exceptions say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub count: usize,
    /// `orders`, or `things` where some are none, or two are of one order.
    pub things: &'static str,
    pub layer: String,
    /// Where all have the same reason; else each says its own.
    pub reason: Option<String>,
    pub next_step: String,
    /// At most [`LISTED`]: the name, and the reason where they differ.
    pub lines: Vec<String>,
    /// So many are not listed.
    pub more: usize,
    /// RFC 3339, to the second: the oldest's.
    pub since: String,
    /// The kind's slug, for a replay of all of them.
    pub kind: String,
    pub replayable: bool,
    pub ways: Ways,
}

impl Group {
    /// `first` is the oldest of them.
    fn new(first: &Exception, exceptions: &[Exception], ways: Ways) -> Self {
        let page = |exception: &Exception| Page::new(exception, exception.order_name.as_deref());
        let same = exceptions.iter().all(|exception| exception.reason == first.reason);
        let line = |exception: &Exception| {
            let page = page(exception);
            if same { page.who } else { format!("{}: {}", page.who, page.reason) }
        };
        let oldest = page(first);
        let orders: BTreeSet<_> = exceptions.iter().filter_map(|exception| exception.subject.order()).collect();
        Self {
            count: exceptions.len(),
            things: if orders.len() == exceptions.len() { "orders" } else { "things" },
            layer: oldest.layer,
            reason: same.then_some(oldest.reason),
            // A next step that names one exception names the oldest; the command for all of them stands below.
            next_step: oldest.next_step,
            lines: exceptions.iter().take(LISTED).map(line).collect(),
            more: exceptions.len().saturating_sub(LISTED),
            since: oldest.raised,
            kind: first.what.clone(),
            replayable: exceptions.iter().any(|exception| exception.replayable),
            ways,
        }
    }

    fn subject(&self) -> String {
        let layer = self.layer.split_once(' ').map_or(self.layer.as_str(), |(_, name)| name);
        let what = self.reason.as_deref().map_or_else(|| self.kind.replace('-', " "), short);
        format!("Baton: {} {} need you: {what} ({layer})", self.count, self.things)
    }
}

/// What both parts of the mail say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// `#1001`, `order 5550004242` or `your store`.
    pub who: String,
    /// The store platform's number of the order.
    pub order: Option<String>,
    /// `2 routing`.
    pub layer: String,
    pub reason: String,
    pub next_step: String,
    pub id: String,
    /// RFC 3339, to the second.
    pub raised: String,
    /// It was told before, and has come back so often.
    pub again: Option<u32>,
    pub replayable: bool,
    pub ways: Ways,
}

impl Page {
    /// What is to be said about an exception. `name` is the order's name, where any event of the order knows it.
    #[must_use]
    pub fn new(exception: &Exception, name: Option<&str>) -> Self {
        let order = exception.subject.order().map(|id| id.to_string());
        let who = match (&exception.subject, name) {
            (Subject::Order(_), Some(name)) => without_addresses(name),
            (Subject::Order(id), None) => format!("order {id}"),
            (Subject::Contact(_), _) => "a contact".to_owned(),
            (Subject::Checkout(_), _) => "a checkout".to_owned(),
            (Subject::Parcel(_), _) => "a parcel".to_owned(),
            (Subject::Store(_), _) => "your store".to_owned(),
        };
        let number = Layer::ALL.iter().position(|layer| *layer == exception.layer).map_or(0, |at| at + 1);
        Self {
            who,
            order,
            layer: format!("{number} {}", exception.layer),
            reason: without_addresses(&exception.reason),
            next_step: without_addresses(&exception.next_step.replace("<id>", &exception.id)),
            id: exception.id.clone(),
            raised: format!("{:.0}", exception.raised),
            again: (exception.round > 1).then_some(exception.round),
            replayable: exception.replayable,
            ways: Ways::default(),
        }
    }

    /// `Baton: #1001 needs you: printful refused the order (routing)`.
    #[must_use]
    pub fn subject(&self) -> String {
        let layer = self.layer.split_once(' ').map_or(self.layer.as_str(), |(_, name)| name);
        format!("Baton: {} needs you: {} ({layer})", self.who, short(&self.reason))
    }
}

/// An alert about one exception. `effect` is the hash it carries.
pub fn one(
    exception: &Exception,
    name: Option<&str>,
    alerts: &Alerts,
    effect: String,
    ways: Ways,
) -> Result<Letter, askama::Error> {
    let page = Page { ways, ..Page::new(exception, name) };
    let (text, html) = (Text { page: &page }.render()?, Html { page: &page }.render()?);
    Ok(alerts.letter(exception.subject.clone(), page.subject(), text, html, effect))
}

/// One alert about several exceptions of one cause, the oldest first.
pub fn several(
    first: &Exception,
    exceptions: &[Exception],
    alerts: &Alerts,
    effect: String,
    ways: Ways,
) -> Result<Letter, askama::Error> {
    let page = Group::new(first, exceptions, ways);
    let (text, html) = (GroupText { page: &page }.render()?, GroupHtml { page: &page }.render()?);
    Ok(alerts.letter(first.subject.clone(), page.subject(), text, html, effect))
}

/// The first sentence, without its full stop, cut between words where it is long.
pub(crate) fn short(reason: &str) -> String {
    let sentence = reason.split(". ").next().unwrap_or(reason).trim_end_matches('.');
    if sentence.chars().count() <= SHORT {
        return sentence.to_owned();
    }
    let mut cut = String::new();
    for word in sentence.split(' ') {
        if cut.chars().count() + word.chars().count() + 1 > SHORT {
            break;
        }
        if !cut.is_empty() {
            cut.push(' ');
        }
        cut.push_str(word);
    }
    if cut.is_empty() {
        // One word longer than the line.
        cut = sentence.chars().take(SHORT).collect();
    }
    format!("{}...", cut.trim_end_matches([',', ':', ';']))
}
