//! A cart becomes an order row, then a checkout session: in that order, so that no payment can come for an order we do not have.

use std::collections::BTreeMap;

use domain::provider::Trouble;
use domain::subject::short_hash;
use lambda::config::{CheckoutSection, TaxBehavior};

use super::cart::Priced;
use super::row::{Link, OrderRow};
use super::status::Status;
use super::stripe::minor::to_stripe;
use super::stripe::{Form, wire};
use super::table::OrderTable;
use super::{Headless, observe};

/// Where a cart stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checkout {
    /// The page to pay on.
    Open { order: String, url: String },
    /// It was bought already, or its payment failed for good: `#1001`.
    Over { order: String },
}

impl<T: OrderTable> Headless<T> {
    /// What is sold, and how.
    #[must_use]
    pub fn section(&self) -> &CheckoutSection {
        &self.checkout
    }

    /// The store's short name.
    #[must_use]
    pub fn shop(&self) -> &str {
        &self.shop
    }

    /// The checkout of this cart. The same cart again, at the same time or later, is the same order and the same session, until
    /// that has expired; then the order gets a new one.
    pub async fn begin(&self, cart: &Priced, ip: Option<&str>) -> Result<Checkout, Trouble> {
        let number = self.number_for(&format!("cart#{}", cart.hash)).await?;
        let mut row = self.row_for(number, cart, ip).await?;
        if row.status.is_order() || row.is_cancelled() {
            return Ok(Checkout::Over { order: row.name() });
        }
        if let Some(link) = row.link.clone().filter(|link| row.sessions.get(&link.session) == Some(&Status::Open)) {
            if self.now() < link.expires {
                return Ok(Checkout::Open { order: row.name(), url: link.url });
            }
            // Its end was told to a door that did not hear it.
            row = self.look_at_session(&row, &link.session).await?;
            if row.status.is_order() {
                return Ok(Checkout::Over { order: row.name() });
            }
        }
        self.new_session(&row, cart.email.as_deref()).await
    }

    /// The number that `pointer` stands for, now and ever after.
    pub(super) async fn number_for(&self, pointer: &str) -> Result<u64, Trouble> {
        match self.table.pointed(pointer).await? {
            Some(number) => Ok(number),
            None => {
                let number = self.table.next_number().await?;
                self.table.point(pointer, number).await
            }
        }
    }

    async fn row_for(&self, number: u64, cart: &Priced, ip: Option<&str>) -> Result<OrderRow, Trouble> {
        if let Some(row) = self.table.get(number).await? {
            return Ok(row);
        }
        let row = OrderRow { ip: ip.map(str::to_owned), ..self.new_row(number, cart) };
        if self.table.put_new(&row).await? {
            return Ok(row);
        }
        let why = || format!("order #{number} is being written by another request");
        self.table.get(number).await?.ok_or_else(|| Trouble::Unavailable { why: why() })
    }

    /// An order nobody has paid for.
    pub(super) fn new_row(&self, number: u64, cart: &Priced) -> OrderRow {
        let now = self.now();
        OrderRow {
            number,
            rev: 1,
            cart: cart.hash.clone(),
            created: now,
            updated: now,
            test: self.stripe.is_test(),
            tags: Vec::new(),
            ip: None,
            currency: cart.currency.clone(),
            tax_included: self.checkout.tax == TaxBehavior::Inclusive,
            lines: cart.lines.clone(),
            status: Status::Open,
            sessions: BTreeMap::new(),
            link: None,
            payment: None,
            bill: None,
            left: None,
            attempts: BTreeMap::new(),
            refunds: BTreeMap::new(),
            disputes: BTreeMap::new(),
            warnings: BTreeMap::new(),
            holds: BTreeMap::new(),
            fulfilments: Vec::new(),
            refusal: None,
        }
    }

    async fn new_session(&self, row: &OrderRow, email: Option<&str>) -> Result<Checkout, Trouble> {
        let form = session_form(&self.checkout, &self.shop, row, email)?;
        // The round is how many sessions there were: the next one has a key of its own. The form is part of the key, since Stripe
        // refuses another request under a key it knows, and the owner may have changed the shipping options meanwhile.
        let round = row.sessions.len().to_string();
        let key = format!("checkout-{}", short_hash(&[&self.shop, &row.cart, &round, &form.encoded()], 32));
        let session: wire::Session = self.stripe.post("/v1/checkout/sessions", &form, &key).await?;
        let Some(url) = session.url.clone() else {
            return Err(Trouble::Broken { why: "it made a checkout session without a page".to_owned() });
        };
        let expires = observe::moment(session.expires_at)?;
        let test = session.livemode.map_or(row.test, |live| !live);
        let updated = self.update(row.number, |row| {
            if *row.sessions.entry(session.id.clone()).or_insert(Status::Open) == Status::Open {
                row.link = Some(Link { session: session.id.clone(), url: url.clone(), expires });
            }
            row.test = test;
            Ok(())
        });
        match updated.await? {
            Some(_) => Ok(Checkout::Open { order: row.name(), url }),
            None => Err(Trouble::Broken { why: format!("order {} is gone from the order table", row.name()) }),
        }
    }
}

