//! The answer in the form that the browser asked for: JSON for a page's script, a plain page for a form that was sent.

use serde_json::{Value, json};

use crate::http::{Reply, Request};

/// How the browser wants to read the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Script,
    Person,
}

impl Reader {
    /// Whoever accepts pages and no JSON is a person with a form.
    pub(crate) fn of(request: &Request) -> Self {
        let accepts = request.header("accept").unwrap_or_default();
        if accepts.contains("text/html") && !accepts.contains("application/json") { Self::Person } else { Self::Script }
    }

    /// What went wrong, in words that say what to do. `reason` is one word for the page's script.
    pub(crate) fn refusal(self, status: u16, reason: &str, words: &str) -> Reply {
        match self {
            Self::Script => script(status, &json!({ "error": { "reason": reason, "message": words } })),
            Self::Person => page(status, words),
        }
    }

    /// The way to the checkout's page.
    pub(crate) fn forward(self, order: &str, url: &str) -> Reply {
        match self {
            Self::Script => script(200, &json!({ "order": order, "url": url })),
            Self::Person => {
                let mut reply = page(303, "The checkout opens.");
                reply.headers.push(("location", url.to_owned()));
                reply
            }
        }
    }
}

fn script(status: u16, body: &Value) -> Reply {
    Reply {
        status,
        headers: vec![("content-type", "application/json".to_owned()), no_store()],
        body: format!("{body}\n"),
    }
}

fn page(status: u16, words: &str) -> Reply {
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Checkout</title>\n<p>{}</p>\n</html>\n",
        escaped(words)
    );
    let headers = vec![
        ("content-type", "text/html; charset=utf-8".to_owned()),
        ("content-security-policy", "default-src 'none'".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        no_store(),
    ];
    Reply { status, headers, body }
}

fn no_store() -> (&'static str, String) {
    ("cache-control", "no-store".to_owned())
}

/// Words that may repeat what a stranger sent.
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for character in words.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_it_in_html_and_runs_nothing() {
        let reply = Reader::Person.refusal(400, "cart", "\"<script>\" is not sold here");
        assert!(reply.body.contains("&lt;script&gt;") && !reply.body.contains("<script"));
        assert_eq!(reply.header("content-security-policy"), Some("default-src 'none'"));
        let reply = Reader::Script.refusal(400, "cart", "\"<b>\" is not sold here");
        let json: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(json["error"]["message"], "\"<b>\" is not sold here");
    }

    #[test]
    fn a_form_is_sent_on_and_a_script_is_told() {
        let accepting = |accept: &str| {
            Reader::of(&Request { headers: vec![("accept".into(), accept.into())], ..Request::default() })
        };
        assert_eq!(accepting("text/html,application/xhtml+xml;q=0.9"), Reader::Person);
        assert_eq!(accepting("application/json, text/html"), Reader::Script);
        assert_eq!(accepting("*/*"), Reader::Script);
        let reply = Reader::Person.forward("#1001", "https://pay.example.com/c/1");
        assert_eq!((reply.status, reply.header("location")), (303, Some("https://pay.example.com/c/1")));
    }
}
