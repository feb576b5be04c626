//! The test order: paid with Stripe's own test card, without a checkout page. It needs a test key; with a live one, nothing is
//! ever charged for a test.

use domain::order::{Order, TEST_TAG};
use domain::provider::Trouble;
use domain::subject::{OrderId, short_hash};

use super::Headless;
use super::cart::{Priced, line};
use super::row::OrderRow;
use super::stripe::minor::to_stripe;
use super::stripe::{Form, wire};
use super::table::OrderTable;
use crate::TestOrder;

impl<T: OrderTable> TestOrder for Headless<T> {
    /// `variant` is a SKU of the catalog.
    async fn place_test_order(&self, tag: &str, variant: &str, email: &str) -> Result<OrderId, Trouble> {
        if !self.stripe.is_test() {
            let why = "a test order needs a test key: this store has a live one, and a test must not charge anybody. Deploy a \
                       second stack with sk_test_… in the file that stripe.secret_key_file names";
            return Err(Trouble::Refused { why: why.to_owned() });
        }
        if !tag.starts_with(TEST_TAG) {
            return Err(Trouble::Refused { why: format!("the tag of a test order begins with {TEST_TAG}") });
        }
        let line = line(&self.checkout, variant, 1, &self.checkout.currency)
            .map_err(|error| Trouble::Refused { why: error.to_string() })?;
        let hash = short_hash(&[&self.shop, tag], 32);
        let number = self.number_for(&format!("test#{hash}")).await?;
        let priced = Priced {
            lines: vec![line],
            currency: self.checkout.currency.clone(),
            email: Some(email.to_owned()),
            hash: hash.clone(),
        };
        let row = OrderRow { tags: vec![tag.to_owned()], ..self.new_row(number, &priced) };
        self.table.put_new(&row).await?;
        let Some(row) = self.table.get(number).await? else {
            return Err(Trouble::Unavailable { why: format!("order #{number} is not in the order table yet") });
        };
        if row.status.is_order() {
            return Ok(OrderId(number));
        }
        let intent = self.pay(&row, email, &hash).await?;
        let row = self.look_at_payment(&row, &intent).await?;
        if !row.status.is_order() {
            return Err(Trouble::Refused { why: "Stripe did not take the test card's payment".to_owned() });
        }
        Ok(OrderId(number))
    }

    async fn clean_up(&self, order: &Order, tag: &str) -> Result<(), Trouble> {
        if !order.is_trial() || !order.tags.iter().any(|known| known == tag) {
            return Err(Trouble::Refused { why: format!("{} is no test order tagged {tag}: it stays", order.name) });
        }
        self.cancel(order.id.0, tag).await.map(|_| ())
    }
}

impl<T: OrderTable> Headless<T> {
    /// Pays with the card that Stripe gives for tests (`docs.stripe.com/testing`). The address is nobody's.
    async fn pay(&self, row: &OrderRow, email: &str, hash: &str) -> Result<String, Trouble> {
        let Some(line) = row.lines.first() else {
            return Err(Trouble::Broken { why: format!("order {} has no line", row.name()) });
        };
        let country = self.checkout.countries.first().map_or("US", String::as_str);
        let form = Form::default()
            .with("amount", to_stripe(line.unit_price)?)
            .with("currency", row.currency.to_ascii_lowercase())
            .with("confirm", true)
            .with("payment_method", "pm_card_visa")
            .with("automatic_payment_methods[enabled]", true)
            .with("automatic_payment_methods[allow_redirects]", "never")
            .with("receipt_email", email)
            .with("metadata[baton_order]", row.number)
            .with("metadata[baton_shop]", &self.shop)
            .with("shipping[name]", "Test Order")
            .with("shipping[address][line1]", "1 Test Street")
            .with("shipping[address][city]", "Louisville")
            .with("shipping[address][state]", "KY")
            .with("shipping[address][postal_code]", "40202")
            .with("shipping[address][country]", country);
        let intent: wire::Named = self.stripe.post("/v1/payment_intents", &form, &format!("test-{hash}")).await?;
        Ok(intent.id)
    }
}
