"""What the commands make of a table's items: trace, settle, the demo's hand-offs. No stack needed."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
import unittest
from contextlib import redirect_stderr
from decimal import Decimal
from pathlib import Path
from unittest import mock

from cli import __main__ as cli
from cli import inflight, places
from cli.handoffs import Progress, missing, nothing_to_make
from cli.processes import Program, started_at
from cli.say import Failure, wait_for
from cli.trace import journey

NOW = int(time.time())


def event(kind: str, identity: str, **more) -> dict:
    base = {"pk": "order#1", "sk": f"event#{identity}", "kind": "event", "id": identity, "type": kind}
    return base | {"source": "shopify", "time": "2026-11-22T02:00:00Z", "owes": {}} | more


def effect(key: str, state: str, **more) -> dict:
    base = {"pk": "order#1", "sk": f"effect#{key}", "kind": "effect", "key": key, "hash": "ab12", "state": state}
    return base | {"attempts": Decimal(1), "updated": "2026-11-22T02:00:05Z"} | more


class Trace(unittest.TestCase):
    def test_the_contracts_shape(self) -> None:
        items = [
            event("order.paid", "paid", owes={"risk_verdict": Decimal(NOW), "capture": Decimal(5)}, due=Decimal(0), order_name="#1001"),
            effect("email#confirmation", "done", reference="m-1", note={"kind": "confirmation", "to_hash": "0123456789abcdef"}),
            effect("email#shipped#1Z", "waiting", attempts=Decimal(0)),
            {"pk": "order#1", "sk": "exception#x", "kind": "exception", "id": "x", "layer": "routing", "reason": "r", "next_step": "n",
             "state": "open", "told": False, "raised": Decimal(1)},
        ]  # fmt: skip
        trace = journey("order#1", items)
        self.assertEqual(list(trace), ["order", "events", "effects", "exceptions", "mails"])
        self.assertEqual(trace["order"], "1")
        self.assertEqual(
            trace["events"],
            [{"id": "paid", "type": "order.paid", "time": "2026-11-22T02:00:00Z", "source": "shopify",
              "owes": ["capture", "risk_verdict"], "due": "1970-01-01T00:00:00Z"}],
        )  # fmt: skip
        settled = journey("order#1", [event("order.paid", "paid", due=Decimal(0))])
        self.assertEqual([(entry["owes"], entry["due"]) for entry in settled["events"]], [([], None)])
        self.assertEqual([entry["attempts"] for entry in trace["effects"]], [1, 0])
        self.assertEqual(
            trace["mails"],
            [{"kind": "confirmation", "to_hash": "0123456789abcdef", "message_id": "m-1", "effect_hash": "ab12",
              "time": "2026-11-22T02:00:05Z"}],
        )  # fmt: skip
        self.assertEqual(list(trace["exceptions"][0]), ["id", "layer", "reason", "next_step", "state", "told", "healed", "round"])

    def test_what_a_layer_waits_for(self) -> None:
        wait = {"until": Decimal(5), "reason": "no connection", "provider": "printful"}
        waits = {"routing": wait, "capture": {"until": Decimal(5), "reason": "its turn"}}
        item = event("order.cleared", "cleared", owes={"routing": Decimal(NOW)}, waits=waits)
        shown = journey("order#1", [item])["events"][0]
        self.assertEqual(shown["waits"], {"routing": "printful: no connection"})


class Settle(unittest.TestCase):
    def open_events(self, item: dict, paused=(), dead=()) -> list[str]:
        letters = {layer: {("order#1", "event#paid")} if layer in dead else set() for layer in places.LAYERS}
        return inflight._events([item], set(paused), letters, NOW + 60)

    def test_an_event_is_open_while_a_layer_owes_it_and_nothing_excuses_that(self) -> None:
        item = event("order.paid", "paid", owes={"capture": Decimal(NOW)})
        self.assertEqual(self.open_events(item), ["capture has not taken order.paid of order#1"])
        self.assertEqual(self.open_events(item, paused=["capture"]), [])
        self.assertEqual(self.open_events(item, dead=["capture"]), [])
        self.assertEqual(len(self.open_events(item, dead=["routing"])), 1)
        self.assertEqual(
            self.open_events(item | {"waits": {"capture": {"until": Decimal(NOW + 900), "reason": "x"}}}), []
        )
        self.assertEqual(
            len(self.open_events(item | {"waits": {"capture": {"until": Decimal(NOW + 30), "reason": "x"}}})), 1
        )
        self.assertEqual(self.open_events(event("order.routed", "routed", owes={"partner_ships": Decimal(1)})), [])

    def test_effects_at_work_in_doubt_or_soon_due_are_open(self) -> None:
        later = effect("d", "waiting", not_before=Decimal(NOW + 3600))
        soon = effect("e", "waiting", not_before=Decimal(NOW + 10))
        items = [effect("a", "claimed"), effect("b", "unknown"), effect("c", "done"), later, soon]
        self.assertEqual([line.split(" ")[0] for line in inflight._effects(items, NOW + 60)], ["a", "b", "e"])


class HandOffs(unittest.TestCase):
    def test_the_first_missing_one_is_named(self) -> None:
        items = [
            event("order.paid", "paid"),
            event("order.cleared", "cleared", source="capture", owes={"routing": Decimal(1)}),
        ]
        self.assertEqual(missing(journey("order#1", items)).layer, "email")
        items.append(effect("email#confirmation", "done"))
        trace = journey("order#1", items)
        self.assertEqual((missing(trace).layer, missing(trace).missing), ("routing", "partner order"))
        self.assertFalse(nothing_to_make(trace))
        items[1]["owes"] = {}
        self.assertTrue(nothing_to_make(journey("order#1", items)))

    def test_news_come_once(self) -> None:
        progress, items = Progress(), [event("order.paid", "paid"), effect("partner-order#printful#1", "claimed")]
        self.assertEqual([who for who, _ in progress.news(journey("order#1", items))], ["intake"])
        items[1]["state"] = "done"
        self.assertEqual([who for who, _ in progress.news(journey("order#1", items))], ["routing"])
        self.assertEqual(progress.news(journey("order#1", items)), [])


class Processes(unittest.TestCase):
    def test_a_group_ends_whole_and_a_strangers_process_is_left_alone(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            program = Program("sleeper", Path(folder))
            program.start(
                ["sh", "-c", "trap '' TERM; touch \"$0\"; sleep 60 & sleep 60", f"{folder}/ready"],
                dict(os.environ),
                [],
                "x",
            )
            wait_for("the trap to be set", Path(folder, "ready").exists, 5)
            group = program.known()["pid"]
            self.assertTrue(program.running())
            self.assertTrue(program.stop())
            with self.assertRaises(ProcessLookupError):
                os.killpg(group, 0)
            # The record now names this very test, but with another start time.
            program.record.write_text('{"pid": %d, "started": "long ago", "fingerprint": "x"}' % os.getpid())
            self.assertFalse(program.stop())
            self.assertIsNotNone(started_at(os.getpid()))


class Commands(unittest.TestCase):
    def run_verb(self, *words: str, **environment: str) -> tuple[int, str]:
        said = io.StringIO()
        with (
            mock.patch.dict(os.environ, environment),
            mock.patch.object(sys, "argv", ["cli", *words]),
            redirect_stderr(said),
        ):
            return cli.main(), said.getvalue()

    def test_what_to_do_next_is_said(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            code, said = self.run_verb("exceptions", LOCAL=folder)
            self.assertEqual((code, "make up" in said), (1, True))
            code, said = self.run_verb("up", LOCAL=folder, PORT="many")
            self.assertEqual((code, said.strip()), (1, "PORT='many' is not a whole number"))
            code, said = self.run_verb("up", LOCAL=folder, STORE="/absent/store.toml")
            self.assertEqual((code, "Copy infra/store.toml" in said), (1, True))
            code, said = self.run_verb("deploy", LOCAL=folder, STORE="", DRY_RUN="")
            self.assertEqual((code, "STORE is missing" in said), (1, True))

    def test_every_verb_has_its_function(self) -> None:
        import importlib

        for module, function, _ in cli.VERBS.values():
            self.assertTrue(callable(getattr(importlib.import_module(f"cli.{module}"), function)))

    def test_waiting_gives_up_with_a_hint(self) -> None:
        with self.assertRaises(Failure) as raised:
            wait_for("the moon", lambda: None, 0.05, 0.01, "Look up.")
        self.assertEqual(str(raised.exception), "the moon did not happen within 0 seconds. Look up.")
