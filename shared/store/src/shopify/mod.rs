//! Shopify's Admin GraphQL API.
//!
//! | module | job |
//! |---|---|
//! | [`documents`] | every GraphQL document we send |
//! | [`graphql`] | one request; what an answer with errors means |
//! | [`wire`] | Shopify's answers, as far as we read them |
//! | [`read`], [`order`], [`money`], [`risk`], [`payment`] | the order, from Shopify's words to ours |
//! | [`fulfil`], [`track`] | a parcel written to the store, and its further numbers |
//! | [`hold`], [`refuse`] | an order kept from being fulfilled, let go, or cancelled |
//! | [`contacts`], [`bought`] | people and their consent; checkouts, and who bought since |
//! | [`changed`] | what changed, for the sweep |
//! | [`health`] | checkouts and payments, for payment health |
//! | [`topics`], [`subscriptions`] | which webhooks we want, and which we have |
//! | [`trial`], [`variants`] | the test order, and what the store sells |

mod bought;
mod changed;
mod contacts;
mod documents;
mod fulfil;
mod graphql;
mod health;
mod hold;
mod money;
mod order;
mod payment;
mod read;
mod refuse;
mod risk;
mod subscriptions;
pub mod topics;
mod track;
mod trial;
mod variants;
mod wire;

use domain::Timestamp;
use domain::contact::{Bought, Checkout, Consent, Contact, ContactId, Who};
use domain::decision::Refusal;
use domain::order::Order;
use domain::parcel::{Contents, Tracking};
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::config::StoreSection;
use lambda::{Secrets, secrets::SecretsError};

use crate::{
    AddContact, BoughtSince, Change, ChangedOrders, Checkouts, HoldOrder, ListVariants, Page, PlacedOrder,
    PlacedOrders, ReadCheckout, ReadContact, ReadOrder, RefuseOrder, ReleaseHold, ResolvePayment, Resolved, SetConsent,
    StalledCheckout, StoreVariant, Subscription, Subscriptions, TestOrder, TrackFulfilment, WriteFulfilment,
};
use graphql::Graphql;

pub use documents::QUERIES;

/// The name of Shopify's secret: the Admin API access token.
pub const ADMIN_TOKEN: &str = "call/shopify/admin-token";

/// One Shopify store.
#[derive(Debug, Clone)]
pub struct Shopify {
    graphql: Graphql,
}

impl Shopify {
    /// The store of `section`, with the access token among `secrets`.
    pub fn new(section: &StoreSection, secrets: &Secrets, http: reqwest::Client) -> Result<Self, SecretsError> {
        let base = section.base_url.trim_end_matches('/');
        let url = format!("{base}/admin/api/{}/graphql.json", section.api_version);
        Ok(Self { graphql: Graphql::new(url, secrets.get(ADMIN_TOKEN)?, http) })
    }
}

/// The global id of an order.
fn order_gid(id: OrderId) -> String {
    format!("gid://shopify/Order/{id}")
}

