//! A stack to which no order has come: what a quiet round takes. Named so that it runs before any test that leaves an order behind.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Stack, stack};

const PRICES: &str = include_str!("../../../infra/prices.toml");

#[derive(Deserialize)]
struct Prices {
    /// Function, schedule: what one round takes at most.
    round: BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>,
    /// What a round of the watchdog takes besides when it takes stock.
    stock: BTreeMap<String, u64>,
}

/// The idle month is computed from what a round takes; that is counted here. The first round of a stack sets things up.
#[tokio::test]
async fn a_calm_round_takes_no_more_than_prices_say() {
    let Some(stack) = stack().await else { return };
    let prices: Prices = basic_toml::from_str(PRICES).unwrap();
    for (name, schedules) in &prices.round {
        let function = name.to_lowercase();
        assert_eq!(schedules.len(), 1, "{name}: its rounds are told apart by nothing here");
        let most = schedules.values().next().unwrap();
        let allowed = ["sqs_request", "half_read_unit", "write_unit"].map(|what| most[what]);
        let Some(least) = quietest(&stack, &function, 0).await else {
            eprintln!("skipped: the functions' AWS calls do not pass the sandbox; run it with UPSTREAM=sandbox");
            return;
        };
        eprintln!("a quiet round of {name}: {least:?} requests to queues, half read units, write units");
        assert!(least.iter().zip(allowed).all(|(took, most)| *took <= most), "{name}: {least:?}, at most {allowed:?}");
    }
    let stock = &prices.stock;
    let least = quietest(&stack, "monitoring", stock["minutes"]).await.unwrap();
    eprintln!("and with stock taken: {least:?}");
    let calm = &prices.round["Monitoring"]["Watchdog"];
    let allowed = ["sqs_request", "half_read_unit"].map(|what| calm[what] + stock[what]);
    assert!(
        least[0] > 0 && least.iter().zip(allowed).all(|(took, most)| *took <= most),
        "{least:?}, at most {allowed:?}"
    );
}

/// What the cheapest of four rounds takes: requests to queues, half read units, write units. Each is as of so many minutes after the
/// one before. Another round, or what other tests left to do, may fall into one of them.
async fn quietest(stack: &Stack, function: &str, minutes: u64) -> Option<[u64; 3]> {
    let mut least = None;
    for n in 0..4 {
        stack.sandbox(Method::DELETE, "counts", Value::Null).await;
        let after = SignedDuration::from_mins(i64::try_from(n * minutes).unwrap());
        let now = sandbox::clock::now().checked_add(after).unwrap().to_string();
        stack.invoke(function, &json!({ "detail-type": "Scheduled Event", "time": now })).await;
        let counts = stack.look_at("counts").await;
        let took = counts["took"].get(stack.function(function))?;
        let calls = counts["functions"][stack.function(function)].as_object().unwrap();
        let requests = calls.iter().filter(|(call, _)| call.starts_with("sqs/"));
        let found = [
            requests.map(|(_, count)| count.as_u64().unwrap()).sum(),
            took["half_read_units"].as_u64().unwrap(),
            took["write_units"].as_u64().unwrap(),
        ];
        // With minutes between them the later ones take stock.
        if minutes == 0 || found[0] > 0 {
            least = Some(least.map_or(found, |least: [u64; 3]| least.min(found)));
        }
    }
    least
}
