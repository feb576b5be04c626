//! Real order payloads that nobody here wrote, through the whole relay: how each ends is committed here.

use std::collections::BTreeMap;
use std::path::Path;

use domain::event::EventType;
use domain::subject::OrderId;
use serde_json::Value;

use crate::support::{control, samples};
use crate::world::{Seen, World};

/// How an order ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Made once, shipped once, every mail once.
    Delivered,
    /// Nothing in it is ours to make: the confirmation goes out, and nobody is bothered.
    NothingToMake,
    /// Capture holds it; the owner reads a reason with these words. No customer's mail, no partner order.
    Held(&'static str),
    /// The store has cancelled it: nothing happens, and nobody is bothered.
    Cancelled,
    /// The store takes no such order; the sandbox says so with these words.
    NotAnOrder(&'static str),
}

use Outcome::{Cancelled, Delivered, Held, NotAnOrder, NothingToMake};

/// Every payload with line items, and how it ends.
#[rustfmt::skip]
const OUTCOMES: &[(&str, Outcome)] = &[
    ("devstore_pln/fulfillment_orders_100500.json",                        NotAnOrder("currency is missing")),
    ("devstore_pln/order_100500.json",                                     Delivered),
    ("fulfillment_gift_card_auto.json",                                    NotAnOrder("currency is missing")),
    ("gadget_exemplars/2024-01_orders_1.json",                             NotAnOrder("is not an ISO 4217 currency")),
    ("gadget_exemplars/2024-01_orders_3.json",                             NotAnOrder("is not an ISO 4217 currency")),
    ("gadget_exemplars/2025-04_checkouts_1.json",                          NotAnOrder("is not an ISO 4217 currency")),
    ("gadget_exemplars/2025-04_fulfillments_1.json",                       NotAnOrder("is not an ISO 4217 currency")),
    ("gadget_exemplars/2025-04_orders_1.json",                             NotAnOrder("is not an ISO 4217 currency")),
    ("order_digital_multicurrency_paid_fulfilled.json",                    NothingToMake),
    ("rest_2026-07/fulfillment_cancelled.json",                            NotAnOrder("currency is missing")),
    ("rest_2026-07/fulfillment_created_a.json",                            NotAnOrder("currency is missing")),
    ("rest_2026-07/fulfillment_created_no_tracking.json",                  NotAnOrder("currency is missing")),
    ("rest_2026-07/fulfillment_order_on_hold.json",                        NotAnOrder("currency is missing")),
    ("rest_2026-07/fulfillment_order_with_order_ref.json",                 NotAnOrder("currency is missing")),
    ("rest_2026-07/order_cancelled.json",                                  Cancelled),
    ("rest_2026-07/order_cancelled_refunded_amount_only.json",             Cancelled),
    ("rest_2026-07/order_cancelled_refunded_restocked.json",               Cancelled),
    ("rest_2026-07/order_customer_removed.json",                           Delivered),
    ("rest_2026-07/order_fulfilled_no_tracking.json",                      NothingToMake),
    ("rest_2026-07/order_guest_no_email_no_customer_no_address.json",      Held("no shipping address")),
    ("rest_2026-07/order_partially_paid_shipping_address.json",            Held("is partially paid, not paid")),
    ("rest_2026-07/order_pending.json",                                    Held("is pending, not paid")),
    ("rest_2026-07/order_three_lines_two_tax_lines.json",                  Held("no shipping address")),
    ("rest_2026-07/order_with_tags.json",                                  Delivered),
    ("rudder_devstore/carts_update_empty.json",                            NotAnOrder("id is not a positive whole number")),
    ("rudder_devstore/checkouts_create_no_email.json",                     NotAnOrder("line_items[0].id is missing")),
    ("rudder_devstore/orders_create_trimmed.json",                         Delivered),
    ("rudder_devstore/orders_paid_bogus_gateway.json",                     Delivered),
    ("rudder_devstore/orders_updated_fulfilled.json",                      Delivered),
    ("webhook_docs_2026-07/carts_create.json",                             NotAnOrder("id is not a positive whole number")),
    ("webhook_docs_2026-07/checkouts_create.json",                         NotAnOrder("id is missing")),
    ("webhook_docs_2026-07/fulfillments_create.json",                      NotAnOrder("currency is missing")),
    ("webhook_docs_2026-07/orders_create.json",                            Cancelled),
];

/// How many of them must be made and arrive, or be finished with nothing to make.
const AT_LEAST: usize = 8;

#[tokio::test]
async fn every_order_payload_ends_as_the_table_says() {
    let Some(samples) = samples() else { return };
    let folder = samples.join("shopify");
    let mut expected: BTreeMap<&str, Outcome> = OUTCOMES.iter().copied().collect();
    assert_eq!(expected.len(), OUTCOMES.len(), "a file stands twice");
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (file, payload) in with_line_items(&folder) {
        let found = play(&payload).await;
        match expected.remove(file.as_str()) {
            None => wrong.push(format!("{file} is not in the table; it ends so: {found:?}")),
            Some(outcome) => {
                *counts.entry(word(outcome)).or_default() += 1;
                if !found.is(outcome) {
                    wrong.push(format!("{file}: {outcome:?} in the table, but {found:?}"));
                }
            }
        }
    }
    wrong.extend(expected.keys().map(|file| format!("{file} is in the table and not in the folder")));
    eprintln!("order payloads: {counts:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let arrived = counts.get("delivered").unwrap_or(&0) + counts.get("nothing to make").unwrap_or(&0);
    assert!(arrived >= AT_LEAST, "{arrived}");
}

/// Payloads that look like an order: with line items, at the top or under `order`. By path below `folder`.
pub fn with_line_items(folder: &Path) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(body) = serde_json::from_slice::<Value>(&std::fs::read(&path).unwrap()) else { continue };
            let order = if body["order"].is_object() { body["order"].clone() } else { body };
            if order["line_items"].is_array() {
                found.push((path.strip_prefix(folder).unwrap().to_string_lossy().into_owned(), order));
            }
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

/// How an order ended.
#[derive(Debug)]
enum Ended {
    /// The sandbox's words.
    Refused(String),
    Taken {
        seen: Seen,
        exceptions: Vec<(String, String)>,
        types: Vec<EventType>,
    },
}

impl Ended {
    fn is(&self, outcome: Outcome) -> bool {
        let (seen, exceptions, types) = match self {
            Self::Refused(why) => return matches!(outcome, NotAnOrder(words) if why.contains(words)),
            Self::Taken { seen, exceptions, types } => (seen, exceptions, types),
        };
        let quiet = exceptions.is_empty();
        let only = |what: &str, words: &str| {
            exceptions.len() == 1 && exceptions[0].0 == what && exceptions[0].1.contains(words)
        };
        let untouched = (seen.partner_orders, seen.fulfilments) == (0, 0);
        match outcome {
            Delivered => quiet && *seen == Seen::all_once() && types.contains(&EventType::ParcelDelivered),
            NothingToMake => quiet && untouched && seen.mails == ["confirmation"],
            Held(words) => only("held", words) && untouched && seen.mails.is_empty(),
            Cancelled => quiet && untouched && seen.mails.is_empty() && *types == [EventType::OrderPaid],
            NotAnOrder(_) => false,
        }
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Delivered => "delivered",
        NothingToMake => "nothing to make",
        Held(_) => "held",
        Cancelled => "cancelled",
        NotAnOrder(_) => "not an order",
    }
}

/// The store takes the order and announces it as paid; the partner makes whatever reaches it, ships and delivers it.
async fn play(payload: &Value) -> Ended {
    let mut world = World::new(1).await;
    let path = "/_sandbox/shopify/orders?deliver=1";
    let (status, answer) = control(&world.sandbox, "POST", path, payload.to_string()).await;
    if status == 400 {
        return Ended::Refused(answer["error"].as_str().unwrap().to_owned());
    }
    assert_eq!(status, 201, "{answer}");
    world.delivered().await;
    world.run_to_the_doorstep().await;

    let gid = answer["gid"].as_str().unwrap();
    let in_store: u64 = gid.rsplit('/').next().unwrap().parse().unwrap();
    // A document whose id was rounded on its way is known to the ledger by the number in its body.
    let mut subject = in_store;
    if world.journey(in_store).await.events.is_empty() {
        subject = payload["id"].as_u64().unwrap();
    }
    world.assert_at_rest(subject).await;
    let journey = world.journey(subject).await;
    assert!(!journey.events.is_empty(), "{subject} is not in the ledger");
    let open = world.open(subject).await;
    assert_eq!(domain::subject::Subject::Order(OrderId(subject)), journey.events[0].subject);
    Ended::Taken {
        seen: world.seen(in_store).await,
        exceptions: open.into_iter().map(|exception| (exception.what, exception.reason)).collect(),
        types: journey.events.iter().map(|event| event.fact.event_type()).collect(),
    }
}
