//! A customer's cart, and what it costs by our own catalog. A price never comes from the browser.

use std::collections::BTreeMap;

use domain::subject::short_hash;
use lambda::config::CheckoutSection;
use serde::Deserialize;

use super::row::RowLine;

/// Stripe takes at most 100 line items.
const MOST_LINES: usize = 100;

/// What a page sends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Cart {
    /// Made by the page when the cart is begun, 8 to 64 of `A-Z a-z 0-9 _ -`: the same cart asked for twice is one order.
    pub cart: String,
    pub items: Vec<Item>,
    /// ISO 4217, in any letter case; the shop's own where absent.
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Item {
    pub sku: String,
    pub quantity: u32,
}

/// Why a cart cannot be bought. The words are for the customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CartError {
    #[error("The cart has no proper name: 8 to 64 letters, digits, - or _. Reload the page and try again.")]
    Name,
    #[error("The cart is empty. Put something into it and try again.")]
    Empty,
    #[error("There are more than {MOST_LINES} different things in the cart. Take some out, or order in two parts.")]
    TooManyLines,
    #[error("{0:?} is not sold here any more. Take it out of the cart and try again.")]
    Unknown(String),
    #[error("A quantity of 0 of {0:?} cannot be ordered. Take it out of the cart and try again.")]
    Nothing(String),
    #[error("At most {most} pieces of {sku:?} can be ordered at once. Lower the quantity and try again.")]
    TooMany { sku: String, most: u32 },
    #[error("{sku:?} has no price in {currency}. Choose another currency and try again.")]
    Currency { sku: String, currency: String },
    #[error("{0:?} is not a mail address. Correct it, or leave it out.")]
    Email(String),
}

/// A cart with our own prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    pub lines: Vec<RowLine>,
    /// ISO 4217.
    pub currency: String,
    pub email: Option<String>,
    /// The hash of the cart and all that is in it, prices included: another content is another order.
    pub hash: String,
}

impl Cart {
    /// Looks every item up in the catalog. The same SKU twice is one line.
    pub fn price(&self, checkout: &CheckoutSection, shop: &str) -> Result<Priced, CartError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !(8..=64).contains(&self.cart.len()) || !self.cart.chars().all(plain) {
            return Err(CartError::Name);
        }
        let currency = self.currency.as_deref().unwrap_or(&checkout.currency).to_ascii_uppercase();
        let email = self.email.as_deref().map(str::trim).filter(|email| !email.is_empty());
        if let Some(email) = email.filter(|email| !is_address(email)) {
            return Err(CartError::Email(shortened(email)));
        }
        let mut wanted: BTreeMap<&str, u32> = BTreeMap::new();
        for item in &self.items {
            if item.quantity == 0 {
                return Err(CartError::Nothing(shortened(&item.sku)));
            }
            let pieces = wanted.entry(&item.sku).or_default();
            *pieces = pieces.saturating_add(item.quantity);
        }
        match wanted.len() {
            0 => return Err(CartError::Empty),
            lines if lines > MOST_LINES => return Err(CartError::TooManyLines),
            _ => {}
        }
        let lines = wanted.into_iter().map(|(sku, quantity)| line(checkout, sku, quantity, &currency));
        let lines: Vec<RowLine> = lines.collect::<Result<_, _>>()?;
        let mut parts =
            vec![shop.to_owned(), self.cart.clone(), currency.clone(), email.unwrap_or_default().to_owned()];
        for line in &lines {
            parts.extend([line.sku.clone(), line.quantity.to_string(), line.unit_price.to_string()]);
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Ok(Priced { hash: short_hash(&parts, 32), lines, currency, email: email.map(str::to_owned) })
    }
}

/// One line at its price in our catalog.
pub(super) fn line(checkout: &CheckoutSection, sku: &str, quantity: u32, currency: &str) -> Result<RowLine, CartError> {
    let product = checkout.product(sku).ok_or_else(|| CartError::Unknown(shortened(sku)))?;
    let most = checkout.most_pieces_of(product);
    if quantity > most {
        return Err(CartError::TooMany { sku: sku.to_owned(), most });
    }
    let unit_price = product
        .prices
        .in_currency(currency)
        .ok_or_else(|| CartError::Currency { sku: sku.to_owned(), currency: shortened(currency) })?;
    Ok(RowLine {
        sku: product.sku.clone(),
        title: product.title.clone(),
        variant_title: product.variant_title.clone(),
        image: product.image.clone(),
        tax_code: product.tax_code.clone(),
        quantity,
        unit_price,
        requires_shipping: product.requires_shipping,
    })
}

