//! The mail that tells the owner of an exception: which order, which layer, why, what to do next.
//!
//! It says nothing about the customer. Words that came from outside are stripped of control characters and of mail
//! addresses, and escaped in the HTML part.

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
    /// Where the owner decides about a held order.
    pub decide: Option<String>,
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
            decide: None,
        }
    }

    /// `Baton: #1001 needs you: printful refused the order (routing)`.
    #[must_use]
    pub fn subject(&self) -> String {
        let layer = self.layer.split_once(' ').map_or(self.layer.as_str(), |(_, name)| name);
        format!("Baton: {} needs you: {} ({layer})", self.who, short(&self.reason))
    }
}

/// The alert as a mail. `effect` is the hash it carries; `decide` the address of the page where the owner decides.
pub fn write(
    exception: &Exception,
    name: Option<&str>,
    alerts: &Alerts,
    effect: String,
    decide: Option<String>,
) -> Result<Letter, askama::Error> {
    let page = Page { decide, ..Page::new(exception, name) };
    Ok(Letter {
        to: alerts.to.clone(),
        from: alerts.from.clone(),
        reply_to: None,
        subject: page.subject(),
        text: Text { page: &page }.render()?,
        html: Some(Html { page: &page }.render()?),
        about: exception.subject.clone(),
        effect,
        headers: Vec::new(),
        flow: None,
    })
}

/// The first sentence, without its full stop, cut between words where it is long.
fn short(reason: &str) -> String {
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
