//! Printify's JSON, but for the order: requests, refusals, the catalog.

use domain::money::Money;
use domain::order::Address;
use domain::plan::{Item, Make};
use domain::provider::Trouble;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::ports::{Availability, NewOrder, PartnerVariant};
use crate::text::{Text, split_name};

/// What an order's line is made from: the three forms of a catalog's `variant_id`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// `<product id>:<variant id>`: a product the owner has set up in the shop, its print files included.
    Product { product: String, variant: u64 },
    /// `<blueprint>/<print provider>/<variant>`: a blank, printed from our files.
    Blank(Blank),
    /// Anything else: the SKU of a product in the shop.
    Sku(String),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Blank {
    pub blueprint: u64,
    pub print_provider: u64,
    pub variant: u64,
}

impl Wanted {
    pub(super) fn of(id: &str) -> Self {
        if let Some((product, variant)) = id.split_once(':')
            && let Ok(variant) = variant.parse()
            && !product.is_empty()
        {
            return Self::Product { product: product.to_owned(), variant };
        }
        let numbers: Option<Vec<u64>> = id.split('/').map(|part| part.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[blueprint, print_provider, variant]) => Self::Blank(Blank { blueprint, print_provider, variant }),
            _ => Self::Sku(id.to_owned()),
        }
    }
}

/// The reason of a refusal: `{message, errors: {reason, code}}`, or `{error}`.
pub(super) fn reason(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let told = [&body["errors"]["reason"], &body["message"], &body["error"]];
    let words = told.into_iter().find_map(|words| words.as_str().filter(|words| !words.is_empty()))?;
    let code = body["errors"]["code"].as_u64().or_else(|| body["code"].as_u64());
    let words = words.trim_end_matches('.');
    Some(code.map_or_else(|| words.to_owned(), |code| format!("{words} ({code})")))
}

/// The first order's id, out of a refusal of a second one with the same external id (error 8503).
pub(super) fn twin(body: &[u8], external_id: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Conflict {
        code: u64,
        order: Existing,
    }
    #[derive(Deserialize)]
    struct Existing {
        id: Text,
        #[serde(default)]
        external_id: Option<Text>,
    }
    let conflict: Conflict = serde_json::from_slice(body).ok()?;
    let ours = conflict.order.external_id.is_none_or(|id| id.0 == external_id);
    (conflict.code == 8503 && ours).then_some(conflict.order.id.0)
}

/// Where it goes. Printify wants two names.
pub(super) fn address(to: &Address, email: Option<&String>) -> Result<Value, Trouble> {
    let Some((first, last)) = split_name(&to.name, usize::MAX) else {
        return Err(Trouble::Refused {
            why: "it needs a name to send to, and the order's address has none".to_owned(),
        });
    };
    let mut address = json!({
        "first_name": first,
        "last_name": last,
        "address1": to.address1,
        "city": to.city,
        "country": to.country_code,
        "region": to.province_code.as_deref().unwrap_or_default(),
        "zip": to.zip.as_deref().unwrap_or_default(),
    });
    let optional = [
        ("company", to.company.as_ref()),
        ("address2", to.address2.as_ref()),
        ("phone", to.phone.as_ref()),
        ("email", email),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            address[name] = json!(value);
        }
    }
    Ok(address)
}

/// The request for an order, which is not made yet. Printify's own notices stay off: the customer hears from the store.
pub(super) fn new_order(order: &NewOrder, shipping: i64) -> Result<Value, Trouble> {
    Ok(json!({
        "external_id": order.external_id,
        "label": order.order_name,
        "line_items": order.items.iter().map(line).collect::<Result<Vec<_>, _>>()?,
        "shipping_method": shipping,
        "is_printify_express": shipping == 3,
        "is_economy_shipping": shipping == 4,
        "send_shipping_notification": false,
        "address_to": address(&order.ship_to, order.email.as_ref())?,
    }))
}

fn line(item: &Item) -> Result<Value, Trouble> {
    let mut line = match &item.make {
        Make::Variant { variant_id, files } => match Wanted::of(variant_id) {
            Wanted::Product { product, variant } => json!({ "product_id": product, "variant_id": variant }),
            Wanted::Sku(sku) => json!({ "sku": sku }),
            Wanted::Blank(blank) => {
                let places = files.iter().map(|file| {
                    let place = if file.placement == "default" { "front" } else { &file.placement };
                    (place.to_owned(), json!(file.url))
                });
                let places: Map<String, Value> = places.collect();
                if places.is_empty() {
                    let why = format!("the catalog gives \"{}\" no print file, and a blank needs one", item.title);
                    return Err(Trouble::Refused { why });
                }
                json!({
                    "blueprint_id": blank.blueprint,
                    "print_provider_id": blank.print_provider,
                    "variant_id": blank.variant,
                    "print_areas": places,
                })
            }
        },
        // In a shop without rows of its own, the SKU at Printify is the store's variant number.
        Make::StoreVariant(number) => json!({ "sku": number }),
    };
    line["quantity"] = json!(item.quantity);
    line["external_id"] = json!(item.line.to_string());
    Ok(line)
}

/// The answer to a new order, and to sending one to production.
#[derive(Deserialize)]
pub(super) struct Created {
    pub id: Text,
}

/// The answer to a new address.
#[derive(Deserialize)]
pub(super) struct Resolution {
    #[serde(default)]
    resolution: String,
}

impl Resolution {
    /// It is changed already; otherwise a person there looks at it.
    pub(super) fn is_direct(&self) -> bool {
        self.resolution == "updated_directly"
    }
}

