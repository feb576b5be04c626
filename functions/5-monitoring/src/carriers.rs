//! A carrier of which nothing is heard: one exception for all its parcels, not one for each.
//!
//! Nothing is written for it while all is well. What was heard of whom is found from the parcels themselves, in a walk over the
//! orders that still owe something: a few times a day, and before a parcel is told as late by itself.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::deadlines::plain_carrier;
use domain::event::EventId;
use domain::exception::{Exception, Life, What};
use domain::quiet::{OnItsWay, Quiet, Silence, parcels, silences};
use domain::subject::Subject;
use lambda::{Clock, Queue};
use ledger::{LedgerError, Table};
use mailer::SendMail;

use crate::queues::Queues;
use crate::round::Round;
use crate::{Last, Monitoring};

/// A walk reads each order with a parcel on its way, which for most stores costs less than a cent a month at this pace.
const EVERY_SECONDS: i64 = 6 * 3_600;
/// Orders that one walk reads; what it finds of so many is true of the rest.
const MOST: usize = 3_000;
/// How the ids of events about announced parcels begin.
const OF_PARCELS: [&str; 6] = ["announced#", "moved#", "out#", "troubled#", "delivered#", "returned#"];

/// From how many silent parcels on a carrier is one matter, and when this process last looked.
#[derive(Debug)]
pub struct Carriers {
    group_at: usize,
    /// Not stored: another process looks once more, and finds the same.
    looked: Last,
}

impl Carriers {
    /// A watch that has not looked yet.
    #[must_use]
    pub fn new(group_at: usize) -> Self {
        Self { group_at, looked: Last::default() }
    }
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// The walk, when it is time for it.
    pub(crate) async fn listen_to_carriers(&self, round: &mut Round) -> Result<(), LedgerError> {
        if !self.carriers.looked.is_over(round.now, EVERY_SECONDS) {
            return Ok(());
        }
        self.look_at_carriers(round).await
    }

    /// Whether a late parcel of this carrier is a part of something larger that the owner knows of.
    pub(crate) async fn is_silent(&self, round: &mut Round, carrier: &str) -> Result<bool, LedgerError> {
        let plain = plain_carrier(carrier);
        if !round.walked {
            // The newest of what is known of the others, before this one is told alone.
            self.look_at_carriers(round).await?;
        }
        if round.silent.contains(&plain) {
            return Ok(true);
        }
        let known = self.station.ledger.exception(&self.station.store, &self.silent_id(&plain)).await?;
        Ok(known.is_some_and(|known| known.state != Life::Resolved))
    }

    async fn look_at_carriers(&self, round: &mut Round) -> Result<(), LedgerError> {
        round.walked = true;
        let (on_their_way, complete) = self.on_their_way(round).await?;
        let quiet = Quiet::new(self.carriers.group_at, &self.station.deadlines);
        for (carrier, silence) in silences(&on_their_way, round.now, quiet) {
            match silence {
                Some(silence) => self.raise_silence(round, carrier, silence).await?,
                None => self.end_silence(&self.silent_id(&carrier)).await?,
            }
        }
        if complete {
            // What is left is about carriers that have no parcel on its way any more.
            let silent: BTreeSet<String> = round.silent.iter().map(|carrier| self.silent_id(carrier)).collect();
            for exception in self.station.ledger.open_exceptions().await? {
                if exception.what == "carrier-silent" && !silent.contains(&exception.id) {
                    self.end_silence(&exception.id).await?;
                }
            }
        }
        self.carriers.looked.note(round.now);
        Ok(())
    }

    /// Every announced parcel of the orders that owe something, with its order's name; and whether that is all of them.
    async fn on_their_way(&self, round: &Round) -> Result<(Vec<(String, OnItsWay)>, bool), LedgerError> {
        let ledger = &self.station.ledger;
        let until = round.share(self.station.now(), 1);
        let of_a_parcel = |id: &EventId| OF_PARCELS.iter().any(|prefix| id.0.starts_with(prefix));
        let owing = ledger.owing(&self.station.store).await?;
        let orders: BTreeSet<Subject> =
            owing.into_iter().filter(|key| of_a_parcel(&key.id)).map(|key| key.subject).collect();
        let mut found = Vec::new();
        for (n, subject) in orders.iter().enumerate() {
            if n >= MOST || self.station.now() >= until {
                tracing::warn!(orders = orders.len(), read = n, "the walk over parcels on their way ended early");
                return Ok((found, false));
            }
            let journey = ledger.journey(subject).await?;
            if !journey.owing.keys().any(of_a_parcel) {
                // It has just arrived: it is still in the index of what is due.
                continue;
            }
            let events = journey.events;
            let name = events.iter().find_map(|event| event.order_name.clone());
            let name = name.unwrap_or_else(|| subject.slug());
            found.extend(parcels(&events).into_iter().map(|parcel| (name.clone(), parcel)));
        }
        Ok((found, true))
    }

    async fn raise_silence(&self, round: &mut Round, carrier: String, silence: Silence) -> Result<(), LedgerError> {
        let what = What::CarrierSilent {
            carrier: silence.carrier,
            silent: silence.silent,
            heard: silence.heard,
            since: silence.since.to_string().chars().take("2026-11-22".len()).collect(),
            orders: silence.orders,
        };
        let exception = Exception::raise(&self.station.store, &what, &carrier, self.station.now());
        if self.station.ledger.raise(&exception).await? {
            tracing::warn!(exception.id = exception.id, parcels = silence.silent, "exception");
            round.report.raised += 1;
        }
        round.silent.insert(carrier);
        Ok(())
    }

    async fn end_silence(&self, id: &str) -> Result<(), LedgerError> {
        self.station.ledger.heal(&self.station.store, id, self.station.now()).await
    }

    /// The id of the exception about this carrier, whatever its words are.
    fn silent_id(&self, carrier: &str) -> String {
        let what = What::CarrierSilent {
            carrier: String::new(),
            silent: 0,
            heard: 0,
            since: String::new(),
            orders: Vec::new(),
        };
        Exception::raise(&self.station.store, &what, carrier, Timestamp::UNIX_EPOCH).id
    }
}
