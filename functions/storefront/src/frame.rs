//! The frame around every page as a browser gets it: HTML without a script, under a policy that lets nothing else in. Every value
//! is escaped.

use std::collections::BTreeSet;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brand::text::mail_address;
use brand::{Brand, Support};
use sha2::{Digest, Sha256};

use crate::http::Reply;
use crate::words::{Language, NoticeWords};

const STYLE: &str = include_str!("../templates/style.css");

/// Why there is no page to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Not one of our links, or of an order that nobody knows: the reader is not told which.
    NotFound,
    /// The link was ours, and its time is over.
    Gone,
    /// The store or our table does not answer.
    Later,
    /// Something else than reading was asked.
    Method,
}

/// What a page's policy lets in beside its own style.
#[derive(Debug, Default)]
pub(crate) struct Lets<'a> {
    /// Addresses of pictures.
    pub(crate) images: Vec<&'a str>,
    /// It has a form, which goes back to where the page came from.
    pub(crate) forms: bool,
}

/// The frame around every page of one shop.
#[derive(Debug)]
pub struct Frame {
    pub(crate) brand: Brand,
    /// Where the reader of a notice may ask.
    pub(crate) contact: Support,
    pub(crate) style: String,
    /// What the policy below names.
    style_hash: String,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    frame: &'a Frame,
    lang: &'static str,
    title: &'a str,
    text: &'a str,
}

impl Frame {
    #[must_use]
    pub fn new(brand: Brand, contact: Support) -> Self {
        // Both are checked: a colour is six hex digits and nothing else.
        let style = format!(":root{{--brand:{};--on-brand:{}}}\n{STYLE}", brand.color, brand.on_color);
        let style_hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
        Self { brand, contact, style, style_hash }
    }

    /// A page that says what to do instead.
    #[must_use]
    pub fn notice(&self, language: Language, said: &NoticeWords, notice: Notice) -> Reply {
        let (status, title, text) = match notice {
            Notice::NotFound => (404, &said.not_found_title, &said.not_found),
            Notice::Gone => (410, &said.gone_title, &said.gone),
            Notice::Later => (503, &said.later_title, &said.later),
            Notice::Method => (405, &said.method_title, &said.method),
        };
        let page = NoticePage { frame: self, lang: language.tag(), title, text };
        let mut reply = self.reply(status, language, &page, Lets::default());
        if notice == Notice::Later {
            reply.headers.push(("retry-after", "120".to_owned()));
        }
        reply
    }

    /// A page of ours, with what its policy lets in.
    pub(crate) fn reply(&self, status: u16, language: Language, page: &impl Template, lets: Lets<'_>) -> Reply {
        let body = match page.render() {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(error = %error, "a page could not be written");
                return Reply { status: 500, body: String::new(), headers: self.headers(language, &Lets::default()) };
            }
        };
        Reply { status, body, headers: self.headers(language, &lets) }
    }

    /// Kept by nobody, found by no search, shown in nobody's frame, telling nobody where the reader comes from: the address is the
    /// key.
    fn headers(&self, language: Language, lets: &Lets<'_>) -> Vec<(&'static str, String)> {
        let images = lets.images.iter().copied().chain(self.brand.logo_url.as_deref());
        let pictures: BTreeSet<&str> = images.filter_map(origin).collect();
        let pictures = if pictures.is_empty() {
            String::new()
        } else {
            format!("img-src {}; ", pictures.into_iter().collect::<Vec<_>>().join(" "))
        };
        let policy = format!(
            "default-src 'none'; {pictures}style-src 'sha256-{}'; base-uri 'none'; form-action {}; frame-ancestors 'none'",
            self.style_hash,
            if lets.forms { "'self'" } else { "'none'" }
        );
        let fixed = [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-robots-tag", "noindex, nofollow, noarchive"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("content-language", language.tag()),
        ];
        let fixed = fixed.into_iter().map(|(name, value)| (name, value.to_owned()));
        fixed.chain([("content-security-policy", policy)]).collect()
    }
}

/// Where a reader may ask: where answers to mails go, if not to the brand's support.
pub(crate) fn contact(brand: &Brand, reply_to: Option<&str>) -> Support {
    reply_to.and_then(mail_address).map_or_else(|| brand.support.clone(), |address| Support::new(&address))
}

/// Scheme and host of an address, where they may stand in a policy.
fn origin(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let plain = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b));
    plain.then(|| &url[..url.len() - rest.len() + host.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_host_gets_into_the_policy() {
        assert_eq!(origin("https://cdn.example.com/a.jpg?v=1"), Some("https://cdn.example.com"));
        assert_eq!(origin("https://cdn.example.com:8443"), Some("https://cdn.example.com:8443"));
        for bad in [
            "http://cdn.example.com/a.jpg",
            "https://*/a",
            "https://a;script-src/x",
            "https:///a",
            "https://u@example.com/",
        ] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }
}
