//! Control routes of the account.
//!
//! * `POST /_sandbox/stripe/sessions/<id>/<act>`: 200 with the session, or 400, 404, 409 `{"error"}`. Acts:
//!   - `pay` `{"card"?: {"brand","last4","country","fingerprint"}, "shipping"?: {"name","address":{…}}, "shipping_option"?: 0,
//!     "email"?, "phone"?, "promotions"?: "opt_in", "risk"?: "normal|elevated|highest|not_assessed"}` → `charge.succeeded`,
//!     `payment_intent.succeeded`, `checkout.session.completed`
//!   - `pay_async` (the same body): complete and unpaid; then `async_succeed` or `async_fail`
//!   - `fail` (the same body, `"decline"?: "insufficient_funds"`): a declined attempt, the session stays open
//!   - `expire`
//! * `POST /_sandbox/stripe/charges/<id>/<act>`: `refund` `{"amount"?}`, `dispute` `{"kind"?: "inquiry|chargeback", "reason"?}`,
//!   `warn`, `review`; the charge, the payment's or the session's id will do. 200 with what was made.
//! * `POST /_sandbox/stripe/disputes/<id>/<won|lost>`, `POST /_sandbox/stripe/reviews/<id>/approve`.
//! * `GET /_sandbox/stripe/<sessions|payment_intents|charges|refunds|disputes|warnings|reviews|events|endpoints>`: all of them,
//!   oldest first.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Stripe;
use super::book::{self, Book};
use super::objects::{Paying, Turn};
use super::sessions::address;
use crate::control::refuse;
use crate::lock;

pub(crate) fn router(stripe: Stripe) -> Router {
    Router::new()
        .route("/_sandbox/stripe/sessions/{id}/{act}", post(session))
        .route("/_sandbox/stripe/charges/{id}/{act}", post(charge))
        .route("/_sandbox/stripe/disputes/{id}/{end}", post(dispute))
        .route("/_sandbox/stripe/reviews/{id}/approve", post(review))
        .route("/_sandbox/stripe/{kind}", get(list))
        .with_state(stripe)
}

/// Why an act did not happen.
type Refused = (StatusCode, String);

fn bad(why: impl Into<String>) -> Refused {
    (StatusCode::BAD_REQUEST, why.into())
}

fn conflict(why: impl Into<String>) -> Refused {
    (StatusCode::CONFLICT, why.into())
}

fn missing(what: &str, id: &str) -> Refused {
    (StatusCode::NOT_FOUND, format!("Stripe has no {what} {id}"))
}

fn read(bytes: &Bytes) -> Result<Value, Refused> {
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(bytes).map_err(|error| bad(format!("the body does not fit: {error}")))
}

async fn list(State(stripe): State<Stripe>, Path(kind): Path<String>) -> Response {
    let kind = match kind.as_str() {
        "sessions" => book::SESSION,
        "payment_intents" => book::INTENT,
        "charges" => book::CHARGE,
        "refunds" => book::REFUND,
        "disputes" => book::DISPUTE,
        "warnings" => book::WARNING,
        "reviews" => book::REVIEW,
        "events" => book::EVENT,
        "endpoints" => book::ENDPOINT,
        other => return refuse(StatusCode::NOT_FOUND, format!("Stripe keeps no {other:?} here")),
    };
    let book = lock(&stripe.0.book);
    Json(book.all(kind).iter().filter(|object| !object.is_null()).collect::<Vec<_>>()).into_response()
}

impl Stripe {
    /// Runs an act, sends what it caused, and answers with the object it names.
    fn run(&self, act: impl FnOnce(&Self, &mut Book) -> Result<String, Refused>) -> Response {
        let done = {
            let mut book = lock(&self.0.book);
            act(self, &mut book).map(|id| book.any(&id).cloned().unwrap_or_default())
        };
        self.send();
        match done {
            Ok(object) => Json(object).into_response(),
            Err((status, why)) => refuse(status, why),
        }
    }
}

async fn session(State(stripe): State<Stripe>, Path((id, act)): Path<(String, String)>, bytes: Bytes) -> Response {
    stripe.run(|stripe, book| {
        let details = read(&bytes)?;
        let session = book.get(book::SESSION, &id).ok_or_else(|| missing("session", &id))?.clone();
        let open = || {
            let status = &session["status"];
            if status == "open" { Ok(()) } else { Err(conflict(format!("the session is {status}, not open"))) }
        };
        let undecided = || {
            let waits = session["status"] == "complete" && session["payment_status"] == "unpaid";
            let intent = session["payment_intent"].as_str().filter(|_| waits);
            intent.map(str::to_owned).ok_or_else(|| conflict("no payment of this session is under way"))
        };
        let mut paying = paying(&details)?;
        match act.as_str() {
            "pay" => {
                open()?;
                stripe.change(book).pay(&id, &details, &paying, Turn::Succeeded);
            }
            "pay_async" => {
                open()?;
                paying.bank_debit = true;
                stripe.change(book).pay(&id, &details, &paying, Turn::Pending);
            }
            "fail" => {
                open()?;
                stripe.change(book).pay(&id, &details, &paying, Turn::Declined(decline(&details)?));
            }
            "async_succeed" => {
                let intent = undecided()?;
                let mut change = stripe.change(book);
                change.decide(&intent, true);
                change.book.set(&id, json!({"payment_status": "paid"}));
                change.emit("checkout.session.async_payment_succeeded", &id);
            }
            "async_fail" => {
                let intent = undecided()?;
                let mut change = stripe.change(book);
                change.decide(&intent, false);
                change.emit("checkout.session.async_payment_failed", &id);
            }
            "expire" => {
                open()?;
                stripe.change(book).expire(&id);
            }
            other => return Err(bad(format!("a session cannot {other:?}"))),
        }
        Ok(id.clone())
    })
}

