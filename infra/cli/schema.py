"""What `store.toml` may say: every key, its type, its default. infra/store.toml explains each of them to the owner.

The tables are data, so that the reader, the commented example's test and the error messages share one truth. What a production
partner asks for is not here but in its own folder: see partners.py.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

REQUIRED = object()


@dataclass(frozen=True)
class Key:
    """One key. `check` answers with what is wrong, or with nothing. A secret names the parameter its file's content becomes;
    `form` says what the file may hold (plain, hex, path), and one that rotates may have a second line, the old secret."""

    kind: type | tuple[type, ...]
    default: Any = REQUIRED
    check: Callable[[Any], str | None] = lambda value: None
    secret: str | None = None
    form: str = "plain"
    rotates: bool = False

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


def one_of(*allowed: Any) -> Callable[[Any], str | None]:
    return lambda value: None if value in allowed else f"must be {' or '.join(map(str, allowed))}, not {value!r}"


def matching(pattern: str, words: str) -> Callable[[Any], str | None]:
    return lambda value: None if re.fullmatch(pattern, value) else f"must be {words}, not {value!r}"


def at_least(least: int, most: int = 10**10) -> Callable[[Any], str | None]:
    return lambda value: None if least <= value <= most else f"must lie between {least} and {most}, not {value}"


ADDRESS = matching(r"[^@\s<>\"]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}", "one plain mail address")
URL = matching(r"https?://[^\s?#]+", "an address that begins with https:// or http://")


def _zone(value: str) -> str | None:
    """A time zone by its IANA name; where this machine knows none, its form is all that can be checked."""
    known = zoneinfo.available_timezones()
    good = value in known if known else re.fullmatch(r"[A-Za-z]+([/_+-][A-Za-z0-9_+-]+)*", value)
    return None if good else f"must be a time zone's name, like Europe/Berlin, not {value!r}"


WORDS = matching(r"(?s)[^\x00-\x1f\x7f]+", "one line of text")


def _text(check=WORDS, default=REQUIRED) -> Key:
    return Key(str, default, check)


def _count(least: int, default, most: int = 10**10) -> Key:
    return Key(int, default, at_least(least, most))


def _secret(parameter: str, rotates: bool = False) -> Key:
    return Key(str, secret=parameter, rotates=rotates)


def _flag(default: bool) -> Key:
    return Key(bool, default)


def _texts(pattern: str, words: str) -> Callable[[Any], str | None]:
    def check(values: list[Any]) -> str | None:
        bad = next((v for v in values if not isinstance(v, str) or not re.fullmatch(pattern, v)), None)
        return None if bad is None else f"must hold {words}, not {bad!r}"

    return check


def _prices(value: dict[str, Any]) -> str | None:
    """`{ USD = "25.00" }`: exact decimals in quotes; which currencies exist, the functions know."""
    if not value:
        return 'needs a price, like { USD = "25.00" }'
    for currency, amount in value.items():
        if not re.fullmatch(r"[A-Z]{3}", currency):
            return f"{currency!r} is not a currency's three capital letters"
        if not isinstance(amount, str) or not re.fullmatch(r"\d+(\.\d+)?", amount):
            return f"{currency} must be an exact amount in quotes, like \"25.00\", not {amount!r}"
    return None


def _numbers(*keys: str, amounts: tuple[str, ...] = ()) -> Callable[[Any], str | None]:
    """A table in braces of whole numbers, and of exact amounts in quotes; all keys are needed."""

    def check(value: dict[str, Any]) -> str | None:
        if set(value) != {*keys, *amounts}:
            return f"must have {', '.join((*amounts, *keys))}"
        for key in keys:
            if not isinstance(value[key], int) or isinstance(value[key], bool) or not 0 <= value[key] <= 100_000:
                return f"{key} must be a whole number, not {value[key]!r}"
        bad = [key for key in amounts if not re.fullmatch(r"\d+(\.\d+)?", str(value[key]))]
        return f'{bad[0]} must be an amount in quotes, like "300.00"' if bad else None

    return check


def _forwarders(value: list[Any]) -> str | None:
    good = all(isinstance(entry, dict) and set(entry) == {"zip", "street"} for entry in value)
    return None if good else 'must hold entries like { zip = "331", street = "1 Example Dock" }'


def _often(hours: int, orders: int, weight: int) -> Key:
    default = {"hours": hours, "orders": orders, "weight": weight}
    return Key(dict, default, _numbers("hours", "orders", "weight"))


def _days(value: list[Any]) -> str | None:
    good = len(value) == 2 and all(isinstance(n, int) and n > 0 for n in value) and value[0] <= value[1]
    return None if good else f"must be two numbers of days, like [3, 7], not {value!r}"


# What every store has below [store], whoever holds its orders.
_ANY_STORE = {
    "platform": _text(one_of("shopify", "headless")),
    "name": _text(),
    "mode": _text(one_of("live", "test")),
    "language": _text(one_of("en", "de"), "en"),
    "time_zone": _text(_zone, "UTC"),
}

# Platform → the sections that only its stores have.
PLATFORMS: dict[str, dict[str, dict[str, Key]]] = {
    "shopify": {
        "store": _ANY_STORE
        | {
            "shop": _text(matching(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", "like my-store.myshopify.com")),
            "base_url": _text(URL, None),
            "api_version": _text(matching(r"\d{4}-(01|04|07|10)", "a quarterly version such as 2026-10")),
            "webhook_secret_file": _secret("door/shopify/webhook-secret", rotates=True),
            "admin_token_file": _secret("call/shopify/admin-token"),
        },
    },
    "headless": {
        "store": _ANY_STORE
        | {"shop": _text(matching(r"[a-z0-9][a-z0-9-]{0,62}", "a short name in small letters, digits and -"))},
        "stripe": {
            "base_url": _text(URL, None),
            "secret_key_file": _secret("call/stripe/secret-key"),
            "webhook_secret_file": _secret("door/stripe/webhook-secret", rotates=True),
        },
        "checkout": {
            "origin": _text(matching(r"https?://[^/\s?#]+", "your site without a path, like https://www.example.com")),
            "success_url": _text(matching(r"https?://\S+", "an address that begins with https:// or http://")),
            "cancel_url": _text(matching(r"https?://\S+", "an address that begins with https:// or http://")),
            "currency": _text(matching(r"[A-Z]{3}", "a currency's three capital letters")),
            "countries": Key(list, [], _texts(r"[A-Z]{2}", "two capital letters a country")),
            "automatic_tax": _flag(False),
            "tax": _text(one_of("exclusive", "inclusive"), "exclusive"),
            "phone": _flag(False),
            "promotion_codes": _flag(False),
            "recovery": _flag(False),
            "ask_consent": _flag(False),
            "most_pieces": _count(1, 50, 10_000),
        },
    },
}

# Section → its keys. A section with only optional keys may be left out.
SECTIONS: dict[str, dict[str, Key]] = {
    "catalog.any_variant": {
        "partner": _text(),
        "other_properties": _text(one_of("refuse", "ignore"), "refuse"),
    },
    "mail": {
        "from": _text(ADDRESS),
        "reply_to": _text(ADDRESS, None),
        "double_opt_in": Key(bool, False),
        "identity": _text(default=None),
        "measure": _flag(False),
        "create_identity": Key(bool, True),
        "store_mails_off": _flag(False),
    },
    "brand": {
        "name": _text(),
        "logo_url": _text(URL, None),
        "color": _text(matching(r"#[0-9A-Fa-f]{6}", "a colour such as #205081"), "#1f2937"),
        "button_color": _text(matching(r"#[0-9A-Fa-f]{6}", "a colour such as #205081"), None),
        "tone": _text(one_of("formal", "casual"), "formal"),
        "address": _text(),
        "support": _text(ADDRESS),
    },
    "alerts": {
        "to": _text(ADDRESS),
        "from": _text(ADDRESS, None),
        "digest_hour": _count(0, 7, 23),
        "gather": _count(0, 15, 300),
        "storm": _count(0, 60, 600),
    },
    "alerts.webhook": {
        "format": _text(one_of("slack", "discord", "pagerduty", "plain")),
        "url_file": _secret("call/alerts/url"),
        "key_file": _secret("call/alerts/key"),
        "routing_key_file": Key(str, None, secret="call/alerts/routing-key"),
        "base_url": _text(URL, None),
    },
    "klaviyo": {
        "api_key_file": _secret("call/klaviyo/api-key"),
        "list": _text(matching(r"[A-Za-z0-9]+", "the list's id, as its address at Klaviyo ends"), None),
        "base_url": _text(URL, None),
    },
    "drill": {
        "inbox": _text(ADDRESS, None),
    },
    "rules": {
        "hold_at_risk": _text(one_of("HIGH", "MEDIUM"), "HIGH"),
    },
    "screening": {
        "hold_at": _count(0, 100, 100_000),
        "medium_risk": _count(0, 40, 100_000),
        "same_mail": _often(24, 3, 30),
        "same_address": _often(24, 3, 30),
        "same_card": _often(24, 3, 60),
        "same_ip": _often(1, 4, 30),
        "countries_differ": _count(0, 35, 100_000),
        "card_country_differs": _count(0, 35, 100_000),
        "first_order": Key(dict, {"over": "300.00", "weight": 35}, _numbers("weight", amounts=("over",))),
        "disposable_mail": _count(0, 45, 100_000),
        "disposable_domains": Key(list, [], _texts(r"[a-z0-9.-]+", "domains in small letters")),
        "trusted_domains": Key(list, [], _texts(r"[a-z0-9.-]+", "domains in small letters")),
        "failed_payments": Key(dict, {"attempts": 3, "weight": 45}, _numbers("attempts", "weight")),
        "forwarder": _count(0, 15, 100_000),
        "listed_forwarder": _count(0, 40, 100_000),
        "forwarders": Key(list, [], _forwarders),
        "many_of_one": Key(dict, {"pieces": 10, "weight": 35}, _numbers("pieces", "weight")),
    },
    "tax": {
        "due": Key(list, [], _texts(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", 'countries ("DE") or parts of them ("US-KY")')),
    },
    "sweep": {
        "silent_hours": _count(1, 3, 24 * 30),
        "expect_order_hours": _count(0, 0, 24 * 365),
    },
    "routing": {
        "window": _count(0, 0, 14 * 86_400),
        "margin_floor_percent": _count(0, None, 99),
        "check_files": _flag(True),
        "countries": Key(list, [], _texts(r"[A-Z]{2}", "two capital letters a country")),
        "largest_quantity": _count(1, 500, 100_000),
        "upload_hosts": Key(list, ["cdn.shopify.com"], _texts(r"[a-z0-9.-]+", "host names")),
    },
    "deadlines": {
        "layer": _count(1, 300),
        "payment_arrives": _count(1, 432_000),
        "risk_verdict": _count(1, 3_600),
        "partner_accepts": _count(1, 86_400),
        "partner_ships": _count(1, 604_800),
        "first_scan": _count(1, 259_200),
        "tracking_alive": _count(1, 604_800),
        "customer_informed": _count(1, 604_800),
        "held_order": _count(1, 86_400),
        "delivered": _count(1, 1_814_400),
    },
    "quiet": {
        "group_at": _count(2, 5, 10_000),
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

# flows.toml (see flowfile.py): what holds for all marketing mail, the entries of [[flow]], and those of a flow's steps.
DURATION = matching(r"\s*(0|\d{1,9}\s*[smhd])\s*", 'a length of time, like "1 h" or "3 d" (s, m, h or d), or "0"')
LIMITS: dict[str, Key] = {
    "mails_per_day": _count(0, 1, 100),
    "quiet_hours": _text(matching(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", 'two times of day, like "21:00-08:00"'), None),
    "hold_out_percent": _count(0, 0, 100),
    "recovery_window": _text(DURATION, "7 d"),
    "starves_after": _text(DURATION, "14 d"),
    "stale_after": _text(DURATION, "3 d"),
}
FLOW: dict[str, Key] = {
    "name": _text(matching(r"[a-z][a-z0-9-]{0,31}", "1 to 32 small letters, digits and -, beginning with a letter")),
    "trigger": _text(
        one_of(
            "contact.subscribed",
            "checkout.started",
            "order.cleared",
            "partner.accepted",
            "parcel.announced",
            "parcel.out_for_delivery",
            "parcel.delivered",
            "parcel.troubled",
            "customer.waits",
        )
    ),
    "steps": Key(list),
    "repeat": _text(matching(r"never|always|0|\d{1,9}\s*[smhd]", '"never", "always", or how long after the last time, like "7 d"'), "never"),
    "paused": _flag(False),
}
STEP: dict[str, Key] = {
    "delay": _text(DURATION),
    "mail": _text(),
    "condition": _text(one_of("not_bought", "first_order", "never_bought"), None),
}

# Sections that may be missing altogether, although one of their keys would be required.
OPTIONAL_SECTIONS = {"alerts.webhook", "catalog.any_variant", "klaviyo"}

# The entries of [[catalog.variants]]. "hand" is a partner too: the owner.
VARIANT: dict[str, Key] = {
    "store_variant": _text(matching(r"\d+", "the variant's number, in quotes"), None),
    "sku": _text(default=None),
    "partner": _text(),
    "variant_id": Key((int, str), None, lambda value: None if str(value).strip() else "is empty"),
    "files": Key(list, None),
    "designed_at_partner": _flag(False),
    "properties": Key(list, None),
    "other_properties": _text(one_of("refuse", "ignore"), "refuse"),
}

# The entries of a variant's `properties`: what becomes of what the customer chose or wrote.
PROPERTY: dict[str, Key] = {
    "name": _text(),
    "use": _text(one_of("file", "text", "ignore")),
    "type": _text(default="default"),
    "required": _flag(False),
}

# The entries of [[deadlines.for]]: what it is about, and what is different there.
DEADLINE: dict[str, Key] = {
    "partner": _text(default=None),
    "carrier": _text(default=None),
    "country": _text(matching(r"[A-Z]{2}", "two capital letters"), None),
    "partner_accepts": _count(1, None),
    "partner_ships": _count(1, None),
    "first_scan": _count(1, None),
    "tracking_alive": _count(1, None),
    "customer_informed": _count(1, None),
    "delivered": _count(1, None),
}
DEADLINE_IS_ABOUT = ("partner", "carrier", "country")

# The entries of the headless store's [[checkout.shipping]] and [[checkout.products]].
SHIPPING: dict[str, Key] = {
    "name": _text(matching(r"[^\x00-\x1f]{1,100}", "one line of at most 100 characters")),
    "prices": Key(dict, check=_prices),
    "days": Key(list, None, _days),
}
PRODUCT: dict[str, Key] = {
    "sku": _text(),
    "title": _text(),
    "variant_title": _text(default=None),
    "image": _text(URL, None),
    "tax_code": _text(matching(r"txcd_\d+", "Stripe's tax code, like txcd_99999999"), None),
    "prices": Key(dict, check=_prices),
    "requires_shipping": _flag(True),
    "most_pieces": _count(1, None, 10_000),
}

FILE: dict[str, Key] = {
    "type": _text(default="default"),
    "url": _text(matching(r"https?://\S+", "the address of the file to print")),
}

TYPE_NAMES = {
    str: "text in quotes",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a table in braces",
    (int, str): "a number, or text in quotes",
}
