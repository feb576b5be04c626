"""`pause` and `resume`: a paused layer's orders wait where they are, visibly, and lose nothing."""

from __future__ import annotations

import time
from pathlib import Path

from . import audit, places, storefile
from .paused import layer_from_environment, mapping, paused_layers
from .say import Failure, note, wait_for
from .target import Target

# A queue keeps its messages for ten days; what is older is sent again by the watchdog once the layer goes on.
KEPT_DAYS = 10


def pause() -> None:
    """The item first: from then on the watchdog does not take waiting for being lost."""
    target, layer = Target.load(), layer_from_environment("pause")
    target.cloud.dynamodb.put_item(
        TableName=target.table,
        Item={
            "pk": {"S": target.shop_subject},
            "sk": {"S": f"pause#{layer}"},
            "kind": {"S": "pause"},
            "layer": {"S": layer},
            "since": {"N": str(int(time.time()))},
        },
    )
    _switch(target, layer, on=False)
    waits = f"Its orders wait in its queue (for up to {KEPT_DAYS} days)."
    if layer not in places.QUEUED:
        waits = "What it has to tell you waits in the table: make exceptions shows it."
    note(f"{layer} is paused. {waits} To go on: make resume LAYER={layer}")


def resume() -> None:
    """The mapping first: the layer goes on before the watchdog looks at it again."""
    target, layer = Target.load(), layer_from_environment("resume")
    was_paused = layer in paused_layers(target)
    audit.may_go_on(target, layer, _is_live(target))
    _switch(target, layer, on=True)
    target.cloud.dynamodb.delete_item(
        TableName=target.table, Key={"pk": {"S": target.shop_subject}, "sk": {"S": f"pause#{layer}"}}
    )
    note(f"{layer} goes on." if was_paused else f"{layer} was not paused; it is on.")


def _is_live(target: Target) -> bool:
    """Whether real orders are at stake; a file that cannot be read any more is taken for a live store's."""
    try:
        return storefile.read(Path(target.facts["store_config"])).values["store"]["mode"] == "live"
    except Failure:
        return True


def _switch(target: Target, layer: str, on: bool) -> None:
    entry = mapping(target, layer)
    wanted = "Enabled" if on else "Disabled"
    if entry["State"] != wanted:
        target.cloud.functions.update_event_source_mapping(UUID=entry["UUID"], Enabled=on)
    # On AWS this takes up to a minute.
    wait_for(f"{layer}'s mapping to be {wanted.lower()}", lambda: mapping(target, layer)["State"] == wanted, 180, 0.3)
