//! The webhook subscriptions, looked at once an hour: what is missing is made, and one that was there before and is gone is told.
//!
//! Each is an effect under its claim. Making one twice does no harm (the store refuses it), so a claim in doubt is settled by
//! looking at the list, and by trying again.

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;
use domain::effect::{EffectKey, State};
use domain::exception::{Exception, What};
use domain::handoff::Layer;
use domain::provider::Trouble;
use jiff::SignedDuration;
use lambda::{Clock, Queue};
use ledger::{Bookmark, Claim, Table};
use serde::{Deserialize, Serialize};
use store::{Subscription, Subscriptions, Topic};

use crate::rounds::{Error, Rounds};

const BOOKMARK: &str = "subscriptions";

/// Noticed within the hour, with rounds every ten minutes.
const EVERY: SignedDuration = SignedDuration::from_mins(50);

/// What the last looks found, as the bookmark holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// Names the effects of the look under way: it moves on when a look has come to its end.
    look: String,
    /// Topics that were subscribed at the end of the last look.
    #[serde(default)]
    known: BTreeSet<String>,
    /// Topics whose subscription is being made.
    #[serde(default)]
    making: BTreeSet<String>,
    /// Topics the store refuses to tell us of; the owner knows.
    #[serde(default)]
    refused: BTreeSet<String>,
}

/// One subscription, as the operator reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub topic: &'static str,
    pub purpose: &'static str,
    /// Who lives on it.
    pub layer: Layer,
    /// `there`, `made`, `made again`, `later: …`, `refused: …`.
    pub state: String,
}

/// What became of one topic.
enum Made {
    There,
    Now,
    Again,
    Later(String),
    Refused(String),
}

impl Made {
    fn words(&self) -> String {
        match self {
            Self::There => "there".to_owned(),
            Self::Now => "made".to_owned(),
            Self::Again => "made again".to_owned(),
            Self::Later(why) => format!("later: {why}"),
            Self::Refused(why) => format!("refused: {why}"),
        }
    }
}

