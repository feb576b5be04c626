//! Clients of our own AWS account, built once per process.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{ConfigLoader, SdkConfig};

/// Endpoint, region and credentials from the environment; no call, with all its attempts, takes longer than `seconds`.
pub async fn config(seconds: u64) -> SdkConfig {
    patience(seconds).load().await
}

/// How long a call may take and how often it is tried; whatever else is not said comes from the environment.
#[must_use]
pub fn patience(seconds: u64) -> ConfigLoader {
    let whole = Duration::from_secs(seconds.max(1));
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(whole)
        .operation_attempt_timeout(whole / 2)
        .connect_timeout(Duration::from_secs(1))
        .build();
    // Table and queue calls are idempotent by their keys and conditions; what is not (mail) turns retries off for itself.
    aws_config::from_env().timeout_config(timeouts).retry_config(RetryConfig::standard().with_max_attempts(3))
}
