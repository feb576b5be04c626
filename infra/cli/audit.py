"""`audit`: is each layer automated, manual or missing? Judged by what happened, never by what is set up.

"Fix in stack order": the first layer that is not proven is named. A layer that is not proven yet cannot be switched on in a
live store before the ones below it are (`make resume`).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from . import places
from .evidence import (
    AUTOMATED,
    MANUAL,
    MISSING,
    MOST_ROWS,
    ORDERS,
    Proof,
    gather,
    proofs,
)
from .paused import paused_layers
from .say import Failure, note
from .target import Target

_WORST = {AUTOMATED: 0, MANUAL: 1, MISSING: 2}


@dataclass(frozen=True)
class Layer:
    """A layer's state is that of the worst of its hand-offs."""

    name: str
    proofs: list[Proof]
    paused: bool

    @property
    def state(self) -> str:
        return max((proof.state for proof in self.proofs), key=_WORST.__getitem__)


def audit() -> int:
    """A line per hand-off, the layer to see to first; 1 while one is missing. JSON=1 prints it on standard output."""
    target = Target.load()
    seen = gather(target)
    layers = judge(proofs(seen, time.time()), paused_layers(target))
    for number, layer in enumerate(layers, 1):
        note(f"  {number} {layer.name:<11} {layer.state}{', paused' if layer.paused else ''}")
        for proof in layer.proofs:
            note(f"      {proof.state:<10} {proof.hand_off.words}: {proof.because}")
    if seen.cut:
        note(f"The table is larger than {MOST_ROWS:,} rows: what lies beyond them was not looked at")
    note(f"Judged by the newest {ORDERS} orders and the last drill.")
    first = first_unproven(layers)
    if first:
        worst = max(first.proofs, key=lambda proof: _WORST[proof.state])
        note(f"Fix in stack order: {first.name} first. {worst.hand_off.words}: {worst.hand_off.todo}")
    if places.flag("JSON"):
        print(json.dumps([_json(layer) for layer in layers], indent=2, ensure_ascii=False))
    return 1 if any(layer.state == MISSING for layer in layers) else 0


def judge(found: list[Proof], paused: set[str]) -> list[Layer]:
    """The proofs by layer, in stack order."""
    return [
        Layer(name, [proof for proof in found if proof.hand_off.layer == name], name in paused)
        for name in places.LAYERS
    ]


def first_unproven(layers: list[Layer]) -> Layer | None:
    """The lowest layer of the stack that does not run by itself."""
    return next((layer for layer in layers if layer.state != AUTOMATED), None)


def may_go_on(target: Target, layer: str, live: bool) -> None:
    """Whether a layer may be switched on: a Failure while the one before it is unproven and so is the layer itself. Of a
    store in test mode it is only said; what has run before was proven then, and may go on after a pause."""
    layers = judge(proofs(gather(target), time.time()), set())
    place = places.LAYERS.index(layer)
    if place == 0 or layers[place].state != MISSING or layers[place - 1].state != MISSING:
        return
    before = layers[place - 1]
    worst = max(before.proofs, key=lambda proof: _WORST[proof.state])
    why = (
        f"{before.name}, the layer before {layer}, is not proven: {worst.hand_off.words}: {worst.because}. "
        f"Fix in stack order: {worst.hand_off.todo}"
    )
    if live and not places.flag("FORCE"):
        raise Failure(f"{why}. To switch {layer} on all the same: FORCE=1")
    note(f"  {why}")


def _json(layer: Layer) -> dict[str, object]:
    lines = [{"hand_off": p.hand_off.words, "state": p.state, "because": p.because} for p in layer.proofs]
    return {"layer": layer.name, "state": layer.state, "paused": layer.paused, "hand_offs": lines}
