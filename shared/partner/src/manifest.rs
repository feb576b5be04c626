//! What is fixed about a partner and needed before anything is sent or heard.
//!
//! Each partner's `partner.toml` says the same and more to the owner's tools (`infra/cli`), which know no partner by name; a test
//! holds the two together.

use jiff::SignedDuration;
#[cfg(any(feature = "door", feature = "orders"))]
use lambda::StoreConfig;
use lambda::config::PartnerSection;

use crate::{PartnerError, with_partners};

/// What is fixed about one kind of partner.
#[derive(Debug, PartialEq, Eq)]
pub struct Manifest {
    /// As `kind` in `store.toml`, and the folder's name; a section named so needs no `kind`, one with another name says it.
    pub kind: &'static str,
    pub limit: Limit,
    /// What the functions that call it read: `token` is the secret `call/<name>/token`.
    pub call_secrets: &'static [&'static str],
    /// What only the door reads: `webhook-secret` is the secret `door/<name>/webhook-secret`.
    pub door_secrets: &'static [&'static str],
    pub path: Path,
    /// The file that the owner's tools read.
    pub file: &'static str,
}

/// How many calls a partner takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub calls: u32,
    pub per: SignedDuration,
}

impl Limit {
    /// So many calls a minute.
    #[must_use]
    pub const fn a_minute(calls: u32) -> Self {
        Self { calls, per: SignedDuration::from_secs(60) }
    }
}

/// Where a partner's webhooks arrive, below `webhooks/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// `<name>`: its webhooks are signed.
    Name,
    /// `<name>/<path secret>`.
    NameAndSecret,
    /// `partner/<name>`: signed by our own contract.
    Partner,
}

macro_rules! define {
    ($($module:ident => $Type:ident,)*) => {
        /// Every kind of partner this version knows.
        pub const ALL: &[&Manifest] = &[$(&crate::$module::MANIFEST,)*];
    };
}
with_partners!(define);

impl Manifest {
    /// The manifest of a section of `store.toml`.
    pub fn of(name: &str, section: &PartnerSection) -> Result<&'static Self, PartnerError> {
        let found = ALL.iter().find(|manifest| manifest.kind == section.kind(name));
        found.copied().ok_or_else(|| unknown(name, section))
    }

    /// The names of secrets of every partner that is set up: those of partners that are not are never asked for.
    #[cfg(any(feature = "door", feature = "orders"))]
    pub(crate) fn secrets(
        config: &StoreConfig,
        prefix: &str,
        of: fn(&Self) -> &'static [&'static str],
    ) -> Result<Vec<String>, PartnerError> {
        let mut names = Vec::new();
        for (name, section) in &config.partners {
            let manifest = Self::of(name, section)?;
            names.extend(of(manifest).iter().map(|secret| secret_name(prefix, name, secret)));
        }
        Ok(names)
    }
}

/// A section of a kind that is none of ours.
pub(crate) fn unknown(name: &str, section: &PartnerSection) -> PartnerError {
    PartnerError::Unknown {
        name: name.to_owned(),
        kind: section.kind(name).to_owned(),
        known: ALL.iter().map(|manifest| manifest.kind).collect::<Vec<_>>().join(", "),
    }
}

/// `call/<name>/token`.
#[cfg(any(feature = "door", feature = "orders"))]
pub(crate) fn secret_name(prefix: &str, name: &str, secret: &str) -> String {
    format!("{prefix}/{name}/{secret}")
}

