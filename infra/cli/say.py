"""What the commands say: progress on standard error, results on standard output, failures with what to do next."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Failure(Exception):
    """Ends the command with a message for a person; `code` is the exit code."""

    def __init__(self, message: str, code: int = 1):
        super().__init__(message)
        self.code = code


def note(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Names a piece of work when it ends, with the time it took."""
    started = time.monotonic()
    yield
    note(f"  {what:<58} {time.monotonic() - started:6.1f} s")


def wait_for(what: str, check: Callable[[], T | None], seconds: float, every: float = 0.1, hint: str = "") -> T:
    """Asks until `check` answers with something true; says so every few seconds, and gives up after `seconds`."""
    started = told = time.monotonic()
    while True:
        answer = check()
        if answer:
            return answer
        now = time.monotonic()
        if now - started > seconds:
            raise Failure(f"{what} did not happen within {seconds:.0f} seconds. {hint}".rstrip())
        if now - told > 3:
            note(f"  waiting for {what} ({now - started:.0f} s)")
            told = now
        time.sleep(every)
