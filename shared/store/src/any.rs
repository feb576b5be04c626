//! Whichever platform the store has. A function opens it and does not care.

use std::sync::Arc;

use domain::Timestamp;
use domain::contact::{Bought, Checkout, Consent, Contact, ContactId, Who};
use domain::decision::Refusal;
use domain::order::Order;
use domain::parcel::{Contents, Tracking};
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::config::Platform;
use lambda::environment::EnvironmentError;
use lambda::secrets::SecretsError;
use lambda::{Clock, Environment, Secrets, StoreConfig};

use crate::headless::table::Dynamo;
use crate::headless::{self, Headless};
use crate::shopify::{self, Shopify};
use crate::{
    AddContact, BoughtSince, Change, ChangedOrders, Checkouts, HoldOrder, ListVariants, Page, PlacedOrder,
    PlacedOrders, ReadCheckout, ReadContact, ReadOrder, RefuseOrder, ReleaseHold, ResolvePayment, Resolved, SetConsent,
    StalledCheckout, StoreVariant, Subscription, Subscriptions, TestOrder, Topic, TrackFulfilment, WriteFulfilment,
};

/// The environment variable that names the headless store's order table.
const ORDERS_TABLE: &str = "BATON_ORDERS_TABLE";

/// The store of this shop.
#[derive(Debug, Clone)]
pub enum Store {
    Shopify(Shopify),
    Headless(Box<Headless<Dynamo>>),
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    #[error("store.toml has platform = \"headless\" and no [stripe]: say where the money is taken")]
    NoStripe,
}

impl Store {
    /// The secrets a function that calls the store needs.
    #[must_use]
    pub fn secrets(config: &StoreConfig) -> &'static [&'static str] {
        match config.store.platform {
            Platform::Shopify => &[shopify::ADMIN_TOKEN],
            Platform::Headless => &[headless::SECRET_KEY],
        }
    }

    /// The store that `config` names. The headless one's order table is named by `BATON_ORDERS_TABLE`.
    pub fn open(
        config: &StoreConfig,
        secrets: &Secrets,
        http: reqwest::Client,
        dynamo: &aws_sdk_dynamodb::Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        match config.store.platform {
            Platform::Shopify => Ok(Self::Shopify(Shopify::new(&config.store, secrets, http)?)),
            Platform::Headless => {
                let store = Headless::open(config, secrets, http, dynamo, clock)?;
                Ok(Self::Headless(Box::new(store)))
            }
        }
    }

    /// The webhook topics this platform's orders live by.
    #[must_use]
    pub fn topics(&self) -> &'static [Topic] {
        match self {
            Self::Shopify(_) => shopify::topics::TOPICS,
            Self::Headless(_) => headless::TOPICS,
        }
    }

    /// Where on the door its webhooks go: `webhooks/shopify`.
    #[must_use]
    pub fn webhook_path(&self) -> &'static str {
        match self {
            Self::Shopify(_) => "webhooks/shopify",
            Self::Headless(_) => "webhooks/stripe",
        }
    }
}

impl Headless<Dynamo> {
    /// The headless store that `config` names, with the order table that `BATON_ORDERS_TABLE` names.
    pub fn open(
        config: &StoreConfig,
        secrets: &Secrets,
        http: reqwest::Client,
        dynamo: &aws_sdk_dynamodb::Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let stripe = config.stripe.as_ref().ok_or(OpenError::NoStripe)?;
        let table = Dynamo::new(dynamo.clone(), Environment.required(ORDERS_TABLE)?);
        let (shop, checkout) = (config.store.shop.as_str(), &config.checkout);
        Ok(Self::new(table, headless::Parts { shop, stripe, checkout, secrets, http, clock })?)
    }
}

/// The same call on whichever platform it is.
macro_rules! either {
    ($store:expr, $($call:tt)+) => {
        match $store {
            Store::Shopify(store) => store.$($call)+.await,
            Store::Headless(store) => store.$($call)+.await,
        }
    };
}

