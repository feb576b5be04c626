//! What a form or a mail program sends: name and value pairs, in either of HTML's two encodings.
//!
//! RFC 8058, section 3.2, lets a mail program choose: `application/x-www-form-urlencoded` or `multipart/form-data` (RFC 7578).

use crate::form::decoded;
use crate::http::Request;

/// More fields than any form of ours has.
const MOST: usize = 32;

/// The fields of a request's body, in their order. A body in no encoding that we know has none.
pub(super) fn fields(request: &Request) -> Vec<(String, String)> {
    let kind = request.header("content-type").unwrap_or_default();
    let Ok(text) = std::str::from_utf8(&request.body) else { return Vec::new() };
    if kind.trim_start().to_ascii_lowercase().starts_with("multipart/form-data") {
        return multipart(kind, text).unwrap_or_default();
    }
    // A mail program may forget to say: the word it has to send reads the same either way.
    let pair = |field: &str| {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        Some((decoded(name)?, decoded(value)?))
    };
    text.trim().split('&').take(MOST).filter_map(pair).collect()
}

/// The parts between the boundaries; `None`: there is no boundary.
fn multipart(kind: &str, text: &str) -> Option<Vec<(String, String)>> {
    let boundary = kind.split(';').skip(1).find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    let boundary = format!("--{}", Some(boundary).filter(|text| (1..=70).contains(&text.len()))?);
    // What stands before the first boundary is for nobody; the last one ends in two dashes more.
    let parts = text.split(boundary.as_str()).skip(1).take(MOST).take_while(|part| !part.starts_with("--"));
    Some(parts.filter_map(part).collect())
}

fn part(part: &str) -> Option<(String, String)> {
    let part = part.strip_prefix("\r\n").or_else(|| part.strip_prefix('\n'))?;
    let (head, body) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
    let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let name = disposition.split(';').find_map(|field| field.trim().strip_prefix("name="))?.trim_matches('"');
    let body = body.strip_suffix("\r\n").or_else(|| body.strip_suffix('\n')).unwrap_or(body);
    Some((name.to_owned(), body.to_owned()))
}

/// The first field of that name.
pub(super) fn field<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(kind: &str, body: &str) -> Vec<(String, String)> {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        fields(&Request { headers, body: body.as_bytes().to_vec(), ..Request::default() })
    }

    const WORD: (&str, &str) = ("List-Unsubscribe", "One-Click");

    #[test]
    fn both_encodings_of_the_one_click_say_the_same() {
        let urlencoded = sent("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click");
        let body =
            "--b0und\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b0und--\r\n";
        let multipart = sent("multipart/form-data; boundary=b0und", body);
        let quoted = sent("Multipart/Form-Data; charset=utf-8; boundary=\"b0und\"", body);
        let unsaid = sent("", "List-Unsubscribe=One-Click\r\n");
        for fields in [urlencoded, multipart, quoted, unsaid] {
            assert_eq!(fields, [(WORD.0.to_owned(), WORD.1.to_owned())]);
        }
    }

    #[test]
    fn several_parts_keep_their_names_and_lines() {
        let body = "before\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n--x\r\n\
                    content-type: text/plain\r\ncontent-disposition: form-data; name=b\r\n\r\n\r\n--x--\r\nafter";
        let fields = sent("multipart/form-data; boundary=x", body);
        assert_eq!((field(&fields, "a"), field(&fields, "b")), (Some("1\r\n2"), Some("")));
        assert_eq!(field(&fields, "c"), None);
    }

    #[test]
    fn rubbish_has_no_fields_and_breaks_nothing() {
        for (kind, body) in [
            ("multipart/form-data", "--x\r\n\r\n"),
            ("multipart/form-data; boundary=", "----"),
            ("multipart/form-data; boundary=x", "--x"),
            ("multipart/form-data; boundary=x", "--x\r\nno head at all"),
            ("application/x-www-form-urlencoded", "%zz=%F"),
        ] {
            assert_eq!(sent(kind, body), [], "{kind} {body:?}");
        }
        assert!(sent("", &"a&".repeat(1_000)).len() <= MOST);
    }
}
