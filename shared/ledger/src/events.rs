//! Events and hand-offs: append once, strike off what is no longer owed, find what is due.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};

use domain::Timestamp;
use domain::effect::Effect;
use domain::event::{Event, EventId, EventKey};
use domain::exception::Exception;
use domain::handoff::{Layer, Owed, Owes, Wait};
use domain::subject::Subject;
use domain::watch::LayerWait;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::row::{EventRow, PayloadRow, Row};
use crate::{Ledger, LedgerError, MOST_AT_ONCE, Place, Table};

/// A deflated body up to this many bytes lies in the event's own item: the rest of an event is some 270 bytes, so that both
/// together stay within one write unit.
const INLINE_BYTES: usize = 740;

/// How often a change is decided again when others were quicker.
const TRIES: u32 = 8;

/// A signed body as it came, and when it is to be forgotten.
#[derive(Debug, Clone, Copy)]
pub struct Payload<'a> {
    pub body: &'a [u8],
    pub expires: Timestamp,
}

/// What an append did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The fact is new and durable.
    New,
    /// The fact is already here: nothing was changed.
    Duplicate,
}

/// An event as it is stored, with what is still owed.
#[derive(Debug, Clone)]
pub struct Stored {
    pub event: Event,
    pub owes: Owes,
    pub waits: BTreeMap<Layer, LayerWait>,
    /// An exception was raised about it.
    pub flagged: bool,
    row: EventRow,
}

/// Everything known about one subject.
#[derive(Debug, Clone, Default)]
pub struct Journey {
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
    pub exceptions: Vec<Exception>,
    /// What is still owed, by the events that owe it.
    pub owing: BTreeMap<EventId, Owes>,
    /// The events at which email found that nothing more is to come.
    pub last_words: BTreeSet<EventId>,
}

/// How a layer is through with an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finished {
    /// Longer waits that are settled with it. The customer's clock stands at another event mostly: that it is over is noted here.
    pub settled: Vec<Wait>,
    /// Longer waits that the event opens now.
    pub opens: Owes,
}

impl Stored {
    fn read(row: EventRow) -> Result<Self, LedgerError> {
        Ok(Self { event: row.event()?, owes: row.owes(), waits: row.waits(), flagged: row.flagged, row })
    }

    /// Something is owed by then.
    #[must_use]
    pub fn owes_by(&self, then: Timestamp) -> bool {
        self.row.owes.values().any(|due| *due <= then.as_second())
    }

    /// Something is owed by then under a name that only a newer version knows.
    #[must_use]
    pub fn owes_unknown_by(&self, then: Timestamp) -> bool {
        self.row.owes.iter().any(|(name, due)| *due <= then.as_second() && name.parse::<Owed>().is_err())
    }

    /// Nothing is owed at all.
    #[must_use]
    pub fn owes_nothing(&self) -> bool {
        self.row.owes.is_empty()
    }

    /// Whether this layer still owes its acknowledgement.
    #[must_use]
    pub fn owed_by(&self, layer: Layer) -> bool {
        self.owes.contains_key(&Owed::Layer(layer))
    }
}

impl<T: Table> Ledger<T> {
    /// Appends an event once: the write is the dedupe record, the durability point, the outbox row and the start of the clock.
    /// A body too large for the event's item is written first, so that an event never lacks it.
    pub async fn append(
        &self,
        event: &Event,
        owes: &Owes,
        payload: Option<Payload<'_>>,
    ) -> Result<Appended, LedgerError> {
        let mut row = EventRow::new(event, owes);
        if let Some(payload) = payload {
            let body = deflated(payload.body)
                .map_err(|why| LedgerError::Row { key: event.key().to_string(), why: why.to_string() })?;
            let body = serde_bytes::ByteBuf::from(body);
            row.expires = Some(payload.expires.as_second());
            if body.len() <= INLINE_BYTES {
                row.payload = Some(body);
            } else {
                let sk = format!("payload#{}", row.id);
                let payload = PayloadRow { pk: row.pk.clone(), sk, body, expires: payload.expires.as_second() };
                // One that is in the way is the body of an earlier delivery of the same fact.
                self.table.put_new(&Row::Payload(payload)).await?;
            }
        }
        Ok(match self.table.put_new(&Row::Event(row)).await? {
            None => Appended::New,
            Some(_) => Appended::Duplicate,
        })
    }

    /// The event under this key.
    pub async fn event(&self, key: &EventKey) -> Result<Option<Stored>, LedgerError> {
        match self.table.get(&key.subject.to_string(), &format!("event#{}", key.id)).await? {
            Some(Row::Event(row)) => Ok(Some(Stored::read(row)?)),
            _ => Ok(None),
        }
    }

    /// The event, for a layer that was told of it, as it is or was a moment ago: whatever comes of the layer's work is written under
    /// the event's revision. That the layer owes nothing is only believed at a second look.
    pub async fn event_for(&self, key: &EventKey, layer: Layer) -> Result<Option<Stored>, LedgerError> {
        if let Some(Row::Event(row)) = self.table.glance(&key.subject.to_string(), &format!("event#{}", key.id)).await?
        {
            let stored = Stored::read(row)?;
            if stored.owed_by(layer) {
                return Ok(Some(stored));
            }
        }
        self.event(key).await
    }

