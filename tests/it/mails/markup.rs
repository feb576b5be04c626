//! The tags of an HTML text, read as a browser reads them: enough to see whether a value became markup.

use std::collections::BTreeMap;

/// One start tag: its name, its attributes in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
}

/// Every start tag, those in Outlook's conditional comments included.
pub fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        if after.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let (tag, behind) = tag(after);
            tags.push(tag);
            rest = behind;
        }
    }
    tags
}

fn tag(text: &str) -> (Tag, &str) {
    let end = text.find(|c: char| c.is_ascii_whitespace() || "/>".contains(c)).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let Some(next) = rest.chars().next() else { break };
        if next == '>' {
            rest = &rest[1..];
            break;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace() || "/>=".contains(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            Some(after) => value(after),
            None => (String::new(), after),
        };
        attributes.push((name.to_ascii_lowercase(), value));
        rest = after;
    }
    (Tag { name: name.to_ascii_lowercase(), attributes }, rest)
}

fn value(text: &str) -> (String, &str) {
    for quote in ['"', '\''] {
        if let Some(text) = text.strip_prefix(quote) {
            let (value, after) = text.split_once(quote).unwrap_or((text, ""));
            return (unescaped(value), after);
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(text.len());
    (unescaped(&text[..end]), &text[end..])
}

/// The text that a browser shows for it, of what the templates' escaping writes.
pub fn unescaped(text: &str) -> String {
    let pairs = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    pairs.into_iter().fold(text.to_owned(), |text, (escaped, sign)| text.replace(escaped, sign))
}

/// Where all links lead, in their order.
pub fn links(html: &str) -> Vec<String> {
    addresses(html, &["href"])
}

/// The addresses in these attributes.
pub fn addresses(html: &str, attributes: &[&str]) -> Vec<String> {
    let all = tags(html).into_iter().flat_map(|tag| tag.attributes);
    all.filter(|(name, _)| attributes.contains(&name.as_str())).map(|(_, value)| value).collect()
}

/// How many there are of each tag with just these attributes.
pub fn shape(html: &str) -> BTreeMap<String, usize> {
    let mut shape = BTreeMap::new();
    for tag in tags(html) {
        let attributes: Vec<_> = tag.attributes.into_iter().map(|(name, _)| name).collect();
        *shape.entry(format!("{} {}", tag.name, attributes.join(" "))).or_default() += 1;
    }
    shape
}

#[test]
fn what_a_browser_would_make_of_it() {
    let html =
        "<p class=\"a\">1 < 2 &#60;b&#62;</p><!--[if mso]><td width=600><![endif]--><img src='x y' onerror=z/><br>";
    let names = shape(html).into_keys().collect::<Vec<_>>();
    assert_eq!(names, ["br ", "img src onerror", "p class", "td width"]);
    assert_eq!(links("<a href=\"https://example.com/?a=1&#38;b=2\">"), ["https://example.com/?a=1&b=2"]);
}
