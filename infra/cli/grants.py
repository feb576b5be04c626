"""What the functions asked AWS for in a run, held against what their roles grant: both ways.

The emulator judges every call of a function by its role and remembers what it judged (infra/local/emulator.py). Whatever was asked
for and is not granted is a fault of the run. Whatever is granted and was not asked for in the whole test run needs a reason in
infra/policy/unseen.toml, and a reason for what was asked for after all is one too many.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from . import http, places
from .cloud import resources
from .say import Failure
from .target import Target

REASONS = places.INFRA / "policy" / "unseen.toml"


@dataclass(frozen=True)
class Grant:
    """One statement on one resource. `role`: its name in the template without `Role`; `resource`: an ARN, may hold `*`."""

    role: str
    sid: str
    action: str
    resource: str

    def covers(self, call: Call) -> bool:
        return (
            self.role == call.role
            and self.action.lower() == call.action.lower()
            and fnmatchcase(call.resource, self.resource)
        )

    def __str__(self) -> str:
        return f"{self.role}.{self.sid}: {self.action} on {short(self.resource)}"


@dataclass(frozen=True)
class Call:
    """What a role asked for, and whether the emulator let it pass."""

    role: str
    action: str
    resource: str
    allowed: bool

    def __str__(self) -> str:
        return f"{self.role}: {self.action} on {short(self.resource)}"


def short(arn: str) -> str:
    """What of an ARN names the resource."""
    return arn.split(":", 5)[-1]


@dataclass(frozen=True)
class Reason:
    """Why grants are not used in a test run. `roles`: of these only; `resource`: on those only, by their short names, may hold
    `*`; `sometimes`: it depends on the run's chances."""

    sid: str
    why: str
    roles: tuple[str, ...] = ()
    resource: str = "*"
    sometimes: bool = False

    def covers(self, grant: Grant) -> bool:
        return (
            self.sid == grant.sid
            and (not self.roles or grant.role in self.roles)
            and fnmatchcase(short(grant.resource), self.resource)
        )


def reasons() -> list[Reason]:
    """The file, as it is."""
    rows = tomllib.loads(REASONS.read_text())["unseen"]
    return [Reason(**row | {"roles": tuple(row.get("roles", ()))}) for row in rows]


def granted(target: Target) -> list[Grant]:
    """Every statement of every role of the stack, as deployed."""
    found, iam = [], target.cloud.iam
    for role, physical in _roles(target).items():
        for name in iam.list_role_policies(RoleName=physical)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=physical, PolicyName=name)["PolicyDocument"]
            for statement in document["Statement"]:
                listed = statement["Resource"]
                for resource in listed if isinstance(listed, list) else [listed]:
                    found.append(Grant(role, statement["Sid"], statement["Action"], resource))
    return found


def asked(target: Target) -> list[Call]:
    """What the emulator judged of this stack's roles."""
    status, judged = http.call("GET", target.emulator("/_baton/judged"))
    if status != 200:
        raise Failure(f"the emulator does not say what it judged: {status} {judged}")
    names = {physical: role for role, physical in _roles(target).items()}
    return [Call(names[role], *rest) for role, *rest in judged if role in names]


def _roles(target: Target) -> dict[str, str]:
    found = resources(target.cloud, target.stack)
    return {name.removesuffix("Role"): physical for name, physical in found.items() if name.endswith("Role")}


def not_granted(grants: list[Grant], calls: list[Call]) -> list[str]:
    """Calls that no role's statement covers, or that were refused in spite of one (by its condition)."""
    wrong = []
    for call in calls:
        if not any(grant.covers(call) for grant in grants):
            wrong.append(f"asked for and not granted: {call}. Next: grant it in the template, or do not ask for it")
        elif not call.allowed:
            wrong.append(f"refused in spite of its grant: {call}. Next: look at the statement's condition")
    return wrong


def not_used(grants: list[Grant], calls: list[Call], known: list[Reason]) -> list[str]:
    """Grants that the whole run did not use and nobody gave a reason for, and reasons for what it used."""
    wrong = []
    for grant in grants:
        used = any(grant.covers(call) for call in calls)
        reason = next((one for one in known if one.covers(grant)), None)
        if not used and reason is None:
            wrong.append(
                f"granted and not asked for: {grant}. Next: take it out of the template, or say in {REASONS.name} why it stays"
            )
        elif used and reason is not None and not reason.sometimes:
            wrong.append(f"asked for after all: {grant}. Next: take its reason out of {REASONS.name}: {reason.why}")
    return wrong


def of_the_store(grant: Grant, facts: dict[str, Any]) -> bool:
    """Whether the grant is on the headless store's own table."""
    return bool(facts["orders_table"]) and grant.resource.endswith(f":table/{facts['orders_table']}")
