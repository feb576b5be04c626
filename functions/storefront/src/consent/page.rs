//! One page for all of it: a title, a sentence, and perhaps a form.

use askama::Template;
use domain::contact::Wishes;

use crate::frame::{Frame, Lets};
use crate::http::Reply;
use crate::words::{ConsentWords, Language};

/// What the page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// The form to sign up.
    SignUp,
    /// A mail with a link is on its way.
    Sent,
    /// They are on the list.
    Subscribed,
    /// The page behind that link.
    Confirm,
    /// The page behind the link to unsubscribe.
    Unsubscribe,
    Unsubscribed,
    /// The choices.
    Preferences,
    Saved,
    /// Nothing is sent to them at all, so there is nothing to choose.
    NothingToChoose,
    /// A form that is none of ours.
    Unclear,
    /// Too many were signed up from there.
    TooMany,
}

/// The form of a page.
#[derive(Debug)]
pub(super) struct Form<'a> {
    pub kind: Kind,
    /// The button's words, and the value that it sends as `choice`.
    pub button: &'a str,
    pub choice: &'static str,
    /// What was wrong with what was sent.
    pub flaw: Option<&'a str>,
}

/// What stands in the form beside its button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Address,
    Wishes(Wishes),
    Button,
}

impl<'a> Form<'a> {
    pub(super) fn address(words: &'a ConsentWords, flaw: Option<&'a str>) -> Self {
        Self { kind: Kind::Address, button: &words.sign_up_button, choice: "subscribe", flaw }
    }

    pub(super) fn button(button: &'a str, choice: &'static str) -> Self {
        Self { kind: Kind::Button, button, choice, flaw: None }
    }
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    frame: &'a Frame,
    lang: &'static str,
    title: &'a str,
    text: &'a str,
    words: &'a ConsentWords,
    form: Option<Form<'a>>,
}

impl Frame {
    /// A page about consent.
    pub(super) fn consent(
        &self,
        status: u16,
        language: Language,
        words: &ConsentWords,
        said: Said,
        form: Option<Form<'_>>,
    ) -> Reply {
        let (title, text) = match said {
            Said::SignUp => (&words.sign_up_title, &words.sign_up),
            Said::Sent => (&words.sent_title, &words.sent),
            Said::Subscribed => (&words.subscribed_title, &words.subscribed),
            Said::Confirm => (&words.confirm_title, &words.confirm),
            Said::Unsubscribe => (&words.unsubscribe_title, &words.unsubscribe),
            Said::Unsubscribed => (&words.unsubscribed_title, &words.unsubscribed),
            Said::Preferences => (&words.preferences_title, &words.preferences),
            Said::Saved => (&words.saved_title, &words.saved),
            Said::NothingToChoose => (&words.nothing_title, &words.nothing),
            Said::Unclear => (&words.unclear_title, &words.unclear),
            Said::TooMany => (&words.too_many_title, &words.too_many),
        };
        let lets = Lets { forms: form.is_some(), ..Lets::default() };
        let page = ConsentPage { frame: self, lang: language.tag(), title, text, words, form };
        self.reply(status, language, &page, lets)
    }
}
