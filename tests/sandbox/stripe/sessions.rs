//! Checkout Sessions: made by the shop, paid by the customer.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::book::{Book, SESSION};
use super::moves::Move;
use super::objects::{self, Paying, Sums, Turn};

/// The most lines a session in payment mode takes.
const LINES: usize = 100;
/// What the sandbox's tax calculation comes to, in percent, wherever the customer lives.
const TAX_PERCENT: i64 = 10;

impl Move<'_> {
    /// What `POST /v1/checkout/sessions` does. Errors are Stripe's.
    pub fn create_session(&mut self, asked: &Value) -> Result<String, Refusal> {
        let missing = |name: &str| Refusal::param("parameter_missing", name, "Missing required param");
        if asked["mode"].as_str().is_some_and(|mode| mode != "payment") {
            return Err(Refusal::bad("The sandbox plays sessions in payment mode only."));
        }
        if !asked["success_url"].is_string() {
            return Err(missing("success_url"));
        }
        for name in ["success_url", "cancel_url"] {
            if asked[name].as_str().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
                return Err(Refusal::param("url_invalid", name, "Not a valid URL"));
            }
        }
        let lines = asked["line_items"].as_array().filter(|lines| !lines.is_empty());
        let lines = lines.ok_or_else(|| missing("line_items"))?;
        if lines.len() > LINES {
            return Err(Refusal::param("parameter_invalid_array", "line_items", "More than 100 lines"));
        }
        if let Some(at) = asked["expires_at"].as_i64()
            && !(self.stamp.now + 30 * 60..=self.stamp.now + 24 * 3_600).contains(&at)
        {
            let message =
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.";
            return Err(Refusal { param: Some("expires_at".to_owned()), ..Refusal::bad(message) });
        }
        let mut sums = Sums::default();
        for (place, line) in lines.iter().enumerate() {
            let (currency, subtotal) = line_sum(place, line)?;
            one_currency(&mut sums, &currency)?;
            sums.lines += subtotal;
        }
        for option in asked["shipping_options"].as_array().into_iter().flatten() {
            let amount = &option["shipping_rate_data"]["fixed_amount"];
            one_currency(&mut sums, amount["currency"].as_str().unwrap_or_default())?;
        }
        if (1..50).contains(&sums.lines) && ["usd", "eur"].contains(&sums.currency.as_str()) {
            let message = "The Checkout Session's total amount due must add up to at least 50 cents.";
            return Err(Refusal { code: Some("amount_too_small"), ..Refusal::bad(message) });
        }
        let prefix = if self.stamp.live { "cs_live" } else { "cs_test" };
        let id = Book::fresh(self.ctx, prefix);
        let mut session = objects::session(self.stamp, &id, asked, &sums);
        session["shipping_options"] = self.shipping_rates(asked);
        let items = lines.iter().map(|line| {
            let fresh = |prefix| Book::fresh(self.ctx, prefix);
            objects::item(self.stamp, &fresh("li"), &fresh("price"), &fresh("prod"), line, 0)
        });
        self.book.lines.insert(id.clone(), items.collect());
        self.book.asked.insert(id.clone(), asked.clone());
        self.book.add(SESSION, session);
        Ok(id)
    }

    fn shipping_rates(&self, asked: &Value) -> Value {
        let options = asked["shipping_options"].as_array().into_iter().flatten();
        let rates = options.map(|option| {
            let amount = &option["shipping_rate_data"]["fixed_amount"]["amount"];
            json!({"shipping_amount": amount, "shipping_rate": Book::fresh(self.ctx, "shr")})
        });
        rates.collect()
    }

    /// The customer goes through the payment page: address, shipping, tax. What it comes to.
    pub fn fill_in(&mut self, session: &str, details: &Value) -> Sums {
        let asked = self.book.asked.get(session).cloned().unwrap_or_default();
        let mut known = self.book.any(session).cloned().unwrap_or_default();
        let option = usize::try_from(details["shipping_option"].as_u64().unwrap_or(0)).unwrap_or(0);
        let rate = known["shipping_options"][option].clone();
        let shipping = rate["shipping_amount"].as_i64().unwrap_or(0);
        let mut sums = Sums {
            currency: known["currency"].as_str().unwrap_or_default().to_owned(),
            lines: known["amount_subtotal"].as_i64().unwrap_or(0),
            shipping,
            tax: 0,
        };
        if asked["automatic_tax"]["enabled"] == true {
            sums.tax = (sums.lines + sums.shipping) * TAX_PERCENT / 100;
            known["automatic_tax"]["status"] = json!("complete");
        }
        let address = if details["shipping"].is_object() { details["shipping"]["address"].clone() } else { address() };
        let name = details["shipping"]["name"].as_str().unwrap_or("Ada Example").to_owned();
        let shipped = known["shipping_address_collection"].is_object();
        let email =
            details["email"].as_str().or(known["customer_email"].as_str()).unwrap_or("ada@example.com").to_owned();
        if known["consent"].is_object() && details["promotions"].is_string() {
            known["consent"]["promotions"] = details["promotions"].clone();
        }
        let shipping_details = shipped.then(|| json!({"address": address, "name": name}));
        let fields = json!({
            "amount_total": sums.total(), "automatic_tax": known["automatic_tax"], "consent": known["consent"],
            "collected_information": {
                "business_name": null, "individual_name": null, "shipping_details": shipping_details,
            },
            "customer_details": {
                "address": address, "business_name": null, "email": email, "individual_name": null, "name": name,
                "phone": details["phone"], "tax_exempt": "none", "tax_ids": [],
            },
            "shipping_cost": rate.is_object().then(|| json!({
                "amount_subtotal": shipping, "amount_tax": 0, "amount_total": shipping, "shipping_rate": rate["shipping_rate"],
            })),
            "total_details": {"amount_discount": 0, "amount_shipping": sums.shipping, "amount_tax": sums.tax},
        });
        self.book.set(session, fields);
        sums
    }

    /// The customer pays, at once or by a bank debit that takes days.
    pub fn pay(&mut self, session: &str, details: &Value, paying: &Paying, turn: Turn) {
        let sums = self.fill_in(session, details);
        if sums.total() == 0 {
            self.book.set(session, json!({"status": "complete", "payment_status": "no_payment_required", "url": null}));
            return self.emit("checkout.session.completed", session);
        }
        let intent = self.intent_of(session, sums.total(), &sums.currency);
        let collected = self.book.any(session).map(|it| it["collected_information"]["shipping_details"].clone());
        if let Some(shipping) = collected.filter(Value::is_object) {
            self.book.set(&intent, json!({"shipping": shipping}));
        }
        self.attempt(&intent, paying, turn);
        let payment_status = if turn == Turn::Succeeded { "paid" } else { "unpaid" };
        if let Turn::Declined(_) = turn {
            return;
        }
        self.book.set(session, json!({"status": "complete", "payment_status": payment_status, "url": null}));
        self.emit("checkout.session.completed", session);
    }
}

