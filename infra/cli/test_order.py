"""`test-order`: a tagged order goes the whole way through the deployed stack, and is cleaned up after itself.

The partner holds it as a draft and is never told to make it; the confirmation goes to the owner's own address.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import ledger, places
from .operate import operate
from .say import Failure, note
from .target import Target
from .trace import journey

Trace = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One hand-off of the test order. `late` completes the sentence of the failure."""

    layer: str
    words: str
    done: Callable[[Trace], bool]
    late: str


def _event(kind: str) -> Callable[[Trace], bool]:
    return lambda trace: any(event["type"] == kind for event in trace["events"])


def _effect(start: str, *states: str) -> Callable[[Trace], bool]:
    return lambda trace: any(e["key"].startswith(start) and e["state"] in states for e in trace["effects"])


STEPS = (
    Step("intake", "the webhook of the paid order came in", _event("order.paid"), "its webhook did not arrive: make subscriptions"),
    Step("capture", "it is paid, real and safe", _event("order.cleared"), "capture did not clear it: make exceptions"),
    Step("email", "the confirmation was sent", _effect("email#confirmation", "done"), "no confirmation went out: make doctor"),
    Step("routing", "the partner has it as a draft", _event("order.routed"), "no partner took it: make exceptions"),
    Step("routing", "the draft was taken back", _effect("partner-cancel", "done"), "the draft still lies at the partner"),
)


def test_order() -> int:
    """Places it, follows it, cleans up, and ends with a sheet per layer. 1 if it did not come through."""
    target = Target.load()
    values = {name.lower(): value for name in ("TAG", "VARIANT") if (value := os.environ.get(name, "").strip())}
    placed = operate(target, "capture", "test-order", **values)
    order = placed["order"]
    note(f"test order {order} is placed ({placed['tag']})")
    failed = _follow(target, order, places.number("TIMEOUT", 180))
    cleaning = {"order": order} | ({"why": failed} if failed else {})
    operate(target, "capture", "test-order-clean-up", **cleaning)
    note("  cleaned up: it is cancelled in the store")
    if failed:
        raise Failure(f"the test order did not come through: {failed}")
    note("the way from checkout to partner works; nothing is being made")
    return 0


def _stopped(trace: Trace) -> str | None:
    """What a layer says keeps the order from going on: nothing comes of waiting any longer."""
    found = next((one for one in trace.get("exceptions", []) if one["state"] == "open"), None)
    return f"{found['layer']}: {found['reason']} Next: {found['next_step']}" if found else None


def _follow(target: Target, order: str, seconds: float) -> str | None:
    """Prints each step as it happens; what did not happen in time, if something did not."""
    started = time.monotonic()
    todo = list(STEPS)
    while todo:
        subject = ledger.find_order(target, order)
        trace = journey(subject, ledger.subject_items(target, subject)) if subject else {"events": [], "effects": []}
        elapsed = time.monotonic() - started
        while todo and todo[0].done(trace):
            note(f"  pass  {todo[0].layer:<8} {todo[0].words:<42} {elapsed:6.1f} s")
            todo.pop(0)
        if todo and (why := _stopped(trace)):
            note(f"  FAIL  {todo[0].layer:<8} {todo[0].words:<42} {elapsed:6.1f} s")
            return why
        if todo and elapsed > seconds:
            note(f"  FAIL  {todo[0].layer:<8} {todo[0].words:<42} {elapsed:6.1f} s")
            waits = [f"{layer} waits for {why}" for event in trace["events"] for layer, why in event.get("waits", {}).items()]
            return "; ".join([f"{todo[0].layer}: {todo[0].late}", *waits])
        time.sleep(0.25 if target.facts["endpoint"] else 1.0)
    return None
