//! One workshop.

use domain::money::Money;
use domain::order::Address;
use domain::provider::Trouble;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::signing::{Message, SIGNATURE, TIMESTAMP};
use super::{MANIFEST, wire};
use crate::calls::{Answer, Setup, Time, gone, misplaced, send};
use crate::ports::*;
use crate::text::segment;
use crate::{Limit, PartnerError};

/// One workshop.
#[derive(Debug, Clone)]
pub struct Http {
    name: String,
    base: String,
    limit: Limit,
    key: SecretString,
    http: reqwest::Client,
    time: Time,
}

impl Http {
    pub(crate) fn new(setup: &Setup<'_>) -> Result<Self, PartnerError> {
        let calls = setup.section.number("calls_per_minute").and_then(|calls| u32::try_from(calls).ok());
        Ok(Self {
            name: setup.name.to_owned(),
            base: setup.base(),
            limit: calls.filter(|calls| *calls > 0).map_or(MANIFEST.limit, Limit::a_minute),
            key: setup.token()?,
            http: setup.http.clone(),
            time: Time(setup.clock.clone()),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn limit(&self) -> Limit {
        self.limit
    }

    /// Sends one signed request. `body`: what is posted; `key`: the idempotency key.
    async fn ask(&self, path: &str, body: Option<&Value>, key: Option<&str>) -> Result<Answer, Trouble> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let timestamp = self.time.now().as_second().to_string();
        let message = Message { timestamp: &timestamp, method: method.as_str(), path, body: bytes.as_bytes() };
        let signature = message.sign(self.key.expose_secret());
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request =
            request.header(TIMESTAMP, &timestamp).header(SIGNATURE, signature).header("accept", "application/json");
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json").body(bytes);
        }
        send(request).await
    }

    /// Asks for what a workshop need not offer (405): then as if it were not there.
    async fn optional<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Trouble> {
        let answer = self.ask(path, None, None).await?;
        if answer.status == StatusCode::METHOD_NOT_ALLOWED { Ok(None) } else { answer.yes(wire::reason) }
    }

    /// Does something with an order, and hears that it is done.
    async fn act(&self, id: &str, verb: &str) -> Result<(), Trouble> {
        let answer = self.ask(&format!("/orders/{}/{verb}", segment(id)), Some(&json!({})), None).await?;
        match answer.yes::<wire::Order>(wire::reason)? {
            Some(_) => Ok(()),
            None => Err(gone()),
        }
    }

    fn list(answer: &Answer) -> Result<Listed<PartnerOrder>, Trouble> {
        match answer.yes::<wire::Orders>(wire::reason)? {
            Some(found) => Ok(found.translate()),
            None => Err(misplaced()),
        }
    }
}

impl PlaceOrder for Http {
    async fn place(&self, order: &NewOrder) -> Result<Placed, Trouble> {
        let body = wire::new_order(order);
        let answer = self.ask("/orders", Some(&body), Some(&order.external_id)).await?;
        let Some(placed) = answer.yes::<wire::Order>(wire::reason)? else { return Err(misplaced()) };
        let placed = placed.translate();
        match placed.external_id.as_deref() {
            Some(id) if id == order.external_id => Ok(Placed { id: placed.id, cost: placed.cost }),
            // Which order it has, nobody knows; it is asked by our id.
            _ => Err(Trouble::NoAnswer { why: "it answers with another order than it was sent".to_owned() }),
        }
    }
}

impl ReleaseOrder for Http {
    async fn release(&self, id: &str) -> Result<(), Trouble> {
        self.act(id, "release").await
    }
}

impl FindOrder for Http {
    async fn find(&self, order: &OrderRef) -> Result<Option<PartnerOrder>, Trouble> {
        if order.external_id.is_empty() {
            return Ok(None);
        }
        let path = format!("/orders?external_id={}", segment(&order.external_id));
        let found = Self::list(&self.ask(&path, None, None).await?)?;
        let ours = |found: &PartnerOrder| found.external_id.as_deref() == Some(order.external_id.as_str());
        Ok(found.items.into_iter().find(ours))
    }
}

impl ListOrders for Http {
    async fn open_orders(&self, after: Option<&str>) -> Result<Page, Trouble> {
        let answer = self.ask(&wire::paged("/orders?open=true", after), None, None).await?;
        if answer.status == StatusCode::METHOD_NOT_ALLOWED { Ok(None) } else { Self::list(&answer).map(Some) }
    }
}

impl CancelOrder for Http {
    async fn cancel(&self, id: &str) -> Result<(), Trouble> {
        self.act(id, "cancel").await
    }
}

impl ChangeAddress for Http {
    async fn change_address(&self, id: &str, to: &Address) -> Result<AddressChange, Trouble> {
        let body = json!({ "ship_to": wire::address(to) });
        let answer = self.ask(&format!("/orders/{}/address", segment(id)), Some(&body), None).await?;
        if answer.status == StatusCode::METHOD_NOT_ALLOWED {
            return Ok(AddressChange::NotPossible);
        }
        match answer.yes::<wire::Outcome>(wire::reason)? {
            Some(outcome) => Ok(outcome.translate()),
            None => Err(gone()),
        }
    }
}

impl ReadCatalog for Http {
    /// A workshop that offers no list of its variants can make them all, as far as we know.
    async fn variant(&self, id: &str) -> Result<Option<PartnerVariant>, Trouble> {
        let answer = self.ask(&format!("/variants/{}", segment(id)), None, None).await?;
        if answer.status == StatusCode::METHOD_NOT_ALLOWED {
            return Ok(Some(wire::unknown_variant(id)));
        }
        Ok(answer.yes::<wire::Variant>(wire::reason)?.map(wire::Variant::translate))
    }

    async fn products(&self, after: Option<&str>) -> Result<Listed<PartnerVariant>, Trouble> {
        let found = self.optional::<wire::Variants>(&wire::paged("/variants", after)).await?;
        Ok(found.map_or(Listed { items: Vec::new(), next: None }, wire::Variants::translate))
    }
}

impl ReadFunds for Http {
    async fn funds(&self) -> Result<Option<Money>, Trouble> {
        Ok(self.optional::<wire::Amount>("/funds").await?.and_then(|amount| amount.money()))
    }
}
