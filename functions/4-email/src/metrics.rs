//! What became of our mail, as metrics: embedded metric format, one line on standard output for each batch of SES's events.
//! Lambda hands it to CloudWatch Logs, and CloudWatch makes the metrics of it: no call, no permission, no wait.

use std::collections::BTreeMap;

use domain::Timestamp;
use serde_json::{Map, Value, json};

/// The metrics' names with how much is added.
pub type Counts = BTreeMap<&'static str, u64>;

/// The line, without its end. Dimension: the stack.
#[must_use]
pub fn line(counts: &Counts, stack: &str, now: Timestamp) -> String {
    let names: Vec<Value> = counts.keys().map(|name| json!({ "Name": name, "Unit": "Count" })).collect();
    let directive = json!({ "Namespace": "Baton", "Dimensions": [["Stack"]], "Metrics": names });
    let mut line = Map::new();
    line.insert("_aws".into(), json!({ "Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive] }));
    line.insert("Stack".into(), stack.into());
    line.extend(counts.iter().map(|(name, count)| ((*name).to_owned(), (*count).into())));
    Value::Object(line).to_string()
}

/// Writes the line to standard output, where Lambda looks for it.
#[expect(clippy::print_stdout, reason = "CloudWatch reads metrics from standard output")]
pub fn publish(counts: &Counts, stack: &str, now: Timestamp) {
    if !counts.is_empty() {
        println!("{}", line(counts, stack, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_one_line_of_metrics() {
        let counts = Counts::from([("MailsBounced", 1), ("MailsSent", 2)]);
        insta::assert_snapshot!(line(&counts, "baton", "2026-11-22T02:13:00Z".parse().unwrap()));
    }
}
