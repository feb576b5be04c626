//! Objects in the shapes of Stripe's own fixtures. Every field that the API always writes is there, null where nothing is known.

use serde_json::{Value, json};

/// What all objects of one moment share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// Seconds since 1970.
    pub now: i64,
    pub live: bool,
}

/// A session as it is created; `asked` are the parameters, typed.
pub(crate) fn session(stamp: Stamp, id: &str, asked: &Value, sums: &Sums) -> Value {
    let or = |name: &str, other: Value| if asked[name].is_null() { other } else { asked[name].clone() };
    let recovery = &asked["after_expiration"]["recovery"];
    let recovery = (recovery["enabled"] == true).then(|| {
        json!({
            "allow_promotion_codes": recovery["allow_promotion_codes"] == true, "enabled": true,
            "expires_at": null, "url": null,
        })
    });
    let promotions = &asked["consent_collection"]["promotions"];
    let consent_collection = asked["consent_collection"].is_object().then(|| {
        json!({
            "payment_method_reuse_agreement": null, "promotions": promotions,
            "terms_of_service": asked["consent_collection"]["terms_of_service"],
        })
    });
    let tax = asked["automatic_tax"]["enabled"] == true;
    let asked_for = json!({
        "adaptive_pricing": {"enabled": asked["adaptive_pricing"]["enabled"] == true},
        "after_expiration": recovery.map(|recovery| json!({"recovery": recovery})),
        "allow_promotion_codes": asked["allow_promotion_codes"],
        "automatic_tax": {
            "enabled": tax, "liability": if tax { json!({"type": "self"}) } else { Value::Null }, "provider": null,
            "status": if tax { json!("requires_location_inputs") } else { Value::Null },
        },
        "billing_address_collection": asked["billing_address_collection"],
        "cancel_url": asked["cancel_url"], "client_reference_id": asked["client_reference_id"],
        "consent": promotions.is_string().then(|| json!({"promotions": null, "terms_of_service": null})),
        "consent_collection": consent_collection, "customer_email": asked["customer_email"],
        "expires_at": asked["expires_at"].as_i64().unwrap_or(stamp.now + 24 * 3_600),
        "locale": asked["locale"], "metadata": or("metadata", json!({})),
        "phone_number_collection": {"enabled": asked["phone_number_collection"]["enabled"] == true},
        "shipping_address_collection": asked["shipping_address_collection"], "success_url": asked["success_url"],
    });
    let sums = json!({
        "amount_subtotal": sums.lines, "amount_total": sums.total(), "currency": sums.currency,
        "payment_status": if sums.total() == 0 { "no_payment_required" } else { "unpaid" },
        "total_details": {"amount_discount": 0, "amount_shipping": sums.shipping, "amount_tax": sums.tax},
    });
    let rest = json!({
        "id": id, "object": "checkout.session", "client_secret": null,
        "collected_information": {"business_name": null, "individual_name": null, "shipping_details": null},
        "created": stamp.now, "currency_conversion": null, "custom_fields": [],
        "custom_text": {
            "after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null,
        },
        "customer": null, "customer_creation": "if_required", "customer_details": null, "discounts": [],
        "invoice": null, "invoice_creation": {"enabled": false, "invoice_data": {
            "account_tax_ids": null, "custom_fields": null, "description": null, "footer": null, "issuer": null,
            "metadata": {}, "rendering_options": null,
        }},
        "livemode": stamp.live, "mode": "payment", "origin_context": null, "payment_intent": null, "payment_link": null,
        "payment_method_collection": "if_required", "payment_method_configuration_details": null,
        "payment_method_options": {}, "payment_method_types": ["card"], "permissions": null, "recovered_from": null,
        "saved_payment_method_options": null, "setup_intent": null, "shipping_cost": null, "shipping_options": [],
        "status": "open", "submit_type": null, "subscription": null, "ui_mode": "hosted",
        "url": format!("https://checkout.example.com/c/pay/{id}"), "wallet_options": null,
    });
    merged([asked_for, sums, rest])
}

/// One object of several, since the macro that writes JSON takes only so many fields at a time.
fn merged<const N: usize>(parts: [Value; N]) -> Value {
    let fields = parts.into_iter().filter_map(|part| if let Value::Object(part) = part { Some(part) } else { None });
    fields.flatten().collect()
}

/// What a session costs, in minor units of one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub currency: String,
    pub lines: i64,
    pub shipping: i64,
    /// Tax that comes on top; tax that is within the prices is not added.
    pub tax: i64,
}

impl Sums {
    pub fn total(&self) -> i64 {
        self.lines + self.shipping + self.tax
    }
}

