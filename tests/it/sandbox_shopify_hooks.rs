//! Who hears of what happens in the store: the standing subscription, those of the API, and deliveries that get lost.

use crate::sandbox_shopify::{SMALL, graphql, place, unexpected};
use crate::support::{Door, control, sandbox};
use sandbox::Sandbox;
use serde_json::{Value, json};
use std::time::Duration;

const SUBSCRIBE: &str = "mutation S($t: WebhookSubscriptionTopic!, $w: WebhookSubscriptionInput!) { webhookSubscriptionCreate(topic: $t, webhookSubscription: $w) { webhookSubscription { id topic uri } userErrors { field message } } }";

/// The API's answer: the subscription's gid, or the message of its refusal.
async fn subscribe(sandbox: &Sandbox, topic: &str, input: Value) -> Result<String, String> {
    let answer = graphql(sandbox, SUBSCRIBE, json!({"t": topic, "w": input})).await;
    let payload = &answer["data"]["webhookSubscriptionCreate"];
    match payload["userErrors"][0]["message"].as_str() {
        Some(message) => Err(message.to_owned()),
        None => Ok(payload["webhookSubscription"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()),
    }
}

/// The door's address as an owner would give it.
fn door_url(sandbox: &Sandbox) -> String {
    format!("{}webhooks/shopify", sandbox.ctx.live().intake_url.unwrap())
}

async fn only_the_api(sandbox: &Sandbox) {
    let (status, settings) =
        control(sandbox, "PUT", "/_sandbox/config", json!({"shopify_subscriptions": "api"}).to_string()).await;
    assert_eq!((status, &settings["shopify_subscriptions"]), (200, &json!("api")));
}

/// Waits until nothing is under way.
async fn rest(sandbox: &Sandbox) {
    while sandbox.ctx.deliveries.pending() + sandbox.shopify.pending() > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn listed(sandbox: &Sandbox, path: &str) -> Vec<Value> {
    let (status, list) = control(sandbox, "GET", &format!("/_sandbox/shopify/subscriptions{path}"), "").await;
    assert_eq!(status, 200);
    list.as_array().unwrap().clone()
}

#[tokio::test]
async fn the_standing_subscription_hears_everything_once() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    assert!(listed(&sandbox, "").await.iter().all(|one| one["standing"] == true));
    // An app that subscribes on top of its configuration file is not told twice of what that file follows.
    subscribe(&sandbox, "ORDERS_PAID", json!({"uri": door_url(&sandbox)})).await.unwrap();
    subscribe(&sandbox, "ORDERS_FULFILLED", json!({"uri": door_url(&sandbox)})).await.unwrap();
    place(&sandbox, "deliver=2").await;
    let change = json!({"do": "tags", "add": ["seen"]}).to_string();
    control(&sandbox, "PUT", "/_sandbox/shopify/orders/1001", change).await;
    rest(&sandbox).await;
    let mut topics = door.topics();
    topics.sort();
    assert_eq!(topics, ["orders/paid", "orders/paid", "orders/updated"]);
    assert_eq!(listed(&sandbox, "/orders/paid").await.len(), 2);

    // Gone is gone, standing or not, until the API brings it back.
    assert_eq!(control(&sandbox, "DELETE", "/_sandbox/shopify/subscriptions/orders/paid", "").await.0, 204);
    assert_eq!(control(&sandbox, "DELETE", "/_sandbox/shopify/subscriptions/orders/paid", "").await.0, 404);
    place(&sandbox, "").await;
    rest(&sandbox).await;
    assert_eq!(door.topics().len(), 3);
    subscribe(&sandbox, "ORDERS_PAID", json!({"uri": door_url(&sandbox)})).await.unwrap();
    place(&sandbox, "").await;
    rest(&sandbox).await;
    assert_eq!(door.topics()[3..], ["orders/paid"]);
    assert_eq!(control(&sandbox, "DELETE", "/_sandbox/shopify/subscriptions", "").await.0, 204);
    assert_eq!(listed(&sandbox, "").await, Vec::<Value>::new());
    // Everything begins anew.
    control(&sandbox, "POST", "/_sandbox/reset", "").await;
    assert!(!listed(&sandbox, "/orders/paid").await.is_empty());
}

#[tokio::test]
async fn without_a_subscription_nothing_is_told() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    only_the_api(&sandbox).await;
    place(&sandbox, "deliver=3").await;
    rest(&sandbox).await;
    assert_eq!(door.topics(), Vec::<String>::new());

    let id = subscribe(&sandbox, "ORDERS_PAID", json!({"uri": door_url(&sandbox), "format": "JSON"})).await.unwrap();
    let again = subscribe(&sandbox, "ORDERS_PAID", json!({"uri": door_url(&sandbox)})).await.unwrap_err();
    assert!(again.contains("already been taken"), "{again}");
    assert!(subscribe(&sandbox, "ORDERS_PAID", json!({"uri": "http://door.example.com/"})).await.is_err());
    // The public address of a door that is here: its path counts.
    subscribe(&sandbox, "ORDERS_PAID", json!({"uri": "https://door.example.com/webhooks/shopify"})).await.unwrap();
    place(&sandbox, "").await;
    rest(&sandbox).await;
    let received = door.wait_for(2).await;
    assert!(received.iter().all(|one| one.path == "/webhooks/shopify"), "{:?}", received[1].path);
    let header = |name: &str| received.iter().map(|one| one.header(name).to_owned()).collect::<Vec<_>>();
    let (events, webhooks) = (header("x-shopify-event-id"), header("x-shopify-webhook-id"));
    assert_eq!(events[0], events[1], "one event");
    assert_ne!(webhooks[0], webhooks[1], "told to two subscriptions");

    let page = "query($after: String) { webhookSubscriptions(first: 1, after: $after) { nodes { id topic } pageInfo { hasNextPage endCursor } } }";
    let first = graphql(&sandbox, page, json!({})).await["data"]["webhookSubscriptions"].clone();
    assert_eq!((&first["nodes"][0]["id"], &first["pageInfo"]["hasNextPage"]), (&json!(id), &json!(true)));
    let second = graphql(&sandbox, page, json!({"after": first["pageInfo"]["endCursor"]})).await;
    assert_eq!(second["data"]["webhookSubscriptions"]["pageInfo"]["hasNextPage"], false);

    let delete = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { message } } }";
    let deleted = graphql(&sandbox, delete, json!({"id": id})).await["data"]["webhookSubscriptionDelete"].clone();
    assert_eq!((&deleted["deletedWebhookSubscriptionId"], &deleted["userErrors"]), (&json!(id), &json!([])));
    let twice = graphql(&sandbox, delete, json!({"id": id})).await["data"]["webhookSubscriptionDelete"].clone();
    assert_eq!(twice["userErrors"][0]["message"], "Webhook subscription does not exist");
    assert_eq!(unexpected(&sandbox).await, Vec::<Value>::new());
}