/// The session, as a function of what is stored and configured alone: asked for again, it is the same to the last byte.
fn session_form(checkout: &CheckoutSection, shop: &str, row: &OrderRow, email: Option<&str>) -> Result<Form, Trouble> {
    let behavior = match checkout.tax {
        TaxBehavior::Exclusive => "exclusive",
        TaxBehavior::Inclusive => "inclusive",
    };
    let currency = row.currency.to_ascii_lowercase();
    let mut form = Form::default()
        .with("mode", "payment")
        .with("success_url", &checkout.success_url)
        .with("cancel_url", &checkout.cancel_url)
        .with("client_reference_id", row.number)
        .with("metadata[baton_order]", row.number)
        .with("metadata[baton_shop]", shop)
        .with("payment_intent_data[metadata][baton_order]", row.number)
        .with("payment_intent_data[metadata][baton_shop]", shop)
        .with("billing_address_collection", "required")
        // Every currency has prices of our own.
        .with("adaptive_pricing[enabled]", false)
        .with("automatic_tax[enabled]", checkout.automatic_tax)
        .with("phone_number_collection[enabled]", checkout.phone)
        .with_some("customer_email", email);
    if checkout.promotion_codes {
        form = form.with("allow_promotion_codes", true);
    }
    if checkout.recovery {
        form = form
            .with("after_expiration[recovery][enabled]", true)
            .with("after_expiration[recovery][allow_promotion_codes]", checkout.promotion_codes);
    }
    if checkout.ask_consent {
        form = form.with("consent_collection[promotions]", "auto");
    }
    for (at, line) in row.lines.iter().enumerate() {
        let name = |rest: &str| format!("line_items[{at}]{rest}");
        let product = |rest: &str| name(&format!("[price_data][product_data]{rest}"));
        form = form
            .with(&name("[quantity]"), line.quantity)
            .with(&name("[price_data][currency]"), &currency)
            .with(&name("[price_data][unit_amount]"), to_stripe(line.unit_price)?)
            .with(&name("[price_data][tax_behavior]"), behavior)
            .with(&product("[name]"), &line.title)
            .with_some(&product("[description]"), line.variant_title.as_ref())
            .with_some(&product("[images][0]"), line.image.as_ref())
            .with_some(&product("[tax_code]"), line.tax_code.as_ref())
            .with(&product("[metadata][sku]"), &line.sku);
    }
    if row.lines.iter().any(|line| line.requires_shipping) {
        form = shipping(checkout, &row.currency, behavior, form)?;
    }
    Ok(form)
}

fn shipping(checkout: &CheckoutSection, currency: &str, behavior: &str, mut form: Form) -> Result<Form, Trouble> {
    for (at, country) in checkout.countries.iter().enumerate() {
        form = form.with(&format!("shipping_address_collection[allowed_countries][{at}]"), country);
    }
    let priced = checkout.shipping.iter().filter_map(|option| Some((option, option.prices.in_currency(currency)?)));
    for (at, (option, price)) in priced.enumerate() {
        let name = |rest: &str| format!("shipping_options[{at}][shipping_rate_data]{rest}");
        form = form
            .with(&name("[type]"), "fixed_amount")
            .with(&name("[display_name]"), &option.name)
            .with(&name("[fixed_amount][amount]"), to_stripe(price)?)
            .with(&name("[fixed_amount][currency]"), currency.to_ascii_lowercase())
            .with(&name("[tax_behavior]"), behavior);
        if let Some((least, most)) = option.days {
            for (bound, days) in [("minimum", least), ("maximum", most)] {
                form = form
                    .with(&name(&format!("[delivery_estimate][{bound}][unit]")), "business_day")
                    .with(&name(&format!("[delivery_estimate][{bound}][value]")), days);
            }
        }
    }
    Ok(form)
}
