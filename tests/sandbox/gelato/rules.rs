//! What Gelato's documentation says of a new order and of a patch: required fields, their types and their lengths. The
//! first broken rule is answered.
//!
//! Ours, because an order without them cannot be made or sent: files for what is printed, and a country, a state and a
//! postal code that fit each other. Fields that are not documented are refused too: Gelato would ignore them silently.

use super::answer;
use crate::partners::fields::{Fields, Wrong, is_email};
use crate::partners::http::Refusal;
use crate::partners::shelf::Shelf;
use crate::partners::{Available, places};
use serde_json::Value;

pub(super) struct NewOrder {
    pub reference: String,
    pub draft: bool,
    pub items: Vec<NewItem>,
}

pub(super) struct NewItem {
    pub reference: String,
    pub product: String,
    pub quantity: u64,
    pub request: Value,
}

const MOST_METADATA: usize = 20;
const LONGEST_METADATA: usize = 100;

pub(super) fn order(order: &Fields<'_>) -> Result<NewOrder, Wrong> {
    order.only(&[
        "orderType",
        "orderReferenceId",
        "customerReferenceId",
        "currency",
        "items",
        "shipmentMethodUid",
        "shippingAddress",
        "returnAddress",
        "metadata",
    ])?;
    let draft = match order.maybe_text("orderType")? {
        None | Some("order") => false,
        Some("draft") => true,
        Some(_) => return Err(order.wrong("orderType", "must be order or draft")),
    };
    let reference = order.text("orderReferenceId")?.to_owned();
    order.text("customerReferenceId")?;
    if iso_currency::Currency::from_code(order.text("currency")?).is_none() {
        return Err(order.wrong("currency", "is no ISO 4217 code"));
    }
    if order.maybe_text("shipmentMethodUid")?.is_some_and(|method| method.trim().is_empty()) {
        return Err(order.wrong("shipmentMethodUid", "must not be empty"));
    }
    let items: Vec<NewItem> = order.objects("items")?.iter().map(item).collect::<Result<_, _>>()?;
    for (index, one) in items.iter().enumerate() {
        if items.iter().take(index).any(|other| other.reference == one.reference) {
            return Err(Wrong(format!(
                "items.{index}.itemReferenceId {:?} is not unique in this order",
                one.reference
            )));
        }
    }
    address(&order.object("shippingAddress")?)?;
    if let Some(back) = order.maybe_object("returnAddress")? {
        lengths(&back)?;
    }
    metadata(order)?;
    Ok(NewOrder { reference, draft, items })
}

fn item(item: &Fields<'_>) -> Result<NewItem, Wrong> {
    item.only(&["itemReferenceId", "productUid", "files", "quantity", "pageCount", "adjustProductUidByFileTypes"])?;
    files(item)?;
    item.nullable_whole("pageCount", 1..=u64::MAX)?;
    Ok(NewItem {
        reference: item.text("itemReferenceId")?.to_owned(),
        product: item.text("productUid")?.to_owned(),
        quantity: item.whole("quantity", 1..=u64::MAX)?,
        request: item.value(),
    })
}

/// One file a print area.
fn files(item: &Fields<'_>) -> Result<(), Wrong> {
    let mut areas = Vec::new();
    for file in item.objects("files")? {
        file.only(&["id", "type", "url", "threadColors", "isVisible"])?;
        let area = file.maybe_text("type")?.unwrap_or("default");
        if area.trim().is_empty() {
            return Err(file.wrong("type", "must not be empty"));
        }
        if areas.contains(&area) {
            return Err(file.wrong("type", &format!("{area:?} has a file already")));
        }
        areas.push(area);
        if file.has("url") || !file.has("id") {
            file.url("url")?;
        }
    }
    Ok(())
}

