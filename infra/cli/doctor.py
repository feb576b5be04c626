"""`doctor`: checks what can be checked about the stack, and names what only a person can finish.

The local stack by default, the deployed one with AWS=1. Exit 0 when nothing is left to do.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from . import ledger, places, storefile
from .cloud import STANDING, stack_status
from .paused import mapping, paused_layers
from .render import read_secrets
from .say import Failure, note
from .target import Target

# New accounts may have so little that reserving any would starve the rest; AWS keeps this much unreserved.
UNRESERVED_LEAST = 100


@dataclass(frozen=True)
class Finding:
    """`todo` says what to do; empty means that all is well."""

    what: str
    todo: str = ""


def doctor() -> int:
    """Prints a line per finding; 1 if something is left to do."""
    target = Target.load()
    findings = [*_here(target), *examine(target)]
    show(findings)
    return 1 if any(finding.todo for finding in findings) else 0


def show(findings: list[Finding]) -> None:
    for finding in findings:
        note(
            f"  {'to do' if finding.todo else 'fine '}  {finding.what}"
            + (f"\n         {finding.todo}" if finding.todo else "")
        )


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
    checks: list[tuple[str, Callable[[Target], Iterator[Finding]]]] = [
        ("the stack", _stack),
        ("functions", _functions),
        ("queues", _queues),
        ("secrets", _secrets),
        ("alarms", _alarms),
        ("mail", _mail),
        ("the alert address", _subscription),
        ("room for the door", _concurrency),
        ("exceptions", _exceptions),
    ]
    found: list[Finding] = []
    for name, check in checks:
        try:
            found += check(target)
        except (BotoCoreError, ClientError) as error:
            found.append(Finding(name, f"could not be checked: {error}"))
    return found


def _stack(target: Target) -> Iterator[Finding]:
    status = stack_status(target.cloud, target.stack)
    todo = "" if status in STANDING else "deploy again, and read what it says"
    yield Finding(f"stack {target.stack}: {status or 'absent'}", todo)


def _functions(target: Target) -> Iterator[Finding]:
    for name, function in target.facts["functions"].items():
        state = target.cloud.functions.get_function_configuration(FunctionName=function)
        good = state.get("State", "Active") == "Active" and state.get("LastUpdateStatus", "Successful") == "Successful"
        if not good:
            yield Finding(f"function {name}: {state.get('State')}", state.get("StateReason") or "deploy again")
    yield Finding(f"{len(target.facts['functions'])} functions looked at")


def _queues(target: Target) -> Iterator[Finding]:
    paused = paused_layers(target)
    for layer in places.LAYERS:
        state = mapping(target, layer)["State"]
        if layer in paused:
            waiting = _waiting(target, target.facts["queues"][layer])
            words = f"{layer} is paused; {waiting} messages wait in its queue"
            yield Finding(words, f"when it may go on: make resume LAYER={layer}")
        elif state not in ("Enabled", "Enabling", "Updating"):
            yield Finding(f"{layer} takes nothing from its queue ({state})", f"make resume LAYER={layer}")
        if dead := _waiting(target, target.facts["dead_letters"][layer]):
            yield Finding(
                f"{layer} gave up on {dead} messages",
                "make exceptions names the orders; then make replay EXCEPTION=<id>",
            )
    yield Finding("five queues looked at")


def _waiting(target: Target, queue: str) -> int:
    name = "ApproximateNumberOfMessages"
    answer = target.cloud.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
    return int(answer["Attributes"][name])


def _secrets(target: Target) -> Iterator[Finding]:
    store = storefile.read(Path(target.facts["store_config"]))
    names = [f"/{target.stack}/{name}" for name in (*store.secret_files, "links/key")]
    present = 0
    # SSM takes at most ten names a call.
    for start in range(0, len(names), 10):
        answer = target.cloud.ssm.get_parameters(Names=names[start : start + 10], WithDecryption=False)
        present += len(answer["Parameters"])
        for name in answer["InvalidParameters"]:
            yield Finding(f"secret {name} is absent", "deploy again: it is put there from the file that store.toml names")
    yield Finding(f"{present} secrets are in place")


def _alarms(target: Target) -> Iterator[Finding]:
    alarms = target.cloud.cloudwatch.describe_alarms(AlarmNames=target.facts["alarms"], AlarmTypes=["MetricAlarm"])[
        "MetricAlarms"
    ]
    ringing = [alarm for alarm in alarms if alarm["StateValue"] == "ALARM"]
    for alarm in ringing:
        yield Finding(f"alarm {alarm['AlarmName']}", alarm["AlarmDescription"])
    missing = set(target.facts["alarms"]) - {alarm["AlarmName"] for alarm in alarms}
    yield Finding(
        f"{len(alarms)} alarms stand", f"deploy again; absent: {', '.join(sorted(missing))}" if missing else ""
    )


def _mail(target: Target) -> Iterator[Finding]:
    identity = target.facts.get("mail_identity")
    if identity:
        state = target.cloud.sesv2.get_email_identity(EmailIdentity=identity)
        todo = ""
        if not state.get("VerifiedForSendingStatus"):
            tokens = (state.get("DkimAttributes") or {}).get("Tokens") or []
            records = "".join(
                f"\n           {token}._domainkey.{identity}  CNAME  {token}.dkim.amazonses.com" for token in tokens
            )
            todo = (
                f"add these records where {identity} is hosted:{records}"
                if records
                else f"open the link SES sent to {identity}"
            )
        yield Finding(f"SES may send for {identity}", todo)
    if target.facts["endpoint"]:
        return
    account = target.cloud.sesv2.get_account()
    todo = (
        ""
        if account.get("ProductionAccessEnabled")
        else (
            "until then SES sends only to addresses it has verified, 200 a day: SES console, Account dashboard, Request production access"
        )
    )
    yield Finding("SES production access", todo)
    yield Finding(
        "SES may send", "" if account.get("SendingEnabled") else "SES has paused this account; see the SES console"
    )


def _subscription(target: Target) -> Iterator[Finding]:
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


def _concurrency(target: Target) -> Iterator[Finding]:
    if target.facts["endpoint"]:
        return
    limits = target.cloud.functions.get_account_settings()["AccountLimit"]
    total = limits["ConcurrentExecutions"]
    todo = "" if total >= UNRESERVED_LEAST else "ask for 1,000: Service Quotas, AWS Lambda, Concurrent executions"
    yield Finding(f"{total} functions may run at once in this account", todo)


def _exceptions(target: Target) -> Iterator[Finding]:
    count = len(ledger.open_exceptions(target))
    yield Finding(f"{count} open exceptions", "make exceptions shows them" if count else "")
