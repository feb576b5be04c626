//! One Printify shop.

use domain::money::Money;
use domain::order::Address;
use domain::provider::Trouble;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::order::Order;
use super::{MANIFEST, wire};
use crate::calls::{Answer, Setup, gone, misplaced, send};
use crate::ports::*;
use crate::text::segment;
use crate::{Limit, PartnerError};

/// One Printify shop.
#[derive(Debug, Clone)]
pub struct Printify {
    name: String,
    base: String,
    shop: String,
    shipping: i64,
    currency: String,
    token: SecretString,
    http: reqwest::Client,
}

/// The largest pages it gives.
const ORDERS: usize = 10;
const PRODUCTS: usize = 50;

impl Printify {
    pub(crate) fn new(setup: &Setup<'_>) -> Result<Self, PartnerError> {
        Ok(Self {
            name: setup.name.to_owned(),
            base: setup.base(),
            shop: setup.required("shop_id")?,
            shipping: setup.section.number("shipping").unwrap_or(1),
            currency: setup.section.text("currency").unwrap_or_else(|| "USD".to_owned()),
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

    /// Sends one request below `/v1`. The client names itself in `User-Agent`, without which Printify answers nobody.
    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Trouble> {
        let mut request =
            self.http.request(method, format!("{}{path}", self.base)).bearer_auth(self.token.expose_secret());
        if let Some(body) = body {
            request = request.header("content-type", "application/json;charset=utf-8").body(body.to_string());
        }
        send(request).await
    }

    /// The same, of the shop's own things.
    async fn of_shop(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Trouble> {
        self.ask(method, &format!("/shops/{}/{path}", segment(&self.shop)), body).await
    }

    async fn order(&self, id: &str) -> Result<Option<PartnerOrder>, Trouble> {
        let answer = self.of_shop(Method::GET, &format!("orders/{}.json", segment(id)), None).await?;
        Ok(answer.yes::<Order>(wire::reason)?.map(|order| order.translate(&self.currency)))
    }

    /// The order exists under `id`; its price is asked for, since the answer to placing it does not tell. A price that cannot be
    /// had now is no reason to doubt the order.
    async fn placed(&self, id: String) -> Placed {
        let cost = self.order(&id).await.ok().flatten().and_then(|order| order.cost);
        Placed { id, cost }
    }

    async fn variant_of_product(&self, product: &str, variant: &str) -> Result<Option<PartnerVariant>, Trouble> {
        let answer = self.of_shop(Method::GET, &format!("products/{}.json", segment(product)), None).await?;
        let found: Option<wire::Product> = answer.yes(wire::reason)?;
        let wanted = format!("{product}:{variant}");
        Ok(found.and_then(|product| product.translate(&self.currency).into_iter().find(|variant| variant.id == wanted)))
    }

    async fn variant_of_blueprint(&self, blank: &wire::Blank) -> Result<Option<PartnerVariant>, Trouble> {
        let path =
            format!("/catalog/blueprints/{}/print_providers/{}/variants.json", blank.blueprint, blank.print_provider);
        // By default it lists only what is in stock.
        for (query, available) in [("0", Availability::Available), ("1", Availability::OutOfStock)] {
            let answer = self.ask(Method::GET, &format!("{path}?show-out-of-stock={query}"), None).await?;
            let Some(found) = answer.yes::<wire::BlueprintVariants>(wire::reason)? else { return Ok(None) };
            if let Some(variant) = found.variant(blank, available) {
                return Ok(Some(variant));
            }
        }
        Ok(None)
    }
}

impl PlaceOrder for Printify {
    async fn place(&self, order: &NewOrder) -> Result<Placed, Trouble> {
        let body = wire::new_order(order, self.shipping)?;
        let answer = self.of_shop(Method::POST, "orders.json", Some(&body)).await?;
        if answer.status == StatusCode::CONFLICT {
            // The id is taken: by us, in an attempt whose answer was lost.
            return match wire::twin(&answer.body, &order.external_id) {
                Some(id) => Ok(self.placed(id).await),
                None => Err(answer.refused(wire::reason)),
            };
        }
        match answer.yes::<wire::Created>(wire::reason)? {
            Some(created) => Ok(self.placed(created.id.0).await),
            None => Err(misplaced()),
        }
    }
}

impl ReleaseOrder for Printify {
    async fn release(&self, id: &str) -> Result<(), Trouble> {
        let path = format!("orders/{}/send_to_production.json", segment(id));
        // 2026 answers with the id, older descriptions with the whole order.
        match self.of_shop(Method::POST, &path, None).await?.yes::<wire::Created>(wire::reason)? {
            Some(_) => Ok(()),
            None => Err(gone()),
        }
    }
}

impl FindOrder for Printify {
    /// Only by its own id: Printify cannot be asked by ours, which is why its twin rule matters.
    async fn find(&self, order: &OrderRef) -> Result<Option<PartnerOrder>, Trouble> {
        match &order.id {
            Some(id) => self.order(id).await,
            None => Ok(None),
        }
    }
}

impl ListOrders for Printify {
    async fn open_orders(&self, after: Option<&str>) -> Result<Page, Trouble> {
        let page: usize = after.and_then(|after| after.parse().ok()).unwrap_or(1);
        let answer = self.of_shop(Method::GET, &format!("orders.json?limit={ORDERS}&page={page}"), None).await?;
        let Some(found) = answer.yes::<wire::Page<Order>>(wire::reason)? else { return Err(misplaced()) };
        let next = (found.data.len() == ORDERS).then(|| (page + 1).to_string());
        Ok(Some(Listed { items: found.data.into_iter().map(|order| order.translate(&self.currency)).collect(), next }))
    }
}

impl CancelOrder for Printify {
    /// Only while it is on hold or unpaid.
    async fn cancel(&self, id: &str) -> Result<(), Trouble> {
        let answer = self.of_shop(Method::POST, &format!("orders/{}/cancel.json", segment(id)), None).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Err(gone()),
            status if status.is_success() => Ok(()),
            _ => Err(answer.refused(wire::reason)),
        }
    }
}

impl ChangeAddress for Printify {
    async fn change_address(&self, id: &str, to: &Address) -> Result<AddressChange, Trouble> {
        let body = wire::address(to, None)?;
        let path = format!("orders/{}/support-requests/address-change", segment(id));
        let answer = self.of_shop(Method::POST, &path, Some(&body)).await?;
        match answer.yes::<wire::Resolution>(wire::reason)? {
            Some(resolution) if resolution.is_direct() => Ok(AddressChange::Changed),
            Some(_) => Ok(AddressChange::Asked),
            None => Err(gone()),
        }
    }
}

impl ReadCatalog for Printify {
    async fn variant(&self, id: &str) -> Result<Option<PartnerVariant>, Trouble> {
        match wire::Wanted::of(id) {
            wire::Wanted::Product { product, variant } => self.variant_of_product(&product, &variant.to_string()).await,
            wire::Wanted::Blank(blank) => self.variant_of_blueprint(&blank).await,
            // Its products cannot be asked for by SKU.
            wire::Wanted::Sku(sku) => Ok(Some(PartnerVariant {
                id: sku.clone(),
                title: sku.clone(),
                sku: Some(sku),
                available: Availability::Unknown,
                price: None,
                countries: Vec::new(),
            })),
        }
    }

    async fn products(&self, after: Option<&str>) -> Result<Listed<PartnerVariant>, Trouble> {
        let page: usize = after.and_then(|after| after.parse().ok()).unwrap_or(1);
        let answer = self.of_shop(Method::GET, &format!("products.json?limit={PRODUCTS}&page={page}"), None).await?;
        let Some(found) = answer.yes::<wire::Page<wire::Product>>(wire::reason)? else { return Err(misplaced()) };
        let next = (found.data.len() == PRODUCTS).then(|| (page + 1).to_string());
        let offered = found.data.into_iter().flat_map(|product| product.translate(&self.currency));
        // What the owner has switched off is not offered.
        let items = offered.filter(|variant| variant.available != Availability::Discontinued).collect();
        Ok(Listed { items, next })
    }
}

impl ReadFunds for Printify {
    /// Its API tells nothing of the balance.
    async fn funds(&self) -> Result<Option<Money>, Trouble> {
        Ok(None)
    }
}
