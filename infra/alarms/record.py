"""Records what the watchdog's rounds say in each state that an alarm of ours stands on: infra/alarms/recorded.json.

Run it when the watchdog's metrics change, beside a stack of its own whose AWS calls pass the sandbox:

    UPSTREAM=sandbox CALLED_FROM=$PWD PYTHONPATH=infra .local/venv/bin/python -m cli with-stack \\
        .local/venv/bin/python -m alarms.record

Each state is brought about in the deployed stack; the line is the one that the function wrote. Only its time and the stack's name
are replaced. Each round is as of a time of its own, so far from the others that it looks into the queues (a calm one does not, for a
quarter of an hour).
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from cli import ledger, places
from cli.paused import mapping
from cli.say import Failure, note, wait_for
from cli.target import Target

from . import truth


def main() -> None:
    target, states = Target.load(), {}
    for name, bring_about in STATES.items():
        target.play("DELETE", "faults")
        as_of = bring_about(target)
        states[name] = _round(target, as_of)
        note(f"  {name}: {({k: v for k, v in states[name].items() if k not in ('_aws', 'Stack')})}")
        _purge(target)
    truth.ROUNDS.write_text(json.dumps(states, indent=1) + "\n")


def _quiet(_: Target) -> timedelta:
    return timedelta()


def _unfinished(target: Target) -> timedelta:
    """The queues cannot be asked."""
    _fault(target, "sqs", "GetQueueAttributes", "refuse")
    return timedelta(minutes=20)


def _dead_letter(target: Target) -> timedelta:
    """A layer gave up on a message, whatever it says."""
    url = target.facts["dead_letters"]["routing"]
    target.cloud.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"pk": "order#1", "sk": "event#none"}))
    return timedelta(minutes=40)


def _relay_failure(target: Target) -> timedelta:
    """Lambda gave up on a batch of the stream."""
    batch = {"DDBStreamBatchInfo": {"shardId": "shardId-1", "startSequenceNumber": "1"}}
    target.cloud.sqs.send_message(QueueUrl=target.facts["relay_failures"], MessageBody=json.dumps(batch))
    return timedelta(minutes=60)


def _untold(target: Target) -> timedelta:
    """Something needs the owner, and SES takes nothing."""
    _fault(target, "ses", "SendEmail", "refuse")
    change = {"AlarmName": "recorded", "NewStateValue": "ALARM", "StateChangeTime": datetime.now(UTC).isoformat()}
    notice = {"Records": [{"EventSource": "aws:sns", "Sns": {"MessageId": "1", "Message": json.dumps(change)}}]}
    _invoke(target, notice)
    return timedelta(minutes=80)


def _unconsumed(target: Target) -> timedelta:
    """Capture does not take what is sent to it, for longer than the alarm bears."""
    target.cloud.functions.update_event_source_mapping(UUID=mapping(target, "capture")["UUID"], Enabled=False)
    order = places.LOCAL_DEFAULTS / "example-order.json"
    target.play("POST", "shopify/orders?deliver=1&risk=LOW", order.read_bytes())
    subject = f"order#{json.loads(order.read_text())['id']}"
    wait_for("the order to be at the door", lambda: ledger.subject_items(target, subject), 30, 0.5)
    return timedelta(minutes=100)


# The last one leaves an order behind.
STATES = {
    "quiet": _quiet,
    "unfinished": _unfinished,
    "dead-letter": _dead_letter,
    "relay-failure": _relay_failure,
    "untold": _untold,
    "unconsumed": _unconsumed,
}


def _round(target: Target, later: timedelta) -> dict[str, Any]:
    """The line of a round as of then."""
    before = len(_lines(target))
    moment = (datetime.now(UTC) + later).strftime("%Y-%m-%dT%H:%M:%SZ")
    _invoke(target, {"source": "aws.events", "detail-type": "Scheduled Event", "time": moment})
    found = wait_for("the round's line", lambda: _lines(target)[before:], 30, 0.5)
    line = next((line for line in reversed(found) if _second(line) == moment), None)
    if line is None:
        raise Failure(f"no line of {moment} among {len(found)}: the round did not come so far")
    line["_aws"]["Timestamp"], line["Stack"] = 0, "baton"
    return line


def _second(line: dict[str, Any]) -> str:
    return datetime.fromtimestamp(line["_aws"]["Timestamp"] // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _lines(target: Target) -> list[dict[str, Any]]:
    """What monitoring wrote in embedded metric format, by the time of writing."""
    group = f"/aws/lambda/{target.facts['functions']['monitoring']}"
    events = []
    for page in target.cloud.logs.get_paginator("filter_log_events").paginate(logGroupName=group):
        events += [event for event in page["events"] if '"CloudWatchMetrics"' in event["message"]]
    return [json.loads(event["message"]) for event in sorted(events, key=lambda event: event["timestamp"])]


def _invoke(target: Target, event: Any) -> None:
    name = target.facts["functions"]["monitoring"]
    target.cloud.functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())["Payload"].read()


def _fault(target: Target, provider: str, operation: str, fault: str) -> None:
    armed = {"provider": provider, "operation": operation, "fault": fault, "seconds": 60}
    target.play("POST", "faults", [armed])
    time.sleep(0.2)


def _purge(target: Target) -> None:
    for url in (target.facts["dead_letters"]["routing"], target.facts["relay_failures"]):
        target.cloud.sqs.purge_queue(QueueUrl=url)


if __name__ == "__main__":
    main()
