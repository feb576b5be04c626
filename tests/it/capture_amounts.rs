//! The amounts of every order sample, as the store shows them: exact in the currency charged, and off by no more than rounding in
//! the shop's where that is another.

use domain::money::Money;
use domain::order::{Order, Parts};
use domain::verdict::amounts::rounding;

use crate::samples::with_line_items;
use crate::support::{control, samples};
use crate::world::World;

/// So many of the samples are orders that the store takes.
const AT_LEAST: usize = 15;

#[tokio::test]
async fn every_sample_adds_up_in_both_moneys() {
    let Some(samples) = samples() else { return };
    let (mut orders, mut converted, mut wrong) = (0, 0, Vec::new());
    for (file, payload) in with_line_items(&samples.join("shopify")) {
        let world = World::new(1).await;
        let path = "/_sandbox/shopify/orders?deliver=0";
        let (status, answer) = control(&world.sandbox, "POST", path, payload.to_string()).await;
        if status != 201 {
            continue;
        }
        let id = answer["gid"].as_str().unwrap().rsplit('/').next().unwrap().parse().unwrap();
        let order = world.at_shopify(id).await;
        let (customer, shop) = (off(&order, &order.amounts.customer), off(&order, &order.amounts.shop));
        let same = order.amounts.customer.total.0.code() == order.amounts.shop.total.0.code();
        let slack = if same { 0 } else { rounding(&order) };
        orders += 1;
        converted += usize::from(!same);
        if customer != 0 || shop.abs() > slack {
            wrong.push(format!("{file}: {customer} in the customer's money, {shop} of at most {slack} in the shop's"));
        }
        if !same {
            eprintln!("{file}: {customer} and {shop} (at most {slack}) minor units off");
        }
    }
    eprintln!("{orders} orders, {converted} of them paid in another currency than the shop's");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(orders >= AT_LEAST && converted >= 1, "{orders} orders, {converted} converted");
}

/// How far the sum of the parts is from the total, in minor units; by another way than the verdict's.
fn off<M: Copy + Into<Money>>(order: &Order, parts: &Parts<M>) -> i64 {
    let minor = |part: M| part.into().minor();
    let tax = if order.amounts.tax_included { 0 } else { minor(parts.tax) };
    let added = [parts.lines, parts.shipping, parts.tips, parts.duties_and_fees].into_iter().map(minor).sum::<i64>();
    added + tax - minor(parts.discounts) - minor(parts.total)
}
