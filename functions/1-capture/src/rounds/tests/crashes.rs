//! The process dies at every write to the table.

use ledger::{Gate, Gated, TableError};

use super::*;

/// The process dies at the n-th write, before it or after it.
struct Mortal {
    /// 0 writes left: it lives for ever, after its death as well.
    left: Mutex<u32>,
    after: bool,
}

impl Mortal {
    fn step(&self, operation: &'static str, after: bool) -> Result<(), TableError> {
        let mut left = self.left.lock().unwrap();
        if operation != "PutItem" || after != self.after || *left == 0 {
            return Ok(());
        }
        *left -= 1;
        if *left > 0 { Ok(()) } else { Err(TableError { operation, source: "the process died".into() }) }
    }
}

impl Gate for Mortal {
    async fn enter(&self, operation: &'static str) -> Result<(), TableError> {
        self.step(operation, false)
    }

    async fn leave(&self, operation: &'static str) -> Result<(), TableError> {
        self.step(operation, true)
    }
}

/// One round that may die, then rounds that live: three orders whose webhooks were lost, and a lost subscription.
async fn rounds_that_die(write: u32, after: bool) -> u32 {
    let table = Gated { table: Memory::default(), gate: Mortal { left: Mutex::new(0), after } };
    let clock = SetClock(Mutex::new(start()));
    let desk = Station::new(Ledger::new(table), NoQueue, clock, SignedDuration::from_secs(45), &config());
    let paper = Paper::default();
    *paper.newest.lock().unwrap() = Some(start());
    let settings =
        Settings::new(&config(), store::shopify::topics::TOPICS, "https://door.example.com", "webhooks/shopify");
    let rounds = Rounds { station: &desk, store: &paper, settings };
    rounds.round(start(), Timestamp::MAX).await.unwrap();
    paper.subscribed.lock().unwrap().remove("orders/paid");
    paper.changes.lock().unwrap().extend((1..=3).map(|id| change(id, id as i64)));
    *desk.ledger.table().gate.left.lock().unwrap() = write;
    let mut deaths = 0;
    for _ in 0..3 {
        let now = {
            let mut now = desk.clock.0.lock().unwrap();
            *now = now.checked_add(SignedDuration::from_mins(60)).unwrap();
            *now
        };
        deaths += u32::from(rounds.round(now, Timestamp::MAX).await.is_err());
    }
    let point = format!("write {write}, after {after}");
    let told = desk.ledger.open_exceptions().await.unwrap();
    let of = |what: &str| told.iter().filter(|one| one.what == what).collect::<Vec<_>>();
    let missed = of("webhooks-missed");
    assert_eq!(missed.len(), 1, "{point}: {missed:?}");
    for id in 1..=3 {
        assert!(missed[0].reason.contains(&format!("#{id}")), "{point}: {}", missed[0].reason);
        let events = desk.ledger.journey(&domain::subject::Subject::Order(OrderId(id))).await.unwrap().events;
        assert_eq!(events.len(), 2, "{point}: {events:?}");
    }
    assert_eq!(of("subscription-lost").len(), 1, "{point}: {told:?}");
    assert!(paper.subscribed.lock().unwrap().contains("orders/paid"), "{point}");
    let effects = desk.ledger.journey(&desk.store).await.unwrap().effects;
    assert!(effects.iter().all(|effect| effect.state.name() == "done"), "{point}: {effects:?}");
    deaths
}

#[tokio::test]
async fn a_crash_at_every_write_of_a_round() {
    for after in [false, true] {
        let mut write = 1;
        while rounds_that_die(write, after).await > 0 {
            write += 1;
        }
        assert!(write > 20, "a round wrote {write} times");
    }
}
