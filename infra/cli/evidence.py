"""What really happened, hand-off by hand-off, read from the table: the newest orders, and what the last drill proved."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import ledger
from .handoffs import Trace, has_event, has_mail, nothing_to_make
from .target import Target
from .trace import journey

# Rows looked at; a larger table is read so far, and the audit says so. About 25,000 read units, a third of a cent.
MOST_ROWS = 100_000
# The newest orders are enough to judge by.
ORDERS = 40
# What the last drill proved stands for so long.
DRILL_DAYS = 30
# The row of the last drill, under the store's subject, in the shape of the ledger's bookmarks.
DRILL = "bookmark#drill"

AUTOMATED, MANUAL, MISSING = "automated", "manual", "missing"


@dataclass(frozen=True)
class HandOff:
    """`layer` owes it once `armed` holds of an order's trace; `done` says that it has done it."""

    layer: str
    words: str
    armed: Callable[[Trace], bool]
    done: Callable[[Trace], bool]
    todo: str


def _taken(trace: Trace) -> bool:
    """Somebody has the order, or nothing of it is ours to make."""
    return has_event("order.routed")(trace) or nothing_to_make(trace)


HAND_OFFS = (
    HandOff(
        "capture",
        "a paid order gets its verdict",
        has_event("order.paid"),
        has_event("order.cleared", "order.held"),
        "make drill places an order; make exceptions says what stops it",
    ),
    HandOff(
        "routing",
        "a cleared order reaches its partner",
        has_event("order.cleared"),
        _taken,
        "make drill takes an order to the partner as a draft; make exceptions says what stops it",
    ),
    HandOff(
        "routing",
        "the partner accepts it",
        has_event("order.routed"),
        has_event("partner.accepted", "parcel.shipped"),
        "the first real order proves it: see that it is accepted at the partner, and that the partner's webhooks reach the door",
    ),
    HandOff(
        "shipping",
        "a parcel is entered in the store",
        has_event("parcel.shipped"),
        has_event("parcel.announced"),
        "the first parcel proves it; make exceptions says what stops it",
    ),
    HandOff(
        "email",
        "a buyer gets the confirmation",
        has_event("order.cleared"),
        has_mail("confirmation"),
        "make drill sends one to its inbox; make doctor looks at SES",
    ),
    HandOff(
        "email",
        "a buyer hears of the parcel",
        has_event("parcel.announced"),
        has_mail("shipped"),
        "the first parcel proves it; make doctor looks at SES",
    ),
)


@dataclass(frozen=True)
class Proof:
    """One hand-off as it went the last time: its state, and on what that rests."""

    hand_off: HandOff
    state: str
    because: str


@dataclass
class Seen:
    """What the table holds of the newest orders, newest first, of the store, and of the owner's channels."""

    orders: list[Trace] = field(default_factory=list)
    late: dict[str, float] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    marks: dict[str, dict[str, Any]] = field(default_factory=dict)
    cut: bool = False


def gather(target: Target) -> Seen:
    """Reads the table, up to MOST_ROWS rows of it."""
    seen, orders = Seen(), {}
    kinds = ("event", "effect", "exception", "bookmark")
    rows = ledger.scan(
        target,
        f"#kind IN ({', '.join(':' + kind for kind in kinds)})",
        ExpressionAttributeNames={"#kind": "kind"},
        ExpressionAttributeValues={":" + kind: {"S": kind} for kind in kinds},
    )
    for number, row in enumerate(rows):
        if number >= MOST_ROWS:
            seen.cut = True
            break
        if row["kind"] == "bookmark":
            seen.marks[row["sk"].partition("#")[2]] = row
            continue
        if row["kind"] == "event":
            seen.sources[row["source"]] = max(row["time"], seen.sources.get(row["source"], ""))
        if row["kind"] == "exception":
            seen.told.append(row)
        if row["pk"].startswith("order#"):
            orders.setdefault(row["pk"], []).append(row)
    paid = {
        pk: next((row["time"] for row in rows if row.get("type") == "order.paid"), "") for pk, rows in orders.items()
    }
    newest = sorted((pk for pk, when in paid.items() if when), key=lambda pk: paid[pk], reverse=True)[:ORDERS]
    seen.orders = [journey(pk, orders[pk]) | {"rows": orders[pk]} for pk in newest]
    return seen


