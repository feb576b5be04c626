"""What `store.toml` may say: every key, its type, its default. infra/store.toml explains each of them to the owner.

The tables are data, so that the reader, the commented example's test and the error messages share one truth.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

REQUIRED = object()


@dataclass(frozen=True)
class Key:
    """One key. `check` answers with what is wrong, or with nothing. A secret names the parameter its file's content becomes."""

    kind: type | tuple[type, ...]
    default: Any = REQUIRED
    check: Callable[[Any], str | None] = lambda value: None
    secret: str | None = None

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


def one_of(*allowed: str) -> Callable[[Any], str | None]:
    return lambda value: None if value in allowed else f"must be {' or '.join(allowed)}, not {value!r}"


def matching(pattern: str, words: str) -> Callable[[Any], str | None]:
    return lambda value: None if re.fullmatch(pattern, value) else f"must be {words}, not {value!r}"


def at_least(least: int, most: int = 10**10) -> Callable[[Any], str | None]:
    return lambda value: None if least <= value <= most else f"must lie between {least} and {most}, not {value}"


ADDRESS = matching(r"[^@\s<>\"]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}", "one plain mail address")
URL = matching(r"https?://[^\s?#]+", "an address that begins with https:// or http://")
WORDS = matching(r"(?s)[^\x00-\x1f\x7f]+", "one line of text")


def _text(check=WORDS, default=REQUIRED) -> Key:
    return Key(str, default, check)


def _count(least: int, default, most: int = 10**10) -> Key:
    return Key(int, default, at_least(least, most))


def _secret(parameter: str) -> Key:
    return Key(str, secret=parameter)


# Section → its keys. A section with only optional keys may be left out.
SECTIONS: dict[str, dict[str, Key]] = {
    "store": {
        "platform": _text(one_of("shopify")),
        "name": _text(),
        "mode": _text(one_of("live", "test")),
        "shop": _text(matching(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", "like my-store.myshopify.com")),
        "base_url": _text(URL, None),
        "api_version": _text(matching(r"\d{4}-(01|04|07|10)", "a quarterly version such as 2026-10")),
        "webhook_secret_file": _secret("door/shopify/webhook-secret"),
        "admin_token_file": _secret("call/shopify/admin-token"),
    },
    "partners.printful": {
        "base_url": _text(URL, None),
        "store_id": _count(1, None),
        "token_file": _secret("call/printful/token"),
        "webhook_secret_file": _secret("door/printful/webhook-secret"),
        "path_secret_file": _secret("door/printful/path-secret"),
        "shipping": _text(default="STANDARD"),
    },
    "catalog.any_variant": {
        "partner": _text(one_of("printful")),
    },
    "mail": {
        "from": _text(ADDRESS),
        "reply_to": _text(ADDRESS, None),
        "identity": _text(default=None),
        "create_identity": Key(bool, True),
    },
    "brand": {
        "name": _text(),
        "logo_url": _text(URL, None),
        "color": _text(matching(r"#[0-9A-Fa-f]{6}", "a colour such as #205081"), "#1f2937"),
        "address": _text(),
        "support": _text(ADDRESS),
    },
    "alerts": {
        "to": _text(ADDRESS),
        "from": _text(ADDRESS, None),
    },
    "rules": {
        "hold_at_risk": _text(one_of("HIGH", "MEDIUM"), "HIGH"),
    },
    "deadlines": {
        "layer": _count(1, 300),
        "risk_verdict": _count(1, 3_600),
        "partner_accepts": _count(1, 86_400),
        "partner_ships": _count(1, 604_800),
        "first_scan": _count(1, 259_200),
        "tracking_alive": _count(1, 604_800),
        "customer_informed": _count(1, 604_800),
        "held_order": _count(1, 86_400),
    },
    "timing": {
        "http_timeout": _count(1, 5, 60),
        "settle_window": _count(1, 60, 3_600),
        "first_wait": _count(1, 20, 900),
        "longest_wait": _count(1, 600, 86_400),
    },
    "retention": {
        "payload_days": _count(1, 180, 3_650),
    },
    "aws": {
        "region": _text(matching(r"[a-z]{2}(-[a-z]+)+-\d", "a region such as us-east-1"), "us-east-1"),
        "door_concurrency": _count(0, 0, 10_000),
        "log_retention_days": _count(1, 30, 3_653),
    },
}

# Sections that may be missing altogether, although one of their keys would be required.
OPTIONAL_SECTIONS = {"catalog.any_variant"}

# The entries of [[catalog.variants]].
VARIANT: dict[str, Key] = {
    "store_variant": _text(matching(r"\d+", "the variant's number, in quotes"), None),
    "sku": _text(default=None),
    "partner": _text(one_of("printful")),
    "variant_id": _count(1, REQUIRED),
    "files": Key(list),
}

FILE: dict[str, Key] = {
    "type": _text(default="default"),
    "url": _text(matching(r"https?://\S+", "the address of the file to print")),
}

TYPE_NAMES = {str: "text in quotes", int: "a whole number", bool: "true or false", list: "a list"}
