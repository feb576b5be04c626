//! The owner is told of an exception, on every channel, together with what has the same cause.
//!
//! 500 orders with one cause are one alert, with their number and the list. So an alert about an order waits a moment for others
//! of its group ([`Exception::group`]: kind, layer and provider), and longer while more keep coming. Then one of those who wait
//! tells of all of them: which one, is settled by a bookmark for each group and channel, which also says until when the group is
//! quiet. Nothing is suppressed: what comes in the quiet time is told at its end.
//!
//! One exception alone is an alert under its own effect. Several are told under the effect of the oldest, whose words say which
//! others went along: a crash between the alert and marking them all is made good from there.

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;
use domain::exception::{Exception, Life};
use domain::subject::{Subject, short_hash};
use domain::verdict::Standing;
use jiff::SignedDuration;
use lambda::{Clock, Failure, Key, Queue};
use ledger::{LedgerError, Table};
use links::Purpose;
use links::owner::{Named, OWNER_LINK, exception_link, open_link};
use mailer::SendMail;

use crate::Monitoring;
use crate::channel::Channel;
use crate::letter::{self, Ways};
use crate::post::{Post, Sent, later};
use crate::queues::Queues;
use crate::webhook::Urgency;

/// What asks the owner for a decision about a held order.
const TO_BE_DECIDED: [&str; 3] = ["held", "hold-refused", "late-held-order"];
/// So many of them are told each by itself; more are one alert, whose list leads to each decision.
const DECIDED_EACH: usize = 5;
/// A storm is never quiet for longer.
const LONGEST_QUIET: i64 = 600;
/// So many orders fit one alert's effect; more are another alert.
const MOST_TOGETHER: usize = 5_000;
/// The word of an effect that names who went along.
const WITH: &str = "with";

/// What came of telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The owner has it, now or from before, or need not have it any more.
    Known,
    /// Not yet; try again then.
    Later(Timestamp),
    /// Not yet, because the channel did not take it just now; try again then.
    Trouble(Timestamp),
}

