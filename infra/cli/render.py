"""From the owner's file to what the machine reads: `store.json` for the functions, secrets, the template's parameters."""

from __future__ import annotations

import re
import secrets as randomness
import tomllib
from dataclasses import dataclass
from typing import Any

import yaml

from . import places
from .say import Failure, note
from .storefile import Store

@dataclass(frozen=True)
class Rendered:
    """`store` becomes store.json in every package; `secrets` go to SSM; `parameters` to the template."""

    store: dict[str, Any]
    secrets: dict[str, str]
    parameters: dict[str, str]
    region: str


def render(store: Store, base_urls: dict[str, str], local: bool) -> Rendered:
    """`base_urls`: what stands in for an absent base_url, by provider (shopify, stripe, a partner's name)."""
    values = store.values
    machine = values["aws"]
    parameters = {
        "MailFrom": values["mail"]["from"],
        "AlertFrom": values["alerts"]["from"],
        "AlertEmail": values["alerts"]["to"],
        "MailIdentity": values["mail"]["identity"],
        "MeasureMail": "yes" if values["mail"]["measure"] else "no",
        "CreateMailIdentity": "yes" if values["mail"]["create_identity"] else "no",
        "DoorConcurrency": str(machine["door_concurrency"]),
        "LogRetentionDays": str(machine["log_retention_days"]),
        "StorePlatform": values["store"]["platform"],
    }
    if local:
        parameters |= local_parameters()
    _timings_fit(store, template_defaults() | parameters)
    return Rendered(_store_json(values, base_urls), read_secrets(store), parameters, machine["region"])


def local_parameters() -> dict[str, str]:
    """The local parameter file, with this machine's architecture."""
    found = tomllib.loads((places.LOCAL_DEFAULTS / "parameters.toml").read_text())
    return {name: str(value) for name, value in found.items()} | {"Arch": places.machine_arch()}


def template_defaults() -> dict[str, str]:
    """The parameters that have a default in the template."""
    return {
        name: str(parameter["Default"])
        for name, parameter in template()["Parameters"].items()
        if "Default" in parameter
    }


def template() -> dict[str, Any]:
    """The template as plain data; a tag such as `!Ref X` becomes {"Ref": "X"}."""
    return load_template(places.TEMPLATE.read_text())


def load_template(text: str) -> dict[str, Any]:
    """CloudFormation's YAML as plain data."""

    class Loader(yaml.SafeLoader):
        pass

    def tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
        if isinstance(node, yaml.ScalarNode):
            value: Any = loader.construct_scalar(node)
            if suffix == "GetAtt":
                value = value.split(".", 1)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}

    Loader.add_multi_constructor("!", tag)
    return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader with CloudFormation's tags


def _store_json(values: dict[str, Any], base_urls: dict[str, str]) -> dict[str, Any]:
    def with_base(name: str, section: dict[str, Any]) -> dict[str, Any]:
        if not (section.get("base_url") or base_urls[name]):
            raise Failure(f"[partners.{name}] base_url is missing: the address of the workshop's own system")
        return section | {"base_url": (section.get("base_url") or base_urls[name]).rstrip("/")}

    shopify = values["store"]["platform"] == "shopify"
    left_out = {"store", "partners", "tracking", "mail", "alerts", "klaviyo", "stripe", "aws"}
    mail = values["mail"]
    return _without_nothing(
        {
            "store": with_base("shopify", values["store"]) if shopify else values["store"],
            "partners": {name: with_base(name, section) for name, section in values["partners"].items()},
            "tracking": {name: with_base(name, section) for name, section in values["tracking"].items()},
            "mail": {key: mail[key] for key in ("from", "reply_to", "double_opt_in")},
            "alerts": _alerts(values["alerts"], base_urls.get("alerts")),
            **({"klaviyo": with_base("klaviyo", values["klaviyo"])} if values["klaviyo"] else {}),
            **({} if shopify else {"stripe": with_base("stripe", values["stripe"])}),
            **{name: section for name, section in values.items() if name not in left_out},
        }
    )


