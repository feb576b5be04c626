"""`replay`: runs what is missing for one exception or for many, after showing what it will do and what it will not."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from . import places
from .operate import operate
from .say import Failure, note
from .target import Target

USAGE = """which exceptions?
  make replay EXCEPTION=<id>          one; make exceptions lists them
  make replay KIND=partner-refused    all of one cause
  make replay LAYER=routing           all of one layer
  make replay SINCE=2h                all that were raised since then (30m, 2h, 3d, or 2026-11-22T02:13:00Z)
  make replay ALL=1                   all
KIND, LAYER and SINCE may be combined."""
SPANS = {"m": "minutes", "h": "hours", "d": "days"}
# So many plans are shown line by line; the rest are counted.
SHOWN = 20


def replay() -> None:
    """Asks monitoring for the plans, shows them, asks the person (YES=1 does not), and has them run."""
    target, which = Target.load(), _which()
    plans = list(_plans(target, which, run=False))
    for plan in plans[:SHOWN]:
        _show(plan, many=len(plans) > 1)
    if len(plans) > SHOWN:
        rest = sum(bool(plan["will"]) for plan in plans[SHOWN:])
        note(f"  and {len(plans) - SHOWN} more, {rest} of them with something to run")
    if not any(plan["will"] for plan in plans):
        note("nothing is missing; nothing to run")
        return
    agreed("Run this?")
    done = list(_plans(target, which, run=True))
    if len(plans) == 1 and len(done) == 1:
        _show(done[0], done=True)
    else:
        note(f"  {sum(bool(plan['done']) for plan in done)} of {len(done)} run again; make exceptions shows what stays open")


def agreed(question: str) -> None:
    """Returns if the person says yes, or YES=1 does."""
    if places.flag("YES"):
        return
    if not sys.stdin.isatty():
        raise Failure("not run: there is nobody to ask here. To run it without asking: YES=1")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise Failure("not run")


def since(text: str, now: datetime) -> str:
    """A moment in RFC 3339, from a span before now or from a moment."""
    if span := re.fullmatch(r"(\d{1,5})([mhd])", text):
        return (now - timedelta(**{SPANS[span[2]]: int(span[1])})).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Failure(f"SINCE={text} is neither a span like 30m, 2h or 3d, nor a moment like 2026-11-22T02:13:00Z") from None
    # A moment without a zone is this machine's.
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def which(one: str, many: dict[str, Any]) -> dict[str, Any]:
    """The request's selection: one exception, or all that fit. A Failure where it is neither or both."""
    many = {name: value for name, value in many.items() if value}
    if one and many:
        raise Failure("EXCEPTION names one; leave out KIND, LAYER, SINCE and ALL")
    if not one and not many:
        raise Failure(USAGE)
    return {"exception": one} if one else many


def _which() -> dict[str, Any]:
    moment = places.optional("SINCE")
    many = {
        "kind": places.optional("KIND"),
        "layer": places.optional("LAYER"),
        "since": since(moment, datetime.now(UTC)) if moment else None,
        "all": places.flag("ALL"),
    }
    return which(places.optional("EXCEPTION"), many)


def _plans(target: Target, wanted: dict[str, Any], run: bool) -> Iterator[dict[str, Any]]:
    """Every plan; of many, page by page."""
    after: dict[str, Any] = {}
    while True:
        answer = operate(target, "monitoring", "replay", run=run, **wanted, **after)
        plans = [answer] if "exception" in wanted else answer.get("plans")
        if not isinstance(plans, list) or not all(isinstance(plan.get("will"), list) for plan in plans):
            raise Failure(f"monitoring answered with something else than a plan: {answer!r}")
        yield from plans
        if not answer.get("next"):
            return
        after = {"after": answer["next"]}


def _show(plan: dict[str, Any], done: bool = False, many: bool = False) -> None:
    if many:
        note(plan["exception"])
    for line in plan.get("will", []):
        note(f"  {'done' if done else 'will'}      {line}")
    for line in plan.get("will_not", []):
        note(f"  {'did not' if done else 'will not'}  {line}")