impl Told {
    /// What is left to do on both channels.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known, told) | (told, Self::Known) => told,
            (Self::Trouble(a), Self::Later(b) | Self::Trouble(b)) | (Self::Later(a), Self::Trouble(b)) => {
                Self::Trouble(a.min(b))
            }
            (Self::Later(a), Self::Later(b)) => Self::Later(a.min(b)),
        }
    }
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// A key names an exception: it is told.
    pub(crate) async fn tell_key(&self, key: &Key) -> Result<Told, Failure> {
        let Some(exception) = self.exception(key).await? else {
            tracing::warn!(subject = key.pk, exception = key.sk, "the exception to tell is gone");
            return Ok(Told::Known);
        };
        self.tell(&exception).await
    }

    /// The exception that a key names.
    pub(crate) async fn exception(&self, key: &Key) -> Result<Option<Exception>, LedgerError> {
        match (key.pk.parse::<Subject>(), key.sk.strip_prefix("exception#")) {
            (Ok(subject), Some(id)) => self.station.ledger.exception(&subject, id).await,
            _ => Ok(None),
        }
    }

    /// Tells the owner on every channel, unless that is done or no longer needed.
    pub async fn tell(&self, exception: &Exception) -> Result<Told, Failure> {
        let mut told = Told::Known;
        for channel in self.channels() {
            told = told.and(self.tell_on(channel, exception, self.station.now()).await?);
        }
        Ok(told)
    }

    /// Tells the owner on one channel, as of a moment that may be later than now.
    pub(crate) async fn tell_on(
        &self,
        channel: Channel,
        exception: &Exception,
        as_of: Timestamp,
    ) -> Result<Told, Failure> {
        if is_known(exception, channel) {
            return Ok(Told::Known);
        }
        // What concerns the store as a whole is one thing by itself.
        if matches!(exception.subject, Subject::Store(_)) {
            return self.alert(channel, std::slice::from_ref(exception)).await;
        }
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let turn = format!("telling#{channel}#{}", exception.group());
        let before = ledger.bookmark(store, &turn).await?;
        if let Some(quiet) = before.as_ref().filter(|mark| mark.at > as_of) {
            return Ok(Told::Later(quiet.at));
        }
        let lapses = later(self.station.now(), self.station.lease);
        let quiet = before.as_ref().map_or("0", |mark| &mark.place).to_owned();
        if !ledger.move_bookmark(store, &turn, before.as_ref(), &quiet, lapses).await? {
            // Somebody else is at it.
            return Ok(Told::Later(later(self.station.now(), SignedDuration::from_secs(1))));
        }
        let ours = ledger.bookmark(store, &turn).await?;
        let members = self.untold_with(channel, exception).await?;
        let ready = self.ready(&members);
        let (told, next, quiet) = if ready > as_of {
            (Told::Later(ready), ready, 0)
        } else {
            let told = self.alert_all(channel, &members).await?;
            let quiet = self.quiet_after(
                if decided_each(&members) { 1 } else { members.len() },
                before.as_ref().map(|mark| (mark.at, &*mark.place)),
            );
            let next = match told {
                Told::Known => later(self.station.now(), SignedDuration::from_secs(quiet)),
                // The alert's own effect says when to try again; whoever comes earlier may find it settled meanwhile.
                Told::Later(_) | Told::Trouble(_) => self.station.now(),
            };
            (told, next, quiet)
        };
        // If the lease was over meanwhile, the bookmark is another's.
        ledger.move_bookmark(store, &turn, ours.as_ref(), &quiet.to_string(), next).await?;
        Ok(told)
    }

    /// All that is open, has the same cause and is untold on this channel; the oldest first. This one is among them, unless it was
    /// told meanwhile.
    async fn untold_with(&self, channel: Channel, exception: &Exception) -> Result<Vec<Exception>, LedgerError> {
        let ledger = &self.station.ledger;
        let group = exception.group();
        let mut members = ledger.open_exceptions().await?;
        // The index lags behind; the row itself does not.
        members.retain(|other| other.id != exception.id && other.group() == group && !is_known(other, channel));
        members.retain(|other| !matches!(other.subject, Subject::Store(_)));
        let itself = ledger.exception(&exception.subject, &exception.id).await?;
        members.extend(itself.filter(|itself| !is_known(itself, channel)));
        members.sort_by_cached_key(|member| (member.raised, member.id.clone()));
        members.truncate(MOST_TOGETHER);
        Ok(members)
    }

    /// When an alert about these goes out: once no more have come for a moment, and after three such moments at the latest.
    fn ready(&self, members: &[Exception]) -> Timestamp {
        let gather = self.alerts.gather;
        let (Some(oldest), Some(newest)) = (members.first(), members.last()) else { return Timestamp::MIN };
        later(newest.raised, gather).min(later(oldest.raised, gather.saturating_mul(3)))
    }

    /// So many seconds are quiet after an alert about so many: longer each time while a storm lasts. `before`: until when it was
    /// quiet last, and for how long.
    fn quiet_after(&self, members: usize, before: Option<(Timestamp, &str)>) -> i64 {
        if members < 2 {
            return self.alerts.gather.as_secs();
        }
        let lasts = |(until, _): &(Timestamp, &str)| {
            self.station.now().duration_since(*until).as_secs() < self.alerts.storm.as_secs()
        };
        let last = before.filter(lasts).and_then(|(_, quiet)| quiet.parse::<i64>().ok()).unwrap_or(0);
        let storm = self.alerts.storm.as_secs();
        last.saturating_mul(2).clamp(storm, LONGEST_QUIET.max(storm))
    }

    /// One alert about all of these; a few orders that each wait for a decision are an alert each, with its own link.
    async fn alert_all(&self, channel: Channel, members: &[Exception]) -> Result<Told, Failure> {
        if !decided_each(members) {
            return self.alert(channel, members).await;
        }
        let mut told = Told::Known;
        for member in members {
            told = told.and(self.alert(channel, std::slice::from_ref(member)).await?);
        }
        Ok(told)
    }

    /// One alert about all of these, under the effect of the first.
    async fn alert(&self, channel: Channel, members: &[Exception]) -> Result<Told, Failure> {
        let Some((first, others)) = members.split_first() else { return Ok(Told::Known) };
        let ledger = &self.station.ledger;
        let with = others.iter().map(mark).collect::<Vec<_>>().join(" ");
        let note = BTreeMap::from_iter((!others.is_empty()).then(|| (WITH.to_owned(), with)));
        let (subject, key) = (&first.subject, channel.alert(first));
        let post = Post { channel, subject, key: key.clone(), note, since: first.raised, urgency: Urgency::Alert };
        let sent = self
            .post(post, async |effect| {
                self.note_incident(channel, members, &effect).await?;
                let ways = self.ways(channel, first, others.is_empty()).await?;
                if others.is_empty() {
                    let name = self.order_name(first).await?;
                    return Ok(letter::one(first, name.as_deref(), &self.alerts, effect, ways)?);
                }
                Ok(letter::several(first, members, &self.alerts, effect, ways)?)
            })
            .await?;
        match sent {
            Sent::Now => {
                self.mark_told(channel, first, &others.iter().collect::<Vec<_>>()).await?;
                tracing::info!(exception.id = first.id, count = members.len(), channel = %channel, "the owner is told");
                Ok(Told::Known)
            }
            Sent::Before => {
                let effects = ledger.journey(subject).await?.effects;
                let note = effects.into_iter().find(|effect| effect.key == key).map(|effect| effect.note);
                let with = note.and_then(|mut note| note.remove(WITH)).unwrap_or_default();
                let with: BTreeSet<&str> = with.split(' ').collect();
                let (along, left): (Vec<_>, Vec<_>) = others.iter().partition(|other| with.contains(&*mark(other)));
                self.mark_told(channel, first, &along).await?;
                let again = later(self.station.now(), SignedDuration::from_secs(1));
                Ok(if left.is_empty() { Told::Known } else { Told::Later(again) })
            }
            Sent::Never => Ok(Told::Known),
            Sent::Later(at) => Ok(Told::Later(at)),
            Sent::Trouble(at) => Ok(Told::Trouble(at)),
        }
    }

    /// The first last: as long as it is untold, whoever comes next finds its effect, and from there the others.
    async fn mark_told(&self, channel: Channel, first: &Exception, others: &[&Exception]) -> Result<(), LedgerError> {
        for exception in others.iter().copied().chain([first]) {
            self.station.ledger.told(exception, channel.name()).await?;
        }
        Ok(())
    }

    /// What the owner can click.
    pub(crate) async fn ways(&self, channel: Channel, exception: &Exception, alone: bool) -> Result<Ways, LedgerError> {
        let Some(links) = &self.alerts.links else { return Ok(Ways::default()) };
        let now = self.station.now();
        let named = || Named {
            channel: channel.name().to_owned(),
            subject: exception.subject.clone(),
            id: exception.id.clone(),
            round: exception.round,
        };
        Ok(Ways {
            decide: if alone { self.decision_link(exception).await? } else { None },
            acknowledge: alone.then(|| exception_link(&links.console, &links.key, &named(), now)),
            open: Some(open_link(&links.console, &links.key, channel.name(), now)),
        })
    }

    /// Where the owner decides about the hold that this is about; `None` where there is nothing to decide, or no page to do it on.
    async fn decision_link(&self, exception: &Exception) -> Result<Option<String>, LedgerError> {
        let (Some(links), Some(order)) = (&self.alerts.links, exception.subject.order()) else { return Ok(None) };
        if !TO_BE_DECIDED.contains(&exception.what.as_str()) {
            return Ok(None);
        }
        let standing = Standing::of(&self.station.ledger.journey(&exception.subject).await?.events);
        let Some(round) = standing.held() else { return Ok(None) };
        let token =
            links.key.sign(Purpose::Decision, &format!("{order}#{round}"), later(self.station.now(), OWNER_LINK));
        Ok(Some(format!("{}decisions/{token}", links.console)))
    }

    /// The order's name: most events carry it, a partner's do not.
    async fn order_name(&self, exception: &Exception) -> Result<Option<String>, LedgerError> {
        if exception.order_name.is_some() || exception.subject.order().is_none() {
            return Ok(exception.order_name.clone());
        }
        let journey = self.station.ledger.journey(&exception.subject).await?;
        Ok(journey.events.into_iter().find_map(|event| event.order_name))
    }
}

/// Whether there is nothing to tell on this channel.
pub(crate) fn is_known(exception: &Exception, channel: Channel) -> bool {
    exception.state != Life::Open || exception.told_on(channel.name())
}

/// Whether these are few enough, and each wants a decision of its own.
fn decided_each(members: &[Exception]) -> bool {
    members.len() <= DECIDED_EACH && members.iter().all(|member| TO_BE_DECIDED.contains(&member.what.as_str()))
}

/// An exception's round, as an effect's words name it.
fn mark(exception: &Exception) -> String {
    short_hash(&[&exception.id, &exception.round.to_string()], 10)
}
