//! Effects: claim, act, settle. Each happens once because it runs under its row.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::Timestamp;
use domain::effect::{Effect, EffectKey, State};
use domain::subject::Subject;
use jiff::SignedDuration;

use crate::row::{EffectRow, Row};
use crate::{Ledger, LedgerError, Table};

/// The right to act, until the lease ends. Only its holder can settle the effect.
#[derive(Debug, Clone)]
pub struct Lease {
    pub effect: Effect,
    rev: u64,
}

impl Lease {
    /// Since when an earlier attempt is in doubt; the provider must be asked before anything is sent.
    #[must_use]
    pub fn doubt_since(&self) -> Option<Timestamp> {
        self.effect.doubt_since
    }

    /// The provider was asked, or the written rule applies: the earlier attempt did not do it. What is in doubt from now on is
    /// this attempt.
    #[must_use]
    pub fn not_done_before(mut self) -> Self {
        self.effect.doubt_since = None;
        self
    }

    /// Adds to the effect's words; whatever the effect is settled as, they are written with it.
    #[must_use]
    pub fn noting(mut self, note: BTreeMap<String, String>) -> Self {
        self.effect.note.extend(note);
        self
    }

    /// The effect's hash, as mails carry it.
    #[must_use]
    pub fn hash(&self) -> String {
        self.effect.key.hash(&self.effect.subject)
    }
}

/// The answer to a claim.
#[derive(Debug, Clone)]
pub enum Claim {
    /// Act now, then settle.
    Ours(Lease),
    /// Another attempt holds it, or its doubt has not settled, until then.
    Busy { until: Timestamp },
    /// It waits for its time.
    Waiting { not_before: Timestamp, reason: String },
    /// It happened already.
    Done { reference: String },
    /// It was refused already.
    Refused { reason: String },
}

/// The answer to a refusal from outside, e.g. a cancellation that wants to be first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is refused now, or was already: it will not happen.
    Stands,
    /// Somebody is at it, or it is in doubt, until then: too early to tell.
    Busy { until: Timestamp },
    /// An attempt ended without an answer and nobody has asked the provider yet.
    InDoubt,
    /// Too late: it happened.
    Done { reference: String },
}

const TRIES: u32 = 8;

