"""`reset`: empties stack and sandbox in seconds, without deploying anything again."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from . import http, places, timers
from .paused import mapping
from .say import Failure, note
from .target import Target

# A function runs no longer than this on the local stack; what has not ended by then crashed.
LONGEST_RUN = 7.0


def reset() -> None:
    """Nothing new comes in, the layers stop, what is at work ends; then all is emptied until it stays empty."""
    started = time.monotonic()
    target = Target.load()
    if not target.sandbox:
        raise Failure("reset is for the local stack only")
    target.play("POST", "reset")
    mappings = [mapping(target, layer)["UUID"] for layer in places.LAYERS]
    _switch(target, mappings, on=False)
    try:
        while _counts(target, "ApproximateNumberOfMessagesNotVisible") and time.monotonic() - started < LONGEST_RUN:
            time.sleep(0.1)
        timers.disarm_all(target)
        _empty(target)
    finally:
        _switch(target, mappings, on=True)
    http.call("DELETE", target.emulator("/_ministack/ses/messages"))
    _reset_sandbox(target)
    note(f"empty after {time.monotonic() - started:.1f} s")


def _switch(target: Target, mappings: list[str], on: bool) -> None:
    for uuid in mappings:
        target.cloud.functions.update_event_source_mapping(UUID=uuid, Enabled=on)


def _empty(target: Target) -> None:
    """Until two looks running found nothing: the relay may still be sending on what the stream had."""
    quiet = 0
    for _ in range(60):
        found = _empty_tables(target) + _counts(target, "ApproximateNumberOfMessages")
        _purge(target)
        quiet = 0 if found else quiet + 1
        if quiet == 2:
            return
        time.sleep(0.3)
    raise Failure("the stack keeps working on something; look with: make settle")


def _all_queues(target: Target) -> list[str]:
    return [*target.facts["queues"].values(), *target.facts["dead_letters"].values(), target.facts["relay_failures"]]


def _counts(target: Target, attribute: str) -> int:
    urls = target.facts["queues"].values()
    found = [target.cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute]) for url in urls]
    return sum(int(answer["Attributes"][attribute]) for answer in found)


def _purge(target: Target) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda url: target.cloud.sqs.purge_queue(QueueUrl=url), _all_queues(target)))


def _empty_tables(target: Target) -> int:
    found = _empty_table(target, target.table, ("pk", "sk"))
    # The headless store's orders and their counter go as well: a store begins anew.
    return found + (_empty_table(target, orders, ("pk",)) if (orders := target.facts.get("orders_table")) else 0)


def _empty_table(target: Target, table: str, key: tuple[str, ...]) -> int:
    pages = target.cloud.dynamodb.get_paginator("scan").paginate(TableName=table, ProjectionExpression=", ".join(key))
    keys = [{name: item[name] for name in key} for page in pages for item in page["Items"]]
    for start in range(0, len(keys), 25):
        requests = [{"DeleteRequest": {"Key": one}} for one in keys[start : start + 25]]
        while requests:
            answer = target.cloud.dynamodb.batch_write_item(RequestItems={table: requests})
            requests = answer.get("UnprocessedItems", {}).get(table, [])
    return len(keys)