def proofs(seen: Seen, now: float | None = None) -> list[Proof]:
    """Each hand-off as it went in the newest order that has come so far; where there is none, as the last drill saw it."""
    now = time.time() if now is None else now
    drilled = drill_sheet(seen, now)
    return [_proof(seen, hand_off, drilled, now) for hand_off in HAND_OFFS] + [_monitoring(seen, drilled, now)]


def drill_sheet(seen: Seen, now: float) -> dict[str, Any]:
    """Layer → {"state", "words"} of the last drill, if it is not older than DRILL_DAYS."""
    row = seen.marks.get("drill")
    if row is None or now - int(row["at"]) > DRILL_DAYS * 86_400:
        return {}
    return {line["layer"]: line | {"at": ledger.rfc3339(row["at"])} for line in json.loads(row["place"])["layers"]}


def _proof(seen: Seen, hand_off: HandOff, drilled: dict[str, Any], now: float) -> Proof:
    for trace in seen.orders:
        if not hand_off.armed(trace):
            continue
        stopped = [row for row in trace["rows"] if row["kind"] == "exception" and row["layer"] == hand_off.layer]
        standing = next((row for row in stopped if row["state"] != "resolved"), None)
        name = next((row["order_name"] for row in trace["rows"] if row.get("order_name")), trace["order"])
        if hand_off.done(trace):
            helped = [row for row in stopped if not row.get("healed")]
            if helped:
                return Proof(hand_off, MANUAL, f"{name} came through, and not by itself: {helped[-1]['reason']}")
            return Proof(hand_off, AUTOMATED, f"{name}, {trace['events'][-1]['time'][:19]}Z")
        if standing:
            return Proof(hand_off, MISSING, f"{name} stands: {standing['reason']}")
        if any(int(row.get("due") or 0) and int(row["due"]) < now for row in trace["rows"]):
            return Proof(hand_off, MISSING, f"{name} is late")
        # Under way, or over without it (cancelled, a drill's draft): an older order tells.
    line = drilled.get(hand_off.layer)
    # A drill's draft is neither accepted nor shipped: only what it did is proven by it.
    if line and line["state"] == "pass" and hand_off.words in line["proves"]:
        return Proof(hand_off, AUTOMATED, f"the drill of {line['at']}")
    return Proof(hand_off, MISSING, "nothing of the kind has happened yet")


ALERTED = "the owner hears what went wrong"


def _monitoring(seen: Seen, drilled: dict[str, Any], now: float) -> Proof:
    hand_off = HandOff(
        "monitoring", ALERTED, lambda _: True, lambda _: True, "make test-alert, then open the link in it"
    )
    untold = [row for row in seen.told if row["state"] == "open" and not row["told"] and now - int(row["raised"]) > 600]
    if untold:
        return Proof(hand_off, MISSING, f"{len(untold)} exceptions have not been told for ten minutes")
    answered = {name.partition("#")[2]: row for name, row in seen.marks.items() if name.startswith("channel#")}
    if answered:
        channel, row = max(answered.items(), key=lambda entry: int(entry[1]["at"]))
        return Proof(hand_off, AUTOMATED, f"an alert by {channel} was acknowledged {ledger.rfc3339(row['at'])}")
    line = drilled.get("monitoring")
    if line and line["state"] == "pass":
        return Proof(hand_off, MANUAL, f"the drill of {line['at']} sent one; nobody has acknowledged any yet")
    if any(row["told"] for row in seen.told):
        return Proof(hand_off, MANUAL, "alerts went out; nobody has acknowledged any yet")
    return Proof(hand_off, MISSING, "no alert has gone out yet")