#[tokio::test]
async fn eight_failures_in_a_row_end_a_subscription() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    only_the_api(&sandbox).await;
    subscribe(&sandbox, "ORDERS_PAID", json!({"uri": door_url(&sandbox)})).await.unwrap();
    subscribe(&sandbox, "ORDERS_UPDATED", json!({"uri": door_url(&sandbox)})).await.unwrap();
    // Each delivery is tried three times here: seven failures, a success, seven failures.
    let failing = |count: usize| door.statuses.lock().unwrap().extend(std::iter::repeat_n(503, count));
    for _ in 0..2 {
        failing(7);
        for _ in 0..3 {
            place(&sandbox, "").await;
            rest(&sandbox).await;
        }
    }
    let known = listed(&sandbox, "/orders/paid").await;
    assert_eq!(known[0]["failures"], 0, "a success begins the count again: {known:?}");

    failing(9);
    for _ in 0..3 {
        place(&sandbox, "").await;
        rest(&sandbox).await;
    }
    assert_eq!(listed(&sandbox, "/orders/paid").await, Vec::<Value>::new());
    assert_eq!(listed(&sandbox, "/orders/updated").await.len(), 1, "another topic's stays");
    let before = door.topics().len();
    assert_eq!(before, 2 * 8 + 8, "no attempt is made for a subscription that is gone");
    place(&sandbox, "").await;
    rest(&sandbox).await;
    assert_eq!(door.topics().len(), before);

    // The standing one is kept whatever happens.
    sandbox.shopify.subscriptions_are(sandbox::config::Subscriptions::Standing);
    failing(12);
    for _ in 0..4 {
        place(&sandbox, "").await;
        rest(&sandbox).await;
    }
    place(&sandbox, "").await;
    rest(&sandbox).await;
    assert!(door.topics().len() > before + 9, "{}", door.topics().len());
}

