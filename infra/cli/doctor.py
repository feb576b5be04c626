"""`doctor`: is all ready for the first order? A line each, with what to do.

The local stack by default, the deployed one with AWS=1. Exit 0 when nothing is left to do; what nobody can see from here is
said, and does not count.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from . import doctor_mail, doctor_order, ledger, places, storefile
from .cloud import STANDING, stack_status
from .finding import Finding, show
from .paused import mapping, paused_layers, source_of
from .render import read_secrets, template
from .say import Failure, note
from .storefile import Store
from .target import Target

# New accounts may have so little that reserving any would starve the rest; AWS keeps this much unreserved.
UNRESERVED_LEAST = 100


def doctor() -> int:
    """A line per finding; 1 if something is left to do. JSON=1 prints them on standard output as well."""
    target = Target.load()
    findings = [*_here(target), *examine(target)]
    show(findings)
    red = sum(finding.state == "to do" for finding in findings)
    note(f"{red} to do before the first order" if red else "ready for the first order")
    if places.flag("JSON"):
        print(json.dumps([asdict(finding) | {"state": finding.state} for finding in findings], indent=2))
    return 1 if red else 0


def _here(target: Target) -> Iterator[Finding]:
    """This machine, and the owner's file that the stack was made from unless STORE names another."""
    yield Finding("Rust is installed", "" if shutil.which("cargo") else "install it from https://rustup.rs")
    path = Path(os.environ.get("STORE") or target.facts["store_config"])
    path = path if path.is_absolute() else Path(os.environ.get("CALLED_FROM") or places.ROOT) / path
    try:
        store = storefile.read(path)
        read_secrets(store)
        yield Finding(f"{path} is complete ({store.values['store']['mode']})")
    except Failure as failure:
        yield Finding(f"{path}", str(failure))


def examine(target: Target) -> list[Finding]:
    """The stack itself. A check that cannot be made is a thing to do, not a reason to stop."""
    try:
        store = storefile.read(Path(target.facts["store_config"]))
    except Failure as failure:
        return [Finding("the owner's file", str(failure))]
    checks: list[tuple[str, Callable[[Target, Store], Iterator[Finding]]]] = [
        ("the stack", _stack),
        ("functions", _functions),
        ("queues", _queues),
        ("schedules", _schedules),
        ("secrets", _secrets),
        ("alarms", _alarms),
        ("the sender", doctor_mail.sender),
        ("SES", doctor_mail.account),
        ("the store's own mails", doctor_mail.store_mails),
        ("alert channels", doctor_order.channels),
        ("the alert address", _subscription),
        ("the store's webhooks", doctor_order.subscriptions),
        ("partners", doctor_order.partners_answer),
        ("webhooks of partners and feeds", doctor_order.webhooks),
        ("room to run", _concurrency),
        ("exceptions", _exceptions),
    ]
    found: list[Finding] = []
    for name, check in checks:
        try:
            found += check(target, store)
        except (BotoCoreError, ClientError, Failure) as error:
            found.append(Finding(name, f"could not be checked: {error}"))
    return found


def _stack(target: Target, _: Store) -> Iterator[Finding]:
    status = stack_status(target.cloud, target.stack)
    todo = "" if status in STANDING else "deploy again, and read what it says"
    yield Finding(f"stack {target.stack}: {status or 'absent'}", todo)


def _functions(target: Target, _: Store) -> Iterator[Finding]:
    for name, function in target.facts["functions"].items():
        state = target.cloud.functions.get_function_configuration(FunctionName=function)
        good = state.get("State", "Active") == "Active" and state.get("LastUpdateStatus", "Successful") == "Successful"
        if not good:
            yield Finding(f"function {name}: {state.get('State')}", state.get("StateReason") or "deploy again")
    yield Finding(f"{len(target.facts['functions'])} functions looked at")


def _queues(target: Target, _: Store) -> Iterator[Finding]:
    paused = paused_layers(target)
    for layer in places.LAYERS:
        state = mapping(target, layer)["State"]
        if layer in paused:
            queue = target.facts["queues"].get(layer)
            words = f"{layer} is paused" + (f"; {_waiting(target, queue)} messages wait in its queue" if queue else "")
            yield Finding(words, f"when it may go on: make resume LAYER={layer}")
        elif state not in ("Enabled", "Enabling", "Updating"):
            yield Finding(f"{layer} takes nothing from {source_of(layer)} ({state})", f"make resume LAYER={layer}")
        if dead := _waiting(target, target.facts["dead_letters"][layer]):
            yield Finding(
                f"{layer} gave up on {dead} messages",
                "make exceptions names the orders; then make replay EXCEPTION=<id>",
            )
    yield Finding(f"what feeds the {len(places.LAYERS)} layers looked at")


