//! An exception as it is stored.

use std::collections::BTreeSet;

use domain::exception::{Exception, Healed, Life};
use serde::{Deserialize, Serialize};

use super::{bad, shard, timestamp};
use crate::LedgerError;

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionRow {
    pub pk: String,
    pub sk: String,
    pub id: String,
    pub layer: String,
    pub what: String,
    pub reason: String,
    pub next_step: String,
    pub state: String,
    pub told: bool,
    pub round: u32,
    pub raised: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_name: Option<String>,
    #[serde(default)]
    pub replayable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The channels that have taken the alert.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub told_on: BTreeSet<String>,
    /// The incidents its alerts have opened that are not closed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub incidents: BTreeSet<String>,
    /// A replay has run. A row that does not say was written when only a replay acknowledged.
    #[serde(default = "yes")]
    pub acted: bool,
    /// When it ended by itself, epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healed: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub healing_told: bool,
    /// Stands in the index until it is resolved, until a digest has said that it healed, and until its incidents are closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_shard: Option<String>,
    pub rev: u64,
}

impl From<&Exception> for ExceptionRow {
    fn from(exception: &Exception) -> Self {
        let news = exception.healed.is_some_and(|healed| !healed.told);
        let listed = exception.state != Life::Resolved || news || !exception.incidents.is_empty();
        Self {
            pk: exception.subject.to_string(),
            sk: format!("exception#{}", exception.id),
            id: exception.id.clone(),
            layer: exception.layer.as_str().to_owned(),
            what: exception.what.clone(),
            reason: exception.reason.clone(),
            next_step: exception.next_step.clone(),
            state: exception.state.as_str().to_owned(),
            told: exception.told,
            round: exception.round,
            raised: exception.raised.as_second(),
            event: exception.event.clone(),
            order: exception.subject.order().map(|id| id.to_string()),
            order_name: exception.order_name.clone(),
            replayable: exception.replayable,
            provider: exception.provider.clone(),
            told_on: exception.told_on.clone(),
            incidents: exception.incidents.clone(),
            acted: exception.acted,
            healed: exception.healed.map(|healed| healed.at.as_second()),
            healing_told: exception.healed.is_some_and(|healed| healed.told),
            open_shard: listed.then(|| shard(&exception.subject)),
            rev: 1,
        }
    }
}

impl ExceptionRow {
    pub(crate) fn exception(&self) -> Result<Exception, LedgerError> {
        let bad = |why: String| bad(&self.pk, &self.sk, why);
        let state = match self.state.as_str() {
            "open" => Life::Open,
            "acknowledged" => Life::Acknowledged,
            "resolved" => Life::Resolved,
            other => return Err(bad(format!("unknown state {other:?}"))),
        };
        Ok(Exception {
            subject: self.pk.parse().map_err(|e: domain::subject::NotASubject| bad(e.to_string()))?,
            id: self.id.clone(),
            layer: self.layer.parse().map_err(|e: domain::handoff::NotOwed| bad(e.to_string()))?,
            what: self.what.clone(),
            reason: self.reason.clone(),
            next_step: self.next_step.clone(),
            state,
            told: self.told,
            round: self.round,
            raised: timestamp(self.raised),
            event: self.event.clone(),
            order_name: self.order_name.clone(),
            replayable: self.replayable,
            provider: self.provider.clone(),
            told_on: self.told_on.clone(),
            incidents: self.incidents.clone(),
            acted: self.acted,
            healed: self.healed.map(|at| Healed { at: timestamp(at), told: self.healing_told }),
        })
    }
}
