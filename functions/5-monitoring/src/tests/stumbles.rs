//! A read of the table that fails, once: what it was for is left to a later round, and what stands beside it is done.

use std::sync::Mutex;

use domain::event::Fact;
use domain::exception::{Exception, Life, What};
use domain::handoff::Layer;
use domain::subject::{OrderId, Subject};
use jiff::{SignedDuration, Timestamp};
use lambda::Station;
use ledger::{Gate, Gated, Ledger, Memory, TableError};
use serde_json::Value;

use super::support::*;
use crate::Monitoring;

/// The GetItem after so many others fails; `None`: none does.
#[derive(Default)]
struct Stumble(Mutex<Option<usize>>);

impl Gate for Stumble {
    async fn enter(&self, operation: &'static str) -> Result<(), TableError> {
        let mut left = self.0.lock().unwrap();
        match *left {
            Some(0) if operation == "GetItem" => {
                *left = None;
                Err(TableError { operation, source: "the table is busy".into() })
            }
            Some(n) if operation == "GetItem" => {
                *left = Some(n - 1);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

type Stumbling = Monitoring<Gated<Memory, Stumble>, PaperQueue, SetClock, Mailbox, Paper>;

fn stumbling() -> Stumbling {
    let sure = watch();
    let table = Gated { table: Memory::default(), gate: Stumble::default() };
    let (lease, clock) = (SignedDuration::from_secs(45), sure.station.clock);
    Monitoring {
        station: Station::new(Ledger::new(table), PaperQueue::default(), clock, lease, &config()),
        mail: sure.mail,
        queues: sure.queues,
        alerts: sure.alerts,
        stack: sure.stack,
        silent_hours: 0,
        carriers: sure.carriers,
        settled: sure.settled,
        remembered: sure.remembered,
    }
}

impl Stumbling {
    fn stumble_after(&self, reads: usize) {
        *self.station.ledger.table().gate.0.lock().unwrap() = Some(reads);
    }

    /// Whether it stumbled since it was told to; from now on it does not.
    fn stumbled(&self) -> bool {
        self.station.ledger.table().gate.0.lock().unwrap().take().is_none()
    }

    async fn a_minute_later(&self) -> bool {
        self.station.clock.pass(60);
        self.round(self.station.now(), Timestamp::MAX).await.is_ok()
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_keeps_no_other_of_its_batch() {
    let watch = stumbling();
    let mut keys = Vec::new();
    for (n, partner) in [(1, "printful"), (2, "gelato")] {
        let what = What::PartnerRefused { partner: partner.into(), why: "the account is closed".into() };
        let exception = Exception::raise(&Subject::Order(OrderId(n)), &what, "cleared", watch.station.now());
        watch.station.ledger.raise(&exception).await.unwrap();
        keys.push((exception.subject.to_string(), format!("exception#{}", exception.id)));
    }
    watch.stumble_after(0);
    assert_eq!(watch.handle(written(&keys), Timestamp::MAX).await.unwrap(), Value::Null);
    assert!(watch.stumbled());
    assert_eq!(watch.mail.drain().len(), 1, "the other one is told");
    assert!(watch.a_minute_later().await);
    assert_eq!(watch.mail.drain().len(), 1, "and this one by the next round");
}

/// Whichever read of the round it is that fails.
#[tokio::test]
async fn what_the_watchdog_fails_to_take_itself_is_taken_by_a_later_round_and_heals() {
    for reads in 0.. {
        let watch = stumbling();
        let ledger = &watch.station.ledger;
        let event = event(Fact::AppUninstalled { at: "1".into() }, watch.station.now());
        watch.station.append_event(&event, None).await.unwrap();
        watch.station.clock.pass(240);
        watch.stumble_after(reads);
        watch.a_minute_later().await;
        let stumbled = watch.stumbled();
        for _ in 0..15 {
            watch.a_minute_later().await;
        }
        let stored = ledger.event(&event.key()).await.unwrap().unwrap();
        assert!(!stored.owed_by(Layer::Monitoring), "read {reads}: taken in the end");
        let told = ledger.journey(&order()).await.unwrap().exceptions;
        let state = |what: &str| told.iter().find(|exception| exception.what == what).map(|exception| exception.state);
        assert_eq!(state("app-uninstalled"), Some(Life::Open), "read {reads}");
        assert_ne!(state("not-taken"), Some(Life::Open), "read {reads}");
        let about = |text: &str| watch.mail.drain().iter().filter(|letter| letter.subject.contains(text)).count();
        assert!(about("#1001") >= 1, "read {reads}: the owner knows");
        if !stumbled {
            assert!(reads > 3, "the round reads less than it did: {reads}");
            return;
        }
    }
}
