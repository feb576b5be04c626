//! The fault grid: every kind of call to AWS meets every kind of fault, at every place of an order's way, and the order arrives all
//! the same: nothing lost, nothing twice, and nobody is alarmed.
//!
//! The layers speak through AWS's own clients, with the retries and time-outs of the deployed functions ([`World::on_aws`]). In each
//! cell the fault is met in two ways: by every other request, which the client's next attempt gets over; and by more requests in a
//! row than a client makes attempts, so that the function itself fails. Both begin at each place in turn, so that no request of the
//! journey is spared. `make grid` prints the whole table, and plays it on the stack too (stack/microburst.rs).

use domain::handoff::Layer;
use sandbox::faults::{self, Arm};
use serde_json::json;

use crate::world::{Fault, Operation, Plan, Seen, World, payload};

const ORDER: u64 = 450_789_469;

const COLUMNS: [(Fault, &str); 5] = [
    (Fault::Throttled, "throttled"),
    (Fault::ServerError, "5xx"),
    (Fault::TimeOut, "time-out"),
    (Fault::Reset, "reset"),
    (Fault::AnswerLost, "answer lost"),
];

/// So many in a row, of so many, beginning there. Mail is tried once by its client, and by the function three times while it has no
/// answer. What reads does so often: between two bursts a function must come to its end.
fn plans(operation: Operation) -> [(u32, u32, u32); 5] {
    let (burst, period) = match operation {
        Operation::Mail => (2, 6),
        Operation::Query => (4, 60),
        _ => (4, 12),
    };
    [(1, 2, 0), (1, 2, 1), (burst, period, 0), (burst, period, period / 3), (burst, period, 2 * period / 3)]
}

/// What a cell saw: requests, and how many of them met the fault.
#[derive(Default)]
struct Met {
    requests: u32,
    faults: u32,
}

impl Met {
    fn add(&mut self, more: Self) {
        self.requests += more.requests;
        self.faults += more.faults;
    }
}

/// The order's way under the plan, with a round of the watchdog at each stage; rounds may fail, and the next one comes.
async fn order_arrives(plan: Plan, seed: u64) -> Met {
    let what = format!("{plan:?}");
    let mut world = World::on_aws(seed).await.watched();
    world.account().plan(Some(plan));
    world.order(&payload(ORDER), 1).await;
    let shipped = json!({ "tracking_number": "1Z999AA10123456784", "carrier": "UPS" });
    for (act, body) in [("produce", json!({})), ("ship", shipped), ("deliver", json!({}))] {
        world.run().await;
        world.round().await.ok();
        world.at_partner(act, body).await;
    }
    world.run().await;
    let met = met(&world);
    nothing_is_left(&mut world, &what).await;
    assert_eq!((world.owners.sent().len(), world.open(ORDER).await), (0, Vec::new()), "{what}: nobody is alarmed");

    let mut expected = Seen::all_once();
    // The written rule of the one mail that only calms: at most once, so a doubt that no witness ends is its end.
    let doubt = plan.operation == Operation::Mail && !matches!(plan.fault, Fault::Throttled | Fault::AnswerLost);
    let seen = world.seen(ORDER).await;
    if doubt && seen.mails.len() < expected.mails.len() {
        expected = Seen::all_once_shipped_at_once();
    }
    assert_eq!(seen, expected, "{what}");
    met
}

/// The partner refuses an order: the owner has the alert, once.
async fn owner_is_told(plan: Plan, seed: u64) -> Met {
    let what = format!("an alert under {plan:?}");
    let mut world = World::on_aws(seed).await.watched();
    world.sandbox.ctx.faults.arm(vec![Arm {
        provider: "printful".into(),
        operation: "create_order".into(),
        fault: faults::Fault::Refuse,
        times: None,
        skip: 0,
        seconds: None,
    }]);
    world.account().plan(Some(plan));
    world.order(&payload(ORDER), 1).await;
    world.run().await;
    let met = met(&world);
    nothing_is_left(&mut world, &what).await;
    let told: Vec<_> = world.owners.sent().into_iter().map(|(_, letter)| letter.subject).collect();
    assert_eq!(told.len(), 1, "{what}: {told:?}");
    assert!(told[0].contains("#1469"), "{what}: {told:?}");
    let open = world.open(ORDER).await;
    assert_eq!(open.len(), 1, "{what}: {open:?}");
    assert!(open[0].told && open[0].layer == Layer::Routing, "{what}: {open:?}");
    met
}

fn met(world: &World) -> Met {
    let (requests, faults) = world.account().met();
    Met { requests, faults }
}

/// The weather is fair again: ten minutes later the watchdog finds nothing to do, and nothing is in flight.
async fn nothing_is_left(world: &mut World, what: &str) {
    world.account().plan(None);
    world.run().await;
    world.pass(10);
    let did = world.round().await.unwrap();
    for idle in ["sent_again", "raised", "failed"] {
        assert_eq!(did[idle], 0, "{what}: {did}");
    }
    world.run().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.queue.len(), 0, "{what}");
}

async fn row(operation: Operation, name: &str) {
    let mut cells = Vec::new();
    for (fault, column) in COLUMNS {
        let mut cell = Met::default();
        for (seed, (burst, period, phase)) in (0..).zip(plans(operation)) {
            let plan = Plan { operation, fault, period, burst, phase };
            cell.add(Box::pin(order_arrives(plan, seed)).await);
            if phase == 0 {
                cell.add(Box::pin(owner_is_told(plan, seed)).await);
            }
        }
        assert!(cell.faults > 0, "{name}: nothing met {column}");
        cells.push(format!("{column}: {} of {} met it", cell.faults, cell.requests));
    }
    eprintln!("grid | {name:<7} | {} |", cells.join(" | "));
}

#[tokio::test]
async fn put() {
    row(Operation::Put, "put").await;
}

#[tokio::test]
async fn update() {
    row(Operation::Update, "update").await;
}

#[tokio::test]
async fn query() {
    row(Operation::Query, "query").await;
}

#[tokio::test]
async fn send() {
    row(Operation::Send, "send").await;
}

#[tokio::test]
async fn ses() {
    row(Operation::Mail, "SES").await;
}

#[tokio::test]
async fn ssm() {
    row(Operation::Secrets, "SSM").await;
}
