"""Reads `flows.toml`: every mistake is named with its file, line and key, all of them at once.

The functions ask the same of it once more when they start (shared/domain/src/flow/check.rs).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any

from .say import Failure
from .schema import FLOW, LIMITS, STEP, TYPE_NAMES, Key

# The mails that a flow may name, and those about an order with the fact that brings each.
MARKETING = (
    "welcome-1",
    "welcome-2",
    "welcome-3",
    "cart-1",
    "cart-2",
    "cart-3",
    "review",
    "second-order",
    "win-back",
)
TRANSACTIONAL = {
    "confirmation": "order.cleared",
    "in-production": "partner.accepted",
    "shipped": "parcel.announced",
    "out-for-delivery": "parcel.out_for_delivery",
    "delivered": "parcel.delivered",
    "problem": "parcel.troubled",
    "still": "customer.waits",
}
# A paid order has to be acknowledged without delay (directive 2000/31/EC, article 11).
NEVER_PAUSED = "confirmation"
STARTS_MARKETING = ("contact.subscribed", "checkout.started", "parcel.delivered")
LONGEST_DAYS = 366
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def seconds(text: str) -> int:
    """`1 h`, `3 d`, `0` in seconds; the schema has checked the form."""
    number, unit = re.fullmatch(r"\s*(\d+)\s*([smhd]?)\s*", text).groups()
    return int(number) * UNITS[unit or "s"]


class _Reading:
    """The mistakes of one file, and where its flows and steps stand."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.mistakes = path, []
        # Line of each flow, and of each of its steps: the n-th opening brace below the flow's header.
        self.flows: list[tuple[int, list[int], dict[str, int]]] = []
        self.limits: dict[str, int] = {}
        in_limits = False
        for number, line in enumerate(text.splitlines(), 1):
            bare = line.split("#", 1)[0] if '"' not in line else line
            if re.match(r"\s*\[\[\s*flow\s*\]\]", bare):
                self.flows.append((number, [], {}))
                in_limits = False
            elif re.match(r"\s*\[", bare) and not re.match(r"\s*\[\[", bare):
                in_limits = bool(re.match(r"\s*\[\s*limits\s*\]", bare))
                self.limits.setdefault("", number) if in_limits else None
            elif key := re.match(r"\s*([a-z_]+)\s*=", bare):
                target = self.limits if in_limits else self.flows[-1][2] if self.flows else {}
                target[key[1]] = number
            if self.flows and not in_limits and not bare.lstrip().startswith("#"):
                self.flows[-1][1].extend([number] * bare.count("{"))

    def mistake(self, line: int, where: str, text: str) -> None:
        self.mistakes.append((line, f"{self.path}:{line}: {where}: {text}"))

    def fits(self, line: int, where: str, keys: dict[str, Key], found: Any, lines: dict[str, int] | None = None) -> dict[str, Any]:
        """The known keys of a table that have the right form. `lines`: where its keys stand, as far as they have lines of their own."""
        own = lambda name: (lines or {}).get(name, line)  # noqa: E731
        if not isinstance(found, dict):
            self.mistake(line, where, "must be a table")
            return {}
        for extra in found.keys() - keys.keys():
            self.mistake(own(extra), f"{where}.{extra}", "unknown key" + _meant(extra, keys))
        result = {}
        for name, key in keys.items():
            if name not in found:
                if key.required:
                    self.mistake(line, f"{where}.{name}", "is missing")
                elif key.default is not None:
                    result[name] = key.default
                continue
            value = found[name]
            if not isinstance(value, key.kind) or (isinstance(value, bool) and key.kind is not bool):
                self.mistake(own(name), f"{where}.{name}", f"must be {TYPE_NAMES[key.kind]}, not {value!r}")
            elif wrong := key.check(value):
                self.mistake(own(name), f"{where}.{name}", wrong)
            else:
                result[name] = value
        return result