    /// Whether the event is here. One that came a moment ago may not be seen yet: to append it again does no harm.
    pub async fn is_known(&self, key: &EventKey) -> Result<bool, LedgerError> {
        Ok(self.table.glance(&key.subject.to_string(), &format!("event#{}", key.id)).await?.is_some())
    }

    /// Those of the events that owe somebody something, in one read for each hundred.
    pub async fn owing_of(&self, keys: &[EventKey]) -> Result<BTreeSet<EventKey>, LedgerError> {
        let mut owing = BTreeSet::new();
        for keys in keys.chunks(MOST_AT_ONCE) {
            let keys: BTreeSet<_> =
                keys.iter().map(|key| (key.subject.to_string(), format!("event#{}", key.id))).collect();
            for row in self.table.get_many(&Vec::from_iter(keys)).await? {
                let Row::Event(row) = row else { continue };
                let stored = Stored::read(row)?;
                if !stored.owes_nothing() {
                    owing.insert(stored.event.key());
                }
            }
        }
        Ok(owing)
    }

    /// The body of the delivery that the event came from, while it is kept.
    pub async fn payload(&self, key: &EventKey) -> Result<Option<Vec<u8>>, LedgerError> {
        let pk = key.subject.to_string();
        let inline = match self.table.get(&pk, &format!("event#{}", key.id)).await? {
            Some(Row::Event(row)) => row.payload,
            _ => None,
        };
        let body = match inline {
            Some(body) => Some(body),
            None => match self.table.get(&pk, &format!("payload#{}", key.id)).await? {
                Some(Row::Payload(row)) => Some(row.body),
                _ => None,
            },
        };
        body.map(|body| inflated(&body).map_err(|why| LedgerError::Row { key: key.to_string(), why: why.to_string() }))
            .transpose()
    }

    /// All events, effects and exceptions of a subject. Events in the order of their own times.
    pub async fn journey(&self, subject: &Subject) -> Result<Journey, LedgerError> {
        let mut journey = Journey::default();
        let pk = subject.to_string();
        // "e" leaves out payloads and pauses: events, effects and exceptions share their first letter.
        for row in self.table.partition(&pk, "e").await? {
            match row {
                Row::Event(row) => {
                    let (id, owes) = (EventId(row.id.clone()), row.owes());
                    if !owes.is_empty() {
                        journey.owing.insert(id.clone(), owes);
                    }
                    if row.last_word {
                        journey.last_words.insert(id);
                    }
                    journey.events.push(row.event()?);
                }
                Row::Effect(row) => journey.effects.push(row.effect()?),
                Row::Exception(row) => journey.exceptions.push(row.exception()?),
                Row::Payload(_) | Row::Pause(_) | Row::Mark(_) | Row::Bookmark(_) | Row::Pace(_) => {}
            }
        }
        journey.events.sort_by_cached_key(|event| (event.time, event.fact.id()));
        Ok(journey)
    }

    /// A layer's last act on an event: its name leaves what is owed, in one write with what follows from its work. `true`: an
    /// exception has been raised about the event by then.
    pub async fn finish(&self, stored: &Stored, layer: Layer, finished: &Finished) -> Result<bool, LedgerError> {
        let change = |row: &mut EventRow, owes: &mut Owes| {
            let settled = |owed: &Owed| matches!(owed, Owed::Wait(wait) if finished.settled.contains(wait));
            owes.retain(|owed, _| *owed != Owed::Layer(layer) && !settled(owed));
            for (owed, due) in &finished.opens {
                owes.entry(*owed).or_insert(*due);
            }
            row.waits.remove(layer.as_str());
            row.last_word |= finished.settled.contains(&Wait::CustomerInformed);
        };
        Ok(self.changed_event(stored, change).await?.is_some_and(|row| row.flagged))
    }

    /// The event owes this wait as well, unless it does already.
    pub async fn open_wait(&self, stored: &Stored, wait: Wait, due: Timestamp) -> Result<(), LedgerError> {
        self.change_event(stored, |_, owes| {
            owes.entry(Owed::Wait(wait)).or_insert(due);
        })
        .await
    }

    /// Strikes off what is no longer owed.
    pub async fn acknowledge(&self, stored: &Stored, owed: &[Owed]) -> Result<(), LedgerError> {
        self.change_event(stored, |row, owes| {
            owes.retain(|name, _| !owed.contains(name));
            for owed in owed {
                row.waits.remove(owed.as_str());
            }
        })
        .await
    }

    /// The layer says what it waits for. The deadline moves only when it is our own pace: an outage is late when it is late.
    pub async fn layer_waits(
        &self,
        stored: &Stored,
        layer: Layer,
        wait: &LayerWait,
        due: Timestamp,
    ) -> Result<(), LedgerError> {
        self.change_event(stored, |row, owes| {
            row.set_wait(layer, wait);
            if matches!(wait.reason, domain::watch::WaitReason::Pace(_))
                && let Some(current) = owes.get_mut(&Owed::Layer(layer))
            {
                *current = if layer.has_queue() { (*current).max(due) } else { due };
            }
        })
        .await
    }

