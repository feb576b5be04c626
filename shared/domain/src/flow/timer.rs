//! What is remembered until a step is due. It lies with the scheduler, not in our table, and carries keys only.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::subject::short_hash;

/// A step that is to be looked at later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// As in the table: `checkout#…`.
    pub subject: String,
    pub flow: String,
    /// The first is 1.
    pub step: u8,
    /// The entry it belongs to (see `MailKind::Flow`).
    pub entry: String,
    /// Since when the delay runs.
    pub since: Timestamp,
    /// Put off (a quiet hour, a change of the cart) until then; absent the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Timestamp>,
}

impl Timer {
    /// The schedule's name, the same for ever: whoever arms the same step again finds it there. One that is put off has another,
    /// since its first schedule may not be gone yet. 64 characters are allowed, of letters, digits, `-`, `_` and `.`
    /// (EventBridge Scheduler, CreateSchedule).
    #[must_use]
    pub fn name(&self) -> String {
        let again = self.again.map(|at| at.to_string()).unwrap_or_default();
        let step = self.step.to_string();
        format!("flow-{}", short_hash(&[&self.subject, &self.flow, &step, &self.entry, &again], 40))
    }
}
