"""The hand-offs of one order as the demo watches them: who passes what on, told from the order's trace alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Trace = dict[str, Any]

# Who makes an event; what is not here came through the door.
_MAKERS = {
    "order.cleared": "capture",
    "order.held": "capture",
    "order.routed": "routing",
    "parcel.announced": "shipping",
}
_EFFECT_LAYERS = {"partner": "routing", "fulfilment": "shipping", "email": "email", "alert": "monitoring"}

_WORDS = {
    "order.paid": "the store says it is paid",
    "order.cleared": "paid, real and safe: it may be made",
    "order.held": "held, for the owner to decide",
    "order.routed": "the partner has it and was told to make it",
    "partner.accepted": "the partner makes it",
    "partner.told": "the partner reports; what it means is asked",
    "store.fulfilment_written": "the store says that the parcel is entered",
    "webhook.unfollowed": "a message that Baton does not follow; it is kept",
    "parcel.shipped": "the partner handed a parcel to the carrier",
    "parcel.announced": "the store knows the parcel",
    "parcel.delivered": "the parcel is at its door",
}


@dataclass(frozen=True)
class HandOff:
    """`layer` owes it; `missing` completes the sentence `<layer>: no … `; `done` looks for it in a trace."""

    layer: str
    missing: str
    done: Callable[[Trace], bool]


def has_event(*types: str) -> Callable[[Trace], bool]:
    return lambda trace: any(event["type"] in types for event in trace["events"])


def has_mail(kind: str) -> Callable[[Trace], bool]:
    return lambda trace: any(
        effect["key"].startswith(f"email#{kind}") and effect["state"] == "done" for effect in trace["effects"]
    )


# In the order in which they are due.
EXPECTED = (
    HandOff("intake", "stored event of the paid order", has_event("order.paid")),
    HandOff("capture", "decision about the order", has_event("order.cleared", "order.held")),
    HandOff("email", "confirmation mail", has_mail("confirmation")),
    HandOff("routing", "partner order", has_event("order.routed")),
    HandOff("intake", "word from the partner that a parcel is on its way", has_event("parcel.shipped")),
    HandOff("shipping", "fulfilment in the store", has_event("parcel.announced")),
    HandOff("email", "shipped mail", has_mail("shipped")),
    HandOff("intake", "word that the parcel was delivered", has_event("parcel.delivered")),
    HandOff("email", "delivered mail", has_mail("delivered")),
)


def missing(trace: Trace) -> HandOff | None:
    """The first hand-off that has not happened."""
    return next((hand_off for hand_off in EXPECTED if not hand_off.done(trace)), None)


def nothing_to_make(trace: Trace) -> bool:
    """Cleared, taken by routing, and nothing of it is ours to make: a digital order, or another service's lines."""
    cleared = [event for event in trace["events"] if event["type"] == "order.cleared"]
    partner = any(effect["key"].startswith("partner-") for effect in trace["effects"])
    return bool(cleared) and not partner and not any("routing" in event["owes"] for event in cleared)


class Progress:
    """Turns a growing trace into lines, each thing once."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, ...]] = set()

    def news(self, trace: Trace) -> list[tuple[str, str]]:
        """(who, what) for everything that was not there at the last look."""
        found = []
        for event in trace["events"]:
            if self._new("event", event["id"]):
                who = _MAKERS.get(event["type"], "intake")
                found.append((who, f"{event['type']:<24} {_WORDS.get(event['type'], '')}".rstrip()))
        for effect in trace["effects"]:
            if effect["state"] != "claimed" and self._new("effect", effect["key"], effect["state"]):
                found.append((_layer_of(effect["key"]), _effect_words(effect)))
        for exception in trace["exceptions"]:
            if self._new("exception", exception["id"]):
                found.append(
                    (exception["layer"], f"{'exception':<24} {exception['reason']} Next: {exception['next_step']}")
                )
            if exception["told"] and self._new("told", exception["id"]):
                found.append(("monitoring", "the owner was told"))
        return found

    def _new(self, *what: str) -> bool:
        if what in self._seen:
            return False
        self._seen.add(what)
        return True


def _layer_of(key: str) -> str:
    return next((layer for start, layer in _EFFECT_LAYERS.items() if key.startswith(start)), "?")


def _effect_words(effect: dict[str, Any]) -> str:
    again = f", attempt {effect['attempts']}" if effect["attempts"] > 1 else ""
    name, _, rest = effect["key"].partition("#")
    what = f"mail: {rest.partition('#')[0]}" if name == "email" else name
    reference = f" ({effect['reference']})" if effect["reference"] else ""
    return f"{what:<24} {effect['state']}{again}{reference}"
