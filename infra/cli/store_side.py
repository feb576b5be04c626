"""`sweep` and `subscriptions`: what the store knows and we may not, and whether it still tells us."""

from __future__ import annotations

from .operate import operate
from .say import Failure, note
from .target import Target

# A round ends before its function does and says so; a store that changed a lot takes several.
ROUNDS = 50


def sweep() -> None:
    """Asks the store for everything that changed, and puts in what no webhook told."""
    target = Target.load()
    looked_at = appended = 0
    missed: list[str] = []
    for _ in range(ROUNDS):
        answer = operate(target, "capture", "sweep")
        looked_at += answer["looked_at"]
        appended += answer["appended"]
        missed += answer["missed"]
        if answer["finished"]:
            break
        note(f"  {looked_at} orders looked at so far")
    else:
        raise Failure(f"{looked_at} orders looked at, and there are more: run it again")
    note(f"{looked_at} orders looked at, {appended} facts put in that no webhook had told")
    if missed:
        note(f"  orders the store had not told us of: {', '.join(missed)}")


def subscriptions() -> int:
    """Makes what is missing, and shows every topic with its purpose. 1 if the store refuses one."""
    lines = operate(Target.load(), "capture", "subscriptions")["subscriptions"]
    width = max(len(line["topic"]) for line in lines)
    # One reason mostly holds for many topics: it is told once, below.
    reasons: dict[str, int] = {}
    for line in lines:
        state, _, why = line["state"].partition(": ")
        if why:
            reasons[line["state"]] = reasons.get(line["state"], 0) + 1
        note(f"  {state:<10} {line['topic']:<{width}}  {line.get('layer') or '-':<10}  {line['purpose']}")
    for reason, count in reasons.items():
        note(f"{count} of {len(lines)} {reason}")
    return 1 if reasons else 0
