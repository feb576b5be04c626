"""`catalog`: holds the owner's catalog against the store and the partners, and proposes the rows that are missing."""

from __future__ import annotations

import json
from typing import Any

from .operate import operate
from .say import note
from .target import Target


def catalog() -> int:
    """The findings for a person on standard error, rows to copy into store.toml on standard output. 1 if something is wrong."""
    report = operate(Target.load(), "routing", "catalog")
    note(
        f"{report['variants']} variants are sold and shipped; {report['mapped']} of them are mapped "
        f"({report['by_any_variant']} by any_variant, {report['by_hand']} made by hand), "
        f"{report['by_other_service']} are another service's"
    )
    for finding in report["problems"]:
        note(f"  {finding['row']} at {finding['partner']}: {finding['problem']}\n    {finding['next_step']}")
    for variant in report["unmapped"]:
        note(f"  nobody makes {variant['title']} (variant {variant['store_variant']}, SKU {variant['sku'] or 'none'})")
    for what in report["not_asked"]:
        note(f"  could not be asked: {what}")
    if report["cut"]:
        note("  the time ended before the report did; what is missing from it is not here")
    if report["proposed"]:
        note("rows to copy into store.toml, once their print files are filled in:")
        print("\n".join(row(proposal) for proposal in report["proposed"]))
    return 1 if report["problems"] or report["unmapped"] or report["not_asked"] or report["cut"] else 0


def row(proposal: dict[str, Any]) -> str:
    """One row of the catalog as TOML. A JSON string is a TOML string. A headless store's number is its SKU."""
    named_by = "sku" if proposal["store_variant"] == proposal["sku"] else "store_variant"
    lines = [f"# {proposal['title']} = {proposal['title_at_partner']} (same SKU)", "[[catalog.variants]]"]
    lines += [f"{key} = {json.dumps(proposal[key])}" for key in (named_by, "partner", "variant_id")]
    return "\n".join([*lines, 'files = [{ type = "default", url = "https://…" }]', ""])
