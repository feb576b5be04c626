"""Reads `store.toml`: every mistake is named with its file, line and key, all of them at once."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .say import Failure
from .schema import FILE, OPTIONAL_SECTIONS, SECTIONS, TYPE_NAMES, VARIANT, Key


@dataclass
class Store:
    """A valid file: values with the defaults filled in, and where each secret lies."""

    path: Path
    values: dict[str, Any]
    secret_files: dict[str, Path]


@dataclass
class _Reading:
    path: Path
    lines: dict[str, int]
    mistakes: list[str] = field(default_factory=list)

    def mistake(self, where: str, text: str) -> None:
        """`where` is a dotted key; the line is its own, or that of the nearest thing around it."""
        name = where
        while name and name not in self.lines:
            name = name.rpartition(".")[0]
        self.mistakes.append(f"{self.path}:{self.lines.get(name, 1)}: {where}: {text}")


def read(path: Path) -> Store:
    """The file, checked. Raises a Failure that lists every mistake."""
    try:
        text = path.read_text()
    except OSError as error:
        raise Failure(
            f"cannot read the store's file {path}: {error.strerror}. Copy infra/store.toml and fill it in."
        ) from None
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Failure(f"{path}: not valid TOML: {error}") from None
    reading = _Reading(path, key_lines(text))
    store = Store(path, {}, {})
    _unknown_sections(reading, found)
    for name, keys in SECTIONS.items():
        section = _descend(reading, found, name)
        if section is None and name in OPTIONAL_SECTIONS:
            _place(store.values, name, None)
            continue
        _place(store.values, name, _section(reading, store, name, keys, section or {}))
    store.values["catalog"]["variants"] = _variants(reading, found.get("catalog") or {})
    _together(reading, store.values)
    if reading.mistakes:
        raise Failure("the store's file needs correcting:\n  " + "\n  ".join(reading.mistakes))
    return store


def key_lines(text: str) -> dict[str, int]:
    """Dotted key → its line, as far as keys begin lines (tomllib keeps no positions). Array entries count from 0."""
    lines: dict[str, int] = {}
    entries: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line):
            section = header[2]
            if header[1] == "[[":
                entries[section] = entries.get(section, -1) + 1
                section = f"{section}.{entries[section]}"
            lines.setdefault(section, number)
        elif key := re.match(r"\s*([A-Za-z0-9_.-]+|\"[^\"]+\")\s*=", line):
            name = key[1].strip('"')
            lines.setdefault(f"{section}.{name}" if section else name, number)
    return lines


def _unknown_sections(reading: _Reading, found: dict[str, Any]) -> None:
    known = {"catalog.variants", *SECTIONS}
    parents = {name.split(".")[0] for name in known if "." in name}
    for name, value in found.items():
        if name in parents and isinstance(value, dict):
            for child in value:
                if f"{name}.{child}" not in known:
                    reading.mistake(f"{name}.{child}", "unknown section" + _meant(f"{name}.{child}", known))
        elif name not in known:
            reading.mistake(name, "unknown section" + _meant(name, known))


def _descend(reading: _Reading, found: dict[str, Any], name: str) -> dict[str, Any] | None:
    here: Any = found
    for part in name.split("."):
        here = here.get(part) if isinstance(here, dict) else None
    if here is not None and not isinstance(here, dict):
        reading.mistake(name, "must be a section")
        return None
    return here


def _place(values: dict[str, Any], name: str, section: Any) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
    values[last] = section


def _section(
    reading: _Reading, store: Store, name: str, keys: dict[str, Key], section: dict[str, Any]
) -> dict[str, Any]:
    for extra in section.keys() - keys.keys():
        reading.mistake(f"{name}.{extra}", "unknown key" + _meant(extra, keys))
    result = {}
    for key, rule in keys.items():
        where = f"{name}.{key}"
        if key not in section:
            if rule.required:
                reading.mistake(where, "is missing")
            else:
                result[key] = rule.default
            continue
        value = section[key]
        if not _fits(reading, where, rule, value):
            continue
        if rule.secret:
            store.secret_files[rule.secret] = (store.path.parent / value).resolve()
        else:
            result[key] = value
    return result


def _fits(reading: _Reading, where: str, rule: Key, value: Any) -> bool:
    # In Python a bool is an int; in the owner's file it is not.
    if not isinstance(value, rule.kind) or (isinstance(value, bool) and rule.kind is not bool):
        reading.mistake(where, f"must be {TYPE_NAMES[rule.kind]}, not {value!r}")
        return False
    if wrong := rule.check(value):
        reading.mistake(where, wrong)
        return False
    return True


def _variants(reading: _Reading, catalog: dict[str, Any]) -> list[dict[str, Any]]:
    entries = catalog.get("variants", [])
    if not isinstance(entries, list):
        reading.mistake("catalog.variants", "must be written as [[catalog.variants]]")
        return []
    result, seen = [], {}
    for index, entry in enumerate(entries):
        where = f"catalog.variants.{index}"
        if not isinstance(entry, dict):
            reading.mistake(where, "must be a table")
            continue
        checked = _section(reading, Store(reading.path, {}, {}), where, VARIANT, entry)
        if (checked.get("store_variant") is None) == (checked.get("sku") is None):
            reading.mistake(where, "needs store_variant or sku, one of the two")
        for key in ("store_variant", "sku"):
            name = (key, checked.get(key))
            if name[1] is not None and seen.setdefault(name, index) != index:
                reading.mistake(f"{where}.{key}", f"{name[1]!r} stands twice; an order could go either way")
        files = checked.get("files") or []
        if "files" in checked and not files:
            reading.mistake(f"{where}.files", "needs at least one file to print")
        checked["files"] = []
        for number, file in enumerate(files):
            if not isinstance(file, dict):
                reading.mistake(f"{where}.files", 'must hold entries like {type = "default", url = "https://…"}')
                continue
            place = Store(reading.path, {}, {})
            checked["files"].append(_section(reading, place, f"{where}.files.{number}", FILE, file))
        result.append(checked)
    return result


def _together(reading: _Reading, values: dict[str, Any]) -> None:
    """What no key can tell alone."""
    mail, alerts = values.get("mail") or {}, values.get("alerts") or {}
    if "from" in mail:
        domain = mail["from"].rpartition("@")[2].lower()
        mail["identity"] = (mail.get("identity") or domain).lower()
        alerts["from"] = alerts.get("from") or mail["from"]
        for where, address in (("mail.from", mail["from"]), ("alerts.from", alerts["from"])):
            if mail["identity"] not in (address.lower(), address.rpartition("@")[2].lower()):
                reading.mistake(where, f"{address} does not belong to mail.identity, {mail['identity']}")


def _meant(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""
