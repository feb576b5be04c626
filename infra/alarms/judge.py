"""`make alarms`: CloudWatch's judgement over the template's alarms, row by row of truth.toml.

LocalStack's last open-source release plays CloudWatch, SNS and SQS as a plain process, with AWS's semantics for dimensions and missing
data. For each row the alarm is made as the template has it, over metrics put at the times at which they would have come: so nothing
is waited for. The alarms of ours are fed with the rounds that the stack really emitted (recorded.json); what AWS publishes itself
(Lambda, SES) is in the row. Judged four times: in quiet, when the failure has lasted for `within`, when it is over for `heals`, and
with a single bad minute. Last, what SNS delivered is held against notice.json, which monitoring's tests read.

RECORD=1 writes notice.json anew.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cli import http, places
from cli.cloud import Cloud
from cli.processes import Program
from cli.render import template
from cli.say import Failure, note, step, wait_for
from cli.with_stack import own_stack

from . import truth

PYTHON = places.ROOT / ".local" / "localstack" / "bin" / "python"
# The names under which the alarms' two topics stand in the template.
TOPICS = ("AlarmTopic", "DirectTopic")
# What PutMetricAlarm takes as the template says it.
PLAIN = (
    "AlarmDescription Namespace MetricName Statistic Period EvaluationPeriods DatapointsToAlarm Threshold ComparisonOperator "
    "TreatMissingData"
).split()
# How long CloudWatch may take to judge an alarm that was just made.
PATIENCE = 30


@dataclass(frozen=True)
class Case:
    """One judgement: under a stack's name of its own, so that no other case's metrics are its. `bad`: whether what was measured in the
    n-th of the alarm's periods before now, so many minutes ago, was measured during the failure; None where nothing was."""

    row: truth.Failure
    name: str
    stack: str
    bad: Callable[[int, float], bool | None]
    wanted: str


def cases(row: truth.Failure, number: int) -> list[Case]:
    """The judgements over a row."""

    def case(name: str, bad: Callable[[int, float], bool | None], wanted: str) -> Case:
        return Case(row, name, f"row-{number}-{name}", bad, wanted)

    found = [
        case("quiet", lambda n, age: False, "OK"),
        case("broken", lambda n, age: age < row.within, "ALARM"),
        case("healed", lambda n, age: row.heals <= age < row.heals + row.within, "OK"),
        case("one-bad", lambda n, age: n == 1, row.one_bad_minute),
    ]
    # AWS publishes nothing of a function that is not called: a store at night.
    return found + ([case("night", lambda n, age: None, "OK")] if row.published is not None else [])


@cache
def _alarm(name: str) -> dict[str, Any]:
    """An alarm's properties in the template, by the end of its name."""
    for resource in template()["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            if resource["Properties"]["AlarmName"]["Fn::Sub"] == "${AWS::StackName}-" + name:
                return resource["Properties"]
    raise Failure(f"truth.toml names the alarm {name!r}, and the template has none of that name")


def _dimensions(properties: dict[str, Any], stack: str) -> list[dict[str, str]]:
    """As the template has them, for a stack of that name; what they refer to is told apart by that name alone."""
    refs = ((one["Name"], one["Value"]["Ref"]) for one in properties["Dimensions"])
    return [{"Name": name, "Value": stack if ref == "AWS::StackName" else f"{stack}-{ref}"} for name, ref in refs]


def _put(cloud: Cloud, case: Case, rounds: dict[str, dict[str, float]]) -> None:
    """The metrics of a case, in the middle of each of the alarm's periods, as far back as CloudWatch looks and further."""
    properties, now = _alarm(case.row.alarm), datetime.now(UTC)
    period, data = int(properties["Period"]), []
    for n in range(int(properties["EvaluationPeriods"]) * 2 + 4):
        seconds = period * (n + 0.5)
        bad = case.bad(n, seconds / 60)
        if bad is None:
            continue
        for name, value in _values(case.row, bad, properties["MetricName"], rounds).items():
            data.append(
                {
                    "MetricName": name,
                    "Dimensions": _dimensions(properties, case.stack),
                    "Timestamp": now - timedelta(seconds=seconds),
                    "Value": value,
                }
            )
    if data:
        cloud.cloudwatch.put_metric_data(Namespace=properties["Namespace"], MetricData=data)


def _values(row: truth.Failure, bad: bool, metric: str, rounds: dict[str, dict[str, float]]) -> dict[str, float]:
    if row.published is not None and row.quiet is not None:
        return {metric: row.published if bad else row.quiet}
    if bad and row.rounds == truth.NO_ROUNDS:
        return {}
    return rounds[row.rounds if bad else "quiet"]


def _make(cloud: Cloud, case: Case, topics: dict[str, str]) -> str:
    """The alarm as the template has it; its name. CloudWatch judges it at once."""
    properties = _alarm(case.row.alarm)
    name = f"{case.stack}-{case.row.alarm}"
    cloud.cloudwatch.put_metric_alarm(
        AlarmName=name,
        Dimensions=_dimensions(properties, case.stack),
        AlarmActions=[topics[one["Ref"]] for one in properties["AlarmActions"]],
        OKActions=[topics[one["Ref"]] for one in properties["OKActions"]],
        **{key: properties[key] for key in PLAIN if key in properties},
    )
    return name


def _judged(cloud: Cloud, name: str) -> str:
    """The alarm's state, once there is one."""

    def state() -> str | None:
        found = cloud.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]
        return None if found == "INSUFFICIENT_DATA" else found

    return wait_for(f"the judgement over {name}", state, PATIENCE, 0.2)


