//! What the owner chooses about the headless store.

use std::collections::{BTreeMap, BTreeSet};

use domain::money::Money;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Stripe, for the headless store's money.
#[derive(Debug, Clone, Deserialize)]
pub struct StripeSection {
    /// Where its API is; ends without a slash.
    pub base_url: String,
}

/// The headless store's checkout and what it sells.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CheckoutSection {
    /// The shop's site, `https://www.example.com`: the one origin whose pages may call the checkout.
    pub origin: String,
    /// Where a customer lands after paying; Stripe puts the session in for `{CHECKOUT_SESSION_ID}`.
    pub success_url: String,
    /// Where a customer lands who goes back.
    pub cancel_url: String,
    /// ISO 4217; used where a cart names none.
    pub currency: String,
    /// Where parcels go, ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// Stripe Tax works out the tax from the address.
    pub automatic_tax: bool,
    /// Whether prices and shipping contain the tax already.
    pub tax: TaxBehavior,
    /// Asks for a telephone number.
    pub phone: bool,
    /// Lets the customer enter a promotion code.
    pub promotion_codes: bool,
    /// Stripe keeps a link that brings an abandoned checkout back for 30 days.
    pub recovery: bool,
    /// Asks for consent to promotional mail, where the law of the customer's country knows such a question.
    pub ask_consent: bool,
    /// The most pieces one order may have of one product, where the product says nothing else.
    #[serde(deserialize_with = "at_least_one")]
    pub most_pieces: Pieces,
    /// How parcels may go; a cart is offered those with a price in its currency.
    pub shipping: Vec<ShippingOption>,
    /// What is sold, and for how much.
    pub products: Vec<Product>,
}

/// Whether a price contains the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaxBehavior {
    /// The tax comes on top.
    #[default]
    Exclusive,
    /// The price contains it.
    Inclusive,
}

/// A number of pieces, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pieces(pub u32);

impl Default for Pieces {
    fn default() -> Self {
        Self(50)
    }
}

/// One way a parcel may go.
#[derive(Debug, Clone, Deserialize)]
pub struct ShippingOption {
    /// As the customer reads it, at most 100 characters.
    pub name: String,
    pub prices: Prices,
    /// Business days until it is there, from and to.
    #[serde(default)]
    pub days: Option<(u32, u32)>,
}

/// One thing the headless store sells.
#[derive(Debug, Clone, Deserialize)]
pub struct Product {
    /// What carts, lines and the production catalog call it.
    pub sku: String,
    pub title: String,
    /// `30 x 40 cm`
    #[serde(default)]
    pub variant_title: Option<String>,
    /// A picture Stripe shows.
    #[serde(default)]
    pub image: Option<String>,
    /// Stripe's tax code, `txcd_…`.
    #[serde(default)]
    pub tax_code: Option<String>,
    pub prices: Prices,
    #[serde(default = "yes")]
    pub requires_shipping: bool,
    #[serde(default)]
    pub most_pieces: Option<u32>,
}

/// Exact prices by currency: `{ USD = "25.00", JPY = "3600" }`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prices(BTreeMap<String, Money>);

impl Prices {
    /// The price in this currency (ISO 4217, capitals).
    #[must_use]
    pub fn in_currency(&self, currency: &str) -> Option<Money> {
        self.0.get(currency).copied()
    }

    /// The currencies there is a price in.
    pub fn currencies(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for Prices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
        let prices = texts.into_iter().map(|(currency, amount)| {
            let price = Money::parse(&amount, &currency).map_err(D::Error::custom)?;
            if price.minor() < 0 {
                return Err(D::Error::custom(format!("{price} is below nothing")));
            }
            Ok((currency, price))
        });
        let prices: BTreeMap<_, _> = prices.collect::<Result<_, _>>()?;
        if prices.is_empty() {
            return Err(D::Error::custom("a price in at least one currency is needed, as in { USD = \"25.00\" }"));
        }
        Ok(Self(prices))
    }
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Pieces, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Err(D::Error::custom("an order of no piece is none: at least 1 is needed")),
        pieces => Ok(Pieces(pieces)),
    }
}

fn yes() -> bool {
    true
}

