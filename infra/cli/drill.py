"""`drill`: a tagged order goes the whole way through the deployed stack, is refunded and cleaned up, and ends in a sheet per layer.

The order is the store's own, paid with a test payment; the partner holds it as a draft and is never told to make it; its mails
go to `[drill] inbox`. Who runs the command decides the refund, and the order's tag names that decision. The sheet is kept in the
table: `audit` judges by it until real orders tell.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import http, ledger, places, storefile
from .evidence import ALERTED, DRILL, HAND_OFFS
from .handoffs import has_event
from .operate import operate
from .say import Failure, note
from .target import Target
from .test_order import STEPS, Followed, Step, clean_up, follow, place
from .trace import journey

PASS, FAIL = "pass", "FAIL"
BACK = (
    Step(
        "intake",
        "the store told of the cancellation",
        has_event("order.cancelled"),
        "its webhook did not arrive: make subscriptions",
    ),
    Step(
        "intake",
        "the store told of the refund",
        has_event("order.refunded"),
        "its webhook did not arrive: look into the store",
    ),
)
# What a step that passed proves, in the words of the audit.
_PROVES = {
    "it is paid, real and safe": "a paid order gets its verdict",
    "the partner has it as a draft": "a cleared order reaches its partner",
    "the confirmation was sent": "a buyer gets the confirmation",
}


@dataclass
class Line:
    """One layer of the sheet: how it ended, seconds after the order was placed, and which hand-offs that proves."""

    layer: str
    state: str = PASS
    seconds: float | None = None
    words: list[str] = field(default_factory=list)
    proves: list[str] = field(default_factory=list)


def drill() -> int:
    """Places, follows, refunds, cleans up, asks shipping, sends a test alert; 1 if a layer failed."""
    target = Target.load()
    store = storefile.read(Path(target.facts["store_config"]))
    inbox = store.values["drill"]["inbox"] or store.values["alerts"]["to"]
    limit = places.number("TIMEOUT", 180)
    lines = {layer: Line(layer) for layer in ("intake", *places.LAYERS)}
    order, tag = place(target)
    there = follow(target, order, STEPS, limit)
    _enter(lines, there, 0)
    try:
        clean_up(target, order, there.why)
        _enter(lines, follow(target, order, BACK, limit), there.passed[-1][1] if there.passed else 0)
    except Failure as failure:
        _fail(lines["intake"], f"the clean-up: {failure}; cancel {order} in the store")
    _mail_came(target, inbox, order, lines["email"])
    _shipping(target, lines["shipping"])
    _alert(target, lines["monitoring"])
    sheet = {"order": order, "tag": tag, "layers": [asdict(line) for line in lines.values()]}
    _keep(target, sheet)
    return _show(order, tag, inbox, list(lines.values()))


def _enter(lines: dict[str, Line], followed: Followed, before: float) -> None:
    for step, seconds in followed.passed:
        line = lines[step.layer]
        line.seconds = round(before + seconds, 1)
        line.words.append(step.words)
        if step.words in _PROVES:
            line.proves.append(_PROVES[step.words])
    if followed.failed:
        _fail(lines[followed.failed.layer], followed.why)
        # Nothing comes of what follows a step that did not happen.
        for line in lines.values():
            if not line.words and line.layer in ("capture", "email", "routing"):
                _fail(line, f"nothing to do: {followed.failed.layer} did not pass the order on")


def _fail(line: Line, why: str) -> None:
    line.state = FAIL
    line.words.append(why)


def _mail_came(target: Target, inbox: str, order: str, line: Line) -> None:
    """On the local stack the inbox can be looked into; elsewhere its owner does."""
    if not target.facts["mailbox_url"] or line.state == FAIL:
        return
    subject = ledger.find_order(target, order)
    mails = journey(subject, ledger.subject_items(target, subject))["mails"] if subject else []
    sent = {mail["message_id"] for mail in mails}
    _, answer = http.call("GET", target.facts["mailbox_url"])
    arrived = [mail for account in answer["messages"].values() for mail in account if mail["MessageId"] in sent]
    if any(inbox in mail["To"] for mail in arrived):
        line.words.append(f"{inbox} has it")
    else:
        _fail(line, f"nothing of order {order} is in the inbox {inbox}")


def _shipping(target: Target, line: Line) -> None:
    """A draft has no parcel; so shipping is asked whether it can compare store, partners and carriers, which is what it reads."""
    started = time.monotonic()
    try:
        said = operate(target, "shipping", "drift")
    except Failure as failure:
        _fail(line, str(failure))
        return
    line.seconds = round(time.monotonic() - started, 1)
    if said["not_asked"]:
        _fail(line, f"could not ask: {'; '.join(said['not_asked'])}")
        return
    line.words.append("store, partners and carriers answer it; the first parcel proves the rest")


def _alert(target: Target, line: Line) -> None:
    """One test alert on every channel. Whether it is read shows when its link is opened."""
    started = time.monotonic()
    try:
        said = operate(target, "monitoring", "test-alert")
    except Failure as failure:
        _fail(line, str(failure))
        return
    line.seconds = round(time.monotonic() - started, 1)
    for channel in said["channels"]:
        if channel["sent"]:
            line.words.append(f"a test alert went out by {channel['channel']}: open its link")
        else:
            _fail(line, f"no alert by {channel['channel']}: {channel.get('why') or 'no reason was given'}")
    if line.state == PASS:
        line.proves.append(ALERTED)


def _keep(target: Target, sheet: dict[str, Any]) -> None:
    """In the shape of the ledger's bookmarks, so that every reader of the table can read it."""
    before = ledger.store_row(target, DRILL) or {"rev": 0}
    item = {
        "pk": {"S": target.shop_subject},
        "sk": {"S": DRILL},
        "kind": {"S": "bookmark"},
        "place": {"S": json.dumps(sheet, ensure_ascii=False)},
        "at": {"N": str(int(time.time()))},
        "rev": {"N": str(int(before["rev"]) + 1)},
    }
    target.cloud.dynamodb.put_item(TableName=target.table, Item=item)


def _show(order: str, tag: str, inbox: str, lines: list[Line]) -> int:
    note(f"\nThe drill of order {order} ({tag}):")
    for line in lines:
        seconds = f"{line.seconds:6.1f} s" if line.seconds is not None else " " * 8
        note(f"  {line.state:<5} {line.layer:<11} {seconds}  {'; '.join(line.words)}")
    open_ones = {proof.words for proof in HAND_OFFS} - {words for line in lines for words in line.proves}
    note(f"Not proven by a drill, since nothing is made: {'; '.join(sorted(open_ones))}")
    note(f"See that the mails in {inbox} are not in the spam folder: nobody else can. Then: make audit")
    failed = [line.layer for line in lines if line.state == FAIL]
    if failed:
        note(f"The drill failed: {', '.join(failed)}")
    return 1 if failed else 0
