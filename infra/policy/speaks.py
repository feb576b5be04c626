"""Who speaks when something fails: rules over infra/alarms/truth.toml, infra/RUNBOOK.md, the dashboard and what the watchdog emits, held
against the template, the catalogue of exceptions, the deadlines and the tests. Each answers with what breaks it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from alarms import truth
from alarms.truth import Failure
from cli import places

from .rules import Template, of_type

DOMAIN = places.ROOT / "shared" / "domain" / "src"
CATALOGUE = DOMAIN / "exception" / "mod.rs"
DEADLINES = DOMAIN / "deadlines.rs"
METRICS = places.ROOT / "functions" / "5-monitoring" / "src" / "metrics.rs"
MAIL_METRICS = places.ROOT / "functions" / "4-email" / "src" / "notices.rs"
TEST = re.compile(r"#\[(?:tokio::)?test[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:async )?fn (\w+)")


def alarm_names(template: Template) -> dict[str, dict]:
    """The alarms by their names behind the stack's."""
    alarms = (properties for _, properties in of_type(template, "AWS::CloudWatch::Alarm"))
    return {alarm["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-"): alarm for alarm in alarms}


def kinds() -> set[str]:
    """Every kind of exception, as the catalogue calls it."""
    _, _, body = CATALOGUE.read_text().partition("pub fn slug(")
    return set(re.findall(r'=> "([a-z-]+)"', body.partition("\n    }\n")[0]))


def deadlines() -> set[str]:
    """The keys of [deadlines]."""
    _, _, body = DEADLINES.read_text().partition("pub struct Deadlines {")
    return set(re.findall(r"pub (\w+): i64", body.partition("\n}\n")[0]))


def emitted() -> set[str]:
    """The metrics that the watchdog's source names."""
    _, _, body = METRICS.read_text().partition("fn metrics(")
    return set(re.findall(r'\("(\w+)", "\w+", ', body.partition("\n    }\n")[0]))


def mail_metrics() -> set[str]:
    return set(re.findall(r'Some\("(Mails\w+)"\)', MAIL_METRICS.read_text()))


def tests_of(path: Path) -> set[str]:
    """The names of the tests in a file; none where there is no such file."""
    return set(TEST.findall(path.read_text())) if path.is_file() else set()


def rows_are_whole(rows: list[Failure]) -> list[str]:
    """Each row says who speaks, what shows it and by when."""
    wrong = []
    for row in rows:
        if bool(row.alarm) == bool(row.exception):
            wrong.append(f"{row.what}: an alarm speaks or an exception does, and one of them")
        elif row.alarm and (
            not row.within or not row.heals or not row.one_bad_minute or bool(row.rounds) == (row.published is not None)
        ):
            wrong.append(f"{row.what}: `within`, `heals`, `one_bad_minute`, and either `rounds` or `published` with `quiet`")
        elif row.exception and row.by not in (*truth.MOMENTS, *deadlines()):
            wrong.append(f"{row.what}: {row.by!r} is no moment and no deadline of store.toml")
    return wrong


def every_failure_is_shown(rows: list[Failure]) -> list[str]:
    """The test that a row names is there."""
    wrong = []
    for row in rows:
        path, _, name = row.test.partition("::")
        if row.exception and name not in tests_of(places.ROOT / path):
            wrong.append(f"{row.what}: there is no test {row.test}")
    return wrong


def nothing_speaks_unasked(template: Template, rows: list[Failure]) -> list[str]:
    """Every alarm, every kind of exception and every deadline has a row, and no row names another."""
    alarms, told = {row.alarm for row in rows if row.alarm}, {row.exception for row in rows if row.exception}
    wrong = [f"no row speaks of the alarm {name}" for name in sorted(alarm_names(template).keys() - alarms)]
    wrong += [f"there is no alarm {name}" for name in sorted(alarms - alarm_names(template).keys())]
    wrong += [f"no row speaks of the exception {kind}" for kind in sorted(kinds() - told)]
    wrong += [f"there is no exception {kind}" for kind in sorted(told - kinds())]
    return wrong + [f"no row speaks of the deadline {key}" for key in sorted(deadlines() - {row.by for row in rows})]


def alarms_have_their_page(template: Template, runbook: str) -> list[str]:
    """A section of the runbook for each alarm, which says something, and none for another."""
    sections = dict(re.findall(r"^## (\S+)\n+([^#]*)", runbook, re.M))
    wrong = [f"{name} has no section in the runbook" for name in alarm_names(template) if not sections.get(name, "").strip()]
    return wrong + [f"the runbook speaks of {name}, which is no alarm" for name in sections if name not in alarm_names(template)]


def rounds_are_as_emitted(template: Template, rounds: dict[str, dict[str, float]], rows: list[Failure]) -> list[str]:
    """What was recorded is what the watchdog emits today; the rows' states were recorded; our alarms stand on what is emitted."""
    quiet = set(rounds["quiet"])
    wrong = [f"{name} is emitted and not recorded: see alarms/record.py" for name in sorted(emitted() - quiet)]
    wrong += [f"{name} is recorded and not emitted: see alarms/record.py" for name in sorted(quiet - emitted())]
    states = {row.rounds for row in rows if row.rounds} - {truth.NO_ROUNDS}
    wrong += [f"no round was recorded in the state {state!r}" for state in sorted(states - rounds.keys())]
    for name, alarm in alarm_names(template).items():
        if alarm["Namespace"] == "Baton" and alarm["MetricName"] not in quiet:
            wrong.append(f"{name} stands on {alarm['MetricName']}, which nobody emits")
    return wrong


def the_dashboard_shows_it_all(template: Template) -> list[str]:
    """One dashboard; of our own namespace every metric that an alarm stands on, and none that nobody emits; every alarm."""
    found = list(of_type(template, "AWS::CloudWatch::Dashboard"))
    if len(found) != 1:
        return [f"there are {len(found)} dashboards; one is what a person looks at"]
    # Placeholders are left as they are: each stands within a JSON string.
    body = json.loads(found[0][1]["DashboardBody"]["Fn::Sub"][0])
    metrics = [metric for widget in body["widgets"] for metric in widget["properties"].get("metrics", [])]
    shown = {metric[1] for metric in metrics if metric[0] == "Baton"}
    alarms = {alarm.partition("-")[2] for widget in body["widgets"] for alarm in widget["properties"].get("alarms", [])}
    stood_on = {alarm["MetricName"] for alarm in alarm_names(template).values() if alarm["Namespace"] == "Baton"}
    wrong = [f"the dashboard does not show {name}" for name in sorted(stood_on - shown)]
    wrong += [f"the dashboard shows {name}, which nobody emits" for name in sorted(shown - emitted() - mail_metrics())]
    return wrong + [f"the dashboard does not show the alarm {name}" for name in alarm_names(template) if name not in alarms]
