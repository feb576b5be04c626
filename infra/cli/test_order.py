"""`test-order`: a tagged order goes the whole way through the deployed stack, and is cleaned up after itself.

The partner holds it as a draft and is never told to make it; the confirmation goes to the owner's own address.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import ledger, places
from .operate import operate
from .paused import paused_layers
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
    Step(
        "intake",
        "the webhook of the paid order came in",
        _event("order.paid"),
        "its webhook did not arrive: make subscriptions",
    ),
    Step("capture", "it is paid, real and safe", _event("order.cleared"), "capture did not clear it: make exceptions"),
    Step(
        "email",
        "the confirmation was sent",
        _effect("email#confirmation", "done"),
        "no confirmation went out: make doctor",
    ),
    Step("routing", "the partner has it as a draft", _event("order.routed"), "no partner took it: make exceptions"),
    Step(
        "routing", "the draft was taken back", _effect("partner-cancel", "done"), "the draft still lies at the partner"
    ),
)


@dataclass
class Followed:
    """The steps that came through, with the seconds until then; why the next one did not, if one did not."""

    passed: list[tuple[Step, float]] = field(default_factory=list)
    failed: Step | None = None
    why: str = ""


def test_order() -> int:
    """Places it, follows it, cleans up, and ends with a line per step. 1 if it did not come through."""
    target = Target.load()
    if waiting := paused_layers(target) & {step.layer for step in STEPS}:
        first = min(waiting)
        raise Failure(f"{' and '.join(sorted(waiting))}: paused, so a test order would wait there. make resume LAYER={first}")
    order, _ = place(target)
    followed = follow(target, order, STEPS, places.number("TIMEOUT", 180))
    clean_up(target, order, followed.why)
    if followed.failed:
        raise Failure(f"the test order did not come through: {followed.why}")
    note("the way from checkout to partner works; nothing is being made")
    return 0


def place(target: Target) -> tuple[str, str]:
    """The store's number of the test order, and its tag: TAG again is the same order, VARIANT names what is bought."""
    values = {name.lower(): value for name in ("TAG", "VARIANT") if (value := os.environ.get(name, "").strip())}
    placed = operate(target, "capture", "test-order", **values)
    note(f"test order {placed['order']} is placed ({placed['tag']})")
    return placed["order"], placed["tag"]


def clean_up(target: Target, order: str, why: str) -> None:
    """Cancels and refunds it in the store; `why` it failed, if it did, becomes an exception for the owner."""
    operate(target, "capture", "test-order-clean-up", order=order, **({"why": why} if why else {}))
    note("  cleaned up: it is cancelled in the store")


def _stopped(trace: Trace) -> str | None:
    """What a layer says keeps the order from going on: nothing comes of waiting any longer."""
    found = next((one for one in trace.get("exceptions", []) if one["state"] == "open"), None)
    return f"{found['layer']}: {found['reason']} Next: {found['next_step']}" if found else None


def follow(target: Target, order: str, steps: tuple[Step, ...], seconds: float) -> Followed:
    """Prints each step as it happens, until all have, one is said to be stopped, or the time is over."""
    started = time.monotonic()
    followed, todo = Followed(), list(steps)
    while todo:
        subject = ledger.find_order(target, order)
        trace = journey(subject, ledger.subject_items(target, subject)) if subject else {"events": [], "effects": []}
        elapsed = time.monotonic() - started
        while todo and todo[0].done(trace):
            note(f"  pass  {todo[0].layer:<8} {todo[0].words:<42} {elapsed:6.1f} s")
            followed.passed.append((todo.pop(0), elapsed))
        if not todo:
            return followed
        why = _stopped(trace)
        if why or elapsed > seconds:
            note(f"  FAIL  {todo[0].layer:<8} {todo[0].words:<42} {elapsed:6.1f} s")
            waits = [
                f"{layer} waits for {what}"
                for event in trace["events"]
                for layer, what in event.get("waits", {}).items()
            ]
            followed.failed = todo[0]
            followed.why = why or "; ".join([f"{todo[0].layer}: {todo[0].late}", *waits])
            return followed
        time.sleep(0.25 if target.facts["endpoint"] else 1.0)
    return followed
