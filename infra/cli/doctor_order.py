"""The doctor's look at what an order needs: webhooks, partners that take our key, and an owner who hears."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from . import feeds, ledger, partners
from .finding import Finding
from .operate import operate
from .storefile import Store
from .target import Target

# The subscriptions are looked at once an hour; so much later, the rounds have stopped.
LOOKED_AT_MOST = 3 * 3600
# A weekly test alert has to be answered: so long after the last answer a channel is proven no more.
PROVEN_DAYS = 14


def subscriptions(target: Target, _: Store) -> Iterator[Finding]:
    """What capture's last hourly look found; it is not asked again, since asking makes what is missing."""
    row = _mark(target, "subscriptions")
    make = "make subscriptions" + ("" if target.facts["endpoint"] else " AWS=1")
    if row is None:
        yield Finding("the store's webhooks: nobody has looked yet", make)
        return
    place, at = json.loads(row["place"]), int(row["at"])
    if place.get("refused"):
        topics = ", ".join(sorted(place["refused"]))
        yield Finding(f"the store refuses webhooks: {topics}", f"{make} shows why (mostly a scope the token lacks)")
    elif not at or place.get("making"):
        yield Finding("the store's webhooks: some are still to be made", make)
    elif time.time() - at > LOOKED_AT_MOST:
        yield Finding(
            f"the store's webhooks: nobody has looked since {ledger.rfc3339(at)}", f"{make}; is capture's schedule on?"
        )
    else:
        yield Finding(f"{len(place.get('known', []))} webhooks of the store, seen {ledger.rfc3339(at)}")


def partners_answer(target: Target, store: Store) -> Iterator[Finding]:
    """Each partner is asked with our key; the store, who else would make its orders."""
    said = operate(target, "routing", "check")
    for line in said["partners"]:
        yield from _partner(line, store.values["partners"][line["name"]])
    yield from _other_services(said, store)
    if said["cut"]:
        yield Finding("partners: the time ended before all were asked", "run it again", unsure=True)


def _partner(line: dict[str, Any], section: dict[str, Any]) -> Iterator[Finding]:
    manifest = partners.of_section(line["name"], section)
    title = manifest.title if manifest else line["name"]
    if line["state"] == "refuses":
        yield Finding(
            f"{title} does not take our key: {line['why']}",
            f"make a new token there, put it into the file that [partners.{line['name']}] names, and deploy again",
        )
        return
    if line["state"] == "silent":
        yield Finding(
            f"{title} does not answer: {line['why']}", "try again in some minutes; orders wait meanwhile", unsure=True
        )
        return
    if line["empty"]:
        yield Finding(
            f"{title} takes our key; there is nothing left to pay with ({line['funds']})",
            f"top up your wallet at {title}",
        )
    elif line["funds"]:
        yield Finding(f"{title} takes our key; {line['funds']} to pay with")
    else:
        yield Finding(
            f"{title} takes our key; what it charges, it does not tell",
            f"see at {title} (Billing) that a card or a wallet stands there: without one it makes nothing",
            unsure=True,
        )


def _other_services(said: dict[str, Any], store: Store) -> Iterator[Finding]:
    if said["store"]:
        yield Finding(
            f"the store does not answer: {said['store']}", "is the token in admin_token_file still the app's?"
        )
        return
    ours = [partners.of_section(name, entry) for name, entry in store.values["partners"].items()]
    kinds = {manifest.kind: manifest.title for manifest in ours if manifest}
    for service, count in said["other_services"].items():
        kind = next((kind for kind in kinds if kind in service.lower()), None)
        if kind:
            yield Finding(
                f"{kinds[kind]}'s own app has {count} variants in the store, so Baton leaves them alone",
                "disconnect that app in the store's admin (Settings, Apps), and let the store stock these variants: "
                "an order goes to the partner once, by one of the two",
            )
        else:
            yield Finding(f"{count} variants are made by {service}; Baton leaves them alone")
    if not said["other_services"]:
        yield Finding("no other fulfilment service has any of the store's variants")


def channels(target: Target, store: Store) -> Iterator[Finding]:
    """Proven: the owner has opened the link of an alert that came that way, and not too long ago."""
    names = ["mail", *(["webhook"] if store.values["alerts"].get("webhook") else [])]
    make = "make test-alert" + ("" if target.facts["endpoint"] else " AWS=1")
    for name in names:
        row = _mark(target, f"channel#{name}")
        if row is None:
            yield Finding(f"alerts by {name}: none was ever acknowledged", f"{make}, and open the link in what arrives")
        elif time.time() - int(row["at"]) > PROVEN_DAYS * 86_400:
            yield Finding(
                f"alerts by {name}: the last one was acknowledged {ledger.rfc3339(row['at'])}",
                f"{make}, and open the link in what arrives; the weekly one has gone unanswered",
            )
        else:
            yield Finding(f"alerts by {name}: acknowledged {ledger.rfc3339(row['at'])}")


def webhooks(target: Target, store: Store) -> Iterator[Finding]:
    """Where partners and feeds deliver to. Whether they do shows when they speak."""
    heard = _sources(target)
    door = target.facts["intake_url"]
    for name, entry in store.values["partners"].items():
        if manifest := partners.of_section(name, entry):
            yield _heard(manifest, name, door, heard)
    for name in store.values["tracking"]:
        yield _heard(feeds.manifests()[name], name, door, heard)


def _heard(manifest: partners.Manifest, name: str, door: str, heard: dict[str, str]) -> Finding:
    if name in heard:
        return Finding(f"{manifest.title}: heard from by webhook {heard[name]}")
    path = manifest.webhook_path.replace("{name}", name).replace("{path-secret}", "<the path secret>")
    return Finding(
        f"{manifest.title}: no webhook has come yet", f"there, webhooks have to go to {door}{path}", unsure=True
    )


# Rows looked at for a source; enough to find one that speaks at all.
_MOST = 5_000


def _sources(target: Target) -> dict[str, str]:
    """Who has been heard, and when last, as far as the first rows of the table tell."""
    heard: dict[str, str] = {}
    rows = ledger.scan(
        target,
        "#kind = :event",
        ExpressionAttributeNames={"#kind": "kind", "#source": "source", "#time": "time"},
        ExpressionAttributeValues={":event": {"S": "event"}},
        ProjectionExpression="#source, #time",
    )
    for number, row in enumerate(rows):
        if number >= _MOST:
            break
        heard[row["source"]] = max(row["time"], heard.get(row["source"], ""))
    return heard


def _mark(target: Target, name: str) -> dict[str, Any] | None:
    """One of the ledger's bookmarks of the store."""
    return ledger.store_row(target, f"bookmark#{name}")
