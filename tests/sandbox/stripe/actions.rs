//! What each call of the API does.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::api::page;
use super::book::{self, Book};
use super::moves::Move;
use super::objects::{self, Paying, Turn};
use super::routes::Route;
use super::sessions::address;
use super::{Stripe, webhooks};

/// Does it; the object or list it answers with. Errors are Stripe's.
pub(super) fn act(stripe: &Stripe, book: &mut Book, route: Route, id: &str, params: &Value) -> Result<Value, Refusal> {
    let list = |book: &Book, kind: &str, filters: &[&str]| {
        let fits = |object: &&Value| filters.iter().all(|name| params[name].is_null() || object[name] == params[name]);
        page(book.all(kind).iter().rev().filter(fits), params, route.path)
    };
    let one = |book: &Book, kind: &str, name: &str| {
        book.get(kind, id).cloned().ok_or_else(|| Refusal::missing(name, id, "id"))
    };
    match route.operation {
        "list_sessions" => list(book, book::SESSION, &["payment_intent"]),
        "get_session" => one(book, book::SESSION, "checkout.session"),
        "list_line_items" => {
            one(book, book::SESSION, "checkout.session")?;
            page(book.lines.get(id).into_iter().flatten(), params, &route.path.replace("{session}", id))
        }
        "create_session" => {
            let id = stripe.change(book).create_session(params)?;
            Ok(book.any(&id).cloned().unwrap_or_default())
        }
        "expire_session" => {
            let session = one(book, book::SESSION, "checkout.session")?;
            if session["status"] != "open" {
                let message = "Only Checkout Sessions with a status in [\"open\"] can be expired.";
                return Err(Refusal { business: true, ..Refusal::bad(message) });
            }
            stripe.change(book).expire(id);
            one(book, book::SESSION, "checkout.session")
        }
        "list_payment_intents" => list(book, book::INTENT, &["customer"]),
        "get_payment_intent" => one(book, book::INTENT, "payment_intent"),
        "create_payment_intent" => create_intent(stripe, book, params),
        "confirm_payment_intent" => {
            one(book, book::INTENT, "payment_intent")?;
            confirm(stripe, book, id, params)
        }
        "list_charges" => list(book, book::CHARGE, &["payment_intent", "customer"]),
        "get_charge" => one(book, book::CHARGE, "charge"),
        "list_refunds" => list(book, book::REFUND, &["payment_intent", "charge"]),
        "get_refund" => one(book, book::REFUND, "refund"),
        "create_refund" => create_refund(stripe, book, params),
        "list_disputes" => list(book, book::DISPUTE, &["payment_intent", "charge"]),
        "get_dispute" => one(book, book::DISPUTE, "dispute"),
        "list_warnings" => list(book, book::WARNING, &["payment_intent", "charge"]),
        "get_warning" => one(book, book::WARNING, "early_fraud_warning"),
        "get_review" => one(book, book::REVIEW, "review"),
        "list_events" => {
            let types = params["types"].as_array();
            let fits = |event: &&Value| {
                let kind = &event["type"];
                let named = |pattern: &Value| pattern == kind || webhooks::fits(pattern, kind);
                types.is_none_or(|types| types.iter().any(named))
                    && (params["type"].is_null() || named(&params["type"]))
            };
            page(book.all(book::EVENT).iter().rev().filter(fits), params, route.path)
        }
        "get_event" => one(book, book::EVENT, "event"),
        "list_endpoints" => {
            let shown: Vec<Value> =
                book.all(book::ENDPOINT).iter().rev().map(|endpoint| stripe.shown_endpoint(endpoint)).collect();
            page(shown.iter(), params, route.path)
        }
        "get_endpoint" => Ok(stripe.shown_endpoint(&one(book, book::ENDPOINT, "webhook endpoint")?)),
        "create_endpoint" => stripe.create_endpoint(book, params),
        "update_endpoint" => {
            one(book, book::ENDPOINT, "webhook endpoint")?;
            stripe.update_endpoint(book, id, params)?;
            Ok(stripe.shown_endpoint(&one(book, book::ENDPOINT, "webhook endpoint")?))
        }
        "delete_endpoint" => {
            one(book, book::ENDPOINT, "webhook endpoint")?;
            book.remove(id);
            Ok(json!({"id": id, "object": "webhook_endpoint", "deleted": true}))
        }
        other => Err(Refusal::bad(format!("the sandbox does not play {other}"))),
    }
}

