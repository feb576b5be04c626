"""`cost`: what an order, a mail and a month without orders cost, from counted calls, the template and `infra/prices.toml`.

All amounts are whole picodollars (a millionth of a millionth of a dollar).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import places
from .render import template
from .say import Failure, note

DOLLAR = 10**12
DAYS = 30
MINUTES = DAYS * 24 * 60
FILE = places.INFRA / "prices.toml"
# What `free` says nothing of is paid from the first one on.
WORDS = {
    "sqs_request": "requests to queues",
    "invocation": "invocations",
    "gb_millisecond": "thousandths of a GB-second",
    "half_read_unit": "half read units",
    "write_unit": "write units",
    "alarm_month": "alarms",
    "metric_month": "metrics of our own",
    "dashboard_month": "dashboards",
    "log_kilobyte": "KB of logs",
    "schedule": "one-time schedules",
}

Prices = dict[str, Any]
# What is used, by the names of `[price]`.
Use = dict[str, int]


@dataclass(frozen=True)
class Line:
    """So many of something, of which so many are free, for so much."""

    what: str
    count: int
    free: int
    picodollars: int


def prices() -> Prices:
    """The file, as it is."""
    return tomllib.loads(FILE.read_text())


def bill(use: Use, table: Prices, free: bool) -> list[Line]:
    """A line for each thing that is used, dearest first. `free`: what costs nothing every month is taken off."""
    lines = []
    for what, count in use.items():
        nothing = min(count, table["free"].get(what, 0)) if free else 0
        lines.append(Line(what, count, nothing, (count - nothing) * table["price"][what]))
    return sorted(lines, key=lambda line: -line.picodollars)


def total(lines: Iterable[Line]) -> int:
    return sum(line.picodollars for line in lines)


def add(use: Use, more: Use, times: int = 1) -> None:
    """More of the same, so many times."""
    for what, count in more.items():
        use[what] = use.get(what, 0) + count * times


def runs_a_month(expression: str) -> int:
    """How often a schedule runs in 30 days: `rate(…)`, or a `cron(…)` of minutes, hours and weekdays."""
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        return MINUTES // (int(rate[1]) * {"minute": 1, "hour": 60, "day": 1440}[rate[2]])
    fields = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", expression)
    if not fields or fields[4] != "*" or fields[6] != "*" or fields[3] not in ("*", "?"):
        raise Failure(f"{expression}: cost.py cannot tell how often this runs; teach runs_a_month")
    weekdays = 7 if fields[5] in ("?", "*") else len(fields[5].split(","))
    # A month has four weeks and two days: rounded up.
    return -(-DAYS * weekdays // 7) * _moments(fields[1], 60) * _moments(fields[2], 24)


def _moments(field: str, all_of_them: int) -> int:
    """How many minutes of the hour, or hours of the day, a field of a cron expression names."""
    count = 0
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if first == "*":
            first, last = "0", str(all_of_them - 1)
        elif not last:
            last = str(all_of_them - 1) if step else first
        count += len(range(int(first), int(last) + 1, int(step or 1)))
    return count


def idle_use(stack: dict[str, Any], table: Prices) -> Use:
    """What a stack without orders uses in 30 days, read off the template: pollers, schedules, alarms, dashboards."""
    use: Use = {what: 0 for what in WORDS}
    polls = table["idle"]["pollers"] * DAYS * 86_400 // table["idle"]["poll_seconds"]
    kinds = [resource["Type"] for resource in stack["Resources"].values()]
    add(use, {"alarm_month": kinds.count("AWS::CloudWatch::Alarm"), "metric_month": table["idle"]["metrics"]})
    add(use, {"dashboard_month": kinds.count("AWS::CloudWatch::Dashboard")})
    for function, resource in stack["Resources"].items():
        for name, event in resource["Properties"].get("Events", {}).items() if "Properties" in resource else ():
            if event["Type"] == "SQS":
                add(use, {"sqs_request": polls})
            elif event["Type"] in ("Schedule", "ScheduleV2"):
                memory = resource["Properties"].get("MemorySize") or stack["Globals"]["Function"]["MemorySize"]
                expression = event["Properties"].get("Schedule") or event["Properties"]["ScheduleExpression"]
                add(use, _round(table, function, name, memory), runs_a_month(expression))
    for name in ("stock", "kept"):
        besides = dict(table[name])
        every = besides.pop("minutes")
        add(use, besides, MINUTES // every)
    return use


def _round(table: Prices, function: str, name: str, memory: int) -> Use:
    found = table["round"].get(function, {}).get(name)
    if found is None:
        raise Failure(
            f"{FILE.name} does not say what a round of {function}'s schedule {name} takes: [round.{function}.{name}]"
        )
    took = dict(found)
    return took | {"invocation": 1, "gb_millisecond": took.pop("milliseconds") * memory // 1024}


def order_use(counts: dict[str, Any], events: int, deliveries: int, watch: str, table: Prices) -> Use:
    """What one order used. `counts`: the sandbox's, of that order alone; `watch`: monitoring's name, whose rounds are not the
    order's. A call drawn to count for a provider's limit is in it, where this order's was. SQS's receive and delete of each hop, and the invocations, the emulator does itself: they are added here."""
    took = [used for function, used in counts["took"].items() if function != watch]
    calls = [called for function, called in counts["functions"].items() if function != watch]
    sends = sum(count for called in calls for name, count in called.items() if name.startswith("sqs/SendMessage"))
    hops = sum(used["messages"] for used in took)
    # The door for each webhook, the relay at most once for each event that goes somewhere, a layer for each hop, email for SES's word
    # that it sent a mail.
    invocations = deliveries + min(events, hops) + hops + counts["mails"]
    own = table["order"]
    return {
        "write_unit": sum(used["write_units"] for used in took),
        "half_read_unit": sum(used["half_read_units"] for used in took),
        "sqs_request": sends + own["sqs_requests_of_a_hop"] * hops,
        "invocation": invocations,
        "gb_millisecond": own["gb_milliseconds_of_an_invocation"] * invocations,
        "log_kilobyte": own["log_kilobyte"],
        "schedule": sum(called.get("scheduler/CreateSchedule", 0) for called in calls),
    }


def dollars(picodollars: int) -> str:
    """Exact to six places, rounded up: a cost is never shown as nothing."""
    micros = -(-picodollars * 10**6 // DOLLAR)
    return f"${micros // 10**6}.{micros % 10**6:06}"


def of_mails(table: Prices, plan: str, mails: int) -> int:
    """What so many mails cost in a month under a plan of SES's."""
    return table["mail"][plan]["month"] + table["mail"][plan]["thousand"] * mails // 1000


