//! Money on its way in: attempts to pay an order, failed ones included, and disputes about it.

use super::money::{Amount, Bag, Currencies};
use super::order::{Order, gid};
use super::view_parts::{instant, number};
use crate::{Ctx, clock};
use serde_json::{Map, Value, json};

/// One attempt to pay, or what became of it. Refunds stand in the order's `refunds`.
#[derive(Clone, Debug)]
pub struct Transaction {
    pub id: u64,
    /// `OrderTransactionKind`, `SALE`.
    pub kind: String,
    /// `OrderTransactionStatus`, `SUCCESS`.
    pub status: String,
    /// `shopify_payments`, `Cash on Delivery (COD)`, …
    pub gateway: Option<String>,
    /// Paid outside the store; the merchant says when.
    pub manual: bool,
    /// `OrderTransactionErrorCode`.
    pub error: Option<String>,
    pub created_at: String,
    pub test: bool,
    pub amount: Bag,
    pub card: Option<Card>,
    pub parent: Option<u64>,
}

/// What a store shows of a card.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// `Visa`.
    pub company: Option<String>,
    /// The first six or eight digits.
    pub bin: Option<String>,
    /// The last four digits.
    pub last4: Option<String>,
}

/// A dispute that a customer or a bank began.
#[derive(Clone, Debug)]
pub struct Dispute {
    pub id: u64,
    /// `CHARGEBACK` or `INQUIRY`.
    pub kind: String,
    /// `DisputeStatus`, `NEEDS_RESPONSE`.
    pub status: String,
    pub reason: String,
    pub initiated_at: String,
}

/// Ways to pay that the merchant watches by hand.
const MANUAL: [&str; 7] =
    ["manual", "cash on delivery", "cash_on_delivery", "bank deposit", "bank_deposit", "money order", "money_order"];

fn is_manual(gateway: Option<&str>) -> bool {
    gateway.map(str::to_lowercase).is_some_and(|gateway| MANUAL.iter().any(|known| gateway.starts_with(known)))
}

/// The payload's own `transactions` where it has some; else the one payment that an order of its `financial_status` must have
/// had. An order of nothing was never paid.
pub fn of_payload(ctx: &Ctx, rest: &mut Map<String, Value>) -> Vec<Transaction> {
    let currencies = Currencies::of(rest);
    if let Some(Value::Array(given)) = rest.remove("transactions") {
        return given.iter().filter_map(Value::as_object).filter_map(|one| read(ctx, &currencies, one)).collect();
    }
    let total = currencies.read(rest, "total_price").unwrap_or_else(|| currencies.zero());
    let text = |key: &str| rest.get(key).and_then(Value::as_str);
    let gateway = rest.get("payment_gateway_names").and_then(|names| names.get(0)).and_then(Value::as_str);
    let manual = is_manual(gateway);
    let (kind, status, amount) = match text("financial_status").unwrap_or_default() {
        "pending" if manual => ("SALE", "PENDING", total),
        "pending" | "expired" => return Vec::new(),
        "authorized" | "voided" => ("AUTHORIZATION", "SUCCESS", total),
        "partially_paid" => match currencies.read(rest, "total_outstanding") {
            Some(outstanding) => ("SALE", "SUCCESS", total.minus(&outstanding)),
            None => return Vec::new(),
        },
        _ => ("SALE", "SUCCESS", total),
    };
    if amount.shop == Amount::ZERO {
        return Vec::new();
    }
    let at = text("processed_at").or(text("created_at")).map_or_else(|| ctx.now_rfc3339(), str::to_owned);
    vec![Transaction {
        id: ctx.next_id(),
        kind: kind.to_owned(),
        status: status.to_owned(),
        gateway: gateway.map(str::to_owned),
        manual,
        error: None,
        created_at: at,
        test: rest.get("test").and_then(Value::as_bool).unwrap_or(false),
        amount,
        card: None,
        parent: None,
    }]
}