    /// What is owed is looked at again at `due`.
    pub async fn postpone(&self, stored: &Stored, owed: Owed, due: Timestamp) -> Result<(), LedgerError> {
        self.change_event(stored, |_, owes| {
            if let Some(current) = owes.get_mut(&owed) {
                *current = due;
            }
        })
        .await
    }

    /// A layer owes the event again (replay). What it waited for is forgotten.
    pub async fn owe_again(&self, stored: &Stored, layer: Layer, due: Timestamp) -> Result<(), LedgerError> {
        self.change_event(stored, |row, owes| {
            row.waits.remove(layer.as_str());
            owes.insert(Owed::Layer(layer), due);
        })
        .await
    }

    /// Remembers that an exception was raised about the event, so that finishing it resolves the exception.
    pub async fn flag(&self, stored: &Stored) -> Result<(), LedgerError> {
        if stored.flagged {
            return Ok(());
        }
        self.change_event(stored, |row, _| row.flagged = true).await
    }

    async fn change_event(
        &self,
        stored: &Stored,
        change: impl Fn(&mut EventRow, &mut Owes),
    ) -> Result<(), LedgerError> {
        self.changed_event(stored, change).await.map(drop)
    }

    /// The row as it is after the change; `None`: the event is gone (expired or redacted), and nothing is owed any more.
    async fn changed_event(
        &self,
        stored: &Stored,
        change: impl Fn(&mut EventRow, &mut Owes),
    ) -> Result<Option<EventRow>, LedgerError> {
        let mut row = stored.row.clone();
        // Several layers strike themselves off this one, each at the end of its work: looking again costs a fifth of a write
        // that is refused.
        if stored.owes.keys().filter(|owed| matches!(owed, Owed::Layer(_))).count() > 1 {
            match self.table.get(&row.pk, &row.sk).await? {
                Some(Row::Event(now)) => row = now,
                _ => return Ok(None),
            }
        }
        for _ in 0..TRIES {
            let before = row.clone();
            let mut owes = row.owes();
            change(&mut row, &mut owes);
            row.set_owes(&stored.event.subject, &owes);
            if row == before {
                return Ok(Some(row));
            }
            row.rev = before.rev + 1;
            if self.table.replace(&Row::Event(row.clone()), before.rev).await? {
                return Ok(Some(row));
            }
            match self.table.get(&before.pk, &before.sk).await? {
                Some(Row::Event(now)) => row = now,
                _ => return Ok(None),
            }
        }
        Err(LedgerError::Contended(stored.event.key().to_string()))
    }

    /// Forgets the bodies of a subject's deliveries (privacy redaction). Events stay: they hold ids only.
    pub async fn forget_payloads(&self, subject: &Subject) -> Result<u32, LedgerError> {
        let pk = subject.to_string();
        let mut forgotten = 0;
        for row in self.table.partition(&pk, "").await? {
            match row {
                Row::Payload(row) => {
                    self.table.delete(&row.pk, &row.sk).await?;
                    forgotten += 1;
                }
                Row::Event(row) if row.payload.is_some() => {
                    let stored = Stored::read(row)?;
                    self.change_event(&stored, |row, _| row.payload = None).await?;
                    forgotten += 1;
                }
                _ => {}
            }
        }
        Ok(forgotten)
    }

    /// Forgets the body of one delivery. `false`: there was none any more.
    pub async fn forget_payload(&self, key: &EventKey) -> Result<bool, LedgerError> {
        let pk = key.subject.to_string();
        let inline = match self.table.get(&pk, &format!("event#{}", key.id)).await? {
            Some(Row::Event(row)) if row.payload.is_some() => {
                self.change_event(&Stored::read(row)?, |row, _| row.payload = None).await?;
                true
            }
            _ => false,
        };
        let sk = format!("payload#{}", key.id);
        let apart = self.table.get(&pk, &sk).await?.is_some();
        if apart {
            self.table.delete(&pk, &sk).await?;
        }
        Ok(inline || apart)
    }

    /// Forgets every body the table holds, one page of it at a time (the store asks us to forget everything). Returns where the
    /// next page starts; `None` at the end.
    pub async fn forget_page(&self, after: Option<Place>) -> Result<Option<Place>, LedgerError> {
        let (rows, next) = self.table.bodies(after).await?;
        for row in rows {
            match row {
                Row::Payload(row) => self.table.delete(&row.pk, &row.sk).await?,
                Row::Event(row) => self.change_event(&Stored::read(row)?, |row, _| row.payload = None).await?,
                _ => {}
            }
        }
        Ok(next)
    }
}

fn deflated(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body)?;
    encoder.finish()
}

fn inflated(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    DeflateDecoder::new(body).read_to_end(&mut plain)?;
    Ok(plain)
}
