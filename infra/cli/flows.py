"""`flows`: what came of each flow; PREVIEW=<flow>: what it would send when; YESTERDAY=1: what the flows would do about
yesterday's events. Nothing is sent by any of them."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from . import flowfile, places, storefile
from .ledger import scan, subject_items
from .say import Failure, note
from .target import Target

COUNTED = ("entered", "sent", "delivered", "opened", "clicked", "unsubscribed", "skipped", "recovered")
# As many events at a time: each step of each asks the store a few things, and the function has its time-out.
AT_A_TIME = 5


def flows() -> int:
    """The table on standard output, or what PREVIEW or YESTERDAY asks for."""
    wanted = os.environ.get("PREVIEW", "").strip()
    if wanted:
        return _preview(_configured(), wanted, datetime.now(UTC))
    target = Target.load()
    if places.flag("YESTERDAY"):
        return _yesterday(target)
    days = places.number("DAYS", 30)
    configured = storefile.read(Path(target.facts["store_config"])).values["flows"]["flow"]
    counts = {flow["name"]: count(_marks(target, flow["name"], days)) for flow in configured if is_marketing(flow)}
    print("\n".join(table(counts, days)))
    paused = [flow["name"] for flow in configured if flow.get("paused")]
    if paused:
        note(f"paused: {', '.join(paused)}")
    left = [flow["name"] for flow in configured if flow["by"] == "klaviyo"]
    if left:
        note(f"left to Klaviyo, which counts them itself: {', '.join(left)}")
    return 0


def is_marketing(flow: dict[str, Any]) -> bool:
    return not any(step["mail"] in flowfile.TRANSACTIONAL for step in flow["steps"])


def _configured() -> list[dict[str, Any]]:
    """The flows of the store's file, stack or no stack."""
    return storefile.read(places.Choices.from_environment().store).values["flows"]["flow"]


def _marks(target: Target, flow: str, days: int) -> Iterator[dict[str, Any]]:
    today = datetime.now(UTC).date()
    for back in range(days):
        yield from subject_items(target, f"mark#flow#{flow}#{today - timedelta(days=back)}")


def count(marks: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What happened how often, why steps were left out, and the money by currency."""
    happened: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    money: dict[str, Decimal] = defaultdict(Decimal)
    for mark in marks:
        what = mark["sk"].split("#", 1)[0]
        happened[what] += 1
        said = mark.get("note", "")
        if what == "skipped":
            reasons[said.removeprefix("skip: ")] += 1
        if what == "recovered" and said:
            amount, currency = said.split(" ", 1)
            money[currency] += Decimal(amount)
    return {"happened": happened, "reasons": reasons, "money": dict(money)}


def table(counts: dict[str, dict[str, Any]], days: int) -> list[str]:
    """One line a flow, and below it why mails were left out."""
    width = max([len(name) for name in counts] + [4])
    head = "flow".ljust(width) + "".join(name.rjust(14) for name in COUNTED) + "  recovered money"
    lines = [f"the last {days} days; opened and clicked only where [mail] measure is on", head]
    for name, found in counts.items():
        numbers = "".join(str(found["happened"].get(what, 0)).rjust(14) for what in COUNTED)
        money = ", ".join(f"{amount} {currency}" for currency, amount in sorted(found["money"].items())) or "-"
        lines.append(name.ljust(width) + numbers + "  " + money)
        lines += [f"{'':{width}}  left out {times} times: {why}" for why, times in found["reasons"].most_common()]
    return lines


def _preview(configured: list[dict[str, Any]], wanted: str, now: datetime) -> int:
    flow = next((flow for flow in configured if flow["name"] == wanted), None)
    if flow is None:
        raise Failure(f"there is no flow {wanted!r}; there are: {', '.join(flow['name'] for flow in configured)}")
    print("\n".join(preview(flow, now)))
    return 0


def preview(flow: dict[str, Any], now: datetime) -> list[str]:
    """What somebody who enters it now would get when, if nothing speaks against it then."""
    how = "paused: nothing goes out" if flow.get("paused") else f"sent by {flow['by']}"
    lines = [f"{flow['name']}: starts at {flow['trigger']}, again: {flow.get('repeat', 'never')}, {how}"]
    for number, step in enumerate(flow["steps"], 1):
        due = now + timedelta(seconds=flowfile.seconds(step["delay"]))
        condition = f", if {step['condition']}" if step.get("condition") else ""
        lines.append(f"  {number}. {step['mail']}: {step['delay']} later, {due:%a %d %b %H:%M} UTC{condition}")
    return lines


def _yesterday(target: Target) -> int:
    """The events of the last 24 hours that start a flow, tried one by one."""
    since = (datetime.now(UTC) - timedelta(hours=24)).strftime("%Y-%m-%dT%H:%M:%SZ")
    kinds = {":k0": "contact.subscribed", ":k1": "checkout.started", ":k2": "parcel.delivered", ":k3": "contact.consent_changed"}
    found = scan(
        target,
        f"#kind = :event AND #type IN ({', '.join(kinds)}) AND #time >= :since",
        ExpressionAttributeNames={"#kind": "kind", "#type": "type", "#time": "time"},
        ExpressionAttributeValues={":event": {"S": "event"}, ":since": {"S": since}}
        | {name: {"S": kind} for name, kind in kinds.items()},
        ProjectionExpression="pk, sk",
    )
    keys = sorted(({"pk": item["pk"], "sk": item["sk"]} for item in found), key=lambda key: (key["pk"], key["sk"]))
    # One entry for each subject: a cart that changed ten times is one cart.
    subjects = list({key["pk"]: key for key in keys}.values())
    note(f"{len(keys)} events about {len(subjects)} carts, orders and contacts since {since}; nothing is sent")
    would: Counter[str] = Counter()
    for start in range(0, len(subjects), AT_A_TIME):
        for line in _try(target, subjects[start : start + AT_A_TIME]):
            print(f"{line['subject']}  {line['flow']} {line['step']} ({line['mail']}), due {line['due']}: {line['what']}")
            would[line["what"].split(":")[0]] += 1
    note(", ".join(f"{times} {what}" for what, times in would.most_common()) or "no flow would do anything")
    return 0


def _try(target: Target, keys: list[dict[str, str]]) -> list[dict[str, Any]]:
    answer = target.cloud.functions.invoke(
        FunctionName=target.facts["functions"]["email"], Payload=json.dumps({"dry_run": keys}).encode()
    )
    said = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer or not isinstance(said, list):
        why = said.get("errorMessage", said) if isinstance(said, dict) else said
        raise Failure(f"email could not try the events: {why}")
    return said
