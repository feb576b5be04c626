//! What Printify's description says of a new order and of a new address, field by field. The first broken rule is
//! answered.
//!
//! Ours, because an order without them cannot be made or sent: a name, a street, a city, a country that exists, the
//! state where a country needs one, a postal code where it has them, a quantity, a picture for what is printed on a
//! blueprint. Fields that are not described are refused too: Printify would ignore them silently.

use super::{answer, products};
use crate::config::PrintifyConfig;
use crate::partners::fields::{Fields, Wrong, is_email, is_url};
use crate::partners::http::Refusal;
use crate::partners::shelf::Shelf;
use crate::partners::{Available, places};
use serde_json::Value;

/// One line of a new order.
pub(super) struct Line {
    pub external_id: Option<String>,
    /// As it stands on the shelf.
    pub variant: String,
    pub quantity: u64,
    pub request: Value,
}

/// Standard, priority, Printify Express, economy.
const SHIPPING_METHODS: std::ops::RangeInclusive<u64> = 1..=4;
const ADDRESS: [&str; 11] = [
    "first_name",
    "last_name",
    "email",
    "phone",
    "country",
    "region",
    "address1",
    "address2",
    "city",
    "zip",
    "company",
];

pub(super) fn order(body: &Value, config: &PrintifyConfig) -> Result<Vec<Line>, Wrong> {
    let order = Fields::of_body(body)?;
    order.only(&[
        "external_id",
        "label",
        "line_items",
        "shipping_method",
        "is_printify_express",
        "is_economy_shipping",
        "send_shipping_notification",
        "address_to",
    ])?;
    if order.nullable_text("external_id")?.is_some_and(|id| id.trim().is_empty()) {
        return Err(order.wrong("external_id", "must not be empty"));
    }
    order.nullable_text("label")?;
    order.nullable_whole("shipping_method", SHIPPING_METHODS)?;
    for flag in ["is_printify_express", "is_economy_shipping", "send_shipping_notification"] {
        order.nullable_flag(flag)?;
    }
    let lines = order.objects("line_items")?.iter().map(|item| line(item, config)).collect::<Result<_, _>>()?;
    address(&order.object("address_to")?, false)?;
    Ok(lines)
}

