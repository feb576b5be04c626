"""`settle`: waits until nothing is in flight; exit 0, or 1 after TIMEOUT seconds with what is still open."""

from __future__ import annotations

import time

from . import places
from .inflight import open_work
from .say import Failure, note
from .target import Target

# A thing can pass from one place to the next between two looks, so nothing must be open this many times running.
QUIET_LOOKS = 3
EVERY = 0.35


def settle() -> None:
    """Waits; says every few seconds for what."""
    target, limit = Target.load(), places.number("TIMEOUT", 120)
    started = told = time.monotonic()
    quiet = 0
    while quiet < QUIET_LOOKS:
        still = open_work(target)
        quiet = 0 if still else quiet + 1
        now = time.monotonic()
        if still and now - started > limit:
            raise Failure(f"not settled after {limit} seconds; still open:\n  " + "\n  ".join(still))
        if still and now - told > 3:
            note(
                f"  still open after {now - started:.0f} s: {still[0]}"
                + (f" and {len(still) - 1} more" if still[1:] else "")
            )
            told = now
        time.sleep(EVERY)
    note(f"settled after {time.monotonic() - started:.1f} s")
