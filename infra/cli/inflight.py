"""What is still in flight: queues, events that a layer has yet to take, effects at work or in doubt, untold exceptions.

A stream that has not been read shows as an event that still owes a layer, or an exception not told: both are written
with the debt in them.
"""

from __future__ import annotations

import json
import time
from typing import Any

from . import http, ledger, places, timers
from .paused import paused_layers
from .target import Target

# What is due later than this many seconds is not waited for.
SOON = 60


def open_work(target: Target) -> list[str]:
    """One line for each thing that is still open; empty when all is settled."""
    paused, soon = paused_layers(target), time.time() + SOON
    items = list(
        ledger.scan(
            target,
            "#kind IN (:event, :effect, :exception)",
            ExpressionAttributeNames={"#kind": "kind"},
            ExpressionAttributeValues={":" + kind: {"S": kind} for kind in ("event", "effect", "exception")},
            ConsistentRead=True,
        )
    )
    return [
        *_queues(target, paused, _long_waits(items, soon)),
        *_events(items, paused, _dead(target), soon),
        *_effects(items, soon),
        *(
            f"exception {item['id']} has not been told to the owner"
            for item in items
            if item["kind"] == "exception" and not item.get("told") and item.get("state") == "open"
            if "monitoring" not in paused
        ),
        *_timers(target, soon),
        *_sandbox(target),
    ]


def _timers(target: Target, soon: float) -> list[str]:
    due = [timer for at, timer in timers.armed(target) if at <= soon]
    return [f"step {timer['step']} of the flow {timer['flow']} is due about {timer['subject']}" for timer in due]


def _waits_long(event: dict[str, Any], layer: str, soon: float) -> bool:
    return int(((event.get("waits") or {}).get(layer) or {}).get("until", 0)) > soon


def _long_waits(items: list[dict[str, Any]], soon: float) -> dict[str, int]:
    """Per layer, how many events wait for a moment further off: each may have one delayed message."""
    events = [item for item in items if item["kind"] == "event"]
    return {layer: sum(_waits_long(event, layer, soon) for event in events) for layer in places.LAYERS}


def _queues(target: Target, paused: set[str], long_waits: dict[str, int]) -> list[str]:
    found = []
    for layer, url in target.facts["queues"].items():
        if layer in paused:
            continue
        names = {
            "ApproximateNumberOfMessages": "waiting",
            "ApproximateNumberOfMessagesNotVisible": "being worked on",
            "ApproximateNumberOfMessagesDelayed": "delayed",
        }
        counts = target.cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
        for attribute, words in names.items():
            count = int(counts[attribute]) - (long_waits[layer] if words == "delayed" else 0)
            if count > 0:
                found.append(f"queue {layer}: {count} {words}")
    return found


def _dead(target: Target) -> dict[str, set[tuple[str, str]]]:
    """Per layer, the keys of the events whose message lies among the dead letters. Looks without receiving."""
    wanted = {url.rpartition("/")[2]: layer for layer, url in target.facts["dead_letters"].items()}
    _, answer = http.call("GET", target.emulator("/_ministack/sqs/messages"))
    dead: dict[str, set[tuple[str, str]]] = {layer: set() for layer in places.LAYERS}
    for regions in answer["messages"].values():
        for queues in regions.values():
            for url, messages in queues.items():
                layer = wanted.get(url.rpartition("/")[2])
                for message in messages if layer else []:
                    try:
                        key = json.loads(message["Body"])
                        dead[layer].add((key["pk"], key["sk"]))
                    except (ValueError, KeyError, TypeError):
                        # Not one of our keys: a failed SNS delivery, say. It belongs to no event.
                        continue
    return dead


def _events(
    items: list[dict[str, Any]], paused: set[str], dead: dict[str, set[tuple[str, str]]], soon: float
) -> list[str]:
    found = []
    for item in items:
        if item["kind"] != "event":
            continue
        for layer in places.LAYERS:
            owed = layer in (item.get("owes") or {})
            excused = layer in paused or (item["pk"], item["sk"]) in dead[layer] or _waits_long(item, layer, soon)
            if owed and not excused:
                found.append(f"{layer} has not taken {item['type']} of {item.get('order_name') or item['pk']}")
    return found


def _effects(items: list[dict[str, Any]], soon: float) -> list[str]:
    found = []
    for item in items:
        if item["kind"] != "effect":
            continue
        name = f"{item['key']} of {item['pk']}"
        if item["state"] in ("claimed", "unknown"):
            found.append(f"{name} is {item['state']}")
        elif item["state"] == "waiting" and int(item.get("not_before", 0)) <= soon:
            found.append(f"{name} waits until {ledger.rfc3339(item.get('not_before'))}")
    return found


def _sandbox(target: Target) -> list[str]:
    try:
        status, pending = http.call("GET", f"{target.sandbox}/_sandbox/pending", timeout=5)
    except OSError as error:
        return [f"the sandbox does not answer: {error}"]
    if status != 200:
        return [f"the sandbox does not say what it has in flight: {status}"]
    return [f"sandbox: {count} {what}" for what, count in pending.items() if count]
