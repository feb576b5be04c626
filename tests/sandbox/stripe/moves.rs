//! What can happen to money: an attempt to pay, with its charge; a refund, a dispute, a warning.

use serde_json::{Value, json};

use super::book::{Book, CHARGE, DISPUTE, INTENT, REFUND, REVIEW, SESSION, WARNING};
use super::objects::{self, Paying, Stamp, Turn};
use crate::Ctx;

/// One change of the book.
pub(crate) struct Move<'a> {
    pub ctx: &'a Ctx,
    pub stamp: Stamp,
    pub book: &'a mut Book,
}

impl Move<'_> {
    pub fn emit(&mut self, kind: &str, id: &str) {
        self.book.emit(self.ctx, self.stamp, kind, id);
    }

    pub fn text(&self, id: &str, field: &str) -> Option<String> {
        self.book.any(id)?[field].as_str().map(str::to_owned)
    }

    /// The intent behind a session; made at the first attempt to pay, as Stripe does.
    pub fn intent_of(&mut self, session: &str, amount: i64, currency: &str) -> String {
        if let Some(intent) = self.text(session, "payment_intent") {
            self.book.set(&intent, json!({"amount": amount}));
            return intent;
        }
        let asked = self.book.asked.get(session).cloned().unwrap_or_default();
        let id = Book::fresh(self.ctx, "pi");
        let metadata = &asked["payment_intent_data"]["metadata"];
        self.book.add(INTENT, objects::intent(self.stamp, &id, amount, currency, metadata));
        self.book.set(session, json!({"payment_intent": id}));
        id
    }

    /// An attempt to pay an intent. The charge's id.
    pub fn attempt(&mut self, intent: &str, paying: &Paying, turn: Turn) -> String {
        let id = Book::fresh(self.ctx, "ch");
        let of = self.book.any(intent).cloned().unwrap_or_default();
        self.book.add(CHARGE, objects::charge(self.stamp, &id, &of, paying, turn));
        self.book.set(intent, json!({"latest_charge": id}));
        match turn {
            Turn::Succeeded => {
                self.book.set(intent, json!({
                    "status": "succeeded", "amount_received": of["amount"], "last_payment_error": null, "processing": null,
                }));
                self.emit("charge.succeeded", &id);
                self.emit("payment_intent.succeeded", intent);
            }
            Turn::Pending => {
                self.book.set(intent, json!({"status": "processing", "payment_method_types": ["sepa_debit"]}));
                self.emit("charge.pending", &id);
                self.emit("payment_intent.processing", intent);
            }
            Turn::Declined(word) => self.declined(intent, &id, word),
        }
        id
    }

    fn declined(&mut self, intent: &str, charge: &str, word: &str) {
        let error = json!({
            "type": "card_error", "code": "card_declined", "decline_code": word, "charge": charge,
            "message": "Your card was declined.",
        });
        self.book.set(intent, json!({"status": "requires_payment_method", "last_payment_error": error}));
        self.emit("charge.failed", charge);
        self.emit("payment_intent.payment_failed", intent);
    }

    /// A pending charge is decided, days later.
    pub fn decide(&mut self, intent: &str, succeeded: bool) {
        let Some(charge) = self.text(intent, "latest_charge") else { return };
        let amount = self.book.any(intent).map(|intent| intent["amount"].clone()).unwrap_or_default();
        if succeeded {
            self.book.set(
                &charge,
                json!({
                    "status": "succeeded", "paid": true, "captured": true, "amount_captured": amount,
                }),
            );
            self.book.set(intent, json!({"status": "succeeded", "amount_received": amount}));
            self.emit("charge.succeeded", &charge);
            self.emit("payment_intent.succeeded", intent);
        } else {
            self.book.set(&charge, json!({
                "status": "failed", "failure_code": "insufficient_funds", "failure_message": "The bank account is empty.",
            }));
            self.declined(intent, &charge, "insufficient_funds");
        }
    }

    /// Money goes back. The amount fits what is left of the charge. The refund's id.
    pub fn refund(&mut self, charge: &str, amount: i64, asked: &Value) -> String {
        let of = self.book.any(charge).cloned().unwrap_or_default();
        let id = Book::fresh(self.ctx, "re");
        self.book.add(REFUND, objects::refund(self.stamp, &id, &of, amount, asked));
        let refunded = of["amount_refunded"].as_i64().unwrap_or(0) + amount;
        self.book
            .set(charge, json!({"amount_refunded": refunded, "refunded": of["amount"].as_i64() == Some(refunded)}));
        self.emit("refund.created", &id);
        self.emit("charge.refunded", charge);
        id
    }

    pub fn dispute(&mut self, charge: &str, inquiry: bool, reason: &str) -> String {
        let of = self.book.any(charge).cloned().unwrap_or_default();
        let id = Book::fresh(self.ctx, "du");
        self.book.add(DISPUTE, objects::dispute(self.stamp, &id, &of, inquiry, reason));
        self.book.set(charge, json!({"disputed": true}));
        self.emit("charge.dispute.created", &id);
        if !inquiry {
            self.emit("charge.dispute.funds_withdrawn", &id);
        }
        id
    }

    pub fn close_dispute(&mut self, dispute: &str, won: bool) {
        let inquiry = self.text(dispute, "status").is_some_and(|status| status.starts_with("warning"));
        let status = match (inquiry, won) {
            (true, _) => "warning_closed",
            (false, true) => "won",
            (false, false) => "lost",
        };
        self.book.set(dispute, json!({"status": status}));
        self.emit("charge.dispute.closed", dispute);
        if won && !inquiry {
            self.emit("charge.dispute.funds_reinstated", dispute);
        }
    }

    pub fn warn(&mut self, charge: &str) -> String {
        let of = self.book.any(charge).cloned().unwrap_or_default();
        let id = Book::fresh(self.ctx, "issfr");
        self.book.add(WARNING, objects::warning(self.stamp, &id, &of));
        self.emit("radar.early_fraud_warning.created", &id);
        id
    }

    pub fn review(&mut self, charge: &str) -> String {
        let of = self.book.any(charge).cloned().unwrap_or_default();
        let id = Book::fresh(self.ctx, "prv");
        self.book.add(REVIEW, objects::review(self.stamp, &id, &of));
        self.book.set(charge, json!({"review": id}));
        self.emit("review.opened", &id);
        id
    }

    pub fn close_review(&mut self, review: &str) {
        self.book.set(review, json!({"open": false, "closed_reason": "approved", "reason": "approved"}));
        self.emit("review.closed", review);
    }

    /// Nobody paid in time, or the shop ended it.
    pub fn expire(&mut self, session: &str) {
        let recovery = self.book.get(SESSION, session).map(|it| it["after_expiration"]["recovery"].clone());
        self.book.set(session, json!({"status": "expired", "url": null}));
        if let Some(mut recovery) = recovery.filter(|recovery| recovery["enabled"] == true) {
            recovery["url"] = json!(format!("https://checkout.example.com/r/{session}"));
            recovery["expires_at"] = json!(self.stamp.now + 30 * 24 * 3_600);
            self.book.set(session, json!({"after_expiration": {"recovery": recovery}}));
        }
        self.emit("checkout.session.expired", session);
    }
}
