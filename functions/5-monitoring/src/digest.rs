//! Once a day: what is still open, what is paused, and what has healed. Where there is none of these, nothing is sent.
//!
//! What the owner has acknowledged is one line each and without a next step; the rest says it all again. The digest of a day says
//! what had healed a moment before its hour, so that a second try of the same digest says the same of it.

use std::sync::atomic::Ordering;

use askama::Template;
use domain::Timestamp;
use domain::effect::EffectKey;
use domain::exception::{Exception, Life};
use jiff::SignedDuration;
use lambda::{Clock, Failure, Queue};
use ledger::{Pause, Table};
use links::owner::open_link;
use mailer::SendMail;

use crate::Monitoring;
use crate::channel::Channel;
use crate::letter::Page;
use crate::post::{Post, Sent, later};
use crate::queues::Queues;
use crate::round::Round;
use crate::webhook::Urgency;

/// The bookmark of the last digest.
const DIGEST: &str = "digest";
/// So many entries of each kind are listed.
const LISTED: usize = 50;
/// What healed later than this before the hour is tomorrow's: its row may not be in the index yet.
const INDEX_LAGS: SignedDuration = SignedDuration::from_secs(60);
/// A pause that began less than this before the hour is not forgotten yet.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(1);
/// A channel that does not take the digest keeps it from ending for so long at most.
const WAITS_FOR_ALL: SignedDuration = SignedDuration::from_hours(1);

#[derive(Template)]
#[template(path = "digest.txt")]
struct Text<'a> {
    page: &'a Digest,
}

#[derive(Template)]
#[template(path = "digest.html")]
struct Html<'a> {
    page: &'a Digest,
}

/// A paused layer, in the owner's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    pub layer: &'static str,
    pub since: String,
}

/// What a digest says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digest {
    pub title: String,
    /// Layers that have been paused for longer than a pause takes to be forgotten.
    pub paused: Vec<Paused>,
    pub open: Vec<Page>,
    pub more_open: usize,
    pub acknowledged: Vec<String>,
    pub more_acknowledged: usize,
    pub healed: Vec<String>,
    pub more_healed: usize,
    pub link: Option<String>,
}

impl Digest {
    /// From what is listed: open, acknowledged and healed, each in the order given; and what is paused. `None`: there is nothing
    /// to say.
    #[must_use]
    pub fn new(listed: &[Exception], healed: &[Exception], paused: Vec<Paused>) -> Option<Self> {
        let of = |state: Life| listed.iter().filter(move |exception| exception.state == state);
        let (open, acknowledged) = (of(Life::Open).count(), of(Life::Acknowledged).count());
        if open + acknowledged + healed.len() + paused.len() == 0 {
            return None;
        }
        let page = |exception: &Exception| Page::new(exception, exception.order_name.as_deref());
        let line = |exception: &Exception| {
            let page = page(exception);
            format!("{}: {}", page.who, page.reason)
        };
        let title = match open + acknowledged {
            0 => format!("nothing is open, {} healed", healed.len()),
            all => format!("{all} open, {} healed", healed.len()),
        };
        Some(Self {
            title: match &*paused {
                [] => format!("Baton: {title}"),
                [one] => format!("Baton: {} is paused, {title}", one.layer),
                more => format!("Baton: {} layers are paused, {title}", more.len()),
            },
            paused,
            open: of(Life::Open).take(LISTED).map(page).collect(),
            more_open: open.saturating_sub(LISTED),
            acknowledged: of(Life::Acknowledged).take(LISTED).map(line).collect(),
            more_acknowledged: acknowledged.saturating_sub(LISTED),
            healed: healed.iter().take(LISTED).map(line).collect(),
            more_healed: healed.len().saturating_sub(LISTED),
            link: None,
        })
    }
}

/// The last time that a day's hour struck, at or before `now`. Hours are UTC's.
#[must_use]
pub fn struck(now: Timestamp, hour: i8) -> Timestamp {
    let day = 86_400;
    let into = now.as_second().saturating_sub(i64::from(hour) * 3_600).rem_euclid(day);
    Timestamp::from_second(now.as_second().saturating_sub(into)).unwrap_or(now)
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// The digest, when its hour has struck. The first one comes a day's hour after the stack began.
    pub(crate) async fn digest(&self, round: &mut Round) -> Result<(), Failure> {
        let hour = struck(round.now, self.alerts.digest_hour);
        if self.remembered.digest.load(Ordering::Relaxed) == hour.as_second() {
            return Ok(());
        }
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let last = ledger.bookmark(store, DIGEST).await?;
        let due = last.as_ref().is_some_and(|mark| mark.at < hour);
        if due && !self.send_digest(round, hour).await? {
            return Ok(());
        }
        if due || last.is_none() {
            ledger.move_bookmark(store, DIGEST, last.as_ref(), "", round.now).await?;
        }
        self.remembered.digest.store(hour.as_second(), Ordering::Relaxed);
        Ok(())
    }

    /// `true`: the owner has it, or there is nothing to say.
    async fn send_digest(&self, round: &mut Round, hour: Timestamp) -> Result<bool, Failure> {
        let listed = self.station.ledger.listed_exceptions().await?;
        let by = hour.checked_sub(INDEX_LAGS).unwrap_or(hour);
        let (mut healed, listed): (Vec<_>, Vec<_>) = listed.into_iter().partition(|e| e.state == Life::Resolved);
        healed.retain(|exception| exception.healed.is_some_and(|healed| !healed.told && healed.at <= by));
        let long = hour.checked_sub(FORGOTTEN).unwrap_or(hour);
        let mut paused = self.station.ledger.pauses(&self.station.store).await?;
        paused.retain(|pause| pause.since <= long);
        let since = |pause: &Pause| Paused { layer: pause.layer.as_str(), since: format!("{:.0}", pause.since) };
        let paused = paused.iter().map(since).collect();
        let Some(digest) = Digest::new(&listed, &healed, paused) else { return Ok(true) };
        let (mut all, mut any) = (true, false);
        for channel in self.channels() {
            let takes = self.alerts.webhook.as_ref().is_some_and(super::webhook::Webhook::takes_digests);
            if channel == Channel::Webhook && !takes {
                continue;
            }
            match self.post_digest(channel, hour, &digest).await? {
                Sent::Now | Sent::Before | Sent::Never => any = true,
                Sent::Later(_) | Sent::Trouble(_) => all = false,
            }
        }
        let long_enough = any && later(hour, WAITS_FOR_ALL) <= round.now;
        if !all && !long_enough {
            return Ok(false);
        }
        for exception in &healed {
            self.station.ledger.healing_told(exception).await?;
        }
        tracing::info!(open = listed.len(), healed = healed.len(), "the digest went out");
        Ok(true)
    }

    async fn post_digest(&self, channel: Channel, hour: Timestamp, digest: &Digest) -> Result<Sent, Failure> {
        let day: String = hour.to_string().chars().take("2026-11-22".len()).collect();
        let key = EffectKey::Digest { channel: channel.name().to_owned(), day };
        let subject = &self.station.store;
        let post = Post { channel, subject, key, note: Default::default(), since: hour, urgency: Urgency::Notice };
        self.post(post, async |effect| {
            let now = self.station.now();
            let link = self.alerts.links.as_ref();
            let link = link.map(|links| open_link(&links.console, &links.key, channel.name(), now));
            let page = Digest { link, ..digest.clone() };
            let (text, html) = (Text { page: &page }.render()?, Html { page: &page }.render()?);
            Ok(self.alerts.letter(subject.clone(), page.title.clone(), text, html, effect))
        })
        .await
    }
}
