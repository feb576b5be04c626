//! An order as Printful holds it, and its form in the v1 API. What Printful charges for a piece is the
//! shelf's price of the moment it was ordered; what it charges for parcels is made up.

use crate::partners::Cost;
use serde_json::{Map, Value, json};

/// `status` of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Draft,
    Pending,
    Failed,
    Canceled,
    InProcess,
    OnHold,
    Partial,
    Fulfilled,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::InProcess => "inprocess",
            Self::OnHold => "onhold",
            Self::Partial => "partial",
            Self::Fulfilled => "fulfilled",
        }
    }

    /// Only these can be changed or confirmed.
    pub fn editable(self) -> bool {
        matches!(self, Self::Draft | Self::Failed)
    }
}

/// One line of an order: the request's own object beside what Printful adds.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub id: u64,
    pub quantity: u64,
    pub request: Map<String, Value>,
    /// Ids of the files, in the order of the request's.
    pub file_ids: Vec<u64>,
    /// What one of it costs.
    pub price: Cost,
}

#[derive(Clone, Debug)]
pub(crate) struct Shipment {
    pub id: u64,
    pub carrier: String,
    pub tracking_number: String,
    pub tracking_url: String,
    /// Seconds since 1970.
    pub shipped: i64,
    pub delivered: Option<i64>,
    pub returned: bool,
    pub reshipment: bool,
    /// Item id and how many of it.
    pub items: Vec<(u64, u64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub id: u64,
    pub external_id: Option<String>,
    pub store: u64,
    pub status: Status,
    /// What it was before it was put on hold.
    pub before_hold: Status,
    /// Seconds since 1970.
    pub created: i64,
    pub updated: i64,
    /// RFC 3339.
    pub received_at: String,
    /// Milliseconds since 1970 of the last move; the autopilot counts from here.
    pub moved_ms: i64,
    pub shipping: String,
    pub recipient: Value,
    pub retail_costs: Value,
    pub gift: Value,
    pub packing_slip: Value,
    pub items: Vec<Item>,
    pub shipments: Vec<Shipment>,
}

/// What parcels cost, in the minor unit: the first piece, and each further one.
const SHIPPING_FIRST: u64 = 475;
const SHIPPING_NEXT: u64 = 200;

/// The fields of `value`, null where absent.
fn fields(value: &Value, names: &[&str]) -> Map<String, Value> {
    names.iter().map(|name| ((*name).to_owned(), value[*name].clone())).collect()
}

impl Order {
    /// How many of an item have left in first shipments.
    pub fn shipped_of(&self, item: u64) -> u64 {
        let first = self.shipments.iter().filter(|shipment| !shipment.reshipment);
        first.flat_map(|shipment| &shipment.items).filter(|(id, _)| *id == item).map(|(_, quantity)| quantity).sum()
    }

    /// Items with pieces that have not left yet, and how many of each.
    pub fn unshipped(&self) -> Vec<(u64, u64)> {
        let left = self.items.iter().map(|item| (item.id, item.quantity.saturating_sub(self.shipped_of(item.id))));
        left.filter(|(_, quantity)| *quantity > 0).collect()
    }

    /// The order in an answer of the v1 API.
    pub fn v1(&self) -> Value {
        let mut recipient = fields(
            &self.recipient,
            &[
                "name",
                "company",
                "address1",
                "address2",
                "city",
                "state_code",
                "state_name",
                "country_code",
                "country_name",
                "zip",
                "phone",
                "email",
                "tax_number",
            ],
        );
        for name in ["state_name", "country_name"] {
            let code = name.replace("_name", "_code");
            if recipient.get(name).is_none_or(Value::is_null) {
                recipient.insert(name.to_owned(), self.recipient[code.as_str()].clone());
            }
        }
        json!({
            "id": self.id,
            "external_id": self.external_id,
            "store": self.store,
            "status": self.status.name(),
            "shipping": self.shipping,
            "shipping_service_name": "Flat Rate (3-4 business days after fulfillment)",
            "created": self.created,
            "updated": self.updated,
            "recipient": recipient,
            "items": self.items.iter().map(|item| item.v1(self.created)).collect::<Vec<_>>(),
            "branding_items": [],
            "incomplete_items": [],
            "costs": self.costs(),
            "retail_costs": fields(
                &self.retail_costs,
                &["currency", "subtotal", "discount", "shipping", "tax", "vat", "total"],
            ),
            "pricing_breakdown": [],
            "shipments": self.shipments.iter().map(Shipment::v1).collect::<Vec<_>>(),
            "gift": self.gift,
            "packing_slip": self.packing_slip,
        })
    }

