//! Printful: v1 orders (the stable API). Its limits: 120 requests a minute, external ids of at most 32 characters
//! `[A-Za-z0-9_-]`, unique per store (error OR-13 for a second one).

mod wire;

use domain::provider::Trouble;
use lambda::config::PartnerSection;
use lambda::{Secrets, http, secrets::SecretsError};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use crate::{CancelOrder, FindOrder, NewOrder, OrderRef, PartnerOrder, PlaceOrder, Placed, ReleaseOrder};

/// As it stands in effect keys, in the catalog and in `store.toml`.
pub const NAME: &str = "printful";
/// The private token, as it is named in SSM.
pub const TOKEN: &str = "call/printful/token";

/// One Printful store.
#[derive(Debug, Clone)]
pub struct Printful {
    base: String,
    store_id: Option<String>,
    shipping: Option<String>,
    token: SecretString,
    http: reqwest::Client,
}

impl Printful {
    /// The store of `section`, with the token among `secrets`.
    pub fn new(section: &PartnerSection, secrets: &Secrets, http: reqwest::Client) -> Result<Self, SecretsError> {
        Ok(Self {
            base: section.base_url.trim_end_matches('/').to_owned(),
            store_id: section.store_id.clone(),
            shipping: section.shipping.clone(),
            token: secrets.get(TOKEN)?,
            http,
        })
    }

    /// Sends one request and reads `result`. `None`: not found.
    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<Option<T>, Trouble> {
        let mut request =
            self.http.request(method, format!("{}{path}", self.base)).bearer_auth(self.token.expose_secret());
        if let Some(store) = &self.store_id {
            request = request.header("X-PF-Store-Id", store);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| http::no_answer(&error))?;
        if let Some(trouble) = http::common_trouble(&response) {
            return Err(trouble);
        }
        let status = response.status();
        let body = response.bytes().await.map_err(|error| http::no_answer(&error))?;
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !status.is_success() {
            return Err(Trouble::Refused {
                why: wire::reason(&body).unwrap_or_else(|| format!("it answers {}", status.as_u16())),
            });
        }
        let json = &mut serde_json::Deserializer::from_slice(&body);
        let answer: wire::Envelope<T> = serde_path_to_error::deserialize(json)
            .map_err(|error| Trouble::NoAnswer { why: format!("its answer is not readable at {}", error.path()) })?;
        Ok(Some(answer.result))
    }
}

impl PlaceOrder for Printful {
    async fn place(&self, order: &NewOrder) -> Result<Placed, Trouble> {
        let body = wire::new_order(order, self.shipping.as_deref());
        match self.ask::<wire::Order>(Method::POST, "/orders", Some(&body)).await {
            Ok(Some(order)) => Ok(Placed { id: order.id.0, cost: None }),
            Ok(None) => Err(Trouble::Broken { why: "its address for orders is not found; check base_url".to_owned() }),
            // The id is taken: by us, in an attempt whose answer was lost.
            Err(Trouble::Refused { why }) if why.contains("EXTERNAL_ID_IN_USE") || why.contains("OR-13") => {
                let twin = OrderRef { external_id: order.external_id.clone(), id: None };
                match self.find(&twin).await.map_err(Trouble::still_in_doubt)? {
                    Some(found) => Ok(Placed { id: found.id, cost: found.cost }),
                    None => Err(Trouble::Refused { why }),
                }
            }
            Err(trouble) => Err(trouble),
        }
    }
}

impl ReleaseOrder for Printful {
    async fn release(&self, id: &str) -> Result<(), Trouble> {
        match self.ask::<wire::Order>(Method::POST, &format!("/orders/{id}/confirm"), None).await? {
            Some(_) => Ok(()),
            None => Err(Trouble::Refused { why: "it no longer has the order".to_owned() }),
        }
    }
}

impl FindOrder for Printful {
    async fn find(&self, order: &OrderRef) -> Result<Option<PartnerOrder>, Trouble> {
        let found = self.ask::<wire::Order>(Method::GET, &format!("/orders/@{}", order.external_id), None).await?;
        Ok(found.map(wire::Order::translate))
    }
}

impl CancelOrder for Printful {
    async fn cancel(&self, id: &str) -> Result<(), Trouble> {
        match self.ask::<wire::Order>(Method::DELETE, &format!("/orders/{id}"), None).await? {
            Some(_) => Ok(()),
            None => Err(Trouble::Refused { why: "it does not have the order".to_owned() }),
        }
    }
}
