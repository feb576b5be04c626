//! One Printful store.

use domain::money::Money;
use domain::order::Address;
use domain::provider::Trouble;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{MANIFEST, wire};
use crate::calls::{Setup, gone, misplaced, send};
use crate::ports::*;
use crate::text::segment;
use crate::{Limit, PartnerError};

/// One Printful store.
#[derive(Debug, Clone)]
pub struct Printful {
    name: String,
    base: String,
    store_id: Option<String>,
    shipping: Option<String>,
    token: SecretString,
    http: reqwest::Client,
}

/// The states whose orders are looked at when the webhooks are silent, and whether older pages still matter: of the finished
/// ones only the newest page does.
const LISTED: [(&str, bool); 9] = [
    // A hold can end with an order that is a draft again, which waits for us.
    ("draft", true),
    ("pending", true),
    ("inreview", true),
    ("onhold", true),
    ("inprocess", true),
    ("partial", true),
    ("failed", false),
    ("fulfilled", false),
    ("canceled", false),
];
/// The largest page of orders it gives.
const PAGE: usize = 100;
/// Of products a smaller one, since each is asked about by itself.
const PRODUCTS: usize = 10;
/// "Rate limit warning", by its documentation.
const LIMIT_WARNING: u16 = 419;

impl Printful {
    pub(crate) fn new(setup: &Setup<'_>) -> Result<Self, PartnerError> {
        Ok(Self {
            name: setup.name.to_owned(),
            base: setup.base(),
            store_id: setup.section.text("store_id"),
            shipping: setup.section.text("shipping"),
            token: setup.token()?,
            http: setup.http.clone(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn limit(&self) -> Limit {
        MANIFEST.limit
    }

    /// Sends one request and reads its envelope. `None`: not found.
    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Option<wire::Envelope<T>>, Trouble> {
        let mut request =
            self.http.request(method, format!("{}{path}", self.base)).bearer_auth(self.token.expose_secret());
        if let Some(store) = &self.store_id {
            request = request.header("X-PF-Store-Id", store);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = send(request).await?;
        if answer.status.as_u16() == LIMIT_WARNING {
            return Err(Trouble::RateLimited { retry_after: None, a_second: None });
        }
        answer.yes(wire::reason)
    }

    /// The same, of one thing.
    async fn one<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Option<T>, Trouble> {
        Ok(self.ask(method, path, body).await?.map(|envelope| envelope.result))
    }
}

impl PlaceOrder for Printful {
    async fn place(&self, order: &NewOrder) -> Result<Placed, Trouble> {
        let body = wire::new_order(order, self.shipping.as_deref());
        match self.one::<wire::Order>(Method::POST, "/orders", Some(&body)).await {
            Ok(Some(order)) => {
                let order = order.translate();
                Ok(Placed { id: order.id, cost: order.cost })
            }
            Ok(None) => Err(misplaced()),
            // The id is taken: by us, in an attempt whose answer was lost.
            Err(Trouble::Refused { why }) if why.contains("OR-13") => {
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
        match self.one::<wire::Order>(Method::POST, &format!("/orders/{}/confirm", segment(id)), None).await? {
            Some(_) => Ok(()),
            None => Err(gone()),
        }
    }
}

impl FindOrder for Printful {
    async fn find(&self, order: &OrderRef) -> Result<Option<PartnerOrder>, Trouble> {
        let path = match (&order.id, order.external_id.as_str()) {
            (Some(id), "") => format!("/orders/{}", segment(id)),
            (None, "") => return Ok(None),
            (_, external_id) => format!("/orders/@{}", segment(external_id)),
        };
        Ok(self.one::<wire::Order>(Method::GET, &path, None).await?.map(wire::Order::translate))
    }
}

impl ListOrders for Printful {
    /// One page of one state after the other; `after` is `<state>:<offset>`.
    async fn open_orders(&self, after: Option<&str>) -> Result<Page, Trouble> {
        let (state, offset) = after.and_then(|after| after.split_once(':')).unwrap_or((LISTED[0].0, "0"));
        let at = LISTED.iter().position(|(listed, _)| *listed == state).unwrap_or_default();
        let offset: usize = offset.parse().unwrap_or_default();
        let (state, older) = LISTED[at];
        let path = format!("/orders?status={state}&offset={offset}&limit={PAGE}");
        let Some(page) = self.ask::<Vec<wire::Order>>(Method::GET, &path, None).await? else {
            return Err(misplaced());
        };
        let full = page.result.len() == PAGE;
        let next = if full && older {
            Some(format!("{state}:{}", offset + PAGE))
        } else {
            LISTED.get(at + 1).map(|(next, _)| format!("{next}:0"))
        };
        Ok(Some(Listed { items: page.result.into_iter().map(wire::Order::translate).collect(), next }))
    }
}

impl CancelOrder for Printful {
    async fn cancel(&self, id: &str) -> Result<(), Trouble> {
        match self.one::<wire::Order>(Method::DELETE, &format!("/orders/{}", segment(id)), None).await? {
            Some(_) => Ok(()),
            None => Err(gone()),
        }
    }
}

impl ChangeAddress for Printful {
    /// Only a draft or a failed order is still editable (OR-1).
    async fn change_address(&self, id: &str, to: &Address) -> Result<AddressChange, Trouble> {
        let body = json!({ "recipient": wire::recipient(to, None) });
        match self.one::<wire::Order>(Method::PUT, &format!("/orders/{}", segment(id)), Some(&body)).await? {
            Some(_) => Ok(AddressChange::Changed),
            None => Err(gone()),
        }
    }
}

impl ReadCatalog for Printful {
    async fn variant(&self, id: &str) -> Result<Option<PartnerVariant>, Trouble> {
        // Its catalog is numbered; anything else is none of its variants.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        let found = self.one::<wire::CatalogVariant>(Method::GET, &format!("/products/variant/{id}"), None).await?;
        Ok(found.map(wire::CatalogVariant::translate))
    }

    async fn products(&self, after: Option<&str>) -> Result<Listed<PartnerVariant>, Trouble> {
        let offset: usize = after.and_then(|after| after.parse().ok()).unwrap_or_default();
        let path = format!("/store/products?offset={offset}&limit={PRODUCTS}");
        let Some(page) = self.ask::<Vec<wire::SyncProduct>>(Method::GET, &path, None).await? else {
            return Err(misplaced());
        };
        let next = (page.result.len() == PRODUCTS).then(|| (offset + PRODUCTS).to_string());
        let mut items = Vec::new();
        for product in page.result {
            let path = format!("/store/products/{}", segment(&product.id.0));
            // One that was deleted meanwhile is none.
            if let Some(product) = self.one::<wire::SyncProductInfo>(Method::GET, &path, None).await? {
                items.extend(product.translate());
            }
        }
        Ok(Listed { items, next })
    }
}

impl ReadFunds for Printful {
    /// Its API tells nothing of the wallet.
    async fn funds(&self) -> Result<Option<Money>, Trouble> {
        Ok(None)
    }
}