fn decline(details: &Value) -> Result<&'static str, Refused> {
    const WORDS: [&str; 5] = ["generic_decline", "insufficient_funds", "lost_card", "stolen_card", "fraudulent"];
    let wanted = details["decline"].as_str().unwrap_or("generic_decline");
    let known = WORDS.into_iter().find(|word| *word == wanted);
    known.ok_or_else(|| bad(format!("decline {wanted:?} is none of {}", WORDS.join(", "))))
}

fn paying(details: &Value) -> Result<Paying, Refused> {
    let usual = Paying::visa();
    let or = |name: &str, usual: String| details["card"][name].as_str().map_or(usual, str::to_owned);
    let risk = details["risk"].as_str().unwrap_or("normal");
    if !["normal", "elevated", "highest", "not_assessed"].contains(&risk) {
        return Err(bad(format!("risk {risk:?} is none of normal, elevated, highest, not_assessed")));
    }
    let billing = if details["billing"].is_object() { details["billing"].clone() } else { address() };
    Ok(Paying {
        brand: or("brand", usual.brand),
        last4: or("last4", usual.last4),
        country: or("country", usual.country),
        fingerprint: or("fingerprint", usual.fingerprint),
        risk: risk.to_owned(),
        bank_debit: false,
        billing: json!({
            "address": billing, "email": details["email"], "name": details["shipping"]["name"], "phone": null, "tax_id": null,
        }),
    })
}

async fn charge(State(stripe): State<Stripe>, Path((id, act)): Path<(String, String)>, bytes: Bytes) -> Response {
    stripe.run(|stripe, book| {
        let details = read(&bytes)?;
        let intent = book.get(book::SESSION, &id).and_then(|session| session["payment_intent"].as_str()).unwrap_or(&id);
        let found = book.get(book::CHARGE, &id).or_else(|| book.paid_charge(intent));
        let charge = found.ok_or_else(|| missing("successful charge of", &id))?.clone();
        let id = charge["id"].as_str().unwrap_or_default().to_owned();
        if charge["status"] != "succeeded" {
            return Err(conflict(format!("the charge is {}, not succeeded", charge["status"])));
        }
        Ok(match act.as_str() {
            "refund" => {
                let left = charge["amount"].as_i64().unwrap_or(0) - charge["amount_refunded"].as_i64().unwrap_or(0);
                let amount = details["amount"].as_i64().unwrap_or(left);
                if amount < 1 || amount > left {
                    return Err(conflict(format!("{left} is left of the charge; {amount} cannot be refunded")));
                }
                stripe.change(book).refund(&id, amount, &json!({}))
            }
            "dispute" => {
                let inquiry = match details["kind"].as_str() {
                    None | Some("chargeback") => false,
                    Some("inquiry") => true,
                    Some(other) => return Err(bad(format!("kind {other:?} is neither inquiry nor chargeback"))),
                };
                stripe.change(book).dispute(&id, inquiry, details["reason"].as_str().unwrap_or("fraudulent"))
            }
            "warn" => stripe.change(book).warn(&id),
            "review" => stripe.change(book).review(&id),
            other => return Err(bad(format!("a charge cannot {other:?}"))),
        })
    })
}

async fn dispute(State(stripe): State<Stripe>, Path((id, end)): Path<(String, String)>) -> Response {
    stripe.run(|stripe, book| {
        book.get(book::DISPUTE, &id).ok_or_else(|| missing("dispute", &id))?;
        match end.as_str() {
            "won" => stripe.change(book).close_dispute(&id, true),
            "lost" => stripe.change(book).close_dispute(&id, false),
            other => return Err(bad(format!("a dispute is won or lost, not {other:?}"))),
        }
        Ok(id.clone())
    })
}

async fn review(State(stripe): State<Stripe>, Path(id): Path<String>) -> Response {
    stripe.run(|stripe, book| {
        book.get(book::REVIEW, &id).ok_or_else(|| missing("review", &id))?;
        stripe.change(book).close_review(&id);
        Ok(id.clone())
    })
}
