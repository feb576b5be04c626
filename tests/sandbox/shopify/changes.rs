//! What happens to an order from outside Baton: cancelled, edited, refunded. Each changes the order and returns the
//! webhooks it causes, `(topic, body)`.

use super::money::{Amount, Bag, Currencies};
use super::order::Order;
use super::payload::{count, lines, lines_mut};
use super::rest;
use crate::Ctx;
use serde_json::{Value, json};

/// A webhook to be sent: topic and body.
pub type Webhook = (&'static str, Value);

/// `orders/updated` as the order is now.
pub fn updated(order: &Order) -> Webhook {
    ("orders/updated", rest::order(order))
}

fn restock_type(restock: bool) -> &'static str {
    if restock { "cancel" } else { "no_restock" }
}

/// Cancels; with `refund`, what was paid is paid back.
pub fn cancel(ctx: &Ctx, order: &mut Order, reason: &str, refund: bool, restock: bool) -> Vec<Webhook> {
    let now = ctx.now_rfc3339();
    order.rest.insert("cancelled_at".to_owned(), json!(now));
    order.rest.insert("cancel_reason".to_owned(), json!(reason));
    order.rest.insert("closed_at".to_owned(), json!(now));
    let mut webhooks = Vec::new();
    let status = order.text("financial_status").unwrap_or_default().to_owned();
    if matches!(status.as_str(), "pending" | "authorized") {
        order.rest.insert("financial_status".to_owned(), json!("voided"));
    } else if refund && !matches!(status.as_str(), "voided" | "refunded") {
        let open: Vec<(u64, u64)> = lines(&order.rest)
            .filter_map(|line| Some((count(line, "id")?, count(line, "current_quantity")?)))
            .filter(|(_, quantity)| *quantity > 0)
            .collect();
        webhooks.extend(pay_back(ctx, order, &open, Some(received_less_refunded(order)), restock_type(restock), None));
    }
    for group in &mut order.fulfillment_orders {
        group.status = "CLOSED";
        group.holds.clear();
        group.updated_at.clone_from(&now);
        for line in &mut group.lines {
            line.remaining = 0;
        }
    }
    order.touch(ctx);
    webhooks.insert(0, ("orders/cancelled", rest::order(order)));
    webhooks.push(updated(order));
    webhooks
}

/// Sets current quantities, `(line, quantity)`; the total follows.
pub fn edit(ctx: &Ctx, order: &mut Order, wanted: &[(u64, u64)]) -> Vec<Webhook> {
    let mut changes = Vec::new();
    for (id, after) in wanted {
        let Some(before) = order.line(*id).and_then(|line| count(line, "current_quantity")) else {
            continue;
        };
        changes.push((*id, before, *after));
        if *after < before {
            order.withdraw(*id, before - after);
        } else if let Some(more) = after.checked_sub(before).filter(|more| *more > 0) {
            let lines = order.fulfillment_orders.iter_mut().filter(|group| group.status != "CLOSED");
            if let Some(line) = lines.flat_map(|group| &mut group.lines).find(|line| line.line == *id) {
                line.total += more;
                line.remaining += more;
            }
        }
        for line in lines_mut(&mut order.rest).filter(|line| count(line, "id") == Some(*id)) {
            line.insert("current_quantity".to_owned(), json!(after));
        }
    }
    retotal(order, &changes);
    order.touch(ctx);
    let edited = rest::edit(order, ctx.next_id(), &ctx.now_rfc3339(), &changes);
    vec![("orders/edited", edited), updated(order)]
}

/// `current_total_price` after lines were added or taken out.
fn retotal(order: &mut Order, changes: &[(u64, u64, u64)]) {
    let currencies = Currencies::of(&order.rest);
    let total = ["current_total_price", "total_price"].iter().find_map(|key| currencies.read(&order.rest, key));
    let Some(mut total) = total else { return };
    for (id, before, after) in changes {
        let Some(price) = order.line(*id).map(|line| rest::unit_price(&order.rest, line)) else {
            continue;
        };
        total = total.plus(&price.times(*after)).minus(&price.times(*before));
    }
    order.rest.insert("current_total_price".to_owned(), json!(total.shop.rest(&currencies.shop)));
    order.rest.insert("current_total_price_set".to_owned(), total.rest());
}

