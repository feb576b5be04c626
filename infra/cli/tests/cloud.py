"""AWS's edge, played: each client answers a call by the function of that name, and keeps what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from cli.target import Target

_stored = TypeSerializer()


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Call")


class Client:
    """One service's client. `answers`: operation → what it answers to the arguments."""

    def __init__(self, **answers: Callable[..., Any]):
        self.answers, self.asked = answers, []

    def __getattr__(self, operation: str) -> Any:
        if operation.startswith("_"):
            raise AttributeError(operation)

        def call(**arguments: Any) -> Any:
            self.asked.append((operation, arguments))
            return self.answers[operation](**arguments)

        return call

    def get_paginator(self, operation: str) -> Any:
        client = self

        class Paginator:
            def paginate(self, **arguments: Any) -> list[Any]:
                return [getattr(client, operation)(**arguments)]

        return Paginator()


class Cloud:
    """The clients of one account."""

    def __init__(self, endpoint: str | None = None, **clients: Client):
        self.endpoint, self.region = endpoint, "us-east-1"
        self.__dict__.update(clients)


def table(rows: list[dict[str, Any]]) -> Client:
    """DynamoDB with these rows in the one table; a put is kept."""

    def item(row: dict[str, Any]) -> dict[str, Any]:
        return {name: _stored.serialize(value) for name, value in row.items() if value is not None}

    def get_item(Key: dict[str, Any], **_: Any) -> dict[str, Any]:
        wanted = (Key["pk"]["S"], Key["sk"]["S"])
        return next(({"Item": item(row)} for row in rows if (row["pk"], row["sk"]) == wanted), {})

    kept: list[dict[str, Any]] = []
    client = Client(
        get_item=get_item,
        scan=lambda **_: {"Items": [item(row) for row in rows]},
        query=lambda **_: {"Items": []},
        put_item=lambda Item, **_: kept.append(Item) or {},
        describe_table=lambda **_: {"Table": {"ItemCount": len(rows), "TableStatus": "ACTIVE"}},
        update_table=lambda **_: {},
        delete_table=lambda **_: {},
    )
    client.kept = kept
    return client


def target(cloud: Cloud, **facts: Any) -> Target:
    base = {"stack": "baton", "region": "us-east-1", "table": "T", "shop": "example", "endpoint": cloud.endpoint}
    return Target(base | {"sandbox_url": None, "intake_url": "https://door.example.com/"} | facts, cloud)


def row(kind: str, pk: str, sk: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "pk": pk, "sk": sk} | more


def event(order: int, kind: str, time: str = "2026-11-22T02:00:00Z", **more: Any) -> dict[str, Any]:
    base = {"id": kind, "type": kind, "source": "shopify", "time": time, "order_name": f"#{order}", "owes": {}}
    return row("event", f"order#{order}", f"event#{kind}", **(base | more))


def effect(order: int, key: str, state: str = "done") -> dict[str, Any]:
    base = {"key": key, "hash": "h", "state": state, "attempts": 1, "updated": "2026-11-22T02:00:01Z"}
    return row("effect", f"order#{order}", f"effect#{key}", **base)


def exception(order: int, layer: str, state: str = "open", told: bool = True, raised: int = 0) -> dict[str, Any]:
    base = {
        "id": f"{layer}-{state}",
        "layer": layer,
        "reason": f"{layer} stands.",
        "next_step": "Do it.",
        "state": state,
    }
    return row("exception", f"order#{order}", f"exception#{layer}", told=told, raised=raised, **base)
