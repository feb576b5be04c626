"""Reads `store.toml`: every mistake is named with its file, line and key, all of them at once."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import feeds, flowfile, partners, places
from .say import Failure
from .schema import (
    DEADLINE,
    DEADLINE_IS_ABOUT,
    FILE,
    OPTIONAL_SECTIONS,
    PLATFORMS,
    PRODUCT,
    PROPERTY,
    SECTIONS,
    SHIPPING,
    TYPE_NAMES,
    VARIANT,
    Key,
)

# A partner of the catalog that needs no section: the owner makes it.
BY_HAND = "hand"


@dataclass(frozen=True)
class SecretFile:
    """Where a secret lies, which key of the owner's file says so, and what it may hold."""

    path: Path
    key: str
    form: str
    rotates: bool


@dataclass
class Store:
    """A valid file: values with the defaults filled in, and where each secret lies, by parameter name."""

    path: Path
    values: dict[str, Any]
    secret_files: dict[str, SecretFile]


@dataclass
class _Reading:
    path: Path
    lines: dict[str, int]
    mistakes: list[tuple[int, str]] = field(default_factory=list)

    def mistake(self, where: str, text: str) -> None:
        """`where` is a dotted key; the line is its own, or that of the nearest thing around it."""
        name = where
        while name and name not in self.lines:
            name = name.rpartition(".")[0]
        line = self.lines.get(name, 1)
        self.mistakes.append((line, f"{self.path}:{line}: {where}: {text}"))


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
    sections = SECTIONS | PLATFORMS.get((found.get("store") or {}).get("platform"), PLATFORMS["shopify"])
    _unknown_sections(reading, found, sections)
    for name, keys in sections.items():
        section = _descend(reading, found, name)
        if section is None and name in OPTIONAL_SECTIONS:
            _place(store.values, name, None)
            continue
        _place(store.values, name, _section(reading, store, name, keys, _without_entries(section or {}, name)))
    store.values["partners"] = _partners(reading, store, found.get("partners") or {})
    store.values["tracking"] = _feeds(reading, store, found.get("tracking") or {})
    file, by = _flows(reading, found.get("flows") or {}, "klaviyo" in found)
    store.values["catalog"]["variants"] = _variants(reading, found.get("catalog") or {})
    store.values["deadlines"]["for"] = _deadlines(reading, store.values, found.get("deadlines") or {})
    if "checkout" in sections:
        for array, keys in (("shipping", SHIPPING), ("products", PRODUCT)):
            store.values["checkout"][array] = _entries(reading, found.get("checkout") or {}, f"checkout.{array}", keys)
    _together(reading, store.values)
    if reading.mistakes:
        found_there = sorted(reading.mistakes, key=lambda mistake: mistake[0])
        raise Failure("the store's file needs correcting:\n  " + "\n  ".join(text for _, text in found_there))
    store.values["flows"] = flowfile.read(file, by, {name: f"{path}:{reading.lines.get(f'flows.{name}', 1)}" for name in by})
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


# Arrays of tables, by the section they stand in.
ARRAYS = {"alerts": ("webhook",), "catalog": ("variants",), "checkout": ("shipping", "products"), "deadlines": ("for",)}


def _without_entries(section: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in section.items() if key not in ARRAYS.get(name, ())}


