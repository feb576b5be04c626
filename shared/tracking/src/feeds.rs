//! The closed set of feeds, as clients.

use domain::provider::Trouble;
use lambda::{Secrets, StoreConfig};

use crate::calls::Setup;
use crate::manifest::unknown;
use crate::ports::{Follow, Following, Look};
use crate::{FeedError, Limit, Manifest, Seen, with_feeds};

macro_rules! define {
    ($($module:ident => $Type:ident,)*) => {
        /// One feed of the store, whichever it is.
        #[derive(Debug, Clone)]
        pub enum Feed {
            $($Type(crate::$module::$Type),)*
        }

        impl Feed {
            fn open(name: &str, setup: &Setup<'_>) -> Result<Self, FeedError> {
                $(if name == crate::$module::MANIFEST.name {
                    return Ok(Self::$Type(crate::$module::$Type::new(setup)?));
                })*
                Err(unknown(name))
            }

            /// As it stands in events and in `store.toml`.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$Type(_) => crate::$module::MANIFEST.name,)* }
            }

            /// How many calls it takes.
            #[must_use]
            pub fn limit(&self) -> Limit {
                match self { $(Self::$Type(_) => crate::$module::MANIFEST.limit,)* }
            }
        }

        impl Follow for Feed {
            async fn follow(&self, parcel: &Following<'_>) -> Result<String, Trouble> {
                match self { $(Self::$Type(feed) => feed.follow(parcel).await,)* }
            }
        }

        impl Look for Feed {
            async fn look(&self, number: &str, carrier: Option<&str>) -> Result<Option<Seen>, Trouble> {
                match self { $(Self::$Type(feed) => feed.look(number, carrier).await,)* }
            }
        }
    };
}
with_feeds!(define);

impl Feed {
    /// Every feed that `store.toml` sets up, in the order of their names.
    pub fn all(config: &StoreConfig, secrets: &Secrets, http: &reqwest::Client) -> Result<Vec<Self>, FeedError> {
        let open = |(name, section)| Self::open(name, &Setup { section, secrets, http });
        config.tracking.iter().map(|(name, section)| open((name.as_str(), section))).collect()
    }

    /// The names of the secrets that [`Self::all`] needs: those of the feeds that are set up.
    pub fn secrets(config: &StoreConfig) -> Result<Vec<String>, FeedError> {
        Manifest::secrets(config, "call", |manifest| manifest.call_secrets)
    }
}
