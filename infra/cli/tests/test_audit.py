"""Each layer automated, manual or missing, judged by rows as the table holds them."""

from __future__ import annotations

import json
import os
import time
import unittest
from unittest import mock

from cli import audit
from cli.evidence import ALERTED, AUTOMATED, MANUAL, MISSING, gather, proofs
from cli.say import Failure

from .cloud import Cloud, effect, event, exception, row, table, target

NOW = int(time.time())
STORE = "store#example"
ACKNOWLEDGED = row("bookmark", STORE, "bookmark#channel#mail", place="test", at=NOW - 60, rev=1)


def whole(order: int, day: str = "22") -> list[dict]:
    """An order that came through by itself."""
    types = ["order.paid", "order.cleared", "order.routed", "partner.accepted", "parcel.shipped", "parcel.announced"]
    events = [event(order, kind, f"2026-11-{day}T02:0{number}:00Z") for number, kind in enumerate(types)]
    return [*events, effect(order, "email#confirmation"), effect(order, "email#shipped#1")]


def states(rows: list[dict]) -> dict[str, str]:
    found = proofs(gather(target(Cloud(dynamodb=table(rows)))), NOW)
    return {layer.name: layer.state for layer in audit.judge(found, set())}


class TheLayers(unittest.TestCase):
    def test_an_order_that_came_through_proves_them_all(self) -> None:
        self.assertEqual(set(states([*whole(1001), ACKNOWLEDGED]).values()), {AUTOMATED})

    def test_nothing_has_happened_so_nothing_is_proven(self) -> None:
        self.assertEqual(set(states([]).values()), {MISSING})

    def test_a_person_had_to_help(self) -> None:
        rows = [*whole(1001), ACKNOWLEDGED, exception(1001, "routing", "resolved")]
        self.assertEqual(states(rows)["routing"], MANUAL)

    def test_what_healed_by_itself_needed_nobody(self) -> None:
        healed = exception(1001, "routing", "resolved") | {"healed": NOW - 60}
        self.assertEqual(states([*whole(1001), ACKNOWLEDGED, healed])["routing"], AUTOMATED)

    def test_the_newest_order_tells_not_the_best_one(self) -> None:
        stuck = [event(1002, "order.paid", "2026-11-23T02:00:00Z"), exception(1002, "capture")]
        self.assertEqual(states([*whole(1001), *stuck, ACKNOWLEDGED])["capture"], MISSING)

    def test_what_is_under_way_leaves_the_word_to_the_order_before(self) -> None:
        under_way = event(1002, "order.paid", "2026-11-23T02:00:00Z", owes={"capture": NOW + 200}, due=NOW + 200)
        self.assertEqual(states([*whole(1001), under_way, ACKNOWLEDGED])["capture"], AUTOMATED)

    def test_what_is_late_is_missing(self) -> None:
        late = event(1002, "order.paid", "2026-11-23T02:00:00Z", owes={"capture": NOW - 200}, due=NOW - 200)
        self.assertEqual(states([*whole(1001), late, ACKNOWLEDGED])["capture"], MISSING)

    def test_an_alert_nobody_acknowledged_proves_half(self) -> None:
        self.assertEqual(states([*whole(1001), exception(1001, "email", "resolved")])["monitoring"], MANUAL)

    def test_alerts_that_do_not_go_out_are_missing_whatever_was_proven_before(self) -> None:
        untold = exception(1001, "email", told=False, raised=NOW - 3_600)
        self.assertEqual(states([*whole(1001), ACKNOWLEDGED, untold])["monitoring"], MISSING)


class ADrill(unittest.TestCase):
    SHEET = {
        "layers": [
            {"layer": "capture", "state": "pass", "proves": ["a paid order gets its verdict"]},
            {"layer": "routing", "state": "FAIL", "proves": []},
            {"layer": "monitoring", "state": "pass", "proves": [ALERTED]},
        ]
    }

    def kept(self, age_days: int) -> dict:
        return row("bookmark", STORE, "bookmark#drill", place=json.dumps(self.SHEET), at=NOW - age_days * 86_400, rev=1)

    def test_it_proves_what_it_did_and_no_more(self) -> None:
        found = states([self.kept(1)])
        self.assertEqual((found["capture"], found["routing"], found["monitoring"]), (AUTOMATED, MISSING, MANUAL))

    def test_an_old_one_proves_nothing(self) -> None:
        self.assertEqual(states([self.kept(31)])["capture"], MISSING)


class InStackOrder(unittest.TestCase):
    def may(self, rows: list[dict], layer: str, live: bool = True, force: str = "") -> None:
        with mock.patch.dict(os.environ, {"FORCE": force}), mock.patch.object(audit, "note"):
            audit.may_go_on(target(Cloud(dynamodb=table(rows))), layer, live)

    def test_the_lowest_unproven_layer_is_named(self) -> None:
        found = proofs(gather(target(Cloud(dynamodb=table(whole(1001)[:2])))), NOW)
        self.assertEqual(audit.first_unproven(audit.judge(found, set())).name, "routing")

    def test_a_layer_waits_for_the_one_before_it(self) -> None:
        with self.assertRaisesRegex(Failure, "capture, the layer before routing, is not proven.*FORCE=1"):
            self.may([], "routing")

    def test_the_first_waits_for_nobody(self) -> None:
        self.may([], "capture")

    def test_a_person_may_insist(self) -> None:
        self.may([], "routing", force="1")

    def test_in_a_test_store_nothing_is_at_stake(self) -> None:
        self.may([], "routing", live=False)

    def test_what_has_run_before_goes_on_after_a_pause(self) -> None:
        self.may(whole(1001), "email")


if __name__ == "__main__":
    unittest.main()
