"""`replay`: runs what is missing for an exception, after showing what it will do and what it will not. `close`: it is done."""

from __future__ import annotations

import sys
from typing import Any

from . import places
from .operate import operate
from .say import Failure, note
from .target import Target


def replay() -> None:
    """Asks monitoring for the plan, shows it, asks the person (YES=1 does not), and has it run."""
    target = Target.load()
    exception = places.required("EXCEPTION", "make replay EXCEPTION=<id>   (make exceptions lists them)")
    plan = _plan(target, exception, run=False)
    _show(plan)
    if not plan.get("will"):
        note("nothing is missing; nothing to run")
        return
    if not places.flag("YES"):
        if not sys.stdin.isatty():
            raise Failure("not run: there is nobody to ask here. To run it without asking: YES=1")
        if input("Run this? [y/N] ").strip().lower() not in ("y", "yes"):
            raise Failure("not run")
    _show(_plan(target, exception, run=True), done=True)


def close() -> None:
    """Takes an exception off the list because its owner says so."""
    exception = places.required("EXCEPTION", "make close EXCEPTION=<id>   (make exceptions lists them)")
    answer = operate(Target.load(), "monitoring", "close", exception=exception)
    note(f"closed: {answer['reason']}")


def _show(plan: dict[str, Any], done: bool = False) -> None:
    for line in plan.get("will", []):
        note(f"  {'done' if done else 'will'}      {line}")
    for line in plan.get("will_not", []):
        note(f"  {'did not' if done else 'will not'}  {line}")


def _plan(target: Target, exception: str, run: bool) -> dict[str, Any]:
    plan = operate(target, "monitoring", "replay", exception=exception, run=run)
    if not isinstance(plan.get("will"), list):
        raise Failure(f"monitoring answered with something else than a plan: {plan!r}")
    return plan
