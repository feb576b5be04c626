"""What `make replay` is asked for: one exception or many, and from when on."""

from __future__ import annotations

import unittest
from datetime import UTC, datetime

from cli.replay import since, which
from cli.say import Failure

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Since(unittest.TestCase):
    def test_a_span_and_a_moment(self) -> None:
        for text, moment in {
            "30m": "2026-11-22T11:30:00Z",
            "2h": "2026-11-22T10:00:00Z",
            "3d": "2026-11-19T12:00:00Z",
            "2026-11-22T02:13:00Z": "2026-11-22T02:13:00Z",
            "2026-11-22T02:13:00+02:00": "2026-11-22T00:13:00Z",
        }.items():
            self.assertEqual(since(text, NOW), moment, text)

    def test_a_mistake_says_what_to_write(self) -> None:
        for text in ("yesterday", "2w", "-2h", "h", "2026-13-01"):
            with self.assertRaisesRegex(Failure, "2h or 3d"):
                since(text, NOW)


class Which(unittest.TestCase):
    def test_one_or_many_and_never_both_or_none(self) -> None:
        none = {"kind": "", "layer": "", "since": None, "all": False}
        self.assertEqual(which("1-held-0a1b2c3d", none), {"exception": "1-held-0a1b2c3d"})
        self.assertEqual(which("", none | {"kind": "held", "layer": "capture"}), {"kind": "held", "layer": "capture"})
        self.assertEqual(which("", none | {"all": True}), {"all": True})
        with self.assertRaisesRegex(Failure, "KIND=partner-refused"):
            which("", none)
        with self.assertRaisesRegex(Failure, "leave out"):
            which("1-held-0a1b2c3d", none | {"all": True})


if __name__ == "__main__":
    unittest.main()
