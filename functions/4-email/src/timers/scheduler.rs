//! EventBridge Scheduler: one-time schedules that invoke this function and delete themselves.

use aws_config::SdkConfig;
use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::config::http::HttpResponse;
use aws_sdk_scheduler::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target,
};
use domain::Timestamp;
use domain::flow::Timer;
use domain::provider::Trouble;
use lambda::Environment;
use lambda::environment::EnvironmentError;
use serde_json::json;

use super::Timers;

/// How often the scheduler tries to invoke us, and how long (seconds): a step that is a day late is no use to anybody.
const TRIES: i32 = 20;
const NO_LATER: i32 = 86_400;

/// The schedules of this stack.
#[derive(Debug, Clone)]
pub struct Scheduler {
    client: Client,
    group: String,
    /// What is invoked, and the role in which the scheduler does it (ARNs).
    target: String,
    role: String,
}

impl Scheduler {
    /// As the template says (`BATON_TIMER_GROUP`, `BATON_TIMER_TARGET`, `BATON_TIMER_ROLE`).
    pub fn new(account: &SdkConfig, environment: Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            client: Client::new(account),
            group: environment.required("BATON_TIMER_GROUP")?,
            target: environment.required("BATON_TIMER_TARGET")?,
            role: environment.required("BATON_TIMER_ROLE")?,
        })
    }

    fn target(&self, timer: &Timer) -> Result<Target, Trouble> {
        let retries =
            RetryPolicy::builder().maximum_retry_attempts(TRIES).maximum_event_age_in_seconds(NO_LATER).build();
        Target::builder()
            .arn(&self.target)
            .role_arn(&self.role)
            .input(json!({ "timer": timer }).to_string())
            .retry_policy(retries)
            .build()
            .map_err(unbuilt)
    }
}

impl Timers for Scheduler {
    async fn arm(&self, timer: &Timer, at: Timestamp) -> Result<(), Trouble> {
        let exactly = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().map_err(unbuilt)?;
        let request = self
            .client
            .create_schedule()
            .name(timer.name())
            .group_name(&self.group)
            .schedule_expression(expression(at))
            .schedule_expression_timezone("UTC")
            .flexible_time_window(exactly)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(self.target(timer)?);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ConflictException") => Ok(()),
            Err(error) => Err(sorted(&error)),
        }
    }

    async fn disarm(&self, name: &str) -> Result<(), Trouble> {
        match self.client.delete_schedule().name(name).group_name(&self.group).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(()),
            Err(error) => Err(sorted(&error)),
        }
    }
}

/// `at(2026-11-22T12:00:00)`, rounded up to a whole second.
fn expression(at: Timestamp) -> String {
    let up = if at.subsec_nanosecond() > 0 { at.as_second() + 1 } else { at.as_second() };
    let whole = Timestamp::from_second(up).unwrap_or(at).to_string();
    format!("at({})", whole.trim_end_matches('Z'))
}

/// Creating and deleting by name is asked again without harm, so everything that may pass by itself is waited for.
fn sorted<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Trouble {
    let why = || match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => "no answer".to_owned(),
    };
    match error.code() {
        Some("ThrottlingException") => Trouble::RateLimited { retry_after: None, a_second: None },
        Some("ValidationException" | "AccessDeniedException" | "ResourceNotFoundException") => {
            Trouble::Broken { why: why() }
        }
        _ => Trouble::Unavailable { why: why() },
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn unbuilt(error: BuildError) -> Trouble {
    Trouble::Broken { why: format!("the schedule could not be built: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_the_scheduler_reads_it_and_never_early() {
        let at = |text: &str| expression(text.parse().unwrap());
        assert_eq!(at("2026-11-22T12:00:00Z"), "at(2026-11-22T12:00:00)");
        assert_eq!(at("2026-11-22T12:00:00.001Z"), "at(2026-11-22T12:00:01)");
        assert_eq!(at("2026-12-31T23:59:59.5Z"), "at(2027-01-01T00:00:00)");
    }
}
