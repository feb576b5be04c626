//! Whether a print file is there and of a kind that can be printed, asked of its host without fetching it.

use std::time::Duration;

use domain::provider::Trouble;
use lambda::http::{common_trouble, no_answer};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, RANGE};
use reqwest::{Client, Method, Response, StatusCode};

/// The largest file that partners take; Printful, Printify and Gelato name 100 to 200 MB.
const LARGEST: u64 = 200 * 1024 * 1024;
/// So much of a file tells what it is, where its host does not.
const HEAD_BYTES: usize = 512;
/// Kinds that partners print, as hosts name them.
const PRINTABLE: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/svg+xml",
    "image/tiff",
    "image/vnd.adobe.photoshop",
    "application/pdf",
    "application/postscript",
    "application/eps",
    "image/x-eps",
];
/// What a host says that does not know, or does not tell.
const UNTOLD: &[&str] = &["", "application/octet-stream", "binary/octet-stream", "application/x-download"];

/// Asks hosts of print files.
#[derive(Debug, Clone)]
pub struct Files {
    http: Client,
}

impl Files {
    /// Each request takes at most `timeout` seconds. A host may send on to another address three times.
    pub fn new(timeout: u64) -> Result<Self, reqwest::Error> {
        let timeout = Duration::from_secs(timeout);
        let http = Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout.min(Duration::from_secs(2)))
            .redirect(reqwest::redirect::Policy::limited(3))
            .user_agent("Baton/0.1")
            .build()?;
        Ok(Self { http })
    }

    /// What is wrong with the file at this address, as the end of a sentence that begins with the address; `None`: nothing.
    ///
    /// [`Trouble`] when its host cannot be asked now: that says nothing about the file.
    pub(crate) async fn flaw(&self, url: &str) -> Result<Option<String>, Trouble> {
        if !(url.starts_with("https://") || url.starts_with("http://")) {
            return Ok(Some("is no web address".to_owned()));
        }
        let head = self.ask(Method::HEAD, url).await?;
        // Some hosts answer this question to nobody, and signed addresses often only the other.
        let answer = match head.status() {
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED | StatusCode::FORBIDDEN => {
                self.ask(Method::GET, url).await?
            }
            _ => head,
        };
        if !answer.status().is_success() {
            return Ok(Some(format!("answers {}", answer.status().as_u16())));
        }
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let length: Option<u64> = header(CONTENT_LENGTH).parse().ok();
        if length == Some(0) && answer.status() != StatusCode::PARTIAL_CONTENT {
            return Ok(Some("is empty".to_owned()));
        }
        if length.is_some_and(|length| length > LARGEST) {
            return Ok(Some("is larger than 200 MB".to_owned()));
        }
        let kind = header(CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if PRINTABLE.contains(&kind.as_str()) {
            return Ok(None);
        }
        if UNTOLD.contains(&kind.as_str()) && printable(&self.beginning(url).await?) {
            return Ok(None);
        }
        let kind = if kind.is_empty() { "of no known kind".to_owned() } else { kind };
        Ok(Some(format!("is {}, nothing that is printed", kind.chars().take(60).collect::<String>())))
    }

    async fn ask(&self, method: Method, url: &str) -> Result<Response, Trouble> {
        let last = HEAD_BYTES.saturating_sub(1);
        let request = self.http.request(method, url).header(RANGE, format!("bytes=0-{last}"));
        let response = match request.send().await {
            Ok(response) => response,
            // Sent on too often, or an address that cannot be called: that is the file's own flaw.
            Err(error) if error.is_redirect() || error.is_builder() => {
                return Err(Trouble::Refused { why: "leads nowhere".to_owned() });
            }
            Err(error) => return Err(no_answer(&error).nothing_sent()),
        };
        match common_trouble(&response) {
            // A host's "no" is about the file here, not about a key of ours.
            Some(Trouble::Broken { .. }) | None => Ok(response),
            Some(trouble) => Err(trouble.nothing_sent()),
        }
    }

    /// The first bytes, whether or not the host heeds how many were asked for.
    async fn beginning(&self, url: &str) -> Result<Vec<u8>, Trouble> {
        let mut answer = self.ask(Method::GET, url).await?;
        let mut bytes = Vec::new();
        while bytes.len() < HEAD_BYTES {
            match answer.chunk().await.map_err(|error| no_answer(&error).nothing_sent())? {
                Some(chunk) => bytes.extend_from_slice(&chunk),
                None => break,
            }
        }
        bytes.truncate(HEAD_BYTES);
        Ok(bytes)
    }
}

/// Whether a file that begins so is one of the printable kinds.
fn printable(bytes: &[u8]) -> bool {
    let begins: &[&[u8]] =
        &[b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"%PDF-", b"II*\0", b"MM\0*", b"8BPS", b"%!PS", b"\xc5\xd0\xd3\xc6"];
    let text = String::from_utf8_lossy(bytes);
    begins.iter().any(|begin| bytes.starts_with(begin))
        || (text.trim_start_matches('\u{feff}').trim_start().starts_with('<') && text.contains("<svg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is_stands_at_its_beginning() {
        for yes in [&b"\x89PNG\r\n\x1a\n...."[..], b"\xff\xd8\xff\xe0", b"%PDF-1.7", b"<?xml version=\"1.0\"?>\n<svg>"]
        {
            assert!(printable(yes), "{yes:?}");
        }
        for no in [&b"<!doctype html><html>"[..], b"", b"PK\x03\x04", b"{\"error\":1}"] {
            assert!(!printable(no), "{no:?}");
        }
    }
}
