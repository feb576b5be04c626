//! `make redrive`: dead letters go back to their queues, and what they point at runs again on the ordinary path.
//!
//! A letter is a key; what it means is what the table says now. So one whose event was taken meanwhile is thrown away, and
//! sending one back twice does no harm. It is sent before it is deleted: a crash in between leaves it in both.

use domain::event::EventKey;
use domain::exception::{Exception, What};
use domain::handoff::{Layer, Owed};
use lambda::{Clock, Failure, Key, Queue};
use ledger::{Stored, Table};
use mailer::SendMail;
use serde::Serialize;
use serde_json::{Value, json};

use crate::queues::{DeadLetter, Line, Queues};
use crate::tell::is_known;
use crate::{Error, Monitoring};

/// One call looks at so many letters of a queue; whoever asks for more asks again.
const MOST: usize = 50;

/// What is to become of one letter, in the owner's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    pub layer: &'static str,
    /// The order's name or number, where it has one.
    pub about: String,
    pub event: String,
    /// Why it lies there, as far as it is known.
    pub reason: String,
    pub does: String,
}

/// What a letter turns out to be.
enum Found {
    /// The layer still owes the event.
    Owed(Box<Stored>),
    /// An alert that is not told.
    Untold,
    /// Nothing is missing.
    Over,
    /// It names nothing of ours.
    Unreadable,
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// `{"letters": [...], "left": how many may lie there beside these, "done"}`; an unknown layer is an answer with `error`.
    pub(crate) async fn redrive(&self, layer: Option<&str>, run: bool) -> Result<Value, Error> {
        let layers: Vec<Layer> = match layer.map(str::parse::<Layer>) {
            None => Layer::ALL.to_vec(),
            Some(Ok(layer)) => vec![layer],
            Some(Err(_)) => {
                let known = Layer::ALL.map(Layer::as_str).join(", ");
                return Ok(json!({ "error": format!("there is no layer of that name; LAYER is one of {known}") }));
            }
        };
        let (mut letters, mut left) = (Vec::new(), 0);
        for layer in layers {
            let mut seen = 0;
            while seen < MOST {
                let page = self.queues.look(Line::Dead(layer)).await?;
                if page.is_empty() {
                    break;
                }
                seen += page.len();
                for letter in &page {
                    letters.push(self.redrive_one(layer, letter, run).await?);
                }
            }
            left += self.queues.depth(Line::Dead(layer)).await?.saturating_sub(if run { 0 } else { seen as u64 });
        }
        Ok(json!({ "letters": letters, "left": left, "done": run }))
    }

    async fn redrive_one(&self, layer: Layer, letter: &DeadLetter, run: bool) -> Result<Letter, Error> {
        let key = serde_json::from_str::<Key>(&letter.body).ok();
        let found = match &key {
            Some(key) => self.found(layer, key).await?,
            None => Found::Unreadable,
        };
        let mut line = Letter {
            layer: layer.as_str(),
            about: key.as_ref().map(|key| key.pk.clone()).unwrap_or_default(),
            event: key.as_ref().map(|key| key.sk.clone()).unwrap_or_default(),
            reason: String::new(),
            does: String::new(),
        };
        match (&found, &key) {
            (Found::Owed(stored), Some(key)) => {
                let event = &stored.event;
                let what = What::DeadLetter { layer, event: event.key().id.0 };
                line.about = event.order_name.clone().unwrap_or(line.about);
                line.event = event.key().id.0;
                line.reason = what.to_string();
                line.does = format!("goes back to {layer}, which takes it again");
                if run {
                    self.send_back(layer, key, stored, &what).await?;
                }
            }
            (Found::Untold, Some(key)) => {
                line.does = "goes back: you have not been told of it yet".to_owned();
                if run {
                    self.give(layer, key).await?;
                }
            }
            (Found::Over, _) => "is thrown away: nothing is missing any more".clone_into(&mut line.does),
            _ => {
                line.event = format!("message {}", letter.id);
                "stays: it names no event of ours; the watchdog tells you of it".clone_into(&mut line.does);
            }
        }
        if run && !matches!(found, Found::Unreadable) {
            self.queues.delete(Line::Dead(layer), letter).await?;
        }
        Ok(line)
    }

    async fn found(&self, layer: Layer, key: &Key) -> Result<Found, Error> {
        if let Ok(event_key) = key.event() {
            let stored = self.station.ledger.event(&event_key).await?;
            let owed = stored.filter(|stored| stored.owed_by(layer));
            return Ok(owed.map_or(Found::Over, |stored| Found::Owed(Box::new(stored))));
        }
        if !key.sk.starts_with("exception#") {
            return Ok(Found::Unreadable);
        }
        let known = |exception: &Exception| self.channels().into_iter().all(|channel| is_known(exception, channel));
        Ok(match self.exception(key).await? {
            Some(exception) if !known(&exception) => Found::Untold,
            _ => Found::Over,
        })
    }

    /// In the order of a replay: a crash in between loses nothing, and if the layer fails again, the owner hears of it again.
    async fn send_back(&self, layer: Layer, key: &Key, stored: &Stored, what: &What) -> Result<(), Failure> {
        let (ledger, now) = (&self.station.ledger, self.station.now());
        let event_key: EventKey = stored.event.key();
        let exception = self.about_event(&stored.event, what);
        ledger.acted_on(&event_key.subject, &exception.id).await?;
        ledger.owe_again(stored, layer, self.station.deadlines.due(Owed::Layer(layer), now)).await?;
        self.give(layer, key).await?;
        tracing::info!(subject = key.pk, event = key.sk, layer = %layer, "a dead letter goes back");
        Ok(())
    }
}