/// One line of a session.
pub(crate) fn item(stamp: Stamp, id: &str, price: &str, product: &str, asked: &Value, tax: i64) -> Value {
    let data = &asked["price_data"];
    let quantity = asked["quantity"].as_i64().unwrap_or(1);
    let unit = data["unit_amount"].as_i64().unwrap_or(0);
    let subtotal = unit * quantity;
    json!({
        "id": id, "object": "item", "adjustable_quantity": null, "amount_discount": 0, "amount_subtotal": subtotal,
        "amount_tax": tax, "amount_total": subtotal + tax, "currency": data["currency"],
        "description": data["product_data"]["name"], "metadata": {}, "quantity": quantity,
        "price": {
            "id": price, "object": "price", "active": false, "billing_scheme": "per_unit", "created": stamp.now,
            "currency": data["currency"], "custom_unit_amount": null, "livemode": stamp.live, "lookup_key": null,
            "metadata": {}, "nickname": null, "product": product, "recurring": null,
            "tax_behavior": data["tax_behavior"].as_str().unwrap_or("unspecified"), "tiers_mode": null,
            "transform_quantity": null, "type": "one_time", "unit_amount": unit, "unit_amount_decimal": unit.to_string(),
        },
    })
}

pub(crate) fn intent(stamp: Stamp, id: &str, amount: i64, currency: &str, metadata: &Value) -> Value {
    json!({
        "id": id, "object": "payment_intent", "amount": amount, "amount_capturable": 0, "amount_details": {"tip": {}},
        "amount_received": 0, "application": null, "application_fee_amount": null,
        "automatic_payment_methods": null, "canceled_at": null, "cancellation_reason": null,
        "capture_method": "automatic_async", "client_secret": format!("{id}_secret_sandbox"),
        "confirmation_method": "automatic", "created": stamp.now, "currency": currency, "customer": null,
        "description": null, "excluded_payment_method_types": null, "last_payment_error": null, "latest_charge": null,
        "livemode": stamp.live, "metadata": if metadata.is_object() { metadata.clone() } else { json!({}) },
        "next_action": null, "on_behalf_of": null, "payment_method": null, "payment_method_configuration_details": null,
        "payment_method_options": {}, "payment_method_types": ["card"], "processing": null, "receipt_email": null,
        "review": null, "setup_future_usage": null, "shipping": null, "source": null, "statement_descriptor": null,
        "statement_descriptor_suffix": null, "status": "requires_payment_method", "transfer_data": null,
        "transfer_group": null,
    })
}

/// How a charge is paid, and what Stripe thinks of it.
#[derive(Clone, Debug)]
pub(crate) struct Paying {
    pub brand: String,
    pub last4: String,
    pub country: String,
    pub fingerprint: String,
    /// `normal`, `elevated`, `highest` or `not_assessed`.
    pub risk: String,
    /// Bank debit instead of a card.
    pub bank_debit: bool,
    pub billing: Value,
}

/// How a charge turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Succeeded,
    Pending,
    /// With the issuer's word, `insufficient_funds`.
    Declined(&'static str),
}

pub(crate) fn charge(stamp: Stamp, id: &str, intent: &Value, paying: &Paying, turn: Turn) -> Value {
    let amount = &intent["amount"];
    let risk_score = match paying.risk.as_str() {
        "highest" => Some(84),
        "elevated" => Some(67),
        "normal" => Some(21),
        _ => None,
    };
    let (status, kind, network, message) = match turn {
        Turn::Succeeded => ("succeeded", "authorized", "approved_by_network", "Payment complete."),
        Turn::Pending => ("pending", "authorized", "approved_by_network", "Payment pending."),
        Turn::Declined(_) => (
            "failed",
            "issuer_declined",
            "declined_by_network",
            "The bank did not return any further details with this decline.",
        ),
    };
    let declined = if let Turn::Declined(word) = turn { Some(word) } else { None };
    let details = if paying.bank_debit {
        json!({"type": "sepa_debit", "sepa_debit": {
            "bank_code": "37040044", "branch_code": "", "country": paying.country, "fingerprint": paying.fingerprint,
            "last4": paying.last4, "mandate": null,
        }})
    } else {
        card(amount, paying)
    };
    let turned_out = json!({
        "amount_captured": if turn == Turn::Succeeded { amount.clone() } else { json!(0) },
        "captured": turn == Turn::Succeeded, "failure_code": declined.map(|_| "card_declined"),
        "failure_message": declined.map(|_| "Your card was declined."),
        "outcome": {
            "advice_code": declined.map(|_| "try_again_later"), "network_advice_code": null,
            "network_decline_code": declined.map(|_| "05"), "network_status": network, "reason": declined,
            "risk_level": paying.risk, "risk_score": risk_score, "seller_message": message, "type": kind,
        },
        "paid": turn == Turn::Succeeded, "status": status,
    });
    let rest = json!({
        "id": id, "object": "charge", "amount": amount, "amount_refunded": 0, "application": null,
        "application_fee": null, "application_fee_amount": null, "balance_transaction": null,
        "billing_details": paying.billing, "calculated_statement_descriptor": null, "created": stamp.now,
        "currency": intent["currency"], "customer": null, "description": null, "disputed": false,
        "failure_balance_transaction": null, "fraud_details": {}, "livemode": stamp.live,
        "metadata": intent["metadata"], "on_behalf_of": null, "payment_intent": intent["id"], "payment_method": null,
        "payment_method_details": details, "receipt_email": null, "receipt_number": null, "receipt_url": null,
        "refunded": false, "review": null, "shipping": intent["shipping"], "source": null, "source_transfer": null,
        "statement_descriptor": null, "statement_descriptor_suffix": null, "transfer_data": null,
        "transfer_group": null,
    });
    merged([turned_out, rest])
}

