"""`destroy`: takes the deployed stack down. Its tables stay, with every event in them, unless TABLES=delete says otherwise."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from botocore.exceptions import ClientError

from . import ledger, places
from .cloud import stack_status
from .say import Failure, note, step, wait_for
from .target import Target

# Signs the links already sent: it stays as long as the orders do.
LINKS_KEY = "links/key"


def destroy() -> int:
    """Says what goes and what stays, asks for the stack's name, and does it. DRY_RUN=1 ends before it asks."""
    # `make deploy` is to AWS, and so is this (`make down` ends the local stack); STACK_JSON names another.
    os.environ["AWS"] = "1"
    target, tables = Target.load(), _tables_asked()
    _tell(target, tables)
    if places.flag("DRY_RUN"):
        note("nothing was touched (DRY_RUN=1)")
        return 0
    _confirm(target)
    take_down(target, tables)
    return 0


def _tables_asked() -> bool:
    asked = os.environ.get("TABLES", "").strip()
    if asked not in ("", "keep", "delete"):
        raise Failure(f"TABLES={asked} must be keep (as if it were not said) or delete")
    return asked == "delete"


def _tables(target: Target) -> list[str]:
    return [name for name in (target.table, target.facts.get("orders_table")) if name]


def _rows(target: Target, name: str) -> int | None:
    """About how many rows a table has; None if there is no such table."""
    try:
        return target.cloud.dynamodb.describe_table(TableName=name)["Table"].get("ItemCount", 0)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return None


def _tell(target: Target, tables: bool) -> None:
    note(f"stack {target.stack} in {target.facts['region']}: its functions, queues, alarms, pages and logs go")
    for name in _tables(target):
        rows = _rows(target, name)
        if rows is None:
            note(f"  table {name} is gone already")
            continue
        what = "is deleted, with no way back" if tables else "stays, and costs what it stores; TABLES=delete removes it"
        note(f"  table {name} (about {rows} rows) {what}")
    waiting = len(ledger.open_exceptions(target)) if _rows(target, target.table) is not None else 0
    if waiting:
        note(f"  {waiting} exceptions are open: make exceptions AWS=1 shows what is left undone")
    note(
        "  secrets below /" + target.stack + ("" if tables else ", but for the key of the links already sent") + ", go"
    )
    note("  the webhooks at the store and at the partners point to nothing then: remove them there")


def _confirm(target: Target) -> None:
    typed = os.environ.get("CONFIRM", "").strip()
    if not typed:
        if not sys.stdin.isatty():
            raise Failure(f"not done: there is nobody to ask here. To do it without asking: CONFIRM={target.stack}")
        typed = input(f"Type the stack's name to take it down ({target.stack}): ").strip()
    if typed != target.stack:
        raise Failure(f"not done: {typed!r} is not {target.stack!r}")


def take_down(target: Target, tables: bool) -> None:
    """The stack first, so that nothing writes any more; then secrets; then, if asked for, the tables. May be done again."""
    with step(f"delete stack {target.stack}"):
        target.cloud.cloudformation.delete_stack(StackName=target.stack)
        every = 0.3 if target.cloud.endpoint else 5
        ended = wait_for("the stack to go", lambda: _ended(target), 1800, every)
    if ended != "gone":
        raise Failure(
            f"the deletion ended as {ended}: the CloudFormation console names the resource that stays; remove what holds it, "
            "then run this again"
        )
    with step("secrets"):
        kept = set() if tables else {f"/{target.stack}/{LINKS_KEY}"}
        for name in _secrets(target):
            if name not in kept:
                target.cloud.ssm.delete_parameter(Name=name)
    for name in _tables(target):
        if tables:
            with step(f"delete table {name}"):
                _delete_table(target, name)
        else:
            note(f"  table {name} stays")


def _ended(target: Target) -> str | None:
    status = stack_status(target.cloud, target.stack)
    if status is None:
        return "gone"
    return status if status.endswith("_FAILED") else None


def _secrets(target: Target) -> Iterator[str]:
    pages = target.cloud.ssm.get_paginator("get_parameters_by_path").paginate(
        Path=f"/{target.stack}/", Recursive=True, WithDecryption=False
    )
    for page in pages:
        for parameter in page["Parameters"]:
            yield parameter["Name"]


def _delete_table(target: Target, name: str) -> None:
    """Its protection against deletion is taken off first; a table that is gone already is gone."""
    try:
        target.cloud.dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        target.cloud.dynamodb.delete_table(TableName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
