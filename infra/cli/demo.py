"""`demo`: one order through all five layers, shown as it happens, with nothing left running.

Exit codes: 0 delivered, or rightly ended after the confirmation because nothing of it is ours to make; 3 held or refused
with a reason (shown); 1 anything else, with the hand-off that did not happen.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

from . import cost, http, ledger, meter, places
from .handoffs import HandOff, Progress, missing, nothing_to_make
from .inflight import open_work
from .pause import pause
from .places import Choices
from .reset import reset
from .say import Failure, note
from .storefile import read
from .target import Target
from .trace import exception, journey
from .up import down, up

HELD = 3
EVERY = 0.25
# After this many seconds without news it is worth asking whether anything is still under way.
STILL = 2.0


def demo() -> int:
    """From nothing to the mail that says delivered, and back to nothing."""
    order, path = given_order()
    if read(Choices.from_environment().store).values["store"]["platform"] != "shopify":
        raise Failure("the demo plays an order of a Shopify store. For this one: make up, then make test-order")
    # Every AWS call of the functions passes the sandbox, which counts them: the demo ends with what the order cost.
    os.environ["UPSTREAM"] = os.environ.get("UPSTREAM") or "sandbox"
    if (places.state_dir() / "stack.json").exists():
        note("a stack runs here: the demo takes it, empties it, and ends it when it is done")
    try:
        up()
        reset()
        target = Target.load()
        target.play("POST", "catalog", {"any_variant": True})
        target.play("POST", "autopilot", {"on": True})
        if os.environ.get("PAUSE"):
            os.environ["LAYER"] = os.environ["PAUSE"]
            pause()
        return _play(target, order, path)
    finally:
        down()


def given_order() -> tuple[dict[str, Any], Path]:
    """The order to play, and where it came from."""
    given = os.environ.get("DELIVERY", "")
    path = Path(given or places.LOCAL_DEFAULTS / "example-order.json")
    if not path.is_absolute():
        path = Path(os.environ.get("CALLED_FROM") or places.ROOT) / path
    try:
        order = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise Failure(f"cannot read the order in {path}: {error}") from None
    if not isinstance(order, dict) or not order.get("id"):
        raise Failure(f"{path} is not an order in the webhook's shape: it has no id")
    return order, path


def _play(target: Target, order: dict[str, Any], path: Path) -> int:
    limit = places.number("TIMEOUT", 60)
    name = order.get("name") or str(order["id"])
    note(f"\n{name} is paid in the store ({path.name}):")
    meter.begin(target)
    # The very bytes: numbers beyond 2^53 and trailing zeros stay as they are.
    target.play("POST", "shopify/orders?deliver=1&risk=LOW", path.read_bytes())
    subject = f"order#{order['id']}"
    trace, late, how = _watch(target, subject, limit)
    code = _verdict(target, name, trace, late, how)
    counted = meter.count(target, subject) if code == 0 else None
    if code == 0:
        _alert(target, limit)
    _journey(name, trace)
    _save_mails(target, trace)
    unexpected = target.play("GET", "unexpected")
    if unexpected:
        raise Failure(
            "requests that no provider would accept:\n  " + "\n  ".join(json.dumps(entry) for entry in unexpected)
        )
    if counted:
        note("\nWhat it costs:")
        meter.show(counted)
        cost.show_idle(cost.idle())
    return code


def _watch(target: Target, subject: str, limit: float) -> tuple[dict[str, Any], HandOff | None, str]:
    """Shows what happens until all is done, nothing moves any more, or a hand-off is late: the late one, and how late."""
    progress, started = Progress(), time.monotonic()
    last, trace = started, journey(subject, [])
    owed = missing(trace)
    owed_since = started
    while owed:
        time.sleep(EVERY)
        trace = journey(subject, ledger.subject_items(target, subject))
        now = time.monotonic()
        for who, what in progress.news(trace):
            note(f"  {now - started:5.1f} s  +{now - last:4.1f}  {who:<11} {what}")
            last = now
        due = missing(trace)
        if due is not owed:
            owed, owed_since = due, now
        elif now - owed_since > limit:
            return trace, owed, f"within {limit} s"
        elif now - last > STILL and not open_work(target):
            return trace, owed, "and nothing is under way any more"
    return trace, None, ""


def _verdict(target: Target, name: str, trace: dict[str, Any], late: HandOff | None, how: str) -> int:
    if late is None:
        note(f"{name} is delivered, and the customer knows.")
        return 0
    if nothing_to_make(trace) and not trace["exceptions"] and late.layer == "routing":
        note(f"{name} ends after the confirmation: nothing of it is ours to make.")
        return 0
    reasons = trace["exceptions"] or [exception(item) for item in ledger.open_exceptions(target)]
    for entry in reasons:
        note(f"  {entry['layer']}: {entry['reason']}\n    next: {entry['next_step']}")
    untold = [entry for entry in reasons if not entry["told"]]
    if reasons and not untold:
        note(f"{name} was held or refused, and the owner was told why.")
        return HELD
    _save_mails(target, trace)
    still = "".join(f"\n  still open: {line}" for line in open_work(target))
    if untold:
        late = HandOff("monitoring", "word to the owner about what stopped it", late.done)
    raise Failure(
        f"{late.layer}: no {late.missing} for {name} {how}{still}\n"
        f"  the log of every function: {places.state_dir() / 'emulator.log'}"
    )


def _alert(target: Target, limit: float) -> None:
    """The fifth layer: something goes wrong on purpose, and the owner hears of it."""
    note("\nAnd when something goes wrong (a rightly signed webhook that breaks off in the middle):")
    broken = {"source": "shopify", "topic": "orders/paid", "payload": '{"id": 5550001001002, "name": "#10', "times": 1}
    statuses = target.play("POST", "deliver", broken)["statuses"]
    started = time.monotonic()
    note(f"    0.0 s         intake      kept, and answered {statuses[0]}")
    while time.monotonic() - started < limit:
        time.sleep(EVERY)
        told = [item for item in ledger.open_exceptions(target) if item.get("told")]
        if told:
            note(f"  {time.monotonic() - started:5.1f} s         monitoring  told the owner: {told[0]['reason']}")
            return
    raise Failure(
        f"monitoring: no alert to the owner within {limit} s; what is open:\n  " + "\n  ".join(open_work(target))
    )


def _journey(name: str, trace: dict[str, Any]) -> None:
    note(f"\nThe journey of {name}:")
    for event in trace["events"]:
        note(f"  {event['time']:<30} {event['type']:<24} by {event['source']}")
    for effect in trace["effects"]:
        note(f"  {'':<30} {effect['key']:<40} {effect['state']} {effect['reference'] or ''}".rstrip())


def _save_mails(target: Target, trace: dict[str, Any]) -> None:
    """Every mail as files one can open: subject and text in one, the page in the other."""
    folder = places.state_dir() / "mails"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    kinds = {mail["message_id"]: mail["kind"] for mail in trace["mails"]}
    _, answer = http.call("GET", target.facts["mailbox_url"])
    mails = sorted(
        (mail for account in answer["messages"].values() for mail in account), key=lambda mail: mail["Timestamp"]
    )
    note(f"\nMails, in {folder}:")
    for number, mail in enumerate(mails, 1):
        kind = kinds.get(mail["MessageId"], "to-the-owner")
        stem = f"{number}-{re.sub(r'[^a-z0-9-]+', '-', kind.lower())}"
        head = f"From: {mail['Source']}\nTo: {', '.join(mail['To'])}\nSubject: {mail['Subject']}\n\n"
        (folder / f"{stem}.txt").write_text(head + (mail["BodyText"] or ""))
        (folder / f"{stem}.html").write_text(mail["BodyHtml"] or "")
        note(f"  {stem}.html  {mail['Subject']}")
