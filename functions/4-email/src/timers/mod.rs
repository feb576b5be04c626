//! What reminds us of a step when its time has come: one one-time schedule for each. Nothing polls.

mod scheduler;

use domain::Timestamp;
use domain::flow::Timer;
use domain::provider::Trouble;

pub use scheduler::Scheduler;

/// How the scheduler is called in waits and exceptions.
pub const SCHEDULER: &str = "scheduler";

/// Arms and disarms timers.
pub trait Timers: Send + Sync {
    /// At `at` this function is invoked with the timer. One of the same name that is armed already stays as it is: that is a yes.
    fn arm(&self, timer: &Timer, at: Timestamp) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Takes it away. One that is not there (any more) is a yes.
    fn disarm(&self, name: &str) -> impl Future<Output = Result<(), Trouble>> + Send;
}
