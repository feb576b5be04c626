//! What every function needs of Lambda, and nothing of what any one layer does.
//!
//! | module | job |
//! |---|---|
//! | [`clock`] | the time, passed in |
//! | [`environment`] | what the template tells a function, read once |
//! | [`config`] | the owner's `store.toml`, as it was deployed with the function |
//! | [`secrets`] | SecureString parameters, read once |
//! | [`queue`] | layer queues: keys in, keys out |
//! | [`station`] | where a layer works: its ledger, queue, clock and deadlines |
//! | [`turn`] | a provider's limit, kept by all copies of a function |
//! | [`store_line`] | the store's limit: who queues for it, and who goes ahead |
//! | [`aws`] | clients of our own account |
//! | [`telemetry`] | how a function logs |
//! | [`batch`] | an SQS batch in, the failed message ids out |
//! | [`http`] | one HTTP client, with a time-out shorter than the function's |

pub mod aws;
pub mod batch;
pub mod clock;
pub mod config;
pub mod environment;
#[cfg(feature = "calls")]
pub mod http;
pub mod queue;
pub mod secrets;
pub mod station;
pub mod store_line;
pub mod telemetry;
pub mod turn;

pub use clock::{Clock, SystemClock};
pub use config::StoreConfig;
pub use environment::Environment;
pub use queue::{Key, Queue, Sqs};
pub use secrets::Secrets;
pub use station::{Failure, Outcome, Station, Work};
