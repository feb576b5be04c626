"""The stack that a verb speaks to, as `up` or `deploy` wrote it down: `.local/stack.json`, or `.local/aws.json` with AWS=1.

An alert names its command as it is typed on either: where nothing runs on this machine, the deployed stack is meant.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import http, places
from .cloud import Cloud, output, resources
from .say import Failure, note


@dataclass(frozen=True)
class Target:
    """A deployed stack and the way to it."""

    facts: dict[str, Any]
    cloud: Cloud

    @classmethod
    def load(cls) -> Target:
        local, deployed = (places.state_dir() / name for name in ("stack.json", "aws.json"))
        named = places.optional("STACK_JSON")
        path = Path(named) if named else deployed if places.flag("AWS") else local
        if path == local and not local.exists() and deployed.exists() and not places.optional("AWS"):
            path = deployed
        try:
            facts = json.loads(path.read_text())
        except (OSError, ValueError):
            raise Failure(_none(path, path == deployed)) from None
        if path == deployed and not places.flag("AWS"):
            note(f"nothing runs on this machine: this is the deployed stack {facts['stack']} ({facts['region']})")
        return cls(facts, Cloud(facts["endpoint"], facts["region"]))

    @property
    def stack(self) -> str:
        return self.facts["stack"]

    @property
    def table(self) -> str:
        return self.facts["table"]

    @property
    def sandbox(self) -> str | None:
        return self.facts["sandbox_url"]

    @property
    def shop_subject(self) -> str:
        """The partition of what concerns the store as a whole."""
        return f"store#{self.facts['shop']}"

    def play(self, method: str, path: str, body: Any = None) -> Any:
        """What the sandbox answers below `/_sandbox/`; a refusal is a Failure."""
        status, answer = http.call(method, f"{self.sandbox}/_sandbox/{path}", body, timeout=90)
        if status >= 300:
            why = answer.get("error", answer) if isinstance(answer, dict) else answer
            raise Failure(f"the sandbox refuses {method} {path}: {why}")
        return answer

    def emulator(self, path: str) -> str:
        """An address on the emulator itself, for what AWS has no call for."""
        if not self.facts["endpoint"]:
            raise Failure("this works on the local stack only")
        return self.facts["endpoint"] + path


def _none(path: Path, on_aws: bool) -> str:
    if on_aws:
        return (
            f"nothing was deployed from this clone ({path} is absent). Deploy: STORE=<store.toml> make deploy. Where another machine "
            "deployed it: copy that file from there, or deploy again from here, which changes nothing that is the same"
        )
    return f"there is no stack here yet ({path} is absent). Start one: make up"


def facts(cloud: Cloud, stack: str, store_config: Path, shop: str, sandbox: str | None) -> dict[str, Any]:
    """The contract's stack.json."""
    found = resources(cloud, stack)
    return {
        "endpoint": cloud.endpoint,
        "region": cloud.region,
        "stack": stack,
        "intake_url": _address(cloud, stack, "IntakeUrl"),
        "storefront_url": _address(cloud, stack, "StorefrontUrl"),
        "console_url": _address(cloud, stack, "ConsoleUrl"),
        "sandbox_url": sandbox,
        "mailbox_url": f"{sandbox}/_sandbox/mails" if sandbox else None,
        "table": found["Table"],
        "orders_table": found.get("OrdersTable"),
        "queues": {layer: found[f"{layer.capitalize()}Queue"] for layer in places.QUEUED},
        "dead_letters": {layer: found[f"{layer.capitalize()}DeadLetters"] for layer in places.LAYERS},
        "functions": {name: found[name.capitalize()] for name in places.FUNCTIONS},
        "alarms": sorted(physical for logical, physical in found.items() if logical.endswith("Alarm")),
        "store_config": str(store_config),
        "relay_failures": found["RelayFailures"],
        "topics": {"alarms": found["AlarmTopic"], "direct": found["DirectTopic"], "mail_events": found["MailEvents"]},
        "shop": shop,
    }


def _address(cloud: Cloud, stack: str, name: str) -> str:
    """A function's address. The emulator serves function URLs by path, and says so of the pages; of the door's URL, which
    providers want in AWS's form, the id is the host's first label."""
    url = output(cloud, stack, name)
    if not cloud.endpoint or url.startswith(cloud.endpoint):
        return url
    return f"{cloud.endpoint}/_aws/lambda-url/{url.split('://', 1)[1].split('.', 1)[0]}/"


def write(path: Path, content: dict[str, Any]) -> None:
    """In one piece, so that a reader never sees half a file."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(content, indent=2) + "\n")
    unfinished.rename(path)