/// As much of a text from outside as an answer repeats.
fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Stripe checks addresses itself; this keeps out what certainly is none.
fn is_address(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    text.len() <= 254
        && !text.contains(odd)
        && text.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty()
                && host.contains('.')
                && !host.contains('@')
                && !host.starts_with('.')
                && !host.ends_with('.')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checkout() -> CheckoutSection {
        serde_json::from_value(json!({
            "currency": "USD",
            "products": [
                { "sku": "A", "title": "Lighthouse", "prices": { "USD": "25.00", "JPY": "3600" }, "most_pieces": 3 },
                { "sku": "B", "title": "Harbour", "prices": { "USD": "10.00" } },
            ],
        }))
        .unwrap()
    }

    fn cart(json: serde_json::Value) -> Cart {
        let mut cart = json!({ "cart": "cart-0001", "items": [{ "sku": "A", "quantity": 1 }] });
        cart.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
        serde_json::from_value(cart).unwrap()
    }

    fn price(json: serde_json::Value) -> Result<Priced, CartError> {
        cart(json).price(&checkout(), "example-prints")
    }

    #[test]
    fn prices_are_the_catalogs_and_one_sku_is_one_line() {
        let two = json!({ "items": [{ "sku": "A", "quantity": 1, "price": "0.01" }, { "sku": "A", "quantity": 1 }] });
        let priced = price(two).unwrap();
        assert_eq!(priced.lines.len(), 1);
        assert_eq!((priced.lines[0].quantity, priced.lines[0].unit_price.to_string()), (2, "25.00 USD".to_owned()));
        assert_eq!(price(json!({ "currency": "jpy" })).unwrap().lines[0].unit_price.minor(), 3600);
    }

    #[test]
    fn the_same_content_has_the_same_hash_and_another_has_not() {
        let hash = |json| price(json).unwrap().hash;
        let both = |first: &str, second: &str| json!({ "items": [{ "sku": first, "quantity": 1 }, { "sku": second, "quantity": 1 }] });
        assert_eq!(hash(both("A", "B")), hash(both("B", "A")));
        let other =
            [json!({ "cart": "cart-0002" }), json!({ "currency": "JPY" }), json!({ "email": "ada@example.com" })];
        let plain = hash(json!({}));
        assert!(other.into_iter().all(|other| hash(other) != plain));
        let mut dearer = checkout();
        dearer.products = serde_json::from_value::<CheckoutSection>(json!({
            "products": [{ "sku": "A", "title": "Lighthouse", "prices": { "USD": "26.00" } }],
        }))
        .unwrap()
        .products;
        assert_ne!(cart(json!({})).price(&dearer, "example-prints").unwrap().hash, plain, "a new price is a new order");
    }

    #[test]
    fn each_thing_that_is_wrong_with_a_cart_has_its_own_words() {
        let item = |sku: &str, quantity: u32| json!({ "items": [{ "sku": sku, "quantity": quantity }] });
        let many: Vec<_> = (0..101).map(|n| json!({ "sku": format!("S{n}"), "quantity": 1 })).collect();
        for (json, wanted) in [
            (json!({ "cart": "short" }), CartError::Name),
            (json!({ "cart": "no spaces here" }), CartError::Name),
            (json!({ "items": [] }), CartError::Empty),
            (json!({ "items": many }), CartError::TooManyLines),
            (item("C", 1), CartError::Unknown("C".into())),
            (item("A", 0), CartError::Nothing("A".into())),
            (item("A", 4), CartError::TooMany { sku: "A".into(), most: 3 }),
            (
                json!({ "items": [{ "sku": "A", "quantity": u32::MAX }, { "sku": "A", "quantity": 9 }] }),
                CartError::TooMany { sku: "A".into(), most: 3 },
            ),
            (json!({ "currency": "EUR" }), CartError::Currency { sku: "A".into(), currency: "EUR".into() }),
            (json!({ "email": "ada@" }), CartError::Email("ada@".into())),
            (json!({ "email": "a b@example.com" }), CartError::Email("a b@example.com".into())),
        ] {
            assert_eq!(price(json.clone()), Err(wanted), "{json}");
        }
        assert_eq!(price(json!({ "email": " ada@example.com " })).unwrap().email.as_deref(), Some("ada@example.com"));
    }
}