/// A transaction in REST's shape.
fn read(ctx: &Ctx, currencies: &Currencies, given: &Map<String, Value>) -> Option<Transaction> {
    let text = |key: &str| given.get(key).and_then(Value::as_str);
    let card = given.get("payment_details").and_then(Value::as_object).map(|details| {
        let text = |key: &str| details.get(key).and_then(Value::as_str).map(str::to_owned);
        let digits = |shown: String| shown.chars().filter(char::is_ascii_digit).collect();
        Card {
            company: text("credit_card_company"),
            bin: text("credit_card_bin"),
            last4: text("credit_card_number").map(digits),
        }
    });
    let manual = given.get("manual_payment_gateway").and_then(Value::as_bool);
    Some(Transaction {
        id: number(given.get("id")).unwrap_or_else(|| ctx.next_id()),
        kind: text("kind")?.to_uppercase(),
        status: text("status").unwrap_or("success").to_uppercase(),
        gateway: text("gateway").map(str::to_owned),
        manual: manual.unwrap_or_else(|| is_manual(text("gateway"))),
        error: text("error_code").map(str::to_uppercase),
        created_at: text("created_at").or(text("processed_at")).map_or_else(|| ctx.now_rfc3339(), str::to_owned),
        test: given.get("test").and_then(Value::as_bool).unwrap_or(false),
        amount: currencies.read(given, "amount")?,
        card,
        parent: number(given.get("parent_id")),
    })
}

/// An attempt that control adds.
pub struct Attempt {
    pub status: String,
    pub gateway: Option<String>,
    pub error: Option<String>,
    pub card: Option<Card>,
}

impl Order {
    /// One more attempt to pay what is owed; it does not change whether the order is paid. Returns its body.
    pub fn attempt(&mut self, ctx: &Ctx, attempt: Attempt) -> Value {
        let currencies = Currencies::of(&self.rest);
        let gateway = attempt.gateway.or_else(|| self.gateway().map(str::to_owned));
        let made = Transaction {
            id: ctx.next_id(),
            kind: "SALE".to_owned(),
            status: attempt.status,
            manual: is_manual(gateway.as_deref()),
            gateway,
            error: attempt.error,
            created_at: ctx.now_rfc3339(),
            test: self.is_test(),
            amount: currencies.read(&self.rest, "total_price").unwrap_or_else(|| currencies.zero()),
            card: attempt.card,
            parent: None,
        };
        let body = body(self, &made);
        self.transactions.push(made);
        self.touch(ctx);
        body
    }

    /// What is owed comes in: pending, authorised or partly paid becomes paid. An error is a sentence.
    pub fn pay(&mut self, ctx: &Ctx, gateway: Option<String>, card: Option<Card>) -> Result<(), String> {
        let status = self.text("financial_status").unwrap_or_default().to_owned();
        if self.is_cancelled() || !matches!(status.as_str(), "pending" | "authorized" | "partially_paid" | "expired") {
            return Err(format!("an order that is {status} is not paid again, nor a cancelled one"));
        }
        let owed = Currencies::of(&self.rest)
            .read(&self.rest, "total_price")
            .map(|total| total.minus(&super::changes::received(self)));
        let before = self.transactions.iter().rev().find(|one| matches!(one.status.as_str(), "PENDING" | "SUCCESS"));
        let authorized = before.is_some_and(|one| one.kind == "AUTHORIZATION");
        let (parent, first) = (before.map(|one| one.id), before.and_then(|one| one.gateway.clone()));
        let gateway = gateway.or(first).or_else(|| self.gateway().map(str::to_owned));
        self.transactions.push(Transaction {
            id: ctx.next_id(),
            kind: if authorized { "CAPTURE" } else { "SALE" }.to_owned(),
            status: "SUCCESS".to_owned(),
            manual: is_manual(gateway.as_deref()),
            gateway,
            error: None,
            created_at: ctx.now_rfc3339(),
            test: self.is_test(),
            amount: owed.unwrap_or_else(|| Currencies::of(&self.rest).zero()),
            card,
            parent,
        });
        self.rest.insert("financial_status".to_owned(), json!("paid"));
        self.rest.insert("total_outstanding".to_owned(), json!("0.00"));
        self.rest.insert("processed_at".to_owned(), json!(ctx.now_rfc3339()));
        self.touch(ctx);
        Ok(())
    }

    /// The first way to pay that the order names.
    fn gateway(&self) -> Option<&str> {
        self.rest.get("payment_gateway_names").and_then(|names| names.get(0)).and_then(Value::as_str)
    }

    fn is_test(&self) -> bool {
        self.rest.get("test").and_then(Value::as_bool).unwrap_or(false)
    }
}