def _unknown_sections(reading: _Reading, found: dict[str, Any], sections: dict[str, dict[str, Key]]) -> None:
    known = {"catalog.variants", "partners", "tracking", "flows", *sections}
    other = {name for platform in PLATFORMS.values() for name in platform} - known
    parents = {name.split(".")[0] for name in known if "." in name} - known
    for name, value in found.items():
        if name in parents and isinstance(value, dict):
            for child in value:
                if f"{name}.{child}" not in known:
                    reading.mistake(f"{name}.{child}", "unknown section" + _meant(f"{name}.{child}", known))
        elif name in other:
            reading.mistake(name, "is for a store of another platform; see store.platform")
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
    elsewhere = {key for platform in PLATFORMS.values() for key in platform.get(name, {})}
    for extra in section.keys() - keys.keys():
        other = "is for a store of another platform; leave it out, or see store.platform"
        reading.mistake(f"{name}.{extra}", other if extra in elsewhere else "unknown key" + _meant(extra, keys))
    result = {}
    for key, rule in keys.items():
        where = f"{name}.{key}"
        if key not in section:
            if rule.required:
                reading.mistake(where, "is missing" if name in reading.lines else f"is missing; the file has no [{name}]")
            else:
                result[key] = rule.default
            continue
        value = section[key]
        if not _fits(reading, where, rule, value):
            continue
        if rule.secret:
            file = (store.path.parent / value).resolve()
            store.secret_files[rule.secret] = SecretFile(file, where, rule.form, rule.rotates)
        else:
            result[key] = value
    return result


def _fits(reading: _Reading, where: str, rule: Key, value: Any) -> bool:
    # In Python a bool is an int; in the owner's file it is not.
    if not isinstance(value, rule.kind) or (isinstance(value, bool) and rule.kind is not bool):
        unit = " of seconds" if where.startswith("deadlines.") and rule.kind is int else ""
        reading.mistake(where, f"must be {TYPE_NAMES[rule.kind]}{unit}, not {value!r}")
        return False
    if wrong := rule.check(value):
        reading.mistake(where, wrong)
        return False
    return True


def _partners(reading: _Reading, store: Store, found: Any) -> dict[str, Any]:
    """`[partners.<name>]`, each read by the manifest in its own folder."""
    if not isinstance(found, dict):
        reading.mistake("partners", "must be written as [partners.<name>]")
        return {}
    result = {}
    for name, section in found.items():
        where = f"partners.{name}"
        if not isinstance(section, dict):
            reading.mistake(where, "must be a section")
            continue
        manifest = partners.of_section(name, section)
        if manifest is None:
            known = [known for known in partners.manifests() if known != partners.GENERIC]
            meant = _meant(str(section.get("kind") or name), known)
            reading.mistake(
                where,
                f"is no partner this version knows ({', '.join(known)}){meant}; under another name a section says which of them it "
                f'is (kind = "{known[0]}"), and a workshop with its own system says kind = "{partners.GENERIC}"',
            )
            continue
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", name) or name == BY_HAND:
            reading.mistake(where, "a partner's name is small letters, digits and -, begins with a letter, and is not hand")
        keys = manifest.keys_of(name)
        checked = _section(reading, store, where, keys, section)
        result[name] = {key: value for key, value in checked.items() if not keys[key].secret}
    return result


def _feeds(reading: _Reading, store: Store, found: Any) -> dict[str, Any]:
    """`[tracking.<name>]`, each read by the manifest in its own folder."""
    if not isinstance(found, dict):
        reading.mistake("tracking", "must be written as [tracking.<name>]")
        return {}
    result = {}
    for name, section in found.items():
        where, manifest = f"tracking.{name}", feeds.manifests().get(name)
        if manifest is None or not isinstance(section, dict):
            known = feeds.manifests()
            reading.mistake(where, f"is no feed this version knows ({', '.join(known)}){_meant(name, known)}")
            continue
        keys = manifest.keys_of(name)
        checked = _section(reading, store, where, keys, section)
        result[name] = {key: value for key, value in checked.items() if not keys[key].secret}
    return result