impl<T: Table> Ledger<T> {
    /// Claims an effect for `lease` from `now` on: put if absent, or waiting and due, or held by a lease that is over. The last
    /// leaves doubt: that attempt may have acted.
    pub async fn claim(
        &self,
        subject: &Subject,
        key: &EffectKey,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Claim, LedgerError> {
        self.claim_noting(subject, key, &BTreeMap::new(), now, lease).await
    }

    /// The same, and says in the claim itself what is about to be done, so that a crash does not take that along. While an
    /// earlier attempt is in doubt its words stay: it may be the one that acted.
    pub async fn claim_noting(
        &self,
        subject: &Subject,
        key: &EffectKey,
        note: &BTreeMap<String, String>,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Claim, LedgerError> {
        let lease_until = now.checked_add(lease).unwrap_or(now);
        let fresh = Effect {
            subject: subject.clone(),
            key: key.clone(),
            state: State::Claimed,
            attempts: 1,
            lease_until,
            doubt_since: None,
            note: note.clone(),
            updated: now,
        };
        let mut in_the_way = self.table.put_new(&Row::Effect(EffectRow::from(&fresh))).await?;
        for _ in 0..TRIES {
            let Some(row) = in_the_way else { return Ok(Claim::Ours(Lease { effect: fresh, rev: 1 })) };
            let (effect, rev) = read(row)?;
            let doubt_since = match effect.state {
                State::Done { reference } => return Ok(Claim::Done { reference }),
                State::Refused { reason } => return Ok(Claim::Refused { reason }),
                State::Waiting { not_before, reason } if not_before > now => {
                    return Ok(Claim::Waiting { not_before, reason });
                }
                State::Waiting { .. } => effect.doubt_since,
                State::Claimed | State::Unknown { .. } if effect.lease_until > now => {
                    return Ok(Claim::Busy { until: effect.lease_until });
                }
                // Whatever was in doubt before, this attempt may have acted as late as the end of its lease.
                State::Claimed => Some(effect.lease_until),
                State::Unknown { .. } => effect.doubt_since.or(Some(effect.updated)),
            };
            let mut words = effect.note.clone();
            for (name, value) in note {
                match words.entry(name.clone()) {
                    Entry::Occupied(_) if doubt_since.is_some() => {}
                    entry => {
                        entry.insert_entry(value.clone());
                    }
                }
            }
            let ours = Effect {
                state: State::Claimed,
                attempts: effect.attempts + 1,
                lease_until,
                doubt_since,
                note: words,
                updated: now,
                ..effect
            };
            if self.replace_effect(&ours, rev).await? {
                return Ok(Claim::Ours(Lease { effect: ours, rev: rev + 1 }));
            }
            in_the_way = self.table.get(&subject.to_string(), &format!("effect#{key}")).await?;
        }
        Err(LedgerError::Contended(format!("{subject} effect#{key}")))
    }

    /// Writes what became of it. `false`: the lease was over and somebody else holds the effect now; what the provider
    /// answered is theirs to find out.
    ///
    /// [`State::Unknown`] keeps others away until `hold_until`; every other state is free at once.
    pub async fn settle(
        &self,
        lease: Lease,
        state: State,
        note: BTreeMap<String, String>,
        hold_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let Lease { mut effect, rev } = lease;
        match state {
            State::Unknown { .. } => effect.doubt_since = effect.doubt_since.or(Some(now)),
            // "Not yet" is an answer: whoever was asked said that nothing has happened.
            State::Waiting { .. } | State::Done { .. } | State::Refused { .. } => effect.doubt_since = None,
            State::Claimed => {}
        }
        effect.lease_until = hold_until.unwrap_or(now);
        effect.note.extend(note);
        let settled = Effect { state, updated: now, ..effect };
        self.replace_effect(&settled, rev).await
    }

    /// A witness arrived by itself (a mail provider's send event): the provider's own word that the effect happened, whatever
    /// we believed. A live claim too: its holder may be dead, and one that is not finds the effect done when it settles.
    ///
    /// `note` fills in what the holder could no longer write. `false`: no such effect, or it was done already.
    pub async fn witness(
        &self,
        subject: &Subject,
        hash: &str,
        reference: &str,
        note: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let pk = subject.to_string();
        let named = |rows: Vec<Row>| -> Result<Option<(Effect, u64)>, LedgerError> {
            let effects = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
            Ok(effects.into_iter().find(|(effect, _)| effect.key.hash(subject) == hash))
        };
        // Most are done long since, and done is done: a glance is enough to see that.
        let mut found = named(self.table.glance_over(&pk, "effect#").await?)?;
        if !found.as_ref().is_some_and(|(effect, _)| matches!(effect.state, State::Done { .. })) {
            found = named(self.table.partition(&pk, "effect#").await?)?;
        }
        for _ in 0..TRIES {
            let Some((effect, rev)) = found else { return Ok(false) };
            if matches!(effect.state, State::Done { .. }) {
                return Ok(false);
            }
            let key = effect.key.to_string();
            let state = State::Done { reference: reference.to_owned() };
            let mut done = Effect { state, doubt_since: None, lease_until: now, updated: now, ..effect };
            for (name, value) in &note {
                done.note.entry(name.clone()).or_insert_with(|| value.clone());
            }
            if self.replace_effect(&done, rev).await? {
                return Ok(true);
            }
            found = self.table.get(&pk, &format!("effect#{key}")).await?.map(read).transpose()?;
        }
        Err(LedgerError::Contended(format!("{subject} effect {hash}")))
    }

    /// Refuses an effect before anybody acts on it: whoever writes first wins.
    pub async fn refuse(
        &self,
        subject: &Subject,
        key: &EffectKey,
        reason: &str,
        now: Timestamp,
    ) -> Result<Refusal, LedgerError> {
        let refused = |effect: Effect| Effect {
            state: State::Refused { reason: reason.to_owned() },
            lease_until: now,
            doubt_since: None,
            updated: now,
            ..effect
        };
        let fresh = refused(Effect {
            subject: subject.clone(),
            key: key.clone(),
            state: State::Claimed,
            attempts: 0,
            lease_until: now,
            doubt_since: None,
            note: BTreeMap::new(),
            updated: now,
        });
        let mut in_the_way = self.table.put_new(&Row::Effect(EffectRow::from(&fresh))).await?;
        for _ in 0..TRIES {
            let Some(row) = in_the_way else { return Ok(Refusal::Stands) };
            let (effect, rev) = read(row)?;
            match &effect.state {
                State::Refused { .. } => return Ok(Refusal::Stands),
                State::Done { reference } => return Ok(Refusal::Done { reference: reference.clone() }),
                State::Claimed | State::Unknown { .. } if effect.lease_until > now => {
                    return Ok(Refusal::Busy { until: effect.lease_until });
                }
                State::Claimed | State::Unknown { .. } => return Ok(Refusal::InDoubt),
                State::Waiting { .. } if effect.doubt_since.is_some() => return Ok(Refusal::InDoubt),
                State::Waiting { .. } => {}
            }
            if self.replace_effect(&refused(effect), rev).await? {
                return Ok(Refusal::Stands);
            }
            in_the_way = self.table.get(&subject.to_string(), &format!("effect#{key}")).await?;
        }
        Err(LedgerError::Contended(format!("{subject} effect#{key}")))
    }

    /// Makes a refused effect claimable again, for a replay. Anything else is left as it is.
    pub async fn reopen(&self, subject: &Subject, key: &EffectKey, now: Timestamp) -> Result<bool, LedgerError> {
        let Some(row) = self.table.get(&subject.to_string(), &format!("effect#{key}")).await? else { return Ok(false) };
        let (effect, rev) = read(row)?;
        if !matches!(effect.state, State::Refused { .. }) {
            return Ok(false);
        }
        let state = State::Waiting { not_before: now, reason: "replayed".to_owned() };
        self.replace_effect(&Effect { state, updated: now, ..effect }, rev).await
    }

    async fn replace_effect(&self, effect: &Effect, before: u64) -> Result<bool, LedgerError> {
        let row = EffectRow { rev: before + 1, ..EffectRow::from(effect) };
        Ok(self.table.replace(&Row::Effect(row), before).await?)
    }
}

fn read(row: Row) -> Result<(Effect, u64), LedgerError> {
    match row {
        Row::Effect(row) => Ok((row.effect()?, row.rev)),
        other => {
            let (pk, sk) = other.key();
            Err(LedgerError::Row { key: format!("{pk} {sk}"), why: "not an effect".to_owned() })
        }
    }
}
