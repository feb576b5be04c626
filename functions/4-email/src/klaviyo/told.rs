//! Each call claimed, made, settled.

use std::collections::BTreeMap;

use domain::effect::{Effect, EffectKey, State};
use domain::exception::What;
use domain::handoff::Layer;
use domain::provider::Trouble;
use lambda::turn::Line;
use lambda::{Clock, Failure, Outcome, Queue};
use ledger::{Claim, Lease, Stored, Table};
use mailer::SendMail;

use super::Klaviyo;
use super::client::{Call, NAME};
use crate::Email;
use crate::post::SKIP;

/// How a claim ended.
enum Held {
    Ours(Lease),
    /// It is told, or was left out.
    Over,
    Told(What),
    End(Outcome),
}

impl<T, Q, C, S, M, W> Email<'_, T, Q, C, S, M, W>
where
    T: Table,
    Q: Queue,
    C: Clock,
    M: SendMail,
{
    /// Makes the calls that are missing, when it is their turn. `effects` are those of the subject so far.
    pub(super) async fn tell(
        &self,
        stored: &Stored,
        klaviyo: &Klaviyo,
        line: Line<'_>,
        effects: &[Effect],
        calls: Vec<(EffectKey, Call)>,
    ) -> Result<Outcome, Failure> {
        let known = |key: &EffectKey| effects.iter().find(|effect| effect.key == *key);
        let done = |key: &EffectKey| known(key).is_some_and(|effect| matches!(effect.state, State::Done { .. }));
        let missing: Vec<_> = calls.into_iter().filter(|(key, _)| !done(key)).collect();
        let Some((first, _)) = missing.first() else { return Ok(Outcome::done()) };
        let count = u32::try_from(missing.len()).unwrap_or(u32::MAX);
        if let Some(waits) = self.station.its_turn(stored, Layer::Email, first, known(first), line, count).await? {
            return Ok(waits);
        }
        let mut told = Vec::new();
        for (key, call) in missing {
            let lease = match self.held(stored, &key).await? {
                Held::Ours(lease) => lease,
                Held::Over => continue,
                Held::Told(what) => {
                    told.push(what);
                    continue;
                }
                Held::End(outcome) => return self.end(stored, told, outcome).await,
            };
            // Whatever became of an attempt before: saying it again is saying it once.
            match klaviyo.make(&call).await {
                Ok(()) => {
                    tracing::info!(subject = %stored.event.subject, effect = %key, "klaviyo was told");
                    let reference = key.hash(&stored.event.subject);
                    self.settle(lease, State::Done { reference }, BTreeMap::new(), None).await?;
                }
                Err(trouble) => {
                    let goes_on = matches!(trouble, Trouble::Refused { .. });
                    let trouble = self.station.slowed(line, 1, trouble.nothing_sent()).await?;
                    let settled = self.station.settle_trouble(stored, lease, Layer::Email, NAME, trouble, broken);
                    match settled.await? {
                        Outcome::Raise(whats) if goes_on => told.extend(whats),
                        outcome => return self.end(stored, told, outcome).await,
                    }
                }
            }
        }
        Ok(if told.is_empty() { Outcome::done() } else { Outcome::Raise(told) })
    }

    /// Klaviyo hears nothing of it, and why.
    pub(super) async fn left_out(&self, stored: &Stored, key: &EffectKey, why: &str) -> Result<Outcome, Failure> {
        match self.held(stored, key).await? {
            Held::Ours(lease) => {
                tracing::info!(subject = %stored.event.subject, effect = %key, reason = why, "klaviyo is told nothing");
                self.refuse(lease, why).await?;
                Ok(Outcome::done())
            }
            Held::Over => Ok(Outcome::done()),
            Held::Told(what) => Ok(Outcome::raise(what)),
            Held::End(outcome) => Ok(outcome),
        }
    }

    async fn held(&self, stored: &Stored, key: &EffectKey) -> Result<Held, Failure> {
        let (subject, now) = (&stored.event.subject, self.station.now());
        Ok(match self.station.ledger.claim(subject, key, now, self.station.lease).await? {
            Claim::Ours(lease) => Held::Ours(lease),
            Claim::Done { .. } => Held::Over,
            Claim::Refused { reason } if reason.starts_with(SKIP) => Held::Over,
            Claim::Refused { reason } => Held::Told(broken(reason)),
            Claim::Busy { until } => {
                Held::End(self.come_back(stored, until, "an earlier attempt to tell klaviyo has to end"))
            }
            Claim::Waiting { not_before, reason } => Held::End(self.come_back(stored, not_before, &reason)),
        })
    }
}

fn broken(why: String) -> What {
    What::ProviderBroken { layer: Layer::Email, provider: NAME.to_owned(), why }
}