impl ReadOrder for Store {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, Trouble> {
        either!(self, order(id))
    }
}

impl WriteFulfilment for Store {
    async fn fulfil(&self, contents: &Contents, tracking: Option<&Tracking>) -> Result<String, Trouble> {
        either!(self, fulfil(contents, tracking))
    }
}

impl TrackFulfilment for Store {
    async fn track(&self, fulfilment: &str, tracking: &[Tracking]) -> Result<(), Trouble> {
        either!(self, track(fulfilment, tracking))
    }
}

impl HoldOrder for Store {
    async fn hold(&self, order: &Order, handle: &str, note: &str) -> Result<(), Trouble> {
        either!(self, hold(order, handle, note))
    }
}

impl ReleaseHold for Store {
    async fn release_hold(&self, order: &Order, handle: &str) -> Result<(), Trouble> {
        either!(self, release_hold(order, handle))
    }
}

impl RefuseOrder for Store {
    async fn refuse(&self, order: &Order, decision: &Refusal) -> Result<String, Trouble> {
        either!(self, refuse(order, decision))
    }
}

impl ChangedOrders for Store {
    async fn changed(&self, since: Timestamp, after: Option<&str>) -> Result<Page<Change>, Trouble> {
        either!(self, changed(since, after))
    }
}

impl ResolvePayment for Store {
    async fn resolve(&self, topic: &str, object: &str) -> Result<Resolved, Trouble> {
        either!(self, resolve(topic, object))
    }
}

impl Subscriptions for Store {
    async fn subscriptions(&self) -> Result<Vec<Subscription>, Trouble> {
        either!(self, subscriptions())
    }

    async fn subscribe(&self, topic: &str, address: &str) -> Result<(), Trouble> {
        either!(self, subscribe(topic, address))
    }
}

impl Checkouts for Store {
    async fn stalled(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<StalledCheckout>, Trouble> {
        either!(self, stalled(from, until, after))
    }
}

impl PlacedOrders for Store {
    async fn placed(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<PlacedOrder>, Trouble> {
        either!(self, placed(from, until, after))
    }

    async fn newest_order(&self) -> Result<Option<Timestamp>, Trouble> {
        either!(self, newest_order())
    }
}

impl TestOrder for Store {
    async fn place_test_order(&self, tag: &str, variant: &str, email: &str) -> Result<OrderId, Trouble> {
        either!(self, place_test_order(tag, variant, email))
    }

    async fn clean_up(&self, order: &Order, tag: &str) -> Result<(), Trouble> {
        either!(self, clean_up(order, tag))
    }
}

impl ListVariants for Store {
    async fn variants(&self, after: Option<&str>) -> Result<Page<StoreVariant>, Trouble> {
        either!(self, variants(after))
    }
}

impl ReadContact for Store {
    async fn contact(&self, id: &ContactId) -> Result<Option<Contact>, Trouble> {
        either!(self, contact(id))
    }

    async fn contact_by_mail(&self, mail: &str) -> Result<Option<Contact>, Trouble> {
        either!(self, contact_by_mail(mail))
    }
}

impl ReadCheckout for Store {
    async fn checkout(&self, id: &str) -> Result<Option<Checkout>, Trouble> {
        either!(self, checkout(id))
    }
}

impl BoughtSince for Store {
    async fn bought_since(&self, who: &Who, since: Timestamp) -> Result<Option<Bought>, Trouble> {
        either!(self, bought_since(who, since))
    }
}

impl SetConsent for Store {
    async fn set_consent(&self, id: &ContactId, consent: Consent, at: Timestamp) -> Result<(), Trouble> {
        either!(self, set_consent(id, consent, at))
    }
}

impl AddContact for Store {
    async fn add_contact(
        &self,
        mail: &str,
        consent: Consent,
        language: Option<&str>,
        at: Timestamp,
    ) -> Result<ContactId, Trouble> {
        either!(self, add_contact(mail, consent, language, at))
    }
}
