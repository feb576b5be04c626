"""Which layers are paused: one item per layer beside what concerns the store as a whole, so that the watchdog knows too."""

from __future__ import annotations

from typing import Any

from . import places
from .say import Failure
from .target import Target


def paused_layers(target: Target) -> set[str]:
    """The names of the paused layers."""
    found = target.cloud.dynamodb.query(
        TableName=target.table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :pause)",
        ExpressionAttributeValues={":pk": {"S": target.shop_subject}, ":pause": {"S": "pause#"}},
        ConsistentRead=True,
    )
    return {item["sk"]["S"].partition("#")[2] for item in found["Items"]}


def layer_from_environment(verb: str) -> str:
    layer = places.required("LAYER", f"make {verb} LAYER=routing")
    if layer not in places.LAYERS:
        raise Failure(f"there is no layer {layer!r}; the layers are {', '.join(places.LAYERS)}")
    return layer


def mapping(target: Target, layer: str) -> dict[str, Any]:
    """The event source mapping between a layer's queue, or the table's stream, and its function."""
    found = target.cloud.functions.list_event_source_mappings(FunctionName=target.facts["functions"][layer])
    queue = target.facts["queues"].get(layer)
    source = f":{queue.rpartition('/')[2]}" if queue else f":table/{target.table}/stream/"
    for entry in found["EventSourceMappings"]:
        if source in entry["EventSourceArn"]:
            return entry
    raise Failure(f"the function of {layer} has no mapping from {source_of(layer)}; deploy again to mend it")


def source_of(layer: str) -> str:
    """What feeds a layer, in words."""
    return "its queue" if layer in places.QUEUED else "the table's stream"