    fn costs(&self) -> Value {
        let pieces: u64 = self.items.iter().map(|item| item.quantity).sum();
        let Some(price) = self.items.first().map(|item| item.price) else { return Value::Null };
        let subtotal: u64 = self.items.iter().map(|item| item.quantity.saturating_mul(item.price.minor)).sum();
        let shipping = SHIPPING_FIRST + pieces.saturating_sub(1).saturating_mul(SHIPPING_NEXT);
        let mut costs = json!({
            "currency": price.currency.code(),
            "subtotal": price.of(subtotal).text(),
            "shipping": price.of(shipping).text(),
            "total": price.of(subtotal.saturating_add(shipping)).text(),
        });
        for nothing in
            ["discount", "digitization", "additional_fee", "fulfillment_fee", "retail_delivery_fee", "tax", "vat"]
        {
            costs[nothing] = json!(price.of(0).text());
        }
        costs
    }

    /// The order as the control routes list it: ids are strings.
    pub fn listed(&self) -> Value {
        let items = self.items.iter().map(|item| {
            let mut listed = fields(
                &Value::Object(item.request.clone()),
                &["external_id", "variant_id", "sync_variant_id", "external_variant_id", "name", "sku"],
            );
            listed.retain(|_, value| !value.is_null());
            listed.insert("id".into(), json!(item.id.to_string()));
            listed.insert("quantity".into(), json!(item.quantity));
            Value::Object(listed)
        });
        let shipments = self.shipments.iter().map(|shipment| {
            json!({
                "id": shipment.id.to_string(),
                "carrier": shipment.carrier,
                "tracking_number": shipment.tracking_number,
                "reshipment": shipment.reshipment,
                "delivered": shipment.delivered.is_some(),
                "items": shipment.items.iter().map(|(id, quantity)| json!({"id": id.to_string(), "quantity": quantity}))
                    .collect::<Vec<_>>(),
            })
        });
        json!({
            "id": self.id.to_string(),
            "external_id": self.external_id,
            "status": self.status.name(),
            "items": items.collect::<Vec<_>>(),
            "received_at": self.received_at,
            "shipments": shipments.collect::<Vec<_>>(),
            "recipient": self.recipient,
        })
    }
}

impl Item {
    fn v1(&self, created: i64) -> Value {
        let request = Value::Object(self.request.clone());
        let name = match request["name"].as_str() {
            Some(name) => name.to_owned(),
            None => match request["variant_id"].as_u64() {
                Some(variant) => format!("Sandbox product, variant {variant}"),
                None => "Sandbox product".to_owned(),
            },
        };
        let mut item = fields(
            &request,
            &[
                "external_id",
                "variant_id",
                "sync_variant_id",
                "external_variant_id",
                "warehouse_product_variant_id",
                "product_template_id",
                "retail_price",
                "sku",
            ],
        );
        let files = request["files"].as_array().into_iter().flatten().zip(&self.file_ids);
        item.extend([
            ("id".to_owned(), json!(self.id)),
            ("quantity".to_owned(), json!(self.quantity)),
            ("price".to_owned(), json!(self.price.text())),
            (
                "product".to_owned(),
                json!({
                    "variant_id": request["variant_id"],
                    "product_id": 1,
                    "image": "https://files.example.com/products/1.jpg",
                    "name": name,
                }),
            ),
            ("name".to_owned(), json!(name)),
            ("files".to_owned(), files.map(|(file, id)| file_v1(file, *id, created)).collect()),
            ("options".to_owned(), request.get("options").cloned().unwrap_or_else(|| json!([]))),
            ("discontinued".to_owned(), json!(false)),
            ("out_of_stock".to_owned(), json!(false)),
        ]);
        Value::Object(item)
    }
}

fn file_v1(file: &Value, id: u64, created: i64) -> Value {
    json!({
        "type": file["type"].as_str().unwrap_or("default"),
        "id": id,
        "url": file["url"],
        "options": file.get("options").cloned().unwrap_or_else(|| json!([])),
        "hash": null,
        "filename": file["filename"],
        "mime_type": null,
        "size": 0,
        "width": null,
        "height": null,
        "dpi": null,
        "status": "waiting",
        "created": created,
        "thumbnail_url": null,
        "preview_url": null,
        "visible": file["visible"].as_bool().unwrap_or(true),
        "is_temporary": false,
    })
}

impl Shipment {
    fn v1(&self) -> Value {
        let items = self
            .items
            .iter()
            .map(|(id, quantity)| json!({"item_id": id, "quantity": quantity, "picked": 1, "printed": 1}));
        json!({
            "id": self.id,
            "carrier": self.carrier,
            "service": format!("{} Ground", self.carrier),
            "tracking_number": self.tracking_number,
            "tracking_url": self.tracking_url,
            "created": self.shipped,
            "ship_date": super::webhooks::date(self.shipped),
            "shipped_at": self.shipped,
            "reshipment": self.reshipment,
            "items": items.collect::<Vec<_>>(),
        })
    }
}