fn card(amount: &Value, paying: &Paying) -> Value {
    let no = json!({"status": "unavailable"});
    json!({"type": "card", "card": {
        "amount_authorized": amount, "authorization_code": null, "brand": paying.brand,
        "checks": {"address_line1_check": "pass", "address_postal_code_check": "pass", "cvc_check": "pass"},
        "country": paying.country, "exp_month": 8, "exp_year": 2031, "extended_authorization": {"status": "disabled"},
        "fingerprint": paying.fingerprint, "funding": "credit", "incremental_authorization": no, "installments": null,
        "last4": paying.last4, "mandate": null, "multicapture": no, "network": paying.brand,
        "network_token": {"used": false}, "network_transaction_id": null,
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"}, "regulated_status": "unregulated",
        "three_d_secure": null, "wallet": null,
    }})
}

pub(crate) fn refund(stamp: Stamp, id: &str, charge: &Value, amount: i64, asked: &Value) -> Value {
    json!({
        "id": id, "object": "refund", "amount": amount, "balance_transaction": null, "charge": charge["id"],
        "created": stamp.now, "currency": charge["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": if asked["metadata"].is_object() { asked["metadata"].clone() } else { json!({}) },
        "payment_intent": charge["payment_intent"], "reason": asked["reason"], "receipt_number": null,
        "source_transfer_reversal": null, "status": "succeeded", "transfer_reversal": null,
    })
}

/// An inquiry asks; a chargeback has taken the money already.
pub(crate) fn dispute(stamp: Stamp, id: &str, charge: &Value, inquiry: bool, reason: &str) -> Value {
    const EVIDENCE: [&str; 27] = [
        "access_activity_log",
        "billing_address",
        "cancellation_policy",
        "cancellation_policy_disclosure",
        "cancellation_rebuttal",
        "customer_communication",
        "customer_email_address",
        "customer_name",
        "customer_purchase_ip",
        "customer_signature",
        "duplicate_charge_documentation",
        "duplicate_charge_explanation",
        "duplicate_charge_id",
        "product_description",
        "receipt",
        "refund_policy",
        "refund_policy_disclosure",
        "refund_refusal_explanation",
        "service_date",
        "service_documentation",
        "shipping_address",
        "shipping_carrier",
        "shipping_date",
        "shipping_documentation",
        "shipping_tracking_number",
        "uncategorized_file",
        "uncategorized_text",
    ];
    let mut evidence: serde_json::Map<String, Value> =
        EVIDENCE.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    evidence.insert("enhanced_evidence".to_owned(), json!({}));
    json!({
        "id": id, "object": "dispute", "amount": charge["amount"], "balance_transactions": [], "charge": charge["id"],
        "created": stamp.now, "currency": charge["currency"], "enhanced_eligibility_types": [], "evidence": evidence,
        "evidence_details": {
            "due_by": stamp.now + 9 * 24 * 3_600, "enhanced_eligibility": {}, "has_evidence": false, "past_due": false,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry, "livemode": stamp.live, "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": "visa", "case_type": if inquiry { "inquiry" } else { "chargeback" }, "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": reason, "status": if inquiry { "warning_needs_response" } else { "needs_response" },
    })
}

pub(crate) fn warning(stamp: Stamp, id: &str, charge: &Value) -> Value {
    json!({
        "id": id, "object": "radar.early_fraud_warning", "actionable": true, "charge": charge["id"], "created": stamp.now,
        "fraud_type": "made_with_stolen_card", "livemode": stamp.live, "payment_intent": charge["payment_intent"],
    })
}

pub(crate) fn review(stamp: Stamp, id: &str, charge: &Value) -> Value {
    json!({
        "id": id, "object": "review", "billing_zip": null, "charge": charge["id"], "closed_reason": null,
        "created": stamp.now, "ip_address": null, "ip_address_location": null, "livemode": stamp.live, "open": true,
        "opened_reason": "rule", "payment_intent": charge["payment_intent"], "reason": "rule", "session": null,
    })
}

pub(crate) fn event(stamp: Stamp, id: &str, kind: &str, version: &str, object: &Value) -> Value {
    json!({
        "id": id, "object": "event", "api_version": version, "created": stamp.now, "data": {"object": object},
        "livemode": stamp.live, "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null}, "type": kind,
    })
}

pub(crate) fn endpoint(stamp: Stamp, id: &str, url: &str, events: Value, asked: &Value) -> Value {
    json!({
        "id": id, "object": "webhook_endpoint", "api_version": asked["api_version"], "application": null,
        "created": stamp.now, "description": asked["description"], "enabled_events": events, "livemode": stamp.live,
        "metadata": if asked["metadata"].is_object() { asked["metadata"].clone() } else { json!({}) },
        "status": "enabled", "url": url,
    })
}