def _waiting(target: Target, queue: str) -> int:
    name = "ApproximateNumberOfMessages"
    answer = target.cloud.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
    return int(answer["Attributes"][name])


def _secrets(target: Target, store: Store) -> Iterator[Finding]:
    names = [f"/{target.stack}/{name}" for name in (*store.secret_files, "links/key")]
    present = 0
    # SSM takes at most ten names a call.
    for start in range(0, len(names), 10):
        answer = target.cloud.ssm.get_parameters(Names=names[start : start + 10], WithDecryption=False)
        present += len(answer["Parameters"])
        for name in answer["InvalidParameters"]:
            yield Finding(
                f"secret {name} is absent", "deploy again: it is put there from the file that store.toml names"
            )
    yield Finding(f"{present} secrets are in place")


def _schedules(target: Target, _: Store) -> Iterator[Finding]:
    """Watchdog, sweeps, drift, test alerts: without them nothing late is found."""
    pages = target.cloud.cloudformation.get_paginator("list_stack_resources").paginate(StackName=target.stack)
    rules = [
        entry["PhysicalResourceId"]
        for page in pages
        for entry in page["StackResourceSummaries"]
        if entry["ResourceType"] == "AWS::Events::Rule"
    ]
    off = [name for name in rules if target.cloud.events.describe_rule(Name=name)["State"] != "ENABLED"]
    for name in off:
        yield Finding(f"schedule {name} is off", f"aws events enable-rule --name {name}")
    wanted = wanted_schedules()
    todo = "" if len(rules) == wanted else f"deploy again: infra/template.yaml has {wanted}"
    yield Finding(f"{len(rules) - len(off)} schedules are on", todo)


def wanted_schedules() -> int:
    """How many the template has."""
    events = [
        event
        for one in template()["Resources"].values()
        for event in one.get("Properties", {}).get("Events", {}).values()
    ]
    return sum(event["Type"] == "Schedule" for event in events)


def _alarms(target: Target, _: Store) -> Iterator[Finding]:
    alarms = target.cloud.cloudwatch.describe_alarms(AlarmNames=target.facts["alarms"], AlarmTypes=["MetricAlarm"])[
        "MetricAlarms"
    ]
    ringing = [alarm for alarm in alarms if alarm["StateValue"] == "ALARM"]
    for alarm in ringing:
        yield Finding(f"alarm {alarm['AlarmName']}", alarm["AlarmDescription"])
    for alarm in alarms:
        if not alarm.get("ActionsEnabled") or not alarm.get("AlarmActions"):
            yield Finding(f"alarm {alarm['AlarmName']} tells nobody", "deploy again; somebody took its actions away")
    missing = set(target.facts["alarms"]) - {alarm["AlarmName"] for alarm in alarms}
    yield Finding(
        f"{len(alarms)} alarms stand", f"deploy again; absent: {', '.join(sorted(missing))}" if missing else ""
    )


def _subscription(target: Target, _: Store) -> Iterator[Finding]:
    if target.facts["endpoint"]:
        return
    found = target.cloud.sns.list_subscriptions_by_topic(TopicArn=target.facts["topics"]["direct"])["Subscriptions"]
    if not found:
        yield Finding("alarms by mail", "nobody is subscribed; set [alerts] to in store.toml and deploy again")
    for entry in found:
        todo = (
            "open the confirmation that Amazon sent there" if entry["SubscriptionArn"] == "PendingConfirmation" else ""
        )
        yield Finding(f"alarms by mail to {entry['Endpoint']}", todo)


def _concurrency(target: Target, _: Store) -> Iterator[Finding]:
    if target.facts["endpoint"]:
        return
    limits = target.cloud.functions.get_account_settings()["AccountLimit"]
    total = limits["ConcurrentExecutions"]
    todo = "" if total >= UNRESERVED_LEAST else "ask for 1,000: Service Quotas, AWS Lambda, Concurrent executions"
    yield Finding(f"{total} functions may run at once in this account", todo)


def _exceptions(target: Target, _: Store) -> Iterator[Finding]:
    count = len(ledger.open_exceptions(target))
    yield Finding(f"{count} open exceptions", "make exceptions shows them" if count else "")