impl CheckoutSection {
    /// The product of this SKU.
    #[must_use]
    pub fn product(&self, sku: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.sku == sku)
    }

    /// The most pieces of this product one order may have.
    #[must_use]
    pub fn most_pieces_of(&self, product: &Product) -> u32 {
        product.most_pieces.unwrap_or(self.most_pieces.0)
    }

    /// Every currency some product has a price in.
    #[must_use]
    pub fn currencies(&self) -> BTreeSet<&str> {
        self.products.iter().flat_map(|product| product.prices.currencies()).collect()
    }

    /// What is wrong with it, in the owner's words; nothing where customers can pay. The keys are those of `store.toml`.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut addresses =
            vec![("checkout.success_url", &self.success_url), ("checkout.cancel_url", &self.cancel_url)];
        addresses.push(("checkout.origin", &self.origin));
        for (key, address) in addresses {
            if !address.starts_with("https://") && !address.starts_with("http://") {
                problems.push(format!("{key} is {address:?}: write the whole address, with https://"));
            }
        }
        if self.origin.matches('/').count() > 2 {
            problems.push(format!("checkout.origin is {:?}: leave out what follows the host", self.origin));
        }
        if self.products.is_empty() {
            problems.push("checkout.products is empty: list what you sell".to_owned());
        }
        let mut seen = BTreeSet::new();
        for product in &self.products {
            if !seen.insert(&product.sku) {
                problems.push(format!("checkout.products has {} twice: give each its own sku", product.sku));
            }
            if product.prices.in_currency(&self.currency).is_none() {
                let (sku, currency) = (&product.sku, &self.currency);
                problems.push(format!("checkout.products: {sku} has no price in {currency}, the checkout's currency"));
            }
        }
        if self.products.iter().any(|product| product.requires_shipping) {
            if self.countries.is_empty() {
                problems.push("checkout.countries is empty: list where parcels go, as in [\"US\"]".to_owned());
            }
            for currency in self.currencies() {
                if !self.shipping.iter().any(|option| option.prices.in_currency(currency).is_some()) {
                    problems.push(format!("checkout.shipping has no option with a price in {currency}"));
                }
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn section(json: &serde_json::Value) -> Result<CheckoutSection, serde_json::Error> {
        serde_json::from_value(json.clone())
    }

    fn whole() -> serde_json::Value {
        json!({
            "origin": "https://www.example.com",
            "success_url": "https://www.example.com/thanks",
            "cancel_url": "https://www.example.com/cart",
            "currency": "USD",
            "countries": ["US"],
            "shipping": [{ "name": "Standard", "prices": { "USD": "4.90", "JPY": "700" }, "days": [3, 7] }],
            "products": [{ "sku": "A", "title": "Lighthouse", "prices": { "USD": "25.00", "JPY": "3600" } }],
        })
    }

    #[test]
    fn a_whole_section_has_no_problems_and_exact_prices() {
        let section = section(&whole()).unwrap();
        assert_eq!(section.problems(), Vec::<String>::new());
        let product = section.product("A").unwrap();
        assert_eq!(product.prices.in_currency("JPY").unwrap().minor(), 3600);
        assert_eq!(product.prices.in_currency("USD").unwrap().minor(), 2500);
        assert_eq!(section.most_pieces_of(product), 50);
    }

    #[test]
    fn a_price_that_is_none_is_refused() {
        for prices in [json!({}), json!({ "USD": "25.001" }), json!({ "USD": "-1.00" }), json!({ "XXQ": "1" })] {
            let mut wrong = whole();
            wrong["products"][0]["prices"] = prices.clone();
            assert!(section(&wrong).is_err(), "{prices}");
        }
        let mut wrong = whole();
        wrong["most_pieces"] = json!(0);
        assert!(section(&wrong).is_err());
    }

    #[test]
    fn each_problem_names_its_key() {
        for (path, value, key) in [
            ("/origin", json!("www.example.com"), "checkout.origin"),
            ("/origin", json!("https://www.example.com/shop"), "checkout.origin"),
            ("/success_url", json!(""), "checkout.success_url"),
            ("/products", json!([]), "checkout.products"),
            ("/products/0/prices", json!({ "EUR": "1.00" }), "USD"),
            ("/countries", json!([]), "checkout.countries"),
            ("/shipping/0/prices", json!({ "USD": "4.90" }), "JPY"),
        ] {
            let mut wrong = whole();
            *wrong.pointer_mut(path).unwrap() = value;
            let problems = section(&wrong).unwrap().problems();
            assert!(problems.iter().any(|problem| problem.contains(key)), "{path}: {problems:?}");
        }
        let mut digital = whole();
        digital["products"][0]["requires_shipping"] = json!(false);
        digital["countries"] = json!([]);
        digital["shipping"] = json!([]);
        assert_eq!(section(&digital).unwrap().problems(), Vec::<String>::new());
    }
}
