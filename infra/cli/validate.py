"""`validate`: the owner's file is read as `up` and `deploy` read it, with its flows and secrets, and nothing is started."""

from __future__ import annotations

from . import places
from .places import Choices
from .render import invent_missing_secrets, read_secrets
from .say import Failure, note
from .storefile import BY_HAND, Store, read


def validate() -> None:
    """Names every mistake with its line; then what is right, and what nobody but the catalog's check can tell."""
    path = Choices.from_environment().store
    store = read(path)
    invent_missing_secrets(store)
    read_secrets(store)
    if unmade := _unmade(store):
        raise Failure(
            f"{path}: [[checkout.products]] sells what no [[catalog.variants]] row makes: {', '.join(unmade)}. Add a row for each "
            f'(partner = "{BY_HAND}" where you make it yourself)'
        )
    sold = len(store.values["catalog"]["variants"])
    what = ", ".join(
        (
            f"partners {' and '.join(store.values['partners']) or 'none'}",
            f"{sold} catalog {'row' if sold == 1 else 'rows'}",
            f"{len(store.secret_files)} secrets",
        )
    )
    note(f"{path} is right: {what}.")
    note("Whether store and partners know each variant: make up, then make catalog.")


def _unmade(store: Store) -> list[str]:
    """Products of the store's own checkout whose SKU no row of the catalog has."""
    made = {row.get("sku") for row in store.values["catalog"]["variants"]}
    products = (store.values.get("checkout") or {}).get("products", [])
    return sorted({product["sku"] for product in products if product.get("requires_shipping", True)} - made)
