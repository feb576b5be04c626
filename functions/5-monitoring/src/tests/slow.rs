//! A slow day at AWS: each look into a queue takes a good part of the round's time, and what is due still gets its turn.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::event::{Event, Fact};
use domain::handoff::Layer;
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use lambda::{Clock, Station};
use ledger::{Finished, Ledger, Memory};

use super::lagging::{Lagging, Ticking};
use super::support::*;
use crate::queues::{DeadLetter, Line, Queues, QueuesError};
use crate::settled::Settled;
use crate::{Alerts, Monitoring, Remembered};

/// Queues of which each call takes so many milliseconds.
struct Slow(Paper, Ticking, i64);

impl Queues for Slow {
    async fn depth(&self, line: Line) -> Result<u64, QueuesError> {
        self.1.0.fetch_add(self.2, Ordering::SeqCst);
        self.0.depth(line).await
    }

    async fn look(&self, line: Line) -> Result<Vec<DeadLetter>, QueuesError> {
        self.0.look(line).await
    }

    async fn delete(&self, line: Line, letter: &DeadLetter) -> Result<(), QueuesError> {
        self.0.delete(line, letter).await
    }
}

#[tokio::test]
async fn what_is_due_has_its_turn_however_slow_the_queues_are() {
    let clock = Ticking(AtomicI64::new(start().as_millisecond()).into());
    let memory = Memory::default();
    let (index, left, dies) = (Mutex::default(), AtomicI64::new(i64::MAX), Mutex::new(false));
    let table = Lagging { memory, clock: clock.clone(), index, left, dies };
    let config = config();
    let (ledger, lease) = (Ledger::new(table), SignedDuration::from_secs(45));
    let watch = Monitoring {
        station: Station::new(ledger, PaperQueue::default(), clock.clone(), lease, &config),
        mail: Mailbox::default(),
        queues: Slow(Paper::default(), clock.clone(), 550),
        alerts: Alerts::from_config(&config),
        stack: "baton-test".into(),
        silent_hours: 0,
        carriers: crate::carriers::Carriers::new(5),
        settled: Settled::default(),
        remembered: Remembered::default(),
    };
    let ledger = &watch.station.ledger;
    for n in 0..600 {
        let subject = Subject::Order(OrderId(ORDER + n));
        let event = Event { subject, ..event(Fact::OrderRefunded { refund: "1".into() }, clock.now()) };
        watch.station.append_event(&event, None).await.unwrap();
        if n > 0 {
            let stored = ledger.event(&event.key()).await.unwrap().unwrap();
            ledger.finish(&stored, Layer::Routing, &Finished::default()).await.unwrap();
        }
    }
    clock.pass(360);
    ledger.table().catch_up();
    // Six queues take 3.3 of its 6 seconds.
    let deadline = clock.now().checked_add(SignedDuration::from_secs(6)).unwrap();
    let report = watch.round(clock.now(), deadline).await.unwrap();
    assert_eq!((report.due, report.sent_again), (1, 1), "the one that nobody took, among 600");
    assert!(clock.now() < deadline);
}