def _alerts(section: dict[str, Any], base_url: str | None) -> dict[str, Any]:
    """The webhook's address is a secret; only what it may be relative to stands here."""
    webhook = section.get("webhook")
    if not webhook:
        return section
    base = webhook.get("base_url") or base_url
    return section | {"webhook": webhook | {"base_url": base.rstrip("/") if base else None}}


def _without_nothing(value: Any) -> Any:
    """A choice that was not made is left out: the functions have their own defaults."""
    if isinstance(value, dict):
        return {key: _without_nothing(part) for key, part in value.items() if part is not None}
    return [_without_nothing(part) for part in value] if isinstance(value, list) else value


def _timings_fit(store: Store, parameters: dict[str, str]) -> None:
    """http_timeout < function time-out < lease < visibility, visibility >= 6 x time-out, deadline >= 2 x visibility."""
    timeout, lease, visibility = (
        int(parameters[name]) for name in ("FunctionTimeout", "LeaseSeconds", "VisibilitySeconds")
    )
    http, layer = store.values["timing"]["http_timeout"], store.values["deadlines"]["layer"]
    wrong = []
    if not http < timeout:
        wrong.append(f"timing.http_timeout ({http}) must be shorter than a function may run ({timeout})")
    if not timeout < lease < visibility or visibility < 6 * timeout:
        wrong.append(
            f"function {timeout} < lease {lease} < visibility {visibility} and visibility >= 6 x function must hold"
        )
    if layer < 2 * visibility:
        wrong.append(f"deadlines.layer ({layer}) must be at least twice the queues' visibility time-out ({visibility})")
    if wrong:
        raise Failure(f"{store.path}: times that cannot work together:\n  " + "\n  ".join(wrong))


def read_secrets(store: Store) -> dict[str, str]:
    """Parameter name → value. Raises a Failure that names every file that is missing or cannot be right."""
    found, wrong = {}, []
    for name, file in store.secret_files.items():
        path = file.path
        try:
            lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            absent = isinstance(error, FileNotFoundError)
            why = "is not there" if absent else getattr(error, "strerror", None) or "is not text"
            wrong.append(f"{path}: {why} ({file.key})")
            continue
        allowed = 2 if file.rotates else 1
        if not 1 <= len(lines) <= allowed:
            wrong.append(
                f"{path}: must hold {'one or two lines' if allowed == 2 else 'one line'}, not {len(lines)} ({file.key})"
            )
        elif file.form == "hex" and not all(re.fullmatch(r"([0-9a-fA-F]{2})+", line) for line in lines):
            wrong.append(f"{path}: must be the hex key as the provider hands it out ({file.key})")
        elif file.form == "path" and not re.fullmatch(r"[A-Za-z0-9_-]{16,}", lines[0]):
            wrong.append(f"{path}: must be at least 16 letters, digits, - or _: it is part of an address ({file.key})")
        else:
            found[name] = "\n".join(lines)
    if wrong:
        raise Failure(
            f"secrets that {store.path} names:\n  "
            + "\n  ".join(wrong)
            + "\nPut each secret into its file, and nothing else. For a try on this machine (make up) any word of 24 digits does; "
            "for Stripe sk_test_ and 24 digits."
        )
    return found


def invent_missing_secrets(store: Store) -> None:
    """For the local stack only: a secret file below the project's own .local that does not exist yet is made up."""
    own = (places.ROOT / ".local" / "secrets").resolve()
    for name, path in ((name, file.path) for name, file in store.secret_files.items()):
        if path.exists() or own not in path.parents:
            continue
        own.mkdir(parents=True, exist_ok=True)
        # Hex serves for every kind: a key where hex is asked for, and letters and digits for the rest.
        path.touch(mode=0o600)
        # Stripe's keys say whether they are a test's, and only then does a test order charge nobody.
        kind = "sk_test_" if name == "call/stripe/secret-key" else ""
        path.write_text(f"{kind}{randomness.token_hex(24)}\n")
        note(f"  made up a secret for the sandbox: {path.name}")
