"""truth.toml, read."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TABLE = HERE / "truth.toml"
ROUNDS = HERE / "recorded.json"
NOTICE = HERE / "notice.json"
# When an exception's row says no deadline of store.toml.
MOMENTS = ("once", "round", "stock", "sweep", "night", "day")
# Of a row's `rounds`: the watchdog says nothing at all.
NO_ROUNDS = "none"


@dataclass(frozen=True)
class Failure:
    """One row. Either `alarm` with its minutes and what is measured meanwhile, or `exception` with the test that shows it."""

    layer: str
    what: str
    alarm: str = ""
    after: str = ""
    rounds: str = ""
    published: float | None = None
    quiet: float | None = None
    within: int = 0
    heals: int = 0
    one_bad_minute: str = ""
    exception: str = ""
    by: str = ""
    test: str = ""


def rows() -> list[Failure]:
    """Every row of the file; a key it does not know is an error."""
    return [Failure(**row) for row in tomllib.loads(TABLE.read_text())["failure"]]


def recorded() -> dict[str, dict[str, float]]:
    """The metrics of a round in each state: name → value. See record.py."""
    return {state: _metrics(line) for state, line in json.loads(ROUNDS.read_text()).items()}


def _metrics(line: dict[str, Any]) -> dict[str, float]:
    names = [metric["Name"] for directive in line["_aws"]["CloudWatchMetrics"] for metric in directive["Metrics"]]
    return {name: line[name] for name in names}
