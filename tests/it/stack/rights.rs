//! What only trouble, a sign-up or a redaction asks of AWS, on the deployed stack: here each of these rights is used once, so that the
//! run can hold what was granted against what was asked for (infra/cli/grants.py).

use domain::event::EventType;
use domain::handoff::Layer;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::decisions::page;
use super::{Stack, fresh_id, named, stack};
use crate::support;

/// A call to the emulator's SQS, as the owner of the account.
async fn sqs(stack: &Stack, operation: &str, body: Value) -> Value {
    stack.aws(&format!("AmazonSQS.{operation}"), body).await
}

async fn empty(stack: &Stack, queue: &str) -> bool {
    let asked = json!({ "QueueUrl": queue, "AttributeNames": ["All"] });
    let answer = sqs(stack, "GetQueueAttributes", asked).await;
    let count = |name: &str| answer["Attributes"][name].as_str().unwrap() == "0";
    count("ApproximateNumberOfMessages") && count("ApproximateNumberOfMessagesNotVisible")
}

#[tokio::test]
async fn letters_that_point_at_nothing_go_from_every_queue_for_the_dead() {
    let Some(stack) = stack().await else { return };
    let id = fresh_id(90);
    let queues: Vec<String> = Layer::ALL
        .iter()
        .map(|layer| stack.facts["dead_letters"][layer.as_str()].as_str().unwrap().to_owned())
        .collect();
    for queue in &queues {
        let letter = json!({ "pk": format!("order#{id}"), "sk": "event#none" }).to_string();
        sqs(&stack, "SendMessage", json!({ "QueueUrl": queue, "MessageBody": letter })).await;
    }
    let failures = stack.fact("relay_failures").to_owned();
    let batch = json!({ "DDBStreamBatchInfo": { "shardId": "shard", "startSequenceNumber": id.to_string() } });
    sqs(&stack, "SendMessage", json!({ "QueueUrl": failures, "MessageBody": batch.to_string() })).await;
    // The relay's pointer goes when the owner knows of it and the watchdog has had time to find everything.
    let later = sandbox::clock::now().checked_add(SignedDuration::from_mins(20)).unwrap();
    for queue in queues.iter().chain([&failures]) {
        stack
            .until(&format!("{queue} to be empty"), 120, async || {
                if empty(&stack, queue).await {
                    return Some(());
                }
                stack.round(later).await;
                None
            })
            .await;
    }
}

#[tokio::test]
async fn the_owner_opens_the_list_and_what_a_customer_and_a_shop_left_is_forgotten() {
    let Some(stack) = stack().await else { return };
    let id = fresh_id(91);
    stack.sandbox(Method::POST, "shopify/orders?deliver=1&risk=HIGH", named(id)).await;
    let name = named(id)["name"].as_str().unwrap().to_owned();
    for kind in ["exceptions/", "open/"] {
        let url = stack.link(&name, &format!("{}{kind}", stack.fact("console_url"))).await;
        let (status, body) = page(Method::GET, &url, "").await;
        assert!(status == 200 && body.contains(&name), "{kind}: {status} {body}");
    }
    let events = stack.journey(id).await.events;
    let paid = events.iter().find(|event| event.fact.event_type() == EventType::OrderPaid).unwrap().key();
    assert!(stack.ledger.payload(&paid).await.unwrap().is_some());
    let shop = stack.fact("shop").to_owned();
    let redact = json!({ "shop_domain": shop, "customer": { "id": 7001 }, "orders_to_redact": [id] });
    for (topic, payload) in [("customers/redact", redact), ("shop/redact", json!({ "shop_domain": shop }))] {
        let delivery = json!({ "source": "shopify", "topic": topic, "payload": payload, "times": 1 });
        assert_eq!(stack.sandbox(Method::POST, "deliver", delivery).await["statuses"], json!([200]), "{topic}");
    }
    let forgotten = async || stack.ledger.payload(&paid).await.unwrap().is_none().then_some(());
    stack.until("the order's body to be gone", 60, forgotten).await;
}

#[tokio::test]
async fn somebody_signs_up_on_the_storefront() {
    let Some(stack) = stack().await else { return };
    let form = format!("email=guest{}%40example.com", fresh_id(92));
    let request = support::client().post(format!("{}subscribe", stack.fact("storefront_url"))).body(form);
    let response = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    assert_eq!(stack.look_at("unexpected").await, json!([]));
}
