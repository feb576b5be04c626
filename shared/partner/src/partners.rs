//! The closed set of partners, as clients.

use std::sync::Arc;

use domain::money::Money;
use domain::order::Address;
use domain::provider::Trouble;
use lambda::{Clock, Secrets, StoreConfig};

use crate::calls::Setup;
use crate::manifest::unknown;
use crate::ports::*;
use crate::{Limit, Manifest, PartnerError, with_partners};

macro_rules! define {
    ($($module:ident => $Type:ident,)*) => {
        /// One partner of the store, whichever it is.
        #[derive(Debug, Clone)]
        pub enum Partner {
            $($Type(crate::$module::$Type),)*
        }

        impl Partner {
            fn open(setup: &Setup<'_>) -> Result<Self, PartnerError> {
                $(if setup.section.kind(setup.name) == crate::$module::MANIFEST.kind {
                    return Ok(Self::$Type(crate::$module::$Type::new(setup)?));
                })*
                Err(unknown(setup.name, setup.section))
            }

            /// As it stands in effect keys, in the catalog and in `store.toml`.
            #[must_use]
            pub fn name(&self) -> &str {
                match self { $(Self::$Type(partner) => partner.name(),)* }
            }

            /// How many calls it takes.
            #[must_use]
            pub fn limit(&self) -> Limit {
                match self { $(Self::$Type(partner) => partner.limit(),)* }
            }

            /// What keeps an order from being made twice there.
            #[must_use]
            pub fn twin_rule(&self) -> TwinRule {
                match self { $(Self::$Type(_) => crate::$module::TWIN_RULE,)* }
            }

            /// Whether it takes what the customer wrote for a line (`Item::texts`).
            #[must_use]
            pub fn takes_texts(&self) -> bool {
                match self { $(Self::$Type(_) => crate::$module::TAKES_TEXTS,)* }
            }
        }

        impl PlaceOrder for Partner {
            async fn place(&self, order: &NewOrder) -> Result<Placed, Trouble> {
                match self { $(Self::$Type(partner) => partner.place(order).await,)* }
            }
        }

        impl ReleaseOrder for Partner {
            async fn release(&self, id: &str) -> Result<(), Trouble> {
                match self { $(Self::$Type(partner) => partner.release(id).await,)* }
            }
        }

        impl FindOrder for Partner {
            async fn find(&self, order: &OrderRef) -> Result<Option<PartnerOrder>, Trouble> {
                match self { $(Self::$Type(partner) => partner.find(order).await,)* }
            }
        }

        impl ListOrders for Partner {
            async fn open_orders(&self, after: Option<&str>) -> Result<Page, Trouble> {
                match self { $(Self::$Type(partner) => partner.open_orders(after).await,)* }
            }
        }

        impl CancelOrder for Partner {
            async fn cancel(&self, id: &str) -> Result<(), Trouble> {
                match self { $(Self::$Type(partner) => partner.cancel(id).await,)* }
            }
        }

        impl ChangeAddress for Partner {
            async fn change_address(&self, id: &str, to: &Address) -> Result<AddressChange, Trouble> {
                match self { $(Self::$Type(partner) => partner.change_address(id, to).await,)* }
            }
        }

        impl ReadCatalog for Partner {
            async fn variant(&self, id: &str) -> Result<Option<PartnerVariant>, Trouble> {
                match self { $(Self::$Type(partner) => partner.variant(id).await,)* }
            }

            async fn products(&self, after: Option<&str>) -> Result<Listed<PartnerVariant>, Trouble> {
                match self { $(Self::$Type(partner) => partner.products(after).await,)* }
            }
        }

        impl ReadFunds for Partner {
            async fn funds(&self) -> Result<Option<Money>, Trouble> {
                match self { $(Self::$Type(partner) => partner.funds().await,)* }
            }
        }
    };
}
with_partners!(define);

impl Partner {
    /// Every partner that `store.toml` sets up.
    pub fn all(
        config: &StoreConfig,
        secrets: &Secrets,
        http: &reqwest::Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Vec<Self>, PartnerError> {
        let open = |(name, section): (&String, _)| {
            Self::open(&Setup { name: name.as_str(), section, secrets, http, clock: &clock })
        };
        config.partners.iter().map(open).collect()
    }

    /// The names of the secrets that [`Self::all`] needs: those of the partners that are set up.
    pub fn secrets(config: &StoreConfig) -> Result<Vec<String>, PartnerError> {
        Manifest::secrets(config, "call", |manifest| manifest.call_secrets)
    }
}
