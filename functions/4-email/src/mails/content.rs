//! What a mail says, in blocks: the HTML part and the text part are two looks at the same content, so that neither can say what the
//! other does not.
//!
//! All text in here is clean: words of ours, with values that went through [`brand::text`]. Links are http(s) addresses.

use brand::text::{shown, web_address};

use super::words::Speech;

/// One mail, before it has a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// BCP 47.
    pub language: &'static str,
    pub subject: String,
    /// What a list of mails shows beside the subject.
    pub preheader: String,
    pub title: String,
    pub blocks: Vec<Block>,
}

/// One thing said, from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    Text(String),
    Heading(String),
    /// In their order.
    Steps(Vec<String>),
    /// `Tracking number: 1Z…`
    Facts(Vec<Fact>),
    Address(Vec<String>),
    Goods(Goods),
    /// What the mail is for. Never more than one.
    Button(Link),
    /// Another way on.
    Link(Link),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub label: String,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub label: String,
    pub href: String,
}

/// A table of what was bought, or lies in a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// The headings of its columns.
    pub item: String,
    pub price: String,
    pub lines: Vec<GoodsLine>,
    /// The words for those that do not fit, with a gap for their number.
    pub more: String,
    pub total: Option<Total>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodsLine {
    pub title: String,
    pub variant: Option<String>,
    pub picture: Option<Picture>,
    /// How many, and at what price each where that is known.
    pub count: String,
    /// Of all pieces; empty where no price is shown.
    pub sum: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub src: String,
    pub alt: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    pub label: String,
    pub note: Option<String>,
    pub sum: String,
}

/// Under every mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foot {
    /// The words before the support's address.
    pub questions: String,
}

/// Under a flow's mail: why it came, and how to end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayOut {
    pub why: String,
    pub unsubscribe: Link,
    pub preferences: Link,
}

impl Link {
    pub fn new(label: &str, href: &str) -> Self {
        Self { label: label.to_owned(), href: href.to_owned() }
    }
}

impl Fact {
    pub fn new(label: &str, value: &str) -> Self {
        Self { label: label.to_owned(), value: value.to_owned() }
    }
}

impl Goods {
    pub fn pictured(&self) -> bool {
        self.lines.iter().any(|line| line.picture.is_some())
    }

    pub fn priced(&self) -> bool {
        self.lines.iter().any(|line| !line.sum.is_empty())
    }

    /// Those that the HTML part shows: Gmail cuts a mail at 102 KB, and the links at its end with it. The text part has all.
    pub fn fitting(&self) -> &[GoodsLine] {
        const MOST_BYTES: usize = 70_000;
        let mut bytes = 0;
        let fits = self.lines.iter().take_while(|line| {
            bytes += line.bytes();
            bytes <= MOST_BYTES
        });
        self.lines.get(..fits.count()).unwrap_or_default()
    }

    /// How many those are not, in words.
    pub fn left_out(&self) -> Option<String> {
        let count = self.lines.len() - self.fitting().len();
        (count > 0).then(|| words::fill(&self.more, &[("count", &count.to_string())]))
    }

    /// How many columns stand before the price.
    pub fn columns(&self) -> u8 {
        if self.pictured() { 2 } else { 1 }
    }
}

impl GoodsLine {
    /// At most so long in HTML: its row, and text of which every sign may be escaped.
    fn bytes(&self) -> usize {
        const ROW: usize = 900;
        const ESCAPED: usize = 5;
        let text = [Some(&self.title), self.variant.as_ref(), self.picture.as_ref().map(|picture| &picture.alt)];
        let text: usize = text.into_iter().flatten().map(String::len).sum();
        ROW + ESCAPED * text + self.picture.as_ref().map_or(0, |picture| ESCAPED * picture.src.len())
    }
}

impl Picture {
    /// The picture at this address, if it may be shown. `title` is what it shows.
    pub fn of(speech: Speech<'_>, address: Option<&str>, title: &str) -> Option<Self> {
        let src = address.and_then(web_address)?;
        Some(Self { src, alt: words::fill(&speech.words.frame.picture, &[("title", title)]) })
    }
}

/// A variant worth showing: Shopify calls the only one of a product `Default Title`.
pub fn variant(title: Option<&str>) -> Option<String> {
    title.map(shown).filter(|text| !text.is_empty() && text != "Default Title")
}
