//! Production partners, one folder each.
//!
//! Routing places, releases and cancels; shipping asks what was shipped. Both speak to the same partner, which is why it lives
//! here and not in one of them; each is given only the traits it needs. Adding a partner: a folder beside [`printful`], one
//! variant and one line per verb in [`Partner`], its webhooks in `functions/intake/src/sources`, and its tests.

pub mod printful;

use domain::order::Address;
use domain::parcel::{Pieces, Tracking};
use domain::plan::Item;
use domain::provider::Trouble;
use lambda::{Secrets, StoreConfig, secrets::SecretsError};

pub use printful::Printful;

/// What a partner is to make and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// Our stable id of it; the partner refuses a second one.
    pub external_id: String,
    pub ship_to: Address,
    /// For the carrier's own notices.
    pub email: Option<String>,
    /// The currency the retail prices are in.
    pub currency: String,
    pub items: Vec<Item>,
}

/// An order as the partner has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerOrder {
    /// The partner's own id.
    pub id: String,
    pub stage: Stage,
    pub shipments: Vec<Shipment>,
}

/// How far a partner is with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It exists and nothing is made yet: it still has to be released.
    Draft,
    /// It was released: waiting for production, in production, on hold, or shipped.
    Released,
    /// The partner gave up on it.
    Failed,
    Cancelled,
}

/// A parcel the partner has handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// The partner's own id.
    pub id: String,
    pub tracking: Option<Tracking>,
    /// Which pieces of which store lines are in it; empty where the partner does not tell.
    pub pieces: Vec<Pieces>,
}

/// Places an order, without having it made yet.
pub trait PlaceOrder: Send + Sync {
    /// The partner's own id of the draft.
    fn place(&self, order: &NewOrder) -> impl Future<Output = Result<String, Trouble>> + Send;
}

/// Has a placed order made.
pub trait ReleaseOrder: Send + Sync {
    /// From now on it costs money.
    fn release(&self, id: &str) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// Asks for an order.
pub trait FindOrder: Send + Sync {
    /// By our external id; `None`: the partner has none.
    fn find(&self, external_id: &str) -> impl Future<Output = Result<Option<PartnerOrder>, Trouble>> + Send;
}

/// Cancels an order.
pub trait CancelOrder: Send + Sync {
    /// [`Trouble::Refused`] when it is too late.
    fn cancel(&self, id: &str) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// The closed set of partners.
#[derive(Debug, Clone)]
pub enum Partner {
    Printful(Printful),
}

/// A partner in `store.toml` or in the catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PartnerError {
    #[error("store.toml names the partner {0:?}, which this version does not know (it knows printful)")]
    Unknown(String),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}

impl Partner {
    /// Every partner that `store.toml` sets up.
    pub fn all(config: &StoreConfig, secrets: &Secrets, http: &reqwest::Client) -> Result<Vec<Self>, PartnerError> {
        let partners = config.partners.iter().map(|(name, section)| match name.as_str() {
            printful::NAME => Ok(Self::Printful(Printful::new(section, secrets, http.clone())?)),
            other => Err(PartnerError::Unknown(other.to_owned())),
        });
        partners.collect()
    }

    /// As it stands in effect keys, in the catalog and in `store.toml`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Printful(_) => printful::NAME,
        }
    }
}

impl PlaceOrder for Partner {
    async fn place(&self, order: &NewOrder) -> Result<String, Trouble> {
        match self {
            Self::Printful(partner) => partner.place(order).await,
        }
    }
}

impl ReleaseOrder for Partner {
    async fn release(&self, id: &str) -> Result<(), Trouble> {
        match self {
            Self::Printful(partner) => partner.release(id).await,
        }
    }
}

impl FindOrder for Partner {
    async fn find(&self, external_id: &str) -> Result<Option<PartnerOrder>, Trouble> {
        match self {
            Self::Printful(partner) => partner.find(external_id).await,
        }
    }
}

impl CancelOrder for Partner {
    async fn cancel(&self, id: &str) -> Result<(), Trouble> {
        match self {
            Self::Printful(partner) => partner.cancel(id).await,
        }
    }
}