/// The body of `order_transactions/create`.
fn body(order: &Order, made: &Transaction) -> Value {
    json!({
        "id": made.id,
        "order_id": order.id,
        "kind": made.kind.to_lowercase(),
        "gateway": made.gateway,
        "status": made.status.to_lowercase(),
        "message": null,
        "created_at": made.created_at,
        "processed_at": made.created_at,
        "test": made.test,
        "parent_id": made.parent,
        "error_code": made.error.as_deref().map(str::to_lowercase),
        "amount": made.amount.shop.rest(&made.amount.shop_currency),
        "currency": made.amount.shop_currency,
        "manual_payment_gateway": made.manual,
        "admin_graphql_api_id": gid("OrderTransaction", made.id),
    })
}

/// `OrderTransaction`s: attempts, then refunds.
pub fn transactions(order: &Order) -> Value {
    let currencies = Currencies::of(&order.rest);
    let paid = order.transactions.iter().map(|one| {
        let card = one.card.as_ref().map(|card| {
            let number = card.last4.as_ref().map(|last| format!("•••• •••• •••• {last}"));
            json!({
                "__typename": "CardPaymentDetails",
                "company": card.company,
                "bin": card.bin,
                "number": number,
                "paymentMethodName": card.company.as_deref().map(str::to_lowercase),
                "avsResultCode": null, "cvvResultCode": null, "name": null, "wallet": null,
                "expirationMonth": null, "expirationYear": null,
            })
        });
        json!({
            "__typename": "OrderTransaction",
            "id": gid("OrderTransaction", one.id),
            "kind": one.kind,
            "status": one.status,
            "gateway": one.gateway,
            "formattedGateway": one.gateway,
            "manualPaymentGateway": one.manual,
            "errorCode": one.error,
            "createdAt": instant(Some(&json!(one.created_at))),
            "processedAt": instant(Some(&json!(one.created_at))),
            "test": one.test,
            "amountSet": one.amount.graphql(),
            "paymentDetails": card,
            "parentTransaction": null,
        })
    });
    let refunds = order.rest.get("refunds").and_then(Value::as_array).into_iter().flatten();
    let back = refunds.filter_map(|refund| refund.get("transactions").and_then(Value::as_array)).flatten();
    let back = back.filter_map(Value::as_object).filter_map(|one| {
        let text = |key: &str| one.get(key).and_then(Value::as_str);
        Some(json!({
            "__typename": "OrderTransaction",
            "id": gid("OrderTransaction", number(one.get("id"))?),
            "kind": text("kind").unwrap_or_default().to_uppercase(),
            "status": text("status").unwrap_or_default().to_uppercase(),
            "gateway": one.get("gateway"),
            "formattedGateway": one.get("gateway"),
            "manualPaymentGateway": is_manual(text("gateway")),
            "errorCode": null,
            "createdAt": instant(one.get("created_at")),
            "processedAt": instant(one.get("processed_at")),
            "test": one.get("test").and_then(Value::as_bool).unwrap_or(order.is_test()),
            "amountSet": currencies.read(one, "amount")?.graphql(),
            "paymentDetails": null,
            "parentTransaction": null,
        }))
    });
    paid.chain(back).collect()
}

/// Days a merchant has for an answer to a dispute.
const DUE_DAYS: i64 = 7;

impl Dispute {
    /// `OrderDisputeSummary`.
    pub fn graphql(&self) -> Value {
        json!({
            "__typename": "OrderDisputeSummary",
            "id": gid("ShopifyPaymentsDispute", self.id),
            "initiatedAs": self.kind,
            "status": self.status,
        })
    }

    /// The body of `disputes/create` and `disputes/update`.
    pub fn body(&self, order: &Order) -> Value {
        let begun: Option<jiff::Timestamp> = self.initiated_at.parse().ok();
        let due = begun.and_then(|at| at.checked_add(jiff::SignedDuration::from_hours(24 * DUE_DAYS)).ok());
        let over = matches!(self.status.as_str(), "WON" | "LOST" | "ACCEPTED" | "PREVENTED");
        json!({
            "id": self.id,
            "order_id": order.id,
            "type": self.kind.to_lowercase(),
            "amount": order.text("total_price"),
            "currency": order.text("currency"),
            "reason": self.reason,
            "network_reason_code": null,
            "status": self.status.to_lowercase(),
            "evidence_due_by": due.map(clock::rfc3339),
            "evidence_sent_on": null,
            "finalized_on": over.then(|| order.text("updated_at")),
            "initiated_at": self.initiated_at,
        })
    }
}
