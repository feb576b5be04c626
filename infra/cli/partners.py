"""What each production partner asks of the owner: read from the manifest in the partner's own folder.

`shared/partner/src/<name>/partner.toml` says where the partner's API is, which secrets it needs and what may be chosen, so that
a partner more is a folder more and nothing here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from . import places
from .schema import REQUIRED, URL, Key, one_of

FOLDERS = places.ROOT / "shared" / "partner" / "src"
# A workshop with its own system; the sandbox plays one under the second name.
GENERIC, WORKSHOP = "http", "workshop"
# The manifest's types. A partner's number of a shop may be written with or without quotes.
KINDS: dict[str, Any] = {"text": str, "integer": (int, str), "boolean": bool, "list": list}


@dataclass(frozen=True)
class Manifest:
    """One partner: `kind` is its folder's name. `base_url` is None where only the owner knows it. `webhook_path` is where its
    webhooks go, below the door; {name} and {path-secret} stand for what they say. `account` holds the options that name an
    account or a shop there, and whether each is a number."""

    kind: str
    title: str
    base_url: str | None
    webhook_path: str
    keys: dict[str, Key]
    account: dict[str, bool]

    @property
    def stand_in(self) -> str:
        """As the sandbox names it: its kind."""
        return WORKSHOP if self.kind == GENERIC else self.kind

    def keys_of(self, section: str) -> dict[str, Key]:
        """What `[partners.<section>]` may say."""
        # Where only the owner knows it, `make up` has the sandbox; `make deploy` asks for it.
        base = {"base_url": Key(str, None, URL)}
        named = {
            name: replace(key, secret=key.secret.replace("{name}", section)) if key.secret else key
            for name, key in self.keys.items()
        }
        return base | {"kind": Key(str, None)} | named


@cache
def manifests() -> dict[str, Manifest]:
    """Every partner this version knows, by kind."""
    found = (read_manifest(path.read_text()) for path in sorted(FOLDERS.glob("*/partner.toml")))
    return {manifest.kind: manifest for manifest in found}


def of_section(section: str, entry: dict[str, Any]) -> Manifest | None:
    """The manifest that `[partners.<section>]` is read by: its `kind`, or its name where it says none, as the functions read it
    (`PartnerSection::kind`). None: no such partner."""
    kind = section if entry.get("kind") is None else entry["kind"]
    return manifests().get(kind) if isinstance(kind, str) else None


def read_manifest(text: str) -> Manifest:
    """A manifest, as it stands in a folder."""
    values = tomllib.loads(text)
    keys: dict[str, Key] = {}
    account = {key: entry["type"] == "integer" for key, entry in values.get("options", {}).items() if entry.get("account")}
    for key, entry in values.get("secrets", {}).items():
        keys[key] = Key(str, secret=entry["name"], form=entry["form"], rotates=entry["rotates"])
    for key, entry in values.get("options", {}).items():
        default = REQUIRED if entry.get("required") else entry.get("default")
        check = one_of(*entry["one_of"]) if "one_of" in entry else lambda value: None
        keys[key] = Key(KINDS[entry["type"]], default, check)
    return Manifest(values["kind"], values["title"], values.get("base_url"), values["webhook_path"], keys, account)