def _flows(reading: _Reading, found: Any, klaviyo: bool) -> tuple[Path, dict[str, str]]:
    """`[flows]`: which file, and who sends each flow (`[flows.<name>]`). `klaviyo`: there is an account to leave one to."""
    path, by = places.INFRA / "flows.toml", {}
    if not isinstance(found, dict):
        reading.mistake("flows", "must be a section")
        return path, by
    for name, value in found.items():
        where = f"flows.{name}"
        if name == "file":
            if not isinstance(value, str):
                reading.mistake(where, f"must be text in quotes, not {value!r}")
            else:
                path = (reading.path.parent / value).resolve()
        elif not isinstance(value, dict):
            reading.mistake(where, "unknown key" + _meant(name, ("file",)))
        elif value.keys() != {"by"}:
            reading.mistake(where, 'says who sends the flow, and nothing else: by = "ses" or "klaviyo"')
        elif value["by"] not in ("ses", "klaviyo"):
            reading.mistake(f"{where}.by", f"must be ses or klaviyo, not {value['by']!r}")
        elif value["by"] == "klaviyo" and not klaviyo:
            reading.mistake(f"{where}.by", "needs [klaviyo] with its api_key_file")
        else:
            by[name] = value["by"]
    return path, by


def _entries(reading: _Reading, section: dict[str, Any], name: str, keys: dict[str, Key]) -> list[dict[str, Any]]:
    """The entries of `[[name]]`, each checked against `keys`; an absent optional key is left out."""
    entries = section.get(name.rpartition(".")[2], []) if isinstance(section, dict) else []
    if not isinstance(entries, list):
        reading.mistake(name, f"must be written as [[{name}]]")
        return []
    result = []
    for index, entry in enumerate(entries):
        where = f"{name}.{index}"
        if not isinstance(entry, dict):
            reading.mistake(where, "must be a table")
            continue
        checked = _section(reading, Store(reading.path, {}, {}), where, keys, entry)
        result.append({key: value for key, value in checked.items() if value is not None})
    return result


def _deadlines(reading: _Reading, values: dict[str, Any], section: Any) -> list[dict[str, Any]]:
    """`[[deadlines.for]]`: each says whom it is about, and what is different there."""
    rows = _entries(reading, section, "deadlines.for", DEADLINE)
    for index, row in enumerate(rows):
        where = f"deadlines.for.{index}"
        about = [key for key in DEADLINE_IS_ABOUT if key in row]
        if not about:
            reading.mistake(where, f"needs {', '.join(DEADLINE_IS_ABOUT[:-1])} or {DEADLINE_IS_ABOUT[-1]}")
        if len(about) == len(row):
            reading.mistake(where, "changes nothing: name a deadline, like first_scan = 259200")
        partner = row.get("partner")
        if partner is not None and partner not in values["partners"]:
            reading.mistake(f"{where}.partner", f"there is no [partners.{partner}]{_meant(partner, values['partners'])}")
    return rows


def _variants(reading: _Reading, catalog: dict[str, Any]) -> list[dict[str, Any]]:
    result, seen = [], {}
    written = catalog.get("variants")
    for index, checked in enumerate(_entries(reading, catalog, "catalog.variants", VARIANT)):
        where = f"catalog.variants.{index}"
        if ("store_variant" in checked) == ("sku" in checked):
            both = "store_variant" in checked
            reading.mistake(where, "has store_variant and sku: keep one" if both else "needs store_variant or sku")
        for key in ("store_variant", "sku"):
            name = (key, checked.get(key))
            if name[1] is not None and seen.setdefault(name, index) != index:
                reading.mistake(f"{where}.{key}", f"{name[1]!r} stands twice; an order could go either way")
        by_hand = checked.get("partner") == BY_HAND
        if not by_hand and "variant_id" not in written[index]:
            reading.mistake(f"{where}.variant_id", "is missing")
        files = checked.get("files") or []
        properties = checked.get("properties") or []
        designed = checked.get("designed_at_partner") or any(
            isinstance(entry, dict) and entry.get("use") == "file" for entry in properties
        )
        if not by_hand and not files and not designed:
            reading.mistake(f"{where}.files", "needs at least one file to print")
        checked["files"] = _inline(reading, f"{where}.files", files, FILE, '{type = "default", url = "https://…"}')
        checked["properties"] = _inline(
            reading, f"{where}.properties", properties, PROPERTY, '{name = "Engraving", use = "text"}'
        )
        result.append(checked)
    return result