/// Refunds lines, an amount, or (neither) everything. An error is a sentence.
pub fn refund(
    ctx: &Ctx,
    order: &mut Order,
    wanted: Option<Vec<(u64, u64)>>,
    amount: Option<Amount>,
    restock: bool,
    note: Option<&str>,
) -> Result<Vec<Webhook>, String> {
    let left = received_less_refunded(order);
    if left.shop <= Amount::ZERO {
        return Err("nothing is left to refund".to_owned());
    }
    if amount.is_some_and(|amount| amount <= Amount::ZERO || amount > left.shop) {
        return Err(format!("amount must be between 0 and what is left to refund, {}", left.shop));
    }
    let everything = wanted.is_none() && amount.is_none();
    let lines_wanted = match wanted {
        Some(wanted) => wanted,
        None if everything => lines(&order.rest)
            .filter_map(|line| Some((count(line, "id")?, count(line, "current_quantity")?)))
            .filter(|(_, quantity)| *quantity > 0)
            .collect(),
        None => Vec::new(),
    };
    for (id, quantity) in &lines_wanted {
        let current = order.line(*id).and_then(|line| count(line, "current_quantity"));
        let current = current.ok_or_else(|| format!("the order has no line {id}"))?;
        if *quantity == 0 || *quantity > current {
            return Err(format!("line {id} has {current} left, {quantity} cannot be refunded"));
        }
    }
    let amount = if everything { Some(left) } else { amount.map(|amount| Currencies::of(&order.rest).bag(amount)) };
    let mut webhooks = pay_back(ctx, order, &lines_wanted, amount, restock_type(restock), note);
    order.touch(ctx);
    webhooks.push(updated(order));
    Ok(webhooks)
}

/// Pays back the lines' worth, or `amount`.
fn pay_back(
    ctx: &Ctx,
    order: &mut Order,
    wanted: &[(u64, u64)],
    amount: Option<Bag>,
    restock_type: &str,
    note: Option<&str>,
) -> Vec<Webhook> {
    let currencies = Currencies::of(&order.rest);
    let worth: Vec<(u64, u64, Bag)> = wanted
        .iter()
        .filter_map(|(id, quantity)| {
            let line = order.line(*id)?;
            Some((*id, *quantity, rest::unit_price(&order.rest, line).times(*quantity)))
        })
        .collect();
    let subtotal = worth.iter().fold(currencies.zero(), |sum, (_, _, worth)| sum.plus(worth));
    let amount = amount.unwrap_or_else(|| subtotal.clone());
    let adjustment = Some(amount.minus(&subtotal)).filter(|rest| rest.shop != Amount::ZERO);
    let now = ctx.now_rfc3339();
    let gateway = order.rest.get("payment_gateway_names").and_then(|names| names.get(0)).and_then(Value::as_str);
    // The refund's lines take the ids that follow its own.
    let id = ctx.next_id();
    for _ in &worth {
        ctx.next_id();
    }
    let (transaction, _adjustment) = (ctx.next_id(), ctx.next_id());
    let body = rest::refund(
        order,
        &rest::Refund {
            id,
            now: &now,
            note,
            restock_type,
            lines: &worth,
            amount: &amount,
            adjustment: adjustment.as_ref(),
            transaction,
            gateway: gateway.unwrap_or("manual"),
        },
    );
    for (line, quantity, _) in &worth {
        order.withdraw(*line, *quantity);
        for known in lines_mut(&mut order.rest).filter(|known| count(known, "id") == Some(*line)) {
            let current = count(known, "current_quantity").unwrap_or(0);
            known.insert("current_quantity".to_owned(), json!(current.saturating_sub(*quantity)));
        }
    }
    retotal(order, &worth.iter().map(|(line, quantity, _)| (*line, *quantity, 0)).collect::<Vec<_>>());
    match order.rest.get_mut("refunds").and_then(Value::as_array_mut) {
        Some(refunds) => refunds.push(body.clone()),
        None => {
            order.rest.insert("refunds".to_owned(), json!([body]));
        }
    }
    let left = received_less_refunded(order);
    let status = if left.shop <= Amount::ZERO { "refunded" } else { "partially_refunded" };
    order.rest.insert("financial_status".to_owned(), json!(status));
    vec![("refunds/create", body)]
}

/// What the customer has paid, before refunds.
pub fn received(order: &Order) -> Bag {
    let currencies = Currencies::of(&order.rest);
    let total = currencies.read(&order.rest, "total_price").unwrap_or_else(|| currencies.zero());
    match order.text("financial_status") {
        Some("pending" | "authorized" | "voided" | "expired") => currencies.zero(),
        Some("partially_paid") => {
            let outstanding = currencies.read(&order.rest, "total_outstanding");
            outstanding.map_or_else(|| currencies.zero(), |outstanding| total.minus(&outstanding))
        }
        _ => total,
    }
}

fn received_less_refunded(order: &Order) -> Bag {
    received(order).minus(&rest::refunded(&order.rest))
}