/// The invented address a customer has where nothing else is said.
pub(crate) fn address() -> Value {
    json!({
        "city": "Exampletown", "country": "US", "line1": "1 Example Street", "line2": null, "postal_code": "40202",
        "state": "KY",
    })
}

fn line_sum(place: usize, line: &Value) -> Result<(String, i64), Refusal> {
    let at = |rest: &str| format!("line_items[{place}]{rest}");
    if line["price"].is_string() {
        return Err(Refusal::missing("price", line["price"].as_str().unwrap_or_default(), &at("[price]")));
    }
    let data = &line["price_data"];
    let missing = |rest: &str| Err(Refusal::param("parameter_missing", &at(rest), "Missing required param"));
    if !data.is_object() {
        return missing("[price]");
    }
    if !data["product_data"].is_object() {
        return missing("[price_data][product_data]");
    }
    let Some(unit) = data["unit_amount"].as_i64() else { return missing("[price_data][unit_amount]") };
    let Some(quantity) = line["quantity"].as_i64() else { return missing("[quantity]") };
    if unit < 0 || quantity < 1 {
        return Err(Refusal::param("parameter_invalid_integer", &at("[quantity]"), "Invalid integer"));
    }
    let sum = unit.checked_mul(quantity).filter(|sum| *sum <= 99_999_999);
    let sum = sum.ok_or_else(|| Refusal {
        code: Some("amount_too_large"),
        ..Refusal::bad("Amount must be no more than $999,999.99")
    })?;
    Ok((data["currency"].as_str().unwrap_or_default().to_owned(), sum))
}

fn one_currency(sums: &mut Sums, currency: &str) -> Result<(), Refusal> {
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        let message = format!("Invalid currency: {currency}. Stripe takes three letters in lower case.");
        return Err(Refusal { param: Some("currency".to_owned()), ..Refusal::bad(message) });
    }
    if sums.currency.is_empty() {
        currency.clone_into(&mut sums.currency);
    }
    if sums.currency != currency {
        return Err(Refusal::bad("All lines and shipping options of a Checkout Session must have the same currency."));
    }
    Ok(())
}