def _ears(cloud: Cloud) -> tuple[dict[str, str], str]:
    """The two topics by their names in the template, and a queue that hears both."""
    queue = cloud.sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = cloud.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topics = {name: cloud.sns.create_topic(Name=name)["TopicArn"] for name in TOPICS}
    for topic in topics.values():
        cloud.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topics, queue


def _heard(cloud: Cloud, queue: str) -> list[dict[str, Any]]:
    """Every notice that came, as SNS words it."""
    notices = []
    while got := cloud.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages"):
        for message in got:
            notices.append(json.loads(message["Body"]))
            cloud.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return notices


def unheard(expected: list[Case], topics: dict[str, str], notices: list[dict[str, Any]]) -> list[str]:
    """Alarms that went on and whose news did not reach every topic that the template names."""
    came = {(one["TopicArn"], change["AlarmName"], change["NewStateValue"]) for one in notices for change in [_change(one)]}
    wrong = []
    for case in expected:
        for action in _alarm(case.row.alarm)["AlarmActions"]:
            if (topics[action["Ref"]], f"{case.stack}-{case.row.alarm}", "ALARM") not in came:
                wrong.append(f"{case.row.alarm}: {action['Ref']} heard nothing of {case.stack}")
    return wrong


def _change(notice: dict[str, Any]) -> dict[str, Any]:
    return json.loads(notice["Message"])


def plain_notice(notice: dict[str, Any]) -> dict[str, Any]:
    """What Lambda is given of a notice, with nothing that differs from run to run."""
    change = _change(notice)
    alarm = change["AlarmName"].split("-", 3)[-1]
    for key in ("AlarmConfigurationUpdatedTimestamp", "StateChangeTime"):
        change[key] = "2026-11-22T02:13:00.000Z"
    change["AlarmName"] = f"baton-{alarm}"
    change["AlarmArn"] = change["AlarmArn"].rpartition(":")[0] + f":baton-{alarm}"
    change["Trigger"]["Dimensions"] = [one | {"value": "baton"} for one in change["Trigger"]["Dimensions"]]
    kept = {key: notice[key] for key in ("Type", "TopicArn")}
    words = {"MessageId": "1", "Timestamp": "2026-11-22T02:13:00.000Z", "Subject": f'ALARM: "baton-{alarm}" in {places.REGION}'}
    return kept | words | {"Message": json.dumps(change)}


@contextmanager
def localstack() -> Iterator[Cloud]:
    """LocalStack on a free port of 127.0.0.1, and gone at the end."""
    if not PYTHON.exists():
        raise Failure(f"LocalStack is not installed ({PYTHON} is absent): make alarms does it")
    with own_stack("alarms-"):
        port, scratch = int(os.environ["PORT"]), places.state_dir() / "localstack"
        scratch.mkdir()
        program = Program("localstack", places.state_dir())
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "GATEWAY_LISTEN": f"127.0.0.1:{port}",
            "LOCALSTACK_VOLUME_DIR": str(scratch),
            "SERVICES": "cloudwatch,sns,sqs",
            "DNS_ADDRESS": "0",
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
        }
        endpoint = f"http://127.0.0.1:{port}"
        with step("LocalStack"):
            program.start([str(PYTHON), "-m", "localstack.runtime.main"], environment, [port], "")
            try:
                program.wait_until_ready("LocalStack", lambda: http.answers(f"{endpoint}/_localstack/health"), 120)
            except Failure:
                program.stop()
                raise
        try:
            yield Cloud(endpoint)
        finally:
            program.stop()
            shutil.rmtree(scratch, ignore_errors=True)


def main() -> int:
    rows, rounds, wrong = [row for row in truth.rows() if row.alarm], truth.recorded(), []
    started = time.monotonic()
    with localstack() as cloud:
        topics, queue = _ears(cloud)
        expected = []
        for number, row in enumerate(rows):
            judged = []
            for case in cases(row, number):
                _put(cloud, case, rounds)
                name = _make(cloud, case, topics)
                state = _judged(cloud, name)
                judged.append(f"{case.name} {state}")
                if state != case.wanted:
                    wrong.append(f"{row.alarm}, {case.name}: {state}, and {case.wanted} was to be. {row.what}")
                if case.wanted == "ALARM":
                    expected.append(case)
            note(f"  {row.alarm:<20} in {row.within:>3} min  {', '.join(judged)}  ({row.what})")
        notices = _heard(cloud, queue)
    wrong += unheard(expected, topics, notices)
    wrong += _same_shape(notices)
    for line in wrong:
        note(line)
    note(f"{len(rows)} rows judged in {time.monotonic() - started:.0f} s, {len(notices)} notices: {len(wrong) or 'nothing'} amiss")
    return 1 if wrong else 0


def _same_shape(notices: list[dict[str, Any]]) -> list[str]:
    """What SNS delivers of dead letters, against the notice that monitoring's tests read."""
    change = next((one for one in notices if _change(one)["AlarmName"].endswith("-broken-dead-letters")), None)
    if change is None:
        return ["no notice of dead letters came"]
    plain = plain_notice(change)
    if places.flag("RECORD"):
        truth.NOTICE.write_text(json.dumps(plain, indent=1) + "\n")
    known = json.loads(truth.NOTICE.read_text())
    return [] if known == plain else [f"{truth.NOTICE.name} is not what is delivered: RECORD=1 make alarms writes it anew"]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        note(str(failure))
        sys.exit(failure.code)
