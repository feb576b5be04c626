"""Which stack a verb speaks to, and how a journey is put in order."""

from __future__ import annotations

import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

from cli.say import Failure
from cli.target import Target
from cli.trace import journey


class WhichStack(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def stack(self, file: str, name: str) -> None:
        facts = {"endpoint": None, "region": "eu-central-1", "stack": name}
        (self.folder / file).write_text(json.dumps(facts))

    def loaded(self, aws: str = "") -> str:
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        with patch.dict(os.environ, {"LOCAL": str(self.folder), "AWS": aws, "STACK_JSON": ""} | keys):
            return Target.load().stack

    def test_the_deployed_one_where_nothing_runs_here(self) -> None:
        self.stack("aws.json", "deployed")
        self.assertEqual(self.loaded(), "deployed")
        with self.assertRaises(Failure):
            self.loaded(aws="0")
        self.stack("stack.json", "local")
        self.assertEqual((self.loaded(), self.loaded(aws="1")), ("local", "deployed"))

    def test_what_to_do_where_there_is_none(self) -> None:
        for aws, says in (("", "make up"), ("1", "make deploy")):
            with self.assertRaises(Failure) as raised:
                self.loaded(aws)
            self.assertIn(says, str(raised.exception))


class AJourney(unittest.TestCase):
    def test_a_whole_second_comes_before_its_parts(self) -> None:
        times = ("2026-11-22T10:00:26.95Z", "2026-11-22T10:00:26Z", "2026-11-22T10:00:25.5Z")
        items = [
            {"kind": "event", "id": time, "type": "order.paid", "time": time, "source": "shopify"} for time in times
        ]
        told = [event["time"] for event in journey("order#1", items)["events"]]
        self.assertEqual(told, [times[2], times[1], times[0]])
