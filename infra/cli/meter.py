"""`cost`: plays one order on a stack of its own, counts what it and a quiet minute take, and tells the owner the sum."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from . import cost, ledger, places
from .handoffs import missing
from .places import Choices
from .say import note, wait_for
from .storefile import read
from .target import Target
from .trace import journey
from .up import down, up
from .with_stack import own_stack

# The plan in which a shop of this many mails a month is told what the other one would save.
MAILS_A_MONTH = 3_000


def told() -> int:
    """The idle month from the template, an order counted on a stack of its own, and the mails."""
    if places.flag("AWS"):
        return _of_aws(Target.load())
    cost.show_idle(cost.idle())
    if read(Choices.from_environment().store).values["store"]["platform"] != "shopify":
        note("an order is counted for a Shopify store; leave STORE out, or name one")
        return 0
    os.environ["UPSTREAM"] = "sandbox"
    with own_stack():
        try:
            up()
            target = Target.load()
            target.play("POST", "catalog", {"any_variant": True})
            order = places.LOCAL_DEFAULTS / "example-order.json"
            subject = f"order#{json.loads(order.read_text())['id']}"
            begin(target)
            target.play("POST", "shopify/orders?deliver=1&risk=LOW", order.read_bytes())
            wait_for("the order's way to the doorstep", lambda: missing(_trace(target, subject)) is None, 90, 0.5)
            if counted := count(target, subject):
                show(counted)
            check_rounds(target)
        finally:
            down()
    return 0


def _of_aws(target: Target) -> int:
    """What cannot be counted from outside stays as the template says; the plan in force is asked for."""
    cost.show_idle(cost.idle())
    plan = plan_in_force(target)
    for line in cost.mail_lines(cost.prices(), plan, MAILS_A_MONTH):
        note(line)
    note("an order: make cost without AWS=1 counts one on this machine; it takes the same there")
    return 0


def plan_in_force(target: Target) -> str | None:
    """SES's plan of this account, as SES names it; None where it does not say."""
    return (target.cloud.sesv2.get_account().get("PricingAttributes") or {}).get("CurrentPlan")


def begin(target: Target) -> None:
    """From here on the sandbox counts. The first round of a new stack (subscriptions, bookmarks) is over by then."""
    for function in cost.prices()["round"]:
        _play_round(target, function)
    target.play("DELETE", "counts")


@dataclass(frozen=True)
class Counted:
    """What one order used, and how many mails it took."""

    use: cost.Use
    mails: int


def count(target: Target, subject: str) -> Counted | None:
    """What the order took since `begin`. None, and a word about it, where the functions' calls do not pass the sandbox."""
    # SES's word on the last mail, and the last layer's acknowledgement, come after what the customer sees.
    time.sleep(1.5)
    counts = target.play("GET", "counts")
    if not counts["took"]:
        note("what it costs was not counted: the functions' AWS calls do not pass the sandbox (UPSTREAM=sandbox)")
        return None
    events, deliveries = len(_trace(target, subject)["events"]), len(target.play("GET", "deliveries"))
    use = cost.order_use(counts, events, deliveries, target.facts["functions"]["monitoring"], cost.prices())
    return Counted(use, counts["mails"])


def show(counted: Counted) -> None:
    """The order, and its mails, in dollars."""
    table = cost.prices()
    cost.show_order(cost.bill(counted.use, table, free=False), counted.mails)
    for line in cost.mail_lines(table, None, MAILS_A_MONTH):
        note(line)


def check_rounds(target: Target) -> None:
    """Plays each schedule's round and holds what it took against prices.toml."""
    table = cost.prices()
    for function, schedules in table["round"].items():
        name = target.facts["functions"][function.lower()]
        target.play("DELETE", "counts")
        _play_round(target, function)
        counts = target.play("GET", "counts")
        took = counts["took"].get(name, {})
        requests = sum(n for call, n in counts["functions"].get(name, {}).items() if call.startswith("sqs/"))
        found = {"sqs_request": requests} | {
            f"{kind}_unit": took.get(f"{kind}_units", 0) for kind in ("half_read", "write")
        }
        most = next(iter(schedules.values()))
        over = {what: count for what, count in found.items() if count > most[what]}
        note(f"  a round of {function}: {found}" + (f", more than prices.toml says: {over}" if over else ""))


def _play_round(target: Target, function: str) -> None:
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {"source": "aws.events", "detail-type": "Scheduled Event", "time": moment}
    name = target.facts["functions"][function.lower()]
    target.cloud.functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())


def _trace(target: Target, subject: str) -> dict[str, Any]:
    return journey(subject, ledger.subject_items(target, subject))
