"""Reads the table for the operator: orders, their events and effects, exceptions. Never writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer

from .target import Target

# The two sparse indexes are spread over these partitions.
SHARDS = ("0", "1", "2", "3")

_plain = TypeDeserializer()


def _value(attribute: dict[str, Any]) -> Any:
    value = _plain.deserialize(attribute)
    return value.value if isinstance(value, Binary) else value


def _item(raw: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(attribute) for name, attribute in raw.items()}


def scan(target: Target, filter_expression: str | None = None, **more: Any) -> Iterator[dict[str, Any]]:
    """Every item that passes the filter. Reads the whole table: for the local stack and for rare questions."""
    arguments = {"TableName": target.table, **more}
    if filter_expression:
        arguments["FilterExpression"] = filter_expression
    for page in target.cloud.dynamodb.get_paginator("scan").paginate(**arguments):
        yield from map(_item, page["Items"])


def subject_items(target: Target, pk: str) -> list[dict[str, Any]]:
    """Everything about one subject but the raw bodies."""
    pages = target.cloud.dynamodb.get_paginator("query").paginate(
        TableName=target.table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
        ConsistentRead=True,
    )
    return [_item(raw) for page in pages for raw in page["Items"] if not raw["sk"]["S"].startswith("payload#")]


def find_order(target: Target, wanted: str) -> str | None:
    """The subject of an order by its number, its gid, or its name (#1001; the # may be left out)."""
    wanted = wanted.strip()
    digits = re.fullmatch(r"(?:gid://shopify/Order/)?(\d+)(?:\?.*)?", wanted)
    if digits and _has_items(target, f"order#{int(digits[1])}"):
        return f"order#{int(digits[1])}"
    names = {wanted, wanted if wanted.startswith("#") else f"#{wanted}"}
    values = {f":n{index}": {"S": name} for index, name in enumerate(sorted(names))}
    found = scan(
        target,
        f"#kind = :event AND order_name IN ({', '.join(values)})",
        ExpressionAttributeNames={"#kind": "kind"},
        ExpressionAttributeValues=values | {":event": {"S": "event"}},
        ProjectionExpression="pk",
    )
    return next((item["pk"] for item in found), None)


def _has_items(target: Target, pk: str) -> bool:
    found = target.cloud.dynamodb.query(
        TableName=target.table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
        Limit=1,
        ConsistentRead=True,
    )
    return bool(found["Items"])


def store_row(target: Target, sk: str) -> dict[str, Any] | None:
    """One row of what concerns the store as a whole: a bookmark, a pause."""
    key = {"pk": {"S": target.shop_subject}, "sk": {"S": sk}}
    found = target.cloud.dynamodb.get_item(TableName=target.table, Key=key, ConsistentRead=True)
    return _item(found["Item"]) if "Item" in found else None


def open_exceptions(target: Target) -> list[dict[str, Any]]:
    """Every exception that is not resolved, oldest first, through the sparse index."""
    found = []
    for shard in SHARDS:
        pages = target.cloud.dynamodb.get_paginator("query").paginate(
            TableName=target.table,
            IndexName="open",
            KeyConditionExpression="open_shard = :shard",
            ExpressionAttributeValues={":shard": {"S": shard}},
        )
        items = [_item(raw) for page in pages for raw in page["Items"]]
        # What is resolved stays in the index until a digest has said that it healed, and until its incident is closed.
        found += [item for item in items if item.get("state") != "resolved"]
    return sorted(found, key=lambda item: (item.get("raised", 0), item["sk"]))


def rfc3339(seconds: Any) -> str | None:
    """Epoch seconds as the trace words a moment."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
