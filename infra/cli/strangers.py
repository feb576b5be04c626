"""Nobody's name, address or mail may stand in a log: the functions' logs of a run, searched for the people the tests invent.

Those people are named in tests/it/stack/somebody.json, in words that occur nowhere else. They must have come through the stack
(stand in a mail that went out), or the search would prove nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from . import places
from .target import Target

SOMEBODY = places.ROOT / "tests" / "it" / "stack" / "somebody.json"
# Any mail address, whoever's, but SES's names for mails, which look like addresses; and how each of our mails begins.
ADDRESS = re.compile(r"[\w.+%-]+@(?!email\.amazonses\.com)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}", re.I)
MAIL = "<!doctype html"
# So much of a line is shown, and so many lines.
SHOWN, LINES = 400, 10


def canaries() -> dict[str, str]:
    """The words that tell that somebody is spoken of, by what they are."""
    return json.loads(SOMEBODY.read_text())


def lines(target: Target, function: str) -> Iterator[str]:
    """Everything a function wrote."""
    name = target.facts["functions"][function]
    for page in target.cloud.logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}"):
        for event in page["events"]:
            yield event["message"]


def found(line: str, words: list[str]) -> str | None:
    """What of a person stands in a line of a log."""
    low = line.lower()
    word = next((word for word in [*words, MAIL] if word.lower() in low), None)
    if word is not None:
        return word
    address = ADDRESS.search(line)
    return address[0] if address else None


def in_logs(target: Target) -> tuple[int, list[str]]:
    """How many lines were read, and what stands in them that must not; a function that wrote nothing is amiss as well."""
    words, count, wrong = list(canaries().values()), 0, []
    for function in places.FUNCTIONS:
        silent = True
        for line in lines(target, function):
            silent = False
            count += 1
            if word := found(line, words):
                wrong.append(f"{function} logs {word!r}: {line[:SHOWN]}")
        if silent:
            wrong.append(f"{function} has logged nothing: its log cannot be searched")
    more = [f"… and {len(wrong) - LINES} more lines"] if len(wrong) > LINES else []
    return count, wrong[:LINES] + more


def not_met(target: Target) -> list[str]:
    """Canaries that no mail of the run carries: nobody of that name came through the stack. A store of our own sells what its own
    catalog names."""
    sent = json.dumps(target.play("GET", "mails"))
    words = [word for what, word in canaries().items() if what != "title" or not target.facts["orders_table"]]
    return [f"{word!r} stands in no mail of the run: searching the logs for it proves nothing" for word in words if word not in sent]
