"""`drift`: store, partners, carriers and what we heard held against each other, for every open order. Nothing is corrected."""

from __future__ import annotations

from .operate import operate
from .say import Failure, note
from .target import Target


def drift() -> int:
    """The differences on standard output, one a line; what could not be asked on standard error. 1 if there are any of either."""
    target = Target.load()
    compared = in_motion = found = 0
    not_asked: set[str] = set()
    after: dict[str, str] = {}
    while True:
        answer = operate(target, "shipping", "drift", **after)
        compared += answer["compared"]
        in_motion += answer["in_motion"]
        not_asked |= set(answer["not_asked"])
        for difference in answer["differences"]:
            found += 1
            print(difference)
        if answer["finished"]:
            break
        if answer["after"] == after.get("after"):
            why = "; ".join(sorted(not_asked)) or "the time ended before the first of them"
            raise Failure(f"{compared} orders compared, and the next one cannot be: {why}. Try again in a while")
        after = {"after": answer["after"]}
        note(f"  {compared} orders compared so far")
    note(f"{compared} open orders compared, {found} differences; {in_motion} left out, because something just happened to them")
    for what in sorted(not_asked):
        note(f"  could not be asked: {what}")
    return 1 if found or not_asked else 0
