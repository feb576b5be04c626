//! The page of an order.

use askama::Template;

use super::view::{OrderView, StepState};
use crate::frame::{Frame, Lets};
use crate::http::Reply;
use crate::words::{Language, Words};

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage<'a> {
    frame: &'a Frame,
    lang: &'static str,
    title: &'a str,
    words: &'a Words,
    order: &'a OrderView,
}

impl Frame {
    /// The page of an order.
    #[must_use]
    pub fn order(&self, language: Language, words: &Words, order: &OrderView) -> Reply {
        let page = OrderPage { frame: self, lang: language.tag(), title: &order.title, words, order };
        self.reply(200, language, &page, Lets { images: order.bought.images().collect(), forms: false })
    }
}
