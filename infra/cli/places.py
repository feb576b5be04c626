"""Where things are, and what the environment asked for.

Everything that a run leaves behind lies in `.local/` (or in the folder that `LOCAL` names, so that tests can keep a stack
of their own beside the developer's). Values reach the commands through the environment, never through a shell line.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from .say import Failure

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
TEMPLATE = INFRA / "template.yaml"
LOCAL_DEFAULTS = INFRA / "local"
LAYERS = ("capture", "routing", "shipping", "email", "monitoring")
# Those that a queue feeds; monitoring hears the table's stream itself.
QUEUED = LAYERS[:4]
# Those that answer at an address of their own.
PAGES = ("storefront", "console")
FUNCTIONS = ("intake", "relay", *LAYERS, *PAGES)
REGION = "us-east-1"
# Packages are named by content, so all stacks of a clone share them.
PACKAGES = ROOT / ".local" / "packages"
# The account the emulator plays.
LOCAL_ACCOUNT = "000000000000"


def state_dir() -> Path:
    """The folder for everything a run leaves behind; made if absent."""
    folder = Path(os.environ.get("LOCAL") or ROOT / ".local").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def machine_arch() -> str:
    """This machine's architecture in Lambda's words."""
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"


def flag(name: str) -> bool:
    """Whether a switch such as YES=1 is on."""
    return os.environ.get(name, "").strip().lower() in ("1", "yes", "true", "on")


def number(name: str, default: int) -> int:
    """An integer from the environment."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise Failure(f"{name}={text!r} is not a whole number") from None


def optional(name: str) -> str:
    """A value from the environment, or nothing."""
    return os.environ.get(name, "").strip()


def required(name: str, example: str) -> str:
    """A value that the verb cannot do without."""
    text = os.environ.get(name, "").strip()
    if not text:
        raise Failure(f"{name} is missing; for example: {example}")
    return text


@dataclass(frozen=True)
class Choices:
    """What `make up` was asked for."""

    port: int
    store: Path
    upstream: str | None
    stack: str

    @property
    def emulator(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def aws_proxy(self) -> str:
        return f"http://127.0.0.1:{self.port + 2}"

    @property
    def microburst(self) -> str:
        """Faults as AWS words them, in front of the sandbox's AWS proxy; only with UPSTREAM=microburst."""
        return f"http://127.0.0.1:{self.port + 3}"

    @classmethod
    def from_environment(cls) -> Choices:
        port = number("PORT", 4566)
        if not 1024 <= port <= 65532:
            raise Failure(f"PORT={port} must lie between 1024 and 65532 (the three ports above it are used too)")
        store = Path(os.environ.get("STORE") or LOCAL_DEFAULTS / "store.toml")
        if not store.is_absolute():
            store = Path(os.environ.get("CALLED_FROM") or ROOT) / store
        upstream = os.environ.get("UPSTREAM", "").strip().rstrip("/") or None
        if upstream == "sandbox":
            # Every AWS call of every function passes the sandbox's own proxy: it counts them, and can break any of them.
            upstream = f"http://127.0.0.1:{port + 2}"
        if upstream == "microburst":
            upstream = f"http://127.0.0.1:{port + 3}"
        if upstream and not upstream.startswith(("http://", "https://")):
            raise Failure(f"UPSTREAM={upstream!r} must be an address such as http://127.0.0.1:{port + 2}")
        return cls(port, store.resolve(), upstream, os.environ.get("STACK", "").strip() or "baton")