def read(path: Path, by: dict[str, str], places: dict[str, str] | None = None) -> dict[str, Any]:
    """The file, checked, in the functions' shape. `by`: who sends a flow, by its name, where the store's file says so, and `places`:
    in which line."""
    try:
        text = path.read_text()
    except OSError as error:
        raise Failure(
            f"cannot read the flows {path}: {error.strerror}. Copy infra/flows.toml, and name the copy below [flows] in store.toml"
        ) from None
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Failure(f"{path} is not TOML: {error}") from None
    reading = _Reading(path, text)
    said = lambda name: f"{(places or {}).get(name, 'store.toml')}: flows.{name}"  # noqa: E731
    for extra in found.keys() - {"limits", "flow"}:
        reading.mistake(1, extra, "unknown section" + _meant(extra, ("limits", "flow")))
    limits_line = reading.limits.get("", 1)
    limits = reading.fits(limits_line, "limits", LIMITS, found.get("limits") or {}, reading.limits)
    rows = found.get("flow") or []
    flows, names = [], {}
    if not isinstance(rows, list):
        reading.mistake(1, "flow", "must be written as [[flow]]")
        rows = []
    for index, row in enumerate(rows):
        line, _, lines = reading.flows[index] if index < len(reading.flows) else (1, [], {})
        name = row.get("name") if isinstance(row, dict) else None
        where = f"flow {name}" if isinstance(name, str) else f"flow {index + 1}"
        if isinstance(name, str) and names.setdefault(name, index) != index:
            reading.mistake(line, where, "the name stands twice; each flow has its own")
        flow = reading.fits(line, where, FLOW, row, lines)
        flow["steps"] = _steps(reading, index, where, flow)
        flow["by"] = by.get(name, "ses") if isinstance(name, str) else "ses"
        flows.append(flow)
        if flow["by"] != "ses" and any(step.get("mail") in TRANSACTIONAL for step in flow["steps"]):
            reading.mistakes.append((0, f"{said(name)}: mails about an order are sent by ses; take it out"))
    for name in by.keys() - names.keys():
        reading.mistakes.append((0, f"{said(name)}: {path} has no flow of that name" + _meant(name, names)))
    if reading.mistakes:
        listed = "\n  ".join(text for _, text in sorted(reading.mistakes))
        raise Failure(f"the flows need correcting:\n  {listed}")
    return {"limits": limits, "flow": flows}


def _steps(reading: _Reading, index: int, where: str, flow: dict[str, Any]) -> list[dict[str, Any]]:
    line, steps_lines, keys = reading.flows[index] if index < len(reading.flows) else (1, [], {})
    trigger, last, result = flow.get("trigger"), 0, []
    steps = flow.get("steps") or []
    if "steps" in flow and not 1 <= len(steps) <= 20:
        reading.mistake(keys.get("steps", line), where, f"it has {len(steps)} steps; 1 to 20 make sense")
    for number, entry in enumerate(steps, 1):
        at = steps_lines[number - 1] if number <= len(steps_lines) else line
        here = f"{where}, step {number}"
        step = reading.fits(at, here, STEP, entry)
        result.append(step)
        due = seconds(step["delay"]) if "delay" in step else last
        if due > LONGEST_DAYS * 86_400:
            reading.mistake(at, here, f"a delay is between 0 and {LONGEST_DAYS} d")
        if due < last:
            reading.mistake(at, here, "is due before the step above it; write them in the order of their delays")
        last = due
        mail = step.get("mail")
        if mail in TRANSACTIONAL:
            wrong = _about_an_order(flow, step, len(steps))
            if wrong:
                reading.mistake(at, here, wrong)
        elif mail is not None and mail not in MARKETING:
            reading.mistake(at, here, f"there is no mail called {mail!r}" + _meant(mail, (*MARKETING, *TRANSACTIONAL)))
        elif mail is not None and trigger is not None and trigger not in STARTS_MARKETING:
            reading.mistake(at, here, f"{trigger} brings mails about an order, and these carry no marketing")
    return result


def _about_an_order(flow: dict[str, Any], step: dict[str, Any], steps: int) -> str | None:
    mail = step["mail"]
    if steps != 1:
        return "a mail about an order stands alone in its flow"
    if flow.get("trigger") != TRANSACTIONAL[mail]:
        return f"this mail goes out at {TRANSACTIONAL[mail]}"
    if step.get("delay") and seconds(step["delay"]) or step.get("condition"):
        return "a mail about an order goes out at once, without a condition"
    if mail == NEVER_PAUSED and flow.get("paused"):
        return "cannot be paused: the law wants every paid order acknowledged"
    return None


def _meant(name: str, known: Any) -> str:
    near = difflib.get_close_matches(str(name), list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""
