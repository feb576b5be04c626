"""`with-stack <command…>`: a stack of its own on free ports, the command, and the stack is gone again.

The command finds the stack in BATON_STACK_JSON and the state folder in LOCAL; its exit code is passed on. It runs beside
a developer's own stack, and beside other runs of itself. When the command is over, what it left behind is looked at: every call was
granted, nobody is named in a log; and, with WHOLE=1, every grant was needed (`make test` runs all there is).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from . import grants, places, strangers
from .processes import port_is_free
from .say import Failure, note
from .target import Target
from .up import down, emulator_program, up


def with_stack(command: list[str] | None = None) -> int:
    """Runs the command with a fresh stack."""
    command = command if command is not None else sys.argv[2:]
    if not command:
        raise Failure(
            "with-stack needs a command to run, for example: with-stack cargo test -p baton-tests --test stack"
        )
    with own_stack():
        try:
            up()
            environment = os.environ | {"BATON_STACK_JSON": str(places.state_dir() / "stack.json")}
            code = subprocess.run(command, cwd=places.ROOT, env=environment, check=False).returncode
            if code:
                note(f"the emulator's last lines:\n{emulator_program().tail(40)}")
            # Whatever came of the command: what it left behind is looked at all the same.
            amiss = look_behind(Target.load(), places.flag("WHOLE"))
            return code or amiss
        finally:
            down()


def look_behind(target: Target, whole: bool) -> int:
    """What a run left behind: its calls against the grants, its logs against the people in it. 1 where something is amiss."""
    granted, asked = grants.granted(target), grants.asked(target)
    lines, wrong = strangers.in_logs(target)
    wrong += grants.not_granted(granted, asked)
    if whole:
        # A store of our own plays its own tests only: of its grants those on its orders are judged there, all others in the run
        # for a store of Shopify's.
        ours = target.facts["orders_table"] is not None
        judged = [one for one in granted if grants.of_the_store(one, target.facts) or not ours]
        wrong += grants.not_used(judged, asked, grants.reasons()) + strangers.not_met(target)
    for line in wrong:
        note(line)
    note(f"{lines:,} lines of logs and {len(asked)} kinds of calls against {len(granted)} grants: {len(wrong) or 'nothing'} amiss")
    return 1 if wrong else 0


@contextmanager
def own_stack(prefix: str = "run-") -> Iterator[None]:
    """A state folder and ports of its own for whatever is started within; the folder goes at the end."""
    parent = places.state_dir() / "runs"
    parent.mkdir(exist_ok=True)
    before = {name: os.environ.get(name) for name in ("LOCAL", "PORT")}
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True) as folder:
        os.environ["LOCAL"], os.environ["PORT"] = folder, str(free_ports(4))
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def free_ports(count: int) -> int:
    """The first of `count` neighbouring ports on which nothing listens."""
    for _ in range(200):
        first = random.randrange(20_000, 32_000, 4)
        if all(port_is_free(first + offset) for offset in range(count)):
            return first
    raise Failure("no free ports between 20000 and 32000")