/// A line names a product of the shop, a blueprint of a print provider with pictures, or an SKU: one of the three.
fn line(line: &Fields<'_>, config: &PrintifyConfig) -> Result<Line, Wrong> {
    let common = ["quantity", "external_id", "personalisation", "personalisation_instructions"];
    let fields = |own: &[&'static str]| [own, &common].concat();
    let variant = if line.has("sku") {
        line.only(&fields(&["sku"]))?;
        let sku = line.text("sku")?;
        let numbered = config
            .products
            .iter()
            .flat_map(|product| product.variants.iter().map(|variant| format!("{}/{variant}", product.id)));
        // A product's SKUs are its variants' own, as the list of products shows them.
        numbered.into_iter().find(|key| products::sku(key) == sku).unwrap_or_else(|| sku.to_owned())
    } else if line.has("product_id") {
        line.only(&fields(&["product_id", "variant_id"]))?;
        format!("{}/{}", line.text("product_id")?, line.whole("variant_id", 1..=u64::MAX)?)
    } else if line.has("blueprint_id") || line.has("print_provider_id") {
        line.only(&fields(&["print_provider_id", "blueprint_id", "variant_id", "print_areas", "print_details"]))?;
        let of = (line.whole("blueprint_id", 1..=u64::MAX)?, line.whole("print_provider_id", 1..=u64::MAX)?);
        print_areas(line)?;
        if let Some(details) = line.maybe_object("print_details")? {
            details.only(&["print_on_side"])?;
            details.nullable_text("print_on_side")?;
        }
        format!("{}/{}/{}", of.0, of.1, line.whole("variant_id", 1..=u64::MAX)?)
    } else {
        return Err(line.wrong("product_id", "is missing, and so are blueprint_id and sku"));
    };
    line.nullable_text("personalisation_instructions")?;
    if let Some(personalisation) = line.maybe_object("personalisation")? {
        personalisation.nullable_text("personalisation_strategy")?;
        personalisation.nullable_text("personalisation_instructions")?;
        personalisation.nullable_text("buyer_request")?;
    }
    Ok(Line {
        external_id: line.nullable_text("external_id")?.map(str::to_owned),
        variant,
        quantity: line.whole("quantity", 1..=u64::MAX)?,
        request: line.value(),
    })
}

/// Places of a product, each with the address of a picture or with layers.
fn print_areas(line: &Fields<'_>) -> Result<(), Wrong> {
    let areas = line.object("print_areas")?;
    let given = areas.value();
    let given = given.as_object().into_iter().flatten();
    let mut any = false;
    for (name, content) in given {
        any = true;
        match content {
            Value::String(url) if is_url(url) => {}
            Value::String(_) => return Err(areas.wrong(name, "must be a URL with http or https")),
            Value::Array(_) => {
                for layer in areas.objects(name)? {
                    layer.only(&["src", "scale", "x", "y", "angle"])?;
                    layer.url("src")?;
                    for number in ["scale", "x", "y", "angle"] {
                        if layer.raw(number).is_some_and(|value| !value.is_number() && !value.is_null()) {
                            return Err(layer.wrong(number, "must be a number"));
                        }
                    }
                }
            }
            _ => return Err(areas.wrong(name, "must be a URL or a list of layers")),
        }
    }
    if any { Ok(()) } else { Err(line.wrong("print_areas", "must not be empty")) }
}

/// What an address change brings: the whole address, with the last name.
pub(super) fn new_address(address: &Fields<'_>) -> Result<(), Wrong> {
    self::address(address, true)
}

fn address(to: &Fields<'_>, changed: bool) -> Result<(), Wrong> {
    to.only(&ADDRESS)?;
    for name in ["first_name", "address1", "city", "country"] {
        to.text(name)?;
    }
    for name in ["region", "company"] {
        to.nullable_text(name)?;
    }
    // The description of an address change lets these be null, that of an order does not.
    for name in ["address2", "email", "phone"] {
        if changed {
            to.nullable_text(name)?
        } else {
            to.maybe_text(name)?
        };
    }
    if changed {
        to.text("last_name")?;
        to.text("zip")?;
    }
    to.maybe_text("last_name")?;
    let country = to.text("country")?;
    if !places::is_country(country) {
        return Err(to.wrong("country", &format!("{country:?} is no ISO 3166-1 code of two letters")));
    }
    let region = to.nullable_text("region")?.map(str::trim).unwrap_or_default();
    if places::state_exists(country, region) == Some(false) {
        return Err(to.wrong("region", &format!("{region:?} is no state of {country}, which needs one")));
    }
    if places::needs_zip(country) {
        to.text("zip")?;
    }
    to.maybe_text("zip")?;
    match to.nullable_text("email")? {
        Some(email) if !is_email(email) => Err(to.wrong("email", "is no address")),
        _ => Ok(()),
    }
}

/// Whether each line is of something that can be made now. A shop's product may be gone or out of stock, which a
/// client cannot know: no finding.
pub(super) fn can_be_made(lines: &[Line], shelf: &Shelf) -> Result<(), Refusal> {
    for line in lines {
        let why = match products::state(shelf, &line.variant) {
            Some(Available::Yes) => continue,
            Some(Available::OutOfStock) => return Err(unavailable(&line.variant, "is out of stock")),
            Some(Available::Discontinued) => return Err(unavailable(&line.variant, "is discontinued")),
            None => format!("Variant {} does not exist in this shop.", line.variant),
        };
        return Err(answer::invalid(why));
    }
    Ok(())
}

fn unavailable(variant: &str, why: &str) -> Refusal {
    Refusal { business: true, ..answer::invalid(format!("Variant {variant} {why}.")) }
}
