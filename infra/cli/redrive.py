"""`redrive`: sends dead letters back to their layers, after showing each with its order and what becomes of it."""

from __future__ import annotations

import time
from typing import Any

from . import places
from .operate import operate
from .replay import agreed
from .say import note
from .target import Target

# Whoever has looked at a letter hides it from the next look for five seconds.
HIDDEN = 6
# Letters that come back while this runs must not keep it running.
ROUNDS = 200


def redrive() -> None:
    """Shows what lies there, asks the person (YES=1 does not), and sends it back. Safe to repeat."""
    target, layer = Target.load(), places.optional("LAYER")
    which = {"layer": layer} if layer else {}
    answer = operate(target, "monitoring", "redrive", run=False, **which)
    letters = answer["letters"]
    for letter in letters:
        _show(letter)
    if answer["left"]:
        note(f"  and about {answer['left']} more")
    if not letters and not answer["left"]:
        note("no dead letters")
        return
    agreed("Send them back?")
    note(f"  looking again in {HIDDEN} seconds: a letter that was just looked at is hidden for a moment")
    time.sleep(HIDDEN)
    gone = 0
    for _ in range(ROUNDS):
        answer = operate(target, "monitoring", "redrive", run=True, **which)
        moved = [letter for letter in answer["letters"] if not letter["does"].startswith("stays")]
        gone += len(moved)
        if not moved:
            break
    note(f"{gone} dealt with, {answer['left']} left; make exceptions shows what stays open")


def _show(letter: dict[str, Any]) -> None:
    note(f"  {letter['layer']:<11} {letter['about']}, {letter['event']}: {letter['does']}")
    if letter["reason"]:
        note(f"  {'':<11} {letter['reason']}")
