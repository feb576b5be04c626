"""`order`: an order is paid in the sandbox's store, as a customer would, and goes its way through the stack that runs here."""

from __future__ import annotations

import json
import os
import time

from . import places
from .demo import given_order
from .say import Failure, note
from .target import Target

# The example's numbers begin so; below 2^53, also with a digit or two behind.
FIRST = 5_550_000_000_000


def order() -> None:
    """The order in DELIVERY as it is, or the example under a number of its own; VARIANT names what is bought."""
    target = Target.load()
    if not target.sandbox:
        raise Failure("orders are made up on the local stack only; for the deployed one: make test-order AWS=1")
    if target.facts["orders_table"]:
        raise Failure("a store without Shopify gets its orders from its checkout; make test-order plays one")
    played, path = given_order()
    if not os.environ.get("DELIVERY"):
        number = FIRST + int(time.time() * 10) % 10**9
        played |= {"id": number, "admin_graphql_api_id": f"gid://shopify/Order/{number}", "name": f"#{number % 100_000}"}
        for place, line in enumerate(played["line_items"] + played["shipping_lines"], 1):
            line["id"] = number * 10 + place
    if variant := places.number("VARIANT", 0):
        played["line_items"][0]["variant_id"] = variant
    # A file is passed on as it is: numbers beyond 2^53 and trailing zeros stay as they are.
    body = path.read_bytes() if os.environ.get("DELIVERY") and not variant else json.dumps(played).encode()
    target.play("POST", "shopify/orders?deliver=1&risk=LOW", body)
    name = played.get("name") or played["id"]
    note(f"{name} is paid. Follow it: make trace ORDER='{name}'; its mails: {target.facts['mailbox_url']}")
