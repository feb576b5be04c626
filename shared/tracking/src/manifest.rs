//! What is fixed about a feed and needed before anything is sent or heard.
//!
//! Each feed's `feed.toml` says the same and more to the owner's tools (`infra/cli`), which know no feed by name; a test holds the
//! two together.

use jiff::SignedDuration;
#[cfg(any(feature = "door", feature = "calls"))]
use lambda::StoreConfig;

#[cfg(any(feature = "door", feature = "calls"))]
use crate::FeedError;
use crate::with_feeds;

/// What is fixed about one feed.
#[derive(Debug, PartialEq, Eq)]
pub struct Manifest {
    /// As in `store.toml` (`[tracking.<name>]`), in the names of secrets, in events, and in the webhooks' path
    /// (`webhooks/tracking/<name>`).
    pub name: &'static str,
    /// Where its API is, where `store.toml` does not say.
    pub base_url: &'static str,
    pub limit: Limit,
    /// What the functions that call it read: `token` is the secret `call/<name>/token`.
    pub call_secrets: &'static [&'static str],
    /// What only the door reads: `webhook-secret` is the secret `door/<name>/webhook-secret`.
    pub door_secrets: &'static [&'static str],
    /// The file that the owner's tools read.
    pub file: &'static str,
}

/// How many calls a feed takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub calls: u32,
    pub per: SignedDuration,
}

impl Limit {
    /// So many calls a second.
    #[must_use]
    pub const fn a_second(calls: u32) -> Self {
        Self { calls, per: SignedDuration::from_secs(1) }
    }
}

macro_rules! define {
    ($($module:ident => $Type:ident,)*) => {
        /// Every feed this version knows.
        pub const ALL: &[&Manifest] = &[$(&crate::$module::MANIFEST,)*];
    };
}
with_feeds!(define);

#[cfg(any(feature = "door", feature = "calls"))]
impl Manifest {
    /// The names of secrets of every feed that is set up: those of feeds that are not are never asked for.
    pub(crate) fn secrets(
        config: &StoreConfig,
        prefix: &str,
        of: fn(&Self) -> &'static [&'static str],
    ) -> Result<Vec<String>, FeedError> {
        let mut names = Vec::new();
        for name in config.tracking.keys() {
            let manifest = ALL.iter().find(|manifest| manifest.name == name).ok_or_else(|| unknown(name))?;
            names.extend(of(manifest).iter().map(|secret| secret_name(prefix, name, secret)));
        }
        Ok(names)
    }
}

/// A section that is none of ours.
#[cfg(any(feature = "door", feature = "calls"))]
pub(crate) fn unknown(name: &str) -> FeedError {
    let known = ALL.iter().map(|manifest| manifest.name).collect::<Vec<_>>().join(", ");
    FeedError::Unknown { name: name.to_owned(), known }
}

/// `call/<name>/token`.
#[cfg(any(feature = "door", feature = "calls"))]
pub(crate) fn secret_name(prefix: &str, name: &str, secret: &str) -> String {
    format!("{prefix}/{name}/{secret}")
}

#[cfg(all(test, any(feature = "door", feature = "calls")))]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    /// `feed.toml`, whole: a key that is not here is a mistake.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        kind: String,
        title: String,
        base_url: String,
        webhook_path: String,
        limit: FileLimit,
        secrets: BTreeMap<String, FileSecret>,
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

    #[test]
    fn the_file_and_the_code_say_the_same() {
        for manifest in ALL {
            let file: File = basic_toml::from_str(manifest.file)
                .unwrap_or_else(|error| panic!("{}/feed.toml: {error}", manifest.name));
            assert_eq!((file.kind.as_str(), file.base_url.as_str()), (manifest.name, manifest.base_url));
            assert!(!file.title.is_empty() && file.base_url.starts_with("https://") && !file.base_url.ends_with('/'));
            let limit = Limit { calls: file.limit.calls, per: SignedDuration::from_secs(file.limit.seconds) };
            assert_eq!(limit, manifest.limit, "{}", file.kind);
            assert_eq!(file.webhook_path, "webhooks/tracking/{name}");
            let mut named: Vec<&str> = file.secrets.values().map(|secret| secret.name.as_str()).collect();
            named.sort_unstable();
            let call = manifest.call_secrets.iter().map(|secret| secret_name("call", "{name}", secret));
            let door = manifest.door_secrets.iter().map(|secret| secret_name("door", "{name}", secret));
            let mut wanted: Vec<String> = call.chain(door).collect();
            wanted.sort();
            assert_eq!(named, wanted, "{}", file.kind);
            for (key, secret) in &file.secrets {
                assert!(key.ends_with("_file") && !secret.words.is_empty(), "{} {key}", file.kind);
                assert_eq!(secret.form, "plain", "{} {key}", file.kind);
                assert_eq!(secret.rotates, secret.name.ends_with("/webhook-secret"), "{} {key}", file.kind);
            }
        }
    }

    #[test]
    fn only_feeds_that_are_set_up_need_their_secrets() {
        let config = |tracking: serde_json::Value| {
            let config = serde_json::json!({
                "store": { "name": "Example Prints", "mode": "live", "shop": "example-prints.myshopify.com" },
                "tracking": tracking,
                "mail": { "from": "orders@example.com" },
                "brand": { "name": "Example Prints", "address": "1 Example Street", "support": "help@example.com" },
                "alerts": { "to": "owner@example.com" },
            });
            StoreConfig::parse(&config.to_string()).unwrap()
        };
        let door = |tracking| Manifest::secrets(&config(tracking), "door", |manifest| manifest.door_secrets);
        assert!(door(serde_json::json!({})).unwrap().is_empty());
        let two = serde_json::json!({ "easypost": {}, "17track": {} });
        assert_eq!(door(two).unwrap(), ["door/17track/webhook-secret", "door/easypost/webhook-secret"]);
        let unknown = door(serde_json::json!({ "parrot": {} })).unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "store.toml: [tracking.parrot] is no feed that this version knows (it knows easypost, aftership, 17track)"
        );
    }
}