#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub(super) struct Page<T> {
    pub data: Vec<T>,
}

/// A product of the shop.
#[derive(Deserialize)]
pub(super) struct Product {
    id: Text,
    #[serde(default)]
    title: String,
    #[serde(default)]
    variants: Vec<ProductVariant>,
}

#[derive(Deserialize)]
struct ProductVariant {
    id: Text,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    sku: Option<Text>,
    /// Cents.
    #[serde(default)]
    cost: Option<i64>,
    #[serde(default)]
    is_enabled: Option<bool>,
    #[serde(default)]
    is_available: Option<bool>,
}

impl Product {
    pub(super) fn translate(self, currency: &str) -> Vec<PartnerVariant> {
        let Self { id, title, variants } = self;
        let translate = |variant: ProductVariant| PartnerVariant {
            id: format!("{}:{}", id.0, variant.id.0),
            title: match variant.title.filter(|title| !title.is_empty()) {
                Some(of_variant) => format!("{title}, {of_variant}"),
                None => title.clone(),
            },
            sku: variant.sku.map(|sku| sku.0).filter(|sku| !sku.is_empty()),
            available: match (variant.is_enabled, variant.is_available) {
                // Switched off by the owner: it is not sold.
                (Some(false), _) => Availability::Discontinued,
                (_, Some(false)) => Availability::OutOfStock,
                (_, Some(true)) => Availability::Available,
                (_, None) => Availability::Unknown,
            },
            price: variant.cost.and_then(|cents| Money::from_minor(cents, currency).ok()),
            countries: Vec::new(),
        };
        variants.into_iter().map(translate).collect()
    }
}

/// The variants of a blank.
#[derive(Deserialize)]
pub(super) struct BlueprintVariants {
    #[serde(default)]
    variants: Vec<BlueprintVariant>,
}

#[derive(Deserialize)]
struct BlueprintVariant {
    id: u64,
    #[serde(default)]
    title: Option<String>,
}

impl BlueprintVariants {
    pub(super) fn variant(self, blank: &Blank, available: Availability) -> Option<PartnerVariant> {
        let found = self.variants.into_iter().find(|variant| variant.id == blank.variant)?;
        let id = format!("{}/{}/{}", blank.blueprint, blank.print_provider, blank.variant);
        Some(PartnerVariant {
            title: found.title.unwrap_or_else(|| id.clone()),
            id,
            sku: None,
            available,
            price: None,
            countries: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::plan::PrintFile;

    use super::*;

    #[test]
    fn the_three_forms_of_a_variant() {
        assert_eq!(Wanted::of("5bfd:12"), Wanted::Product { product: "5bfd".into(), variant: 12 });
        assert_eq!(Wanted::of("9/5/12"), Wanted::Blank(Blank { blueprint: 9, print_provider: 5, variant: 12 }));
        for sku in ["OAK-30x40", "9/5", ":12", "a:b", "9/5/x", "77"] {
            assert_eq!(Wanted::of(sku), Wanted::Sku(sku.into()), "{sku}");
        }
    }

    fn order(variant_id: &str, files: Vec<PrintFile>) -> NewOrder {
        let make = Make::Variant { variant_id: variant_id.into(), files };
        let item = Item {
            line: 77,
            title: "Lighthouse".into(),
            quantity: 2,
            make,
            texts: vec![],
            retail_price: "12.50".into(),
        };
        let ship_to = Address { name: "Ada Example".into(), country_code: "BE".into(), ..Address::default() };
        let (external_id, order_name) = ("9f3a-1-1".to_owned(), "#1001".to_owned());
        NewOrder { external_id, order_name, ship_to, email: None, currency: "EUR".into(), items: vec![item] }
    }

    #[test]
    fn a_blank_is_printed_from_our_files() {
        let file = PrintFile { placement: "default".into(), url: "https://example.com/a.png".into() };
        let body = new_order(&order("9/5/12", vec![file]), 4).unwrap();
        assert_eq!(
            body["line_items"][0],
            json!({
                "blueprint_id": 9, "print_provider_id": 5, "variant_id": 12, "quantity": 2, "external_id": "77",
                "print_areas": { "front": "https://example.com/a.png" },
            })
        );
        assert_eq!((&body["is_economy_shipping"], &body["send_shipping_notification"]), (&json!(true), &json!(false)));
        assert_eq!((&body["address_to"]["first_name"], &body["address_to"]["region"]), (&json!("Ada"), &json!("")));
        let refused = new_order(&order("9/5/12", vec![]), 1).unwrap_err();
        assert!(refused.to_string().contains("\"Lighthouse\" no print file"), "{refused}");
    }

    #[test]
    fn a_conflict_names_the_first_order() {
        let conflict = |code: u64, external_id: &str| {
            json!({ "code": code, "order": { "id": "a1", "external_id": external_id } }).to_string()
        };
        assert_eq!(twin(conflict(8503, "9f3a-1-1").as_bytes(), "9f3a-1-1").as_deref(), Some("a1"));
        assert_eq!(twin(conflict(8503, "9f3a-2-1").as_bytes(), "9f3a-1-1"), None);
        assert_eq!(twin(conflict(8203, "9f3a-1-1").as_bytes(), "9f3a-1-1"), None);
    }

    #[test]
    fn refusals_in_words() {
        let body =
            json!({ "message": "It does not fit.", "errors": { "reason": "The image is too small", "code": 8203 } });
        assert_eq!(reason(body.to_string().as_bytes()).as_deref(), Some("The image is too small (8203)"));
        assert_eq!(reason(br#"{"error":"Not found"}"#).as_deref(), Some("Not found"));
    }
}
