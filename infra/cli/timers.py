"""The one-time schedules of the flows: what is armed, and by when. Nothing about people is in them but hashes and numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from .target import Target


def group(target: Target) -> str:
    """As the template names it."""
    return f"{target.stack}-flows"


def names(target: Target) -> Iterator[str]:
    """Of all schedules that have not fired."""
    for page in target.cloud.scheduler.get_paginator("list_schedules").paginate(GroupName=group(target)):
        yield from (schedule["Name"] for schedule in page["Schedules"])


def armed(target: Target, most: int = 200) -> list[tuple[float, dict[str, Any]]]:
    """When each fires (epoch seconds), and its timer; at most so many, since each is a call."""
    found = []
    for name, _ in zip(names(target), range(most), strict=False):
        try:
            schedule = target.cloud.scheduler.get_schedule(Name=name, GroupName=group(target))
        except target.cloud.scheduler.exceptions.ResourceNotFoundException:
            continue
        at = datetime.fromisoformat(schedule["ScheduleExpression"].removeprefix("at(").removesuffix(")")).replace(tzinfo=UTC)
        found.append((at.timestamp(), json.loads(schedule["Target"]["Input"])["timer"]))
    return sorted(found, key=lambda entry: entry[0])


def disarm_all(target: Target) -> int:
    """Takes every schedule away; how many there were."""
    gone = list(names(target))
    for name in gone:
        target.cloud.scheduler.delete_schedule(Name=name, GroupName=group(target))
    return len(gone)