def mail_lines(table: Prices, plan: str | None, mails: int) -> list[str]:
    """What a mail costs, and what the other plan would save. `plan`: the one in force, where it is known."""
    one = {name: of_mails(table, name, 1000) // 1000 for name in ("NONE", "ESSENTIALS")}
    words = f"a mail: {dollars(one['NONE'])} under SES's plan NONE, {dollars(one['ESSENTIALS'])} under ESSENTIALS"
    if plan is None:
        return [words + " (new accounts begin there); make doctor AWS=1 says which is in force"]
    saved = of_mails(table, plan, mails) - of_mails(table, "NONE", mails)
    if saved <= 0:
        return [words + f"; {plan} is in force, and no other plan is cheaper"]
    return [
        words + f"; {plan} is in force",
        f"  NONE would save {dollars(saved)} in a month of {mails:,} mails: "
        "aws sesv2 put-account-pricing-attributes --plan NONE",
    ]


def idle() -> list[Line]:
    """A month without orders, from the template as it stands."""
    table = prices()
    return bill(idle_use(template(), table), table, free=True)


def show_idle(lines: list[Line]) -> None:
    note(f"a month without orders: {dollars(total(lines))}, with what AWS gives every account for nothing")
    for line in lines:
        if line.count:
            note(f"  {line.count:>10,} {WORDS[line.what]:<28} {line.free:>10,} free  {dollars(line.picodollars)}")
    show_target(lines, prices())


def show_target(lines: list[Line], table: Prices) -> None:
    """Where the idle month misses its target, what stands in the way: the dearest lines."""
    over = total(lines) - table["target"]["idle_month"]
    if over > 0:
        dear = ", ".join(WORDS[line.what] for line in lines[:2])
        note(f"  that is {dollars(over)} above the target of {dollars(table['target']['idle_month'])}: {dear}")


def show_order(lines: list[Line], mails: int) -> None:
    note(
        f"an order, from payment to the doorstep: {dollars(total(lines))} beside its {mails} mails, nothing taken as free"
    )
    for line in lines:
        note(f"  {line.count:>10,} {WORDS[line.what]:<28} {dollars(line.picodollars)}")
