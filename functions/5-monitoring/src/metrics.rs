//! The totals the alarms stand on: embedded metric format, one line on standard output for each round.
//!
//! Lambda hands the line to CloudWatch Logs, and CloudWatch makes the metrics of it: no call, no permission, no wait.

use domain::Timestamp;
use serde_json::{Map, Value, json};

/// What a round found, in numbers. `None` where it could not find out: no number is better than a wrong one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// The round came to its end.
    pub finished: bool,
    /// Messages in the five dead-letter queues and in the relay's failure queue.
    pub dead_letters: Option<u64>,
    /// Exceptions older than a minute that the owner has not been told of.
    pub untold: Option<u64>,
    /// Exceptions that are not resolved.
    pub open: Option<u64>,
    /// Age of the oldest event that a layer should have taken and did not, in seconds; 0 when there is none.
    pub oldest_unconsumed: Option<u64>,
    /// How long an order that comes now waits for its turn at its partner, where a limit is reached: the age that the longest line
    /// of waiting orders will have reached at its end, in seconds.
    pub partner_line: Option<u64>,
}

const NAMESPACE: &str = "Baton";

impl Totals {
    fn metrics(&self) -> Vec<(&'static str, &'static str, u64)> {
        let metrics = [
            ("WatchdogRounds", "Count", self.finished.then_some(1)),
            ("DeadLetters", "Count", self.dead_letters),
            ("ExceptionsUntold", "Count", self.untold),
            ("OldestUnconsumedSeconds", "Seconds", self.oldest_unconsumed),
            ("ExceptionsOpen", "Count", self.open),
            ("PartnerLineSeconds", "Seconds", self.partner_line),
        ];
        metrics.into_iter().filter_map(|(name, unit, value)| Some((name, unit, value?))).collect()
    }

    /// The line, without its end. Dimension: the stack.
    #[must_use]
    pub fn line(&self, stack: &str, now: Timestamp) -> String {
        let metrics = self.metrics();
        let names: Vec<Value> = metrics.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
        let mut line = Map::new();
        let directive = json!({ "Namespace": NAMESPACE, "Dimensions": [["Stack"]], "Metrics": names });
        line.insert("_aws".into(), json!({ "Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive] }));
        line.insert("Stack".into(), stack.into());
        line.extend(metrics.into_iter().map(|(name, _, value)| (name.to_owned(), value.into())));
        Value::Object(line).to_string()
    }

    /// Writes the line to standard output, where Lambda looks for it.
    #[expect(clippy::print_stdout, reason = "CloudWatch reads metrics from standard output")]
    pub fn publish(&self, stack: &str, now: Timestamp) {
        println!("{}", self.line(stack, now));
    }
}
