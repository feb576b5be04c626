//! How a function logs: one line for each event, as JSON where the template asks for it, from INFO on.
//!
//! The runtime's own subscriber would do, but as JSON it writes the span of the invocation (its id, and that of its trace) twice into
//! every line. That was more than half of what an order logs, logs are paid by the byte, and a line names the subject and the event
//! that it is about.

use lambda_runtime::tracing::subscriber::{filter::LevelFilter, fmt};

use crate::Environment;

/// Begins to log to standard output, where Lambda reads it.
pub fn begin() {
    let asked = |name: &str| Environment.required(name).ok();
    let level = asked("AWS_LAMBDA_LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    // CloudWatch knows when a line came.
    let lines = fmt().with_target(false).without_time().with_max_level(level);
    match asked("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json")) {
        true => lines.json().with_current_span(false).with_span_list(false).init(),
        false => lines.init(),
    }
}
