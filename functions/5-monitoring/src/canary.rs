//! A channel is proven when the owner has answered something that came by it. Nobody answered for a week: a test alert goes out.
//! Nobody answers that within 48 hours: this is an exception, told on every channel, so the second one says what the first cannot.
//!
//! Where a channel stands lies in two bookmarks ([`ledger::ChannelState`]); the console writes the one, this the other.

use askama::Template;
use domain::Timestamp;
use domain::effect::EffectKey;
use domain::exception::{Exception, What};
use domain::subject::Subject;
use jiff::SignedDuration;
use lambda::{Clock, Failure, Queue};
use ledger::{ChannelState, LedgerError, Table};
use links::owner::canary_link;
use mailer::SendMail;
use serde_json::{Value, json};

use crate::channel::Channel;
use crate::post::{Post, Sent, later};
use crate::queues::Queues;
use crate::round::Round;
use crate::tell::is_known;
use crate::webhook::Urgency;
use crate::{Error, Monitoring};

/// A channel that nobody has answered on for so long is tested.
const EVERY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// So long the owner may take to answer.
const ANSWERED_WITHIN: SignedDuration = SignedDuration::from_hours(48);
/// A channel that has not taken an alert for so long fails.
const FAILS_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// How often a process looks: reading two rows every minute would cost more than all else of an idle month.
const LOOKS_EVERY: i64 = 1_800;

#[derive(Template)]
#[template(path = "canary.txt")]
struct Text<'a> {
    page: &'a Test,
}

#[derive(Template)]
#[template(path = "canary.html")]
struct Html<'a> {
    page: &'a Test,
}

/// What a test alert says.
struct Test {
    link: Option<String>,
    /// The one before was not answered.
    unread: bool,
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// Tests what is due to be tested, and raises what nobody answered.
    pub(crate) async fn watch_channels(&self, round: &mut Round) -> Result<(), Failure> {
        if !self.remembered.channels.is_over(round.now, LOOKS_EVERY) {
            return Ok(());
        }
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        for channel in self.channels() {
            let state = ledger.channel(store, channel.name()).await?;
            let Some(known) = state.known else {
                // The stack is new, or the channel is. `make deploy` tests it with the owner at hand.
                ledger.channel_known(store, channel.name(), round.now).await?;
                continue;
            };
            if let Some(tested) = unanswered(&state).filter(|tested| later(*tested, ANSWERED_WITHIN) <= round.now) {
                let sent = tested.to_string().chars().take("2026-11-22".len()).collect();
                let what = What::ChannelUnproven { channel: channel.name().to_owned(), sent };
                self.raise_for_channel(round, channel, &what).await?;
            }
            let due = later(known.max(state.acknowledged.unwrap_or(known)), EVERY);
            if due <= round.now {
                self.test(channel, due.as_second(), &state, round.now).await?;
            }
        }
        self.remembered.channels.note(round.now);
        Ok(())
    }

    /// Raises that a channel has not taken what another has, and closes that when it has taken all.
    pub(crate) async fn watch_failures(&self, round: &mut Round, open: &[Exception]) -> Result<(), LedgerError> {
        let channels = self.channels();
        if channels.len() < 2 {
            // There is nobody to tell it by another way; the alarm on the untold counts.
            return Ok(());
        }
        for channel in channels {
            let what = |minutes| What::ChannelFails { channel: channel.name().to_owned(), minutes };
            let slug = what(0).slug();
            // What says so cannot itself get through, and proves nothing.
            let waits = open.iter().filter(|e| e.what != slug && !is_known(e, channel));
            let oldest = waits.map(|exception| exception.raised).min();
            let overdue = oldest.filter(|raised| later(*raised, FAILS_AFTER) <= round.now);
            let known = open.iter().find(|e| e.what == slug && e.id == self.channel_exception(channel, &what(0)).id);
            match (overdue, known) {
                (Some(raised), None) => {
                    let minutes = round.now.duration_since(raised).as_mins();
                    self.raise_for_channel(round, channel, &what(minutes)).await?;
                }
                (None, Some(known)) if oldest.is_none() => {
                    self.station.ledger.heal(&known.subject, &known.id, self.station.now()).await?;
                    round.report.closed += 1;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn channel_exception(&self, channel: Channel, what: &What) -> Exception {
        Exception::raise(&self.station.store, what, channel.name(), self.station.now())
    }

    async fn raise_for_channel(&self, round: &mut Round, channel: Channel, what: &What) -> Result<(), LedgerError> {
        let exception = self.channel_exception(channel, what);
        if self.station.ledger.raise(&exception).await? {
            tracing::warn!(exception.id = exception.id, "exception");
            round.report.raised += 1;
        }
        Ok(())
    }

    /// Sends a test alert, once for each `at`; when it was taken, that is known as of `now`.
    async fn test(&self, channel: Channel, at: i64, state: &ChannelState, now: Timestamp) -> Result<Sent, Failure> {
        let key = EffectKey::Canary { channel: channel.name().to_owned(), at };
        let subject: &Subject = &self.station.store;
        let since = self.station.now();
        let post = Post { channel, subject, key, note: Default::default(), since, urgency: Urgency::Notice };
        let sent = self
            .post(post, async |effect| {
                let link = self.alerts.links.as_ref();
                let link = link.map(|links| canary_link(&links.console, &links.key, channel.name(), at, since));
                let page = Test { link, unread: unanswered(state).is_some() };
                let (text, html) = (Text { page: &page }.render()?, Html { page: &page }.render()?);
                let title = "Baton: test alert, please answer".to_owned();
                Ok(self.alerts.letter(subject.clone(), title, text, html, effect))
            })
            .await?;
        if matches!(sent, Sent::Now | Sent::Before) {
            self.station.ledger.channel_tested(subject, channel.name(), now).await?;
        }
        Ok(sent)
    }

    /// `make test-alert`: one on every channel now. `{"channels": [{"channel", "sent", "why"?, "acknowledged"}]}`, the last being
    /// when the owner last answered by that channel, or null.
    pub(crate) async fn test_alert(&self) -> Result<Value, Error> {
        let now = self.station.now();
        let mut said = Vec::new();
        for channel in self.channels() {
            let state = self.station.ledger.channel(&self.station.store, channel.name()).await?;
            let sent = self.test(channel, now.as_second(), &state, now).await?;
            let why = match sent {
                Sent::Now | Sent::Before => None,
                Sent::Never => Some("it was refused before".to_owned()),
                Sent::Later(at) | Sent::Trouble(at) => {
                    Some(format!("the channel did not take it; the log says why. Try again after {at:.0}"))
                }
            };
            let acknowledged = state.acknowledged.map(|at| format!("{at:.0}"));
            said.push(json!({
                "channel": channel.name(), "sent": why.is_none(), "why": why, "acknowledged": acknowledged,
                "link": self.alerts.links.is_some(),
            }));
        }
        Ok(json!({ "channels": said }))
    }
}

/// When the last test alert was sent, if nobody has answered since.
fn unanswered(state: &ChannelState) -> Option<Timestamp> {
    state.tested.filter(|tested| state.acknowledged.is_none_or(|answered| answered < *tested))
}
