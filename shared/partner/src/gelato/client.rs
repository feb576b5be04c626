//! One Gelato account.

use domain::money::Money;
use domain::order::Address;
use domain::provider::Trouble;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::order::Order;
use super::{MANIFEST, wire};
use crate::calls::{Answer, Setup, gone, misplaced, send};
use crate::ports::*;
use crate::text::segment;
use crate::{Limit, PartnerError};

/// One Gelato account.
#[derive(Debug, Clone)]
pub struct Gelato {
    name: String,
    base: String,
    products: String,
    shipping: String,
    key: SecretString,
    http: reqwest::Client,
}

/// Gelato's own hosts: orders and products have one each.
const ORDERS_HOST: &str = "https://order.gelatoapis.com";
const PRODUCTS_HOST: &str = "https://product.gelatoapis.com";

/// What is looked at when the webhooks are silent, and whether older pages still matter: of the finished orders only the newest
/// page does.
const LISTED: [(&str, &[&str], bool); 2] = [
    (
        "open",
        &[
            "created",
            "uploading",
            "passed",
            "in_production",
            "printed",
            "digitizing",
            "pending_approval",
            "pending_personalization",
            "not_connected",
            "on_hold",
            "shipped",
            "in_transit",
        ],
        true,
    ),
    ("late", &["failed", "canceled", "delivered", "returned"], false),
];
const PAGE: usize = 25;
/// Into how many parts it may have split an order.
const PARTS: usize = 10;

