"""`trace` and `exceptions`: JSON on standard output, as the contract words it, and nothing else there."""

from __future__ import annotations

import json
import sys
from typing import Any

from . import ledger, places
from .say import Failure, note
from .target import Target


def trace() -> None:
    """One order's journey. The name is looked up by reading the whole table; number and gid are not."""
    target = Target.load()
    wanted = places.required("ORDER", "make trace ORDER=5550004242   (or the gid, or ORDER='#1001')")
    subject = ledger.find_order(target, wanted)
    if subject is None:
        raise Failure(
            f"no order {wanted!r} is known to the stack {target.stack}. If the store has it, its webhook did not arrive: make sweep "
            "asks the store for what it did not tell."
        )
    print(json.dumps(journey(subject, ledger.subject_items(target, subject)), indent=2, ensure_ascii=False))


def exceptions() -> None:
    """All open exceptions, each with its order, its kind (`KIND` of `make replay`) and when it was raised; on a screen, a few lines
    for each beside the JSON."""
    found = [_listed(item) for item in ledger.open_exceptions(Target.load())]
    print(json.dumps(found, indent=2, ensure_ascii=False))
    if sys.stdout.isatty():
        for entry in found:
            who = entry["order_name"] or entry["order"] or "the store"
            note(f"{who}  {entry['layer']}  {entry['kind']}  since {entry['raised']}\n  {entry['reason']}\n  next: {entry['next_step']}")


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    about = {"order": item.get("order"), "order_name": item.get("order_name"), "kind": item.get("what")}
    return about | {"raised": ledger.rfc3339(item.get("raised"))} | exception(item)


def journey(subject: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    """The contract's document from the items of one order."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        by_kind.setdefault(item.get("kind", ""), []).append(item)
    events = sorted(by_kind.get("event", []), key=lambda item: (_in_order(item["time"]), item["id"]))
    effects = sorted(by_kind.get("effect", []), key=lambda item: (_in_order(item.get("updated", "")), item["key"]))
    raised = sorted(by_kind.get("exception", []), key=lambda item: (item.get("raised", 0), item["id"]))
    return {
        "order": subject.partition("#")[2],
        "events": [event(item) for item in events],
        "effects": [effect(item) for item in effects],
        "exceptions": [exception(item) for item in raised],
        "mails": [mail(item) for item in effects if item["key"].startswith("email#") and _was_sent(item)],
    }


def _in_order(time: str) -> str:
    """RFC 3339 in UTC, as text that sorts: a whole second is written without a fraction, and comes before its parts."""
    whole = time.removesuffix("Z")
    return whole if "." in whole else whole + "."


def event(item: dict[str, Any]) -> dict[str, Any]:
    """What happened; `owes` are the names still owed, `due` the earliest moment one of them is late. A layer that waits for
    something says for what: `waits`."""
    owes = item.get("owes") or {}
    waits = {
        layer: (f"{wait['provider']}: " if wait.get("provider") else "") + wait["reason"]
        for layer, wait in (item.get("waits") or {}).items()
        if layer in owes
    }
    said = {
        "id": item["id"],
        "type": item["type"],
        "time": item["time"],
        "source": item["source"],
        "owes": sorted(owes),
        # An item keeps its place in the index when it owes nothing any more.
        "due": ledger.rfc3339(item.get("due")) if owes else None,
    }
    return said | {"waits": waits} if waits else said


def effect(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": item["key"],
        "hash": item["hash"],
        "state": item["state"],
        "reference": item.get("reference"),
        "attempts": int(item.get("attempts", 0)),
    }


def exception(item: dict[str, Any]) -> dict[str, Any]:
    """As the alert says it: the command in the next step names this exception. `healed`: when it ended by itself, or null;
    `round`: how often it was raised, having been settled in between."""
    said = {name: item.get(name) for name in ("id", "layer", "reason", "next_step", "state", "told")}
    life = {"healed": ledger.rfc3339(item.get("healed")), "round": int(item.get("round", 1))}
    return said | {"next_step": (said["next_step"] or "").replace("<id>", item["id"])} | life


def _was_sent(item: dict[str, Any]) -> bool:
    return item["state"] == "done" or (item["state"] in ("claimed", "unknown") and int(item.get("attempts", 0)) > 0)


def mail(item: dict[str, Any]) -> dict[str, Any]:
    """A mail that went out, or may have: its effect says which."""
    note = item.get("note") or {}
    return {
        "kind": note.get("kind") or item["key"].split("#")[1],
        "to_hash": note.get("to_hash"),
        "message_id": item.get("reference"),
        "effect_hash": item["hash"],
        "time": item.get("updated"),
    }