/// The number at the end of a global id: `gid://shopify/Fulfillment/5553334445` → `5553334445`.
fn number_of(gid: &str) -> String {
    let path = gid.split('?').next().unwrap_or(gid);
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

impl ReadOrder for Shopify {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, Trouble> {
        read::order(&self.graphql, id).await
    }
}

impl WriteFulfilment for Shopify {
    async fn fulfil(&self, contents: &Contents, tracking: Option<&Tracking>) -> Result<String, Trouble> {
        fulfil::fulfil(&self.graphql, contents, tracking).await
    }
}

impl TrackFulfilment for Shopify {
    async fn track(&self, fulfilment: &str, tracking: &[Tracking]) -> Result<(), Trouble> {
        track::track(&self.graphql, fulfilment, tracking).await
    }
}

impl HoldOrder for Shopify {
    async fn hold(&self, order: &Order, handle: &str, note: &str) -> Result<(), Trouble> {
        hold::hold(&self.graphql, order, handle, note).await
    }
}

impl ReleaseHold for Shopify {
    async fn release_hold(&self, order: &Order, handle: &str) -> Result<(), Trouble> {
        hold::release(&self.graphql, order, handle).await
    }
}

impl RefuseOrder for Shopify {
    async fn refuse(&self, order: &Order, decision: &Refusal) -> Result<String, Trouble> {
        refuse::refuse(&self.graphql, order, decision).await
    }
}

impl ChangedOrders for Shopify {
    async fn changed(&self, since: Timestamp, after: Option<&str>) -> Result<Page<Change>, Trouble> {
        changed::changed(&self.graphql, since, after).await
    }
}

/// Shopify tells of payments as part of its orders; no provider of ours tells us of one beside it.
impl ResolvePayment for Shopify {
    async fn resolve(&self, _topic: &str, _object: &str) -> Result<Resolved, Trouble> {
        Ok(Resolved::Nothing)
    }
}

impl Subscriptions for Shopify {
    async fn subscriptions(&self) -> Result<Vec<Subscription>, Trouble> {
        subscriptions::list(&self.graphql).await
    }

    async fn subscribe(&self, topic: &str, address: &str) -> Result<(), Trouble> {
        subscriptions::subscribe(&self.graphql, topic, address).await
    }
}

impl Checkouts for Shopify {
    async fn stalled(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<StalledCheckout>, Trouble> {
        health::stalled(&self.graphql, from, until, after).await
    }
}

impl PlacedOrders for Shopify {
    async fn placed(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<PlacedOrder>, Trouble> {
        health::placed(&self.graphql, from, until, after).await
    }

    async fn newest_order(&self) -> Result<Option<Timestamp>, Trouble> {
        health::newest_order(&self.graphql).await
    }
}

impl TestOrder for Shopify {
    async fn place_test_order(&self, tag: &str, variant: &str, email: &str) -> Result<OrderId, Trouble> {
        trial::place(&self.graphql, tag, variant, email).await
    }

    async fn clean_up(&self, order: &Order, tag: &str) -> Result<(), Trouble> {
        trial::clean_up(&self.graphql, order, tag).await
    }
}

impl ListVariants for Shopify {
    async fn variants(&self, after: Option<&str>) -> Result<Page<StoreVariant>, Trouble> {
        variants::variants(&self.graphql, after).await
    }
}

impl ReadContact for Shopify {
    async fn contact(&self, id: &ContactId) -> Result<Option<Contact>, Trouble> {
        contacts::contact(&self.graphql, id).await
    }

    async fn contact_by_mail(&self, mail: &str) -> Result<Option<Contact>, Trouble> {
        contacts::by_mail(&self.graphql, mail).await
    }
}

impl ReadCheckout for Shopify {
    async fn checkout(&self, id: &str) -> Result<Option<Checkout>, Trouble> {
        bought::checkout(&self.graphql, id).await
    }
}

impl BoughtSince for Shopify {
    async fn bought_since(&self, who: &Who, since: Timestamp) -> Result<Option<Bought>, Trouble> {
        bought::bought(&self.graphql, who, since).await
    }
}

impl SetConsent for Shopify {
    async fn set_consent(&self, id: &ContactId, consent: Consent, at: Timestamp) -> Result<(), Trouble> {
        contacts::set_consent(&self.graphql, id, consent, at).await
    }
}

impl AddContact for Shopify {
    async fn add_contact(
        &self,
        mail: &str,
        consent: Consent,
        language: Option<&str>,
        at: Timestamp,
    ) -> Result<ContactId, Trouble> {
        contacts::add(&self.graphql, mail, consent, language, at).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_gid() {
        assert_eq!(number_of("gid://shopify/Fulfillment/5553334445?a=b"), "5553334445");
        assert_eq!(order_gid(OrderId(7)), "gid://shopify/Order/7");
    }
}
