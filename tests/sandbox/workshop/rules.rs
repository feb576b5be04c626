//! An order as the page says that Baton sends it, field by field. The first broken rule is answered. Fields that the
//! page does not know are ignored, as it asks workshops to.

use super::answer;
use crate::partners::fields::{Fields, Wrong, is_email};
use crate::partners::http::Refusal;
use crate::partners::shelf::Shelf;
use crate::partners::{Available, Cost, places};
use serde_json::Value;

pub(super) struct NewOrder {
    pub external_id: String,
    pub items: Vec<NewItem>,
}

pub(super) struct NewItem {
    pub line: String,
    /// As it stands on the shelf; a store's own variant as `store:<number>`.
    pub variant: String,
    pub quantity: u64,
    pub request: Value,
}

pub(super) fn order(order: &Fields<'_>) -> Result<NewOrder, Wrong> {
    let external_id = order.text("external_id")?.to_owned();
    order.text("order_name")?;
    let currency = order.text("currency")?;
    if iso_currency::Currency::from_code(currency).is_none() {
        return Err(order.wrong("currency", "is no ISO 4217 code"));
    }
    if order.nullable_text("email")?.is_some_and(|email| !is_email(email)) {
        return Err(order.wrong("email", "is no address"));
    }
    address(&order.object("ship_to")?)?;
    let items: Vec<NewItem> =
        order.objects("items")?.iter().map(|line| item(line, currency)).collect::<Result<_, _>>()?;
    Ok(NewOrder { external_id, items })
}

fn item(item: &Fields<'_>, currency: &str) -> Result<NewItem, Wrong> {
    let line = item.text("line")?.to_owned();
    item.text("title")?;
    let quantity = item.whole("quantity", 1..=u64::MAX)?;
    let files =
        if item.list("files")?.is_some_and(|files| !files.is_empty()) { item.objects("files")? } else { Vec::new() };
    for file in files {
        file.text("placement")?;
        file.url("url")?;
    }
    let texts =
        if item.list("texts")?.is_some_and(|texts| !texts.is_empty()) { item.objects("texts")? } else { Vec::new() };
    for text in texts {
        text.text("name")?;
        if text.maybe_text("value")?.is_none() {
            return Err(text.wrong("value", "is missing"));
        }
    }
    if let Err(why) = Cost::read(item.text("retail_price")?, currency) {
        return Err(item.wrong("retail_price", &format!("does not fit: {why}")));
    }
    let variant = match (item.nullable_text("variant")?, item.nullable_text("store_variant")?) {
        (Some(variant), None) => variant.to_owned(),
        (None, Some(number)) => format!("store:{number}"),
        _ => return Err(item.wrong("variant", "or store_variant must be given, and only one of them")),
    };
    Ok(NewItem { line, variant, quantity, request: item.value() })
}

pub(super) fn address(to: &Fields<'_>) -> Result<(), Wrong> {
    for name in ["name", "address1", "city", "country_code"] {
        to.text(name)?;
    }
    for name in ["company", "address2", "province_code", "zip", "phone"] {
        to.nullable_text(name)?;
    }
    let country = to.text("country_code")?;
    if !places::is_country(country) {
        return Err(to.wrong("country_code", &format!("{country:?} is no ISO 3166-1 code of two letters")));
    }
    match to.nullable_text("province_code")? {
        Some(province) if places::state_exists(country, province) == Some(false) => {
            Err(to.wrong("province_code", &format!("{province:?} is no state of {country}")))
        }
        _ => Ok(()),
    }
}

/// Whether each item can be made now: 422 where not. That something is out of stock no client can know: no finding.
pub(super) fn can_be_made(items: &[NewItem], shelf: &Shelf) -> Result<(), Refusal> {
    for item in items {
        let refuse =
            |why: &str| answer::cannot_make(format!("{:?} {why}: choose another variant in the catalog", item.variant));
        match shelf.state(&item.variant) {
            Some(Available::Yes) => {}
            Some(Available::OutOfStock) => return Err(Refusal { business: true, ..refuse("is out of stock") }),
            Some(Available::Discontinued) => return Err(Refusal { business: true, ..refuse("is not made any more") }),
            None => return Err(refuse("is nothing we make")),
        }
    }
    Ok(())
}
