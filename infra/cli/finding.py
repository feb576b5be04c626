"""What a check found: fine, to do, or not to be seen from here."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from .say import note

# Green, red, yellow; only for a terminal.
_COLOURS = {"fine": 32, "to do": 31, "look": 33}


@dataclass(frozen=True)
class Finding:
    """`todo` says what to do; empty means that all is well. `unsure`: nobody can see from here whether it has to be done."""

    what: str
    todo: str = ""
    unsure: bool = False

    @property
    def state(self) -> str:
        """`fine`, `to do`, or `look`: a person has to see for themselves, and it keeps nothing from going on."""
        if not self.todo:
            return "fine"
        return "look" if self.unsure else "to do"


def show(findings: list[Finding]) -> None:
    """A line each, and what to do below it."""
    for finding in findings:
        state = f"{finding.state:<5}"
        if sys.stderr.isatty():
            state = f"\033[{_COLOURS[finding.state]}m{state}\033[0m"
        note(f"  {state}  {finding.what}" + (f"\n         {finding.todo}" if finding.todo else ""))