/// The longest texts of an address.
fn lengths(address: &Fields<'_>) -> Result<(), Wrong> {
    address.only(&[
        "firstName",
        "lastName",
        "companyName",
        "addressLine1",
        "addressLine2",
        "city",
        "postCode",
        "state",
        "country",
        "email",
        "phone",
        "isBusiness",
        "federalTaxId",
        "stateTaxId",
        "registrationStateCode",
    ])?;
    for (name, most) in [
        ("firstName", 25),
        ("lastName", 25),
        ("companyName", 60),
        ("addressLine1", 35),
        ("addressLine2", 35),
        ("city", 30),
        ("postCode", 15),
        ("state", 35),
        ("phone", 25),
        ("email", 100),
    ] {
        address.short_text(name, most)?;
    }
    Ok(())
}

fn address(to: &Fields<'_>) -> Result<(), Wrong> {
    lengths(to)?;
    for name in ["firstName", "lastName", "addressLine1", "city", "country", "email"] {
        to.text(name)?;
    }
    let country = to.text("country")?;
    if !places::is_country(country) {
        return Err(to.wrong("country", &format!("{country:?} is no ISO 3166-1 code of two letters")));
    }
    let state = to.maybe_text("state")?.unwrap_or_default();
    if places::state_exists(country, state) == Some(false) {
        return Err(to.wrong("state", &format!("{state:?} is no state of {country}, which needs one")));
    }
    if places::needs_zip(country) {
        to.text("postCode")?;
    }
    if !is_email(to.text("email")?) {
        return Err(to.wrong("email", "is no address"));
    }
    let local = |name: &str| to.maybe_text(name).ok().flatten().is_some_and(|text| !text.is_ascii());
    if ["CN", "JP", "KR", "RU"].contains(&country) && !["addressLine1", "city"].iter().all(|name| local(name)) {
        return Err(to.wrong("addressLine1", &format!("and city must be written in the script of {country}")));
    }
    Ok(())
}

fn metadata(order: &Fields<'_>) -> Result<(), Wrong> {
    if !order.has("metadata") || order.list("metadata")?.is_some_and(<[Value]>::is_empty) {
        return Ok(());
    }
    let entries = order.objects("metadata")?;
    if entries.len() > MOST_METADATA {
        return Err(order.wrong("metadata", &format!("must have at most {MOST_METADATA} entries")));
    }
    for entry in entries {
        entry.only(&["key", "value"])?;
        for name in ["key", "value"] {
            entry.text(name)?;
            entry.short_text(name, LONGEST_METADATA)?;
        }
    }
    Ok(())
}

/// What a patch changes: item ids, and their files where it names some.
pub(super) fn patch(body: &Fields<'_>) -> Result<Vec<(String, Option<Value>)>, Wrong> {
    body.only(&["orderType", "items"])?;
    if body.text("orderType")? != "order" {
        return Err(body.wrong("orderType", "must be order: a draft can only become one"));
    }
    let items = if body.has("items") { body.objects("items")? } else { Vec::new() };
    let changes = items.iter().map(|item| {
        item.only(&["id", "files"])?;
        if item.has("files") {
            files(item)?;
        }
        Ok((item.text("id")?.to_owned(), item.raw("files").cloned()))
    });
    changes.collect()
}

/// Whether each item can be made now. A product may be out of stock, which a client cannot know: no finding.
pub(super) fn can_be_made(items: &[NewItem], shelf: &Shelf) -> Result<(), Refusal> {
    for (index, item) in items.iter().enumerate() {
        let refuse = |why: &str| answer::invalid(format!("items.{index}.productUid {:?} {why}", item.product));
        match shelf.state(&item.product) {
            Some(Available::Yes) => {}
            Some(Available::OutOfStock) => return Err(Refusal { business: true, ..refuse("is out of stock") }),
            Some(Available::Discontinued) => return Err(Refusal { business: true, ..refuse("is discontinued") }),
            None => return Err(refuse("does not exist")),
        }
    }
    Ok(())
}