def _inline(
    reading: _Reading, where: str, entries: list[Any], keys: dict[str, Key], example: str
) -> list[dict[str, Any]]:
    """The entries of a list that stands within one entry."""
    result = []
    for number, entry in enumerate(entries):
        if isinstance(entry, dict):
            result.append(_section(reading, Store(reading.path, {}, {}), f"{where}.{number}", keys, entry))
        else:
            reading.mistake(where, f"must hold entries like {example}")
    return result


def _together(reading: _Reading, values: dict[str, Any]) -> None:
    """What no key can tell alone."""
    _partners_exist(reading, values)
    if values["store"].get("platform") == "headless":
        _only_skus(reading, values["catalog"])
        _checkout_works(reading, values["checkout"])
    webhook = (values.get("alerts") or {}).get("webhook") or {}
    if webhook.get("format") == "pagerduty" and "routing_key_file" in webhook:
        reading.mistake("alerts.webhook", 'needs routing_key_file, the integration key that PagerDuty shows for "Events API v2"')
    mail, alerts = values.get("mail") or {}, values.get("alerts") or {}
    if "from" in mail:
        domain = mail["from"].rpartition("@")[2].lower()
        mail["identity"] = (mail.get("identity") or domain).lower()
        alerts["from"] = alerts.get("from") or mail["from"]
        for where, address in (("mail.from", mail["from"]), ("alerts.from", alerts["from"])):
            if mail["identity"] not in (address.lower(), address.rpartition("@")[2].lower()):
                reading.mistake(where, f"{address} does not belong to mail.identity, {mail['identity']}")


def _partners_exist(reading: _Reading, values: dict[str, Any]) -> None:
    known = {BY_HAND, *values["partners"]}
    rows = [(f"catalog.variants.{n}.partner", row) for n, row in enumerate(values["catalog"]["variants"])]
    if values["catalog"].get("any_variant"):
        rows.append(("catalog.any_variant.partner", values["catalog"]["any_variant"]))
    for where, row in rows:
        if (name := row.get("partner")) and name not in known:
            reading.mistake(where, f"there is no [partners.{name}]{_meant(name, known)}")


def _only_skus(reading: _Reading, catalog: dict[str, Any]) -> None:
    """A headless store's products have a SKU and no number."""
    for number, row in enumerate(catalog["variants"]):
        if "store_variant" in row:
            reading.mistake(f"catalog.variants.{number}.store_variant", "a headless store has no numbers; name the sku")
    if catalog.get("any_variant"):
        reading.mistake("catalog.any_variant", "goes by Shopify's numbers, and a headless store has none; give each sku a row")


def _checkout_works(reading: _Reading, checkout: dict[str, Any]) -> None:
    """What the storefront asks of its checkout before it starts, told before anything is deployed."""
    products, currency, seen = checkout["products"], checkout.get("currency"), set()
    if not products:
        reading.mistake("checkout", "sells nothing: add [[checkout.products]]")
    for number, product in enumerate(products):
        where, sku = f"checkout.products.{number}", product.get("sku")
        if sku in seen:
            reading.mistake(f"{where}.sku", f"{sku!r} stands twice; each product has its own")
        seen.add(sku)
        if currency and currency not in product.get("prices", {}):
            reading.mistake(f"{where}.prices", f"has none in {currency}, the checkout's currency")
    if not any(product.get("requires_shipping", True) for product in products):
        return
    if not checkout.get("countries"):
        reading.mistake("checkout.countries", 'is empty: list where parcels go, as in ["US"]')
    shipped = {code for option in checkout["shipping"] for code in option.get("prices", {})}
    for code in sorted({code for product in products for code in product.get("prices", {})} - shipped):
        reading.mistake("checkout.shipping", f"has no way with a price in {code}, in which you sell")


def _meant(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""