#[cfg(all(test, any(feature = "door", feature = "orders")))]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    /// `partner.toml`, whole: a key that is not here is a mistake.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        kind: String,
        title: String,
        base_url: Option<String>,
        webhook_path: String,
        limit: FileLimit,
        secrets: BTreeMap<String, FileSecret>,
        #[serde(default)]
        options: BTreeMap<String, FileOption>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct FileLimit {
        calls: u32,
        seconds: i64,
        #[expect(dead_code, reason = "for whoever reads the file")]
        source: String,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct FileSecret {
        name: String,
        form: String,
        rotates: bool,
        words: String,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct FileOption {
        #[serde(rename = "type")]
        kind: String,
        #[serde(default)]
        default: Option<toml_value::Any>,
        #[serde(default)]
        required: bool,
        #[serde(default)]
        one_of: Vec<String>,
        /// It names the owner's account or shop there; the sandbox's stand-in plays that one.
        #[serde(default)]
        account: bool,
        words: String,
    }

    mod toml_value {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        pub enum Any {
            Number(i64),
            Text(String),
        }
    }

    #[test]
    fn the_file_and_the_code_say_the_same() {
        for manifest in ALL {
            let file: File = basic_toml::from_str(manifest.file)
                .unwrap_or_else(|error| panic!("{}/partner.toml: {error}", manifest.kind));
            assert_eq!(file.kind, manifest.kind);
            assert!(!file.title.is_empty());
            let limit = Limit { calls: file.limit.calls, per: SignedDuration::from_secs(file.limit.seconds) };
            assert_eq!(limit, manifest.limit, "{}", file.kind);
            let path = match manifest.path {
                Path::Name => "webhooks/{name}",
                Path::NameAndSecret => "webhooks/{name}/{path-secret}",
                Path::Partner => "webhooks/partner/{name}",
            };
            assert_eq!(file.webhook_path, path, "{}", file.kind);
            let mut named: Vec<&str> = file.secrets.values().map(|secret| secret.name.as_str()).collect();
            named.sort_unstable();
            let call = manifest.call_secrets.iter().map(|secret| secret_name("call", "{name}", secret));
            let door = manifest.door_secrets.iter().map(|secret| secret_name("door", "{name}", secret));
            let mut wanted: Vec<String> = call.chain(door).collect();
            wanted.sort();
            assert_eq!(named, wanted, "{}", file.kind);
            for (key, secret) in &file.secrets {
                assert!(key.ends_with("_file") && !secret.words.is_empty(), "{} {key}", file.kind);
                assert!(["plain", "hex", "path"].contains(&secret.form.as_str()), "{} {key}", file.kind);
                assert_eq!(secret.rotates, secret.name.ends_with("/webhook-secret"), "{} {key}", file.kind);
            }
            for (key, option) in &file.options {
                let fits = match (&option.default, option.kind.as_str()) {
                    (None, "text" | "integer") => true,
                    (Some(toml_value::Any::Text(text)), "text") => {
                        option.one_of.is_empty() || option.one_of.contains(text)
                    }
                    (Some(toml_value::Any::Number(number)), "integer") => *number >= 0,
                    _ => false,
                };
                assert!(fits && !(option.required && option.default.is_some()), "{} {key}", file.kind);
                assert!(!option.words.is_empty(), "{} {key}", file.kind);
                assert!(!(option.account && option.default.is_some()), "{} {key}: nobody has our account", file.kind);
            }
            assert!(file.base_url.is_none_or(|url| url.starts_with("https://") && !url.ends_with('/')));
        }
    }

    #[expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    fn config(partners: serde_json::Value) -> StoreConfig {
        let config = serde_json::json!({
            "store": { "name": "Example Prints", "mode": "live", "shop": "example-prints.myshopify.com" },
            "partners": partners,
            "mail": { "from": "orders@example.com" },
            "brand": { "name": "Example Prints", "address": "1 Example Street", "support": "help@example.com" },
            "alerts": { "to": "owner@example.com" },
        });
        StoreConfig::parse(&config.to_string()).unwrap()
    }

    #[test]
    fn only_what_is_set_up_needs_secrets() {
        let call = |config: &StoreConfig| Manifest::secrets(config, "call", |manifest| manifest.call_secrets);
        assert_eq!(call(&config(serde_json::json!({}))).unwrap(), [""; 0]);
        let two = config(serde_json::json!({
            "printful": { "base_url": "https://api.printful.com", "store_id": null, "shipping": "STANDARD" },
            "oak": { "kind": "http", "base_url": "https://oak.example.com" },
        }));
        assert_eq!(call(&two).unwrap(), ["call/oak/token", "call/printful/token"]);
        let unknown = config(serde_json::json!({ "oak": { "base_url": "https://oak.example.com" } }));
        let told = call(&unknown).unwrap_err().to_string();
        assert!(told.contains("[partners.oak]"), "{told}");
        assert!(ALL.iter().all(|manifest| told.contains(manifest.kind)), "{told}");
    }
}