#[tokio::test]
async fn chosen_fields_that_say_nothing_new_are_not_sent() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    only_the_api(&sandbox).await;
    subscribe(&sandbox, "ORDERS_UPDATED", json!({"uri": door_url(&sandbox), "includeFields": ["id", "email"]}))
        .await
        .unwrap();
    place(&sandbox, "deliver=0").await;
    for tag in ["a", "b"] {
        let change = json!({"do": "tags", "add": [tag]}).to_string();
        control(&sandbox, "PUT", "/_sandbox/shopify/orders/1001", change).await;
    }
    rest(&sandbox).await;
    let received = door.wait_for(1).await;
    assert_eq!(received.len(), 1, "the second looks like the first");
    assert_eq!(received[0].json(), json!({"id": 1001, "email": "kim@example.com"}));
}

#[tokio::test]
async fn a_share_of_the_deliveries_gets_lost() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    let share = async |percent: u64| {
        let body = json!({"percent": percent, "seed": 7}).to_string();
        assert_eq!(control(&sandbox, "POST", "/_sandbox/shopify/drop", body).await.0, 200);
    };
    share(100).await;
    place(&sandbox, "deliver=5").await;
    rest(&sandbox).await;
    assert_eq!(door.topics().len(), 0);
    let (_, log) = control(&sandbox, "GET", "/_sandbox/deliveries", "").await;
    assert_eq!(log.as_array().unwrap().len(), 5);
    assert_eq!((&log[0]["statuses"], &log[0]["lost"]), (&json!([0]), &json!(true)));

    share(50).await;
    place(&sandbox, "deliver=200").await;
    rest(&sandbox).await;
    let arrived = door.topics().len();
    assert!((70..=130).contains(&arrived), "{arrived}");
    // What is delivered by hand always leaves.
    share(100).await;
    let direct = json!({"source": "shopify", "topic": "orders/paid", "payload": {"id": 1}});
    let (_, answer) = control(&sandbox, "POST", "/_sandbox/deliver", direct.to_string()).await;
    assert_eq!(answer["statuses"], json!([200]));
    share(0).await;
    place(&sandbox, "").await;
    rest(&sandbox).await;
    assert_eq!(door.topics().len(), arrived + 2);
    let above = json!({"percent": 101}).to_string();
    assert_eq!(control(&sandbox, "POST", "/_sandbox/shopify/drop", above).await.0, 400);
}

#[tokio::test]
async fn an_order_is_created_and_then_paid() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    // The first attempt at telling of the creation fails, and still the payment waits for it.
    door.statuses.lock().unwrap().push(503);
    place(&sandbox, "created=1").await;
    rest(&sandbox).await;
    assert_eq!(door.topics(), ["orders/create", "orders/create", "orders/paid"]);

    let mut pending: Value = serde_json::from_str(SMALL).unwrap();
    pending["financial_status"] = json!("pending");
    pending["payment_gateway_names"] = json!(["Bank Deposit"]);
    let (status, _) = control(&sandbox, "POST", "/_sandbox/shopify/orders?created=1", pending.to_string()).await;
    assert_eq!(status, 201);
    rest(&sandbox).await;
    assert_eq!(door.topics()[3..], ["orders/create"], "nothing was paid");
    let pay = json!({"do": "pay"}).to_string();
    assert_eq!(control(&sandbox, "PUT", "/_sandbox/shopify/orders/1001", pay.clone()).await.0, 200);
    rest(&sandbox).await;
    let mut topics = door.topics()[4..].to_vec();
    topics.sort();
    assert_eq!(topics, ["orders/paid", "orders/updated"]);
    assert_eq!(control(&sandbox, "PUT", "/_sandbox/shopify/orders/1001", pay).await.0, 409, "it is paid");
}