impl Gelato {
    pub(crate) fn new(setup: &Setup<'_>) -> Result<Self, PartnerError> {
        let base = setup.base();
        let products = setup.section.text("product_url").map(|url| url.trim_end_matches('/').to_owned());
        // Somebody else's address stands for both hosts.
        let beside = if base == ORDERS_HOST { PRODUCTS_HOST.to_owned() } else { base.clone() };
        Ok(Self {
            name: setup.name.to_owned(),
            products: products.unwrap_or(beside),
            base,
            shipping: setup.section.text("shipping").unwrap_or_else(|| "normal".to_owned()),
            key: setup.token()?,
            http: setup.http.clone(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn limit(&self) -> Limit {
        MANIFEST.limit
    }

    async fn ask(&self, method: Method, url: String, body: Option<&Value>) -> Result<Answer, Trouble> {
        let mut request = self.http.request(method, url).header("X-API-KEY", self.key.expose_secret());
        if let Some(body) = body {
            request = request.json(body);
        }
        send(request).await
    }

    async fn of_order(&self, method: Method, id: &str, verb: &str, body: Option<&Value>) -> Result<Answer, Trouble> {
        self.ask(method, format!("{}/v4/orders/{}{verb}", self.base, segment(id)), body).await
    }

    async fn search(&self, body: &Value) -> Result<Vec<Order>, Trouble> {
        let answer = self.ask(Method::POST, format!("{}/v4/orders:search", self.base), Some(body)).await?;
        match answer.yes::<wire::Found>(wire::reason)? {
            Some(found) => Ok(found.orders),
            None => Err(misplaced()),
        }
    }

    /// The order with the parcels of all the parts that Gelato may have made of it.
    async fn whole(&self, id: &str) -> Result<Option<PartnerOrder>, Trouble> {
        let Some(order) = self.of_order(Method::GET, id, "", None).await?.yes::<Order>(wire::reason)? else {
            return Ok(None);
        };
        let mut parts = Vec::new();
        for part in order.connected_order_ids.iter().filter(|part| part.0 != order.id.0).take(PARTS) {
            let answer = self.of_order(Method::GET, &part.0, "", None).await?;
            parts.extend(answer.yes::<Order>(wire::reason)?.map(Order::translate));
        }
        let mut order = order.translate();
        for part in parts {
            let new = part.shipments.into_iter().filter(|shipment| order.shipments.iter().all(|s| s.id != shipment.id));
            let new: Vec<Shipment> = new.collect();
            order.shipments.extend(new);
        }
        Ok(Some(order))
    }
}

impl PlaceOrder for Gelato {
    /// Always a new draft: Gelato refuses no second one. Search first.
    async fn place(&self, order: &NewOrder) -> Result<Placed, Trouble> {
        let body = wire::new_order(order, &self.shipping)?;
        let answer = self.ask(Method::POST, format!("{}/v4/orders", self.base), Some(&body)).await?;
        match answer.yes::<Order>(wire::reason)? {
            Some(order) => {
                let order = order.translate();
                Ok(Placed { id: order.id, cost: order.cost })
            }
            None => Err(misplaced()),
        }
    }
}

impl ReleaseOrder for Gelato {
    async fn release(&self, id: &str) -> Result<(), Trouble> {
        let body = json!({ "orderType": "order" });
        let answer = self.of_order(Method::PATCH, id, "", Some(&body)).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Err(gone()),
            status if status.is_success() => Ok(()),
            _ => Err(answer.refused(wire::reason)),
        }
    }
}

impl FindOrder for Gelato {
    async fn find(&self, order: &OrderRef) -> Result<Option<PartnerOrder>, Trouble> {
        if let Some(id) = &order.id {
            return self.whole(id).await;
        }
        if order.external_id.is_empty() {
            return Ok(None);
        }
        let found = self.search(&json!({ "orderReferenceIds": [order.external_id] })).await?;
        // Its other search fields match parts of a text; ours must be the whole one.
        let ours = found.into_iter().filter(|found| found.is_of(&order.external_id));
        match ours.min_by_key(Order::rank) {
            Some(found) => self.whole(&found.id.0).await,
            None => Ok(None),
        }
    }
}

impl ListOrders for Gelato {
    /// `after` is `<group>:<offset>`.
    async fn open_orders(&self, after: Option<&str>) -> Result<Page, Trouble> {
        let (group, offset) = after.and_then(|after| after.split_once(':')).unwrap_or((LISTED[0].0, "0"));
        let at = LISTED.iter().position(|(listed, ..)| *listed == group).unwrap_or_default();
        let offset: usize = offset.parse().unwrap_or_default();
        let (group, statuses, older) = LISTED[at];
        let body = json!({
            "orderTypes": ["order"], "channels": ["api"], "fulfillmentStatuses": statuses, "limit": PAGE, "offset": offset,
        });
        let found = self.search(&body).await?;
        let full = found.len() == PAGE;
        let next = if full && older {
            Some(format!("{group}:{}", offset + PAGE))
        } else {
            LISTED.get(at + 1).map(|(next, ..)| format!("{next}:0"))
        };
        let mut items = Vec::new();
        for order in found {
            // A search tells no parcels.
            if order.has_left() {
                items.extend(self.whole(&order.id.0).await?);
            } else {
                items.push(order.translate());
            }
        }
        Ok(Some(Listed { items, next }))
    }
}

impl CancelOrder for Gelato {
    /// Until something of it is printed (409). A draft that cannot be cancelled is deleted, which is the same to us.
    async fn cancel(&self, id: &str) -> Result<(), Trouble> {
        let answer = self.of_order(Method::POST, id, ":cancel", None).await?;
        match answer.status {
            StatusCode::NOT_FOUND => return Err(gone()),
            status if status.is_success() => return Ok(()),
            _ => {}
        }
        let order = self.whole(id).await.map_err(Trouble::nothing_sent)?;
        if order.is_some_and(|order| order.stage == Stage::Draft) {
            let deleted = self.of_order(Method::DELETE, id, "", None).await?;
            if deleted.status.is_success() {
                return Ok(());
            }
        }
        Err(answer.refused(wire::reason))
    }
}

impl ChangeAddress for Gelato {
    /// Its API changes no address of an order.
    async fn change_address(&self, _id: &str, _to: &Address) -> Result<AddressChange, Trouble> {
        Ok(AddressChange::NotPossible)
    }
}

impl ReadCatalog for Gelato {
    async fn variant(&self, id: &str) -> Result<Option<PartnerVariant>, Trouble> {
        let answer = self.ask(Method::GET, format!("{}/v3/products/{}", self.products, segment(id)), None).await?;
        let Some(product) = answer.yes::<wire::Product>(wire::reason)? else { return Ok(None) };
        if !product.is_stocked() {
            return Ok(Some(product.translate(None)));
        }
        let body = json!({ "products": [id] });
        let url = format!("{}/v3/stock/region-availability", self.products);
        let stock = self.ask(Method::POST, url, Some(&body)).await?.yes::<wire::Stock>(wire::reason)?;
        Ok(Some(product.translate(stock.as_ref())))
    }

    /// Its order API keeps no list of what the owner sells: rows are written by hand.
    async fn products(&self, _after: Option<&str>) -> Result<Listed<PartnerVariant>, Trouble> {
        Ok(Listed { items: Vec::new(), next: None })
    }
}

impl ReadFunds for Gelato {
    /// Its API tells nothing of the wallet.
    async fn funds(&self) -> Result<Option<Money>, Trouble> {
        Ok(None)
    }
}