impl<T: Table, Q: Queue, C: Clock, S: Subscriptions> Rounds<'_, T, Q, C, S> {
    pub(crate) async fn subscriptions_if_due(&self, now: Timestamp) -> Result<Option<Vec<Line>>, Error> {
        let mark = self.station.ledger.bookmark(&self.station.store, BOOKMARK).await?;
        if mark.as_ref().is_some_and(|mark| now.duration_since(mark.at) < EVERY) {
            return Ok(None);
        }
        self.look_at_subscriptions(mark, now).await.map(Some)
    }

    /// Looks now, whether it is due or not: the operator's request.
    pub async fn subscriptions(&self, now: Timestamp) -> Result<Vec<Line>, Error> {
        let mark = self.station.ledger.bookmark(&self.station.store, BOOKMARK).await?;
        self.look_at_subscriptions(mark, now).await
    }

    async fn look_at_subscriptions(&self, mut mark: Option<Bookmark>, now: Timestamp) -> Result<Vec<Line>, Error> {
        let fresh = || Place {
            // Not the moment itself: that is what the next look's claims are named after.
            look: format!("before-{now}"),
            known: BTreeSet::new(),
            making: BTreeSet::new(),
            refused: BTreeSet::new(),
        };
        let read = |mark: &Bookmark| serde_json::from_str(&mark.place).unwrap_or_else(|_| fresh());
        let mut place: Place = mark.as_ref().map_or_else(fresh, read);
        let list = self.store.subscriptions().await?;
        let there = |topic: &Topic| list.iter().any(|one| fits(one, topic, &self.settings.webhooks));
        let to_make: BTreeSet<String> =
            self.settings.topics.iter().filter(|topic| !there(topic)).map(|topic| topic.name.to_owned()).collect();
        if !to_make.is_subset(&place.making) {
            place.making.extend(to_make);
            // Written down first: whoever comes after a crash settles what was begun. Not at its end, so due at once.
            let at = mark.as_ref().map_or(Timestamp::UNIX_EPOCH, |mark| mark.at);
            mark = self.keep_place(mark, &place, at).await?;
        }
        let were_refused = !place.refused.is_empty();
        let (mut lines, mut again, mut why) = (Vec::new(), Vec::new(), None);
        for topic in self.settings.topics {
            let made = if place.making.contains(topic.name) {
                self.make(&place, topic, there(topic), now).await?
            } else {
                Made::There
            };
            note(&mut place, topic, &made);
            match &made {
                Made::Again => again.push(topic.name.to_owned()),
                Made::Refused(reason) => why = Some(reason.clone()),
                Made::There | Made::Now | Made::Later(_) => {}
            }
            lines.push(Line { topic: topic.name, purpose: topic.purpose, layer: topic.consumer, state: made.words() });
        }
        self.tell_of(&place, again, why, were_refused).await?;
        let at = match (&mark, place.making.is_empty()) {
            (_, true) => {
                place.look = now.to_string();
                now
            }
            (Some(mark), false) => mark.at,
            (None, false) => Timestamp::UNIX_EPOCH,
        };
        self.keep_place(mark, &place, at).await?;
        Ok(lines)
    }

    /// Makes one subscription under its claim.
    async fn make(&self, place: &Place, topic: &Topic, there: bool, now: Timestamp) -> Result<Made, Error> {
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let key = EffectKey::Subscription { topic: topic.name.to_owned(), at: place.look.clone() };
        let made = if place.known.contains(topic.name) { Made::Again } else { Made::Now };
        let lease = match ledger.claim(store, &key, self.station.now(), self.station.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Done { .. } => return Ok(made),
            Claim::Refused { reason } => return Ok(Made::Refused(reason)),
            Claim::Busy { .. } => return Ok(Made::Later("another round is at it".to_owned())),
            Claim::Waiting { reason, .. } => return Ok(Made::Later(reason)),
        };
        let tried = if there { Ok(()) } else { self.store.subscribe(topic.name, &self.settings.webhooks).await };
        let (state, made) = match tried {
            Ok(()) => (State::Done { reference: self.settings.webhooks.clone() }, made),
            Err(Trouble::Refused { why } | Trouble::Broken { why }) => {
                (State::Refused { reason: why.clone() }, Made::Refused(why))
            }
            // Whether it was made or not, the next look sees.
            Err(trouble) => {
                let reason = trouble.to_string();
                (State::Waiting { not_before: now, reason: reason.clone() }, Made::Later(reason))
            }
        };
        ledger.settle(lease, state, BTreeMap::new(), None, self.station.now()).await?;
        Ok(made)
    }

    /// What the owner hears of it: one exception for all topics that were made again, and one for all that are refused.
    async fn tell_of(
        &self,
        place: &Place,
        again: Vec<String>,
        why: Option<String>,
        were_refused: bool,
    ) -> Result<(), Error> {
        if !again.is_empty() {
            let cause = format!("{} {}", again.join(" "), place.look);
            self.tell_once(&What::SubscriptionLost { topics: again }, &cause).await?;
        }
        let topics = place.refused.iter().cloned().collect();
        let what = What::SubscriptionsRefused { topics, why: why.clone().unwrap_or_default() };
        let refusal = Exception::raise(&self.station.store, &what, "all", self.station.now());
        match (place.refused.is_empty(), why) {
            (false, Some(_)) => {
                self.station.ledger.raise(&refusal).await?;
            }
            (true, _) if were_refused => {
                self.station.ledger.heal(&self.station.store, &refusal.id, self.station.now()).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn keep_place(
        &self,
        mark: Option<Bookmark>,
        place: &Place,
        at: Timestamp,
    ) -> Result<Option<Bookmark>, Error> {
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let text = serde_json::to_string(place)?;
        if !ledger.move_bookmark(store, BOOKMARK, mark.as_ref(), &text, at).await? {
            return Err(Error::Overtaken);
        }
        Ok(ledger.bookmark(store, BOOKMARK).await?)
    }
}

/// What the next look has to know.
fn note(place: &mut Place, topic: &Topic, made: &Made) {
    let name = topic.name;
    match made {
        Made::Later(_) => return,
        Made::Refused(_) => {
            place.known.remove(name);
            place.refused.insert(name.to_owned());
        }
        Made::There | Made::Now | Made::Again => {
            place.refused.remove(name);
            place.known.insert(name.to_owned());
        }
    }
    place.making.remove(name);
}

fn fits(subscription: &Subscription, topic: &Topic, address: &str) -> bool {
    subscription.topic == topic.name && subscription.address == address
}