fn create_intent(stripe: &Stripe, book: &mut Book, params: &Value) -> Result<Value, Refusal> {
    let (amount, currency) = (params["amount"].as_i64().unwrap_or(0), params["currency"].as_str().unwrap_or_default());
    if amount < 1 {
        return Err(Refusal::param(
            "parameter_invalid_integer",
            "amount",
            "This value must be greater than or equal to 1",
        ));
    }
    let confirms = params["confirm"] == true;
    if confirms && !params["payment_method"].is_string() {
        return Err(Refusal::bad("You cannot confirm this PaymentIntent because it's missing a payment method."));
    }
    if confirms && params["automatic_payment_methods"]["allow_redirects"] != "never" && params["return_url"].is_null() {
        let message = "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some \
                       of them redirect, give a return_url or automatic_payment_methods[allow_redirects]=never.";
        return Err(Refusal::bad(message));
    }
    if confirms {
        test_card(stripe, params)?;
    }
    let change = stripe.change(book);
    let id = Book::fresh(change.ctx, "pi");
    let mut intent = objects::intent(change.stamp, &id, amount, currency, &params["metadata"]);
    for name in ["description", "receipt_email", "shipping"] {
        intent[name] = params[name].clone();
    }
    intent["automatic_payment_methods"] = params["automatic_payment_methods"].clone();
    change.book.add(book::INTENT, intent);
    if confirms {
        return confirm(stripe, book, &id, params);
    }
    Ok(book.any(&id).cloned().unwrap_or_default())
}

/// Stripe's test cards by the names of their payment methods. With a live key there are none.
fn test_card(stripe: &Stripe, params: &Value) -> Result<Turn, Refusal> {
    let name = params["payment_method"].as_str().unwrap_or_default();
    let known = match name {
        "pm_card_visa" | "pm_card_mastercard" => Some(Turn::Succeeded),
        "pm_card_visa_chargeDeclined" | "pm_card_chargeDeclined" => Some(Turn::Declined("generic_decline")),
        "pm_card_visa_chargeDeclinedInsufficientFunds" => Some(Turn::Declined("insufficient_funds")),
        _ => None,
    };
    let known = known.filter(|_| !stripe.live());
    known.ok_or_else(|| Refusal { status: 400, ..Refusal::missing("PaymentMethod", name, "payment_method") })
}

fn confirm(stripe: &Stripe, book: &mut Book, id: &str, params: &Value) -> Result<Value, Refusal> {
    let status = book.any(id).map(|intent| intent["status"].clone()).unwrap_or_default();
    if status != "requires_payment_method" && status != "requires_confirmation" {
        let message = format!("You cannot confirm this PaymentIntent because it has a status of {status}.");
        return Err(Refusal::state("payment_intent_unexpected_state", message));
    }
    let turn = test_card(stripe, params)?;
    let paying = Paying {
        billing: json!({"address": address(), "email": null, "name": null, "phone": null, "tax_id": null}),
        ..Paying::visa()
    };
    let charge = stripe.change(book).attempt(id, &paying, turn);
    match turn {
        Turn::Declined(word) => Err(Refusal::declined(&charge, word)),
        _ => Ok(book.any(id).cloned().unwrap_or_default()),
    }
}

fn create_refund(stripe: &Stripe, book: &mut Book, params: &Value) -> Result<Value, Refusal> {
    let charge = match (params["charge"].as_str(), params["payment_intent"].as_str()) {
        (Some(charge), None) => {
            book.get(book::CHARGE, charge).cloned().ok_or_else(|| Refusal::missing("charge", charge, "charge"))?
        }
        (None, Some(intent)) => {
            book.get(book::INTENT, intent)
                .ok_or_else(|| Refusal::missing("payment_intent", intent, "payment_intent"))?;
            let message = format!("This PaymentIntent ({intent}) does not have a successful charge to refund.");
            book.paid_charge(intent).cloned().ok_or_else(|| Refusal { business: true, ..Refusal::bad(message) })?
        }
        (None, None) => {
            return Err(Refusal::bad(
                "One of the following params should be provided for this request: payment_intent or charge.",
            ));
        }
        (Some(_), Some(_)) => {
            return Err(Refusal::bad("You may only specify one of these parameters: charge, payment_intent."));
        }
    };
    let id = charge["id"].as_str().unwrap_or_default().to_owned();
    let left = charge["amount_captured"].as_i64().unwrap_or(0) - charge["amount_refunded"].as_i64().unwrap_or(0);
    if left == 0 {
        return Err(Refusal::state("charge_already_refunded", format!("Charge {id} has already been refunded.")));
    }
    let lost = |dispute: &Value| dispute["charge"] == *id && dispute["is_charge_refundable"] == false;
    if book.all(book::DISPUTE).iter().any(lost) {
        return Err(Refusal::state(
            "charge_disputed",
            format!("Charge {id} has been charged back; cannot issue a refund."),
        ));
    }
    let amount = params["amount"].as_i64().unwrap_or(left);
    if amount < 1 || amount > left {
        let message = format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
        return Err(Refusal { business: true, param: Some("amount".to_owned()), ..Refusal::bad(message) });
    }
    let refund = stripe.change(book).refund(&id, amount, params);
    Ok(book.any(&refund).cloned().unwrap_or_default())
}

impl Paying {
    /// An invented card that everybody takes.
    pub fn visa() -> Self {
        Self {
            brand: "visa".to_owned(),
            last4: "4242".to_owned(),
            country: "US".to_owned(),
            fingerprint: "SandboxVisaPrint".to_owned(),
            risk: "normal".to_owned(),
            bank_debit: false,
            billing: Value::Null,
        }
    }
}

impl Stripe {
    /// A change of the book, stamped with now.
    pub(super) fn change<'a>(&'a self, book: &'a mut Book) -> Move<'a> {
        Move { ctx: &self.0.ctx, stamp: self.stamp(), book }
    }
}
