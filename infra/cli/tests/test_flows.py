"""flows.toml: the shipped one is right, and every mistake is refused with its line."""

from __future__ import annotations

import re
import tempfile
import unittest
from datetime import UTC, datetime
from pathlib import Path

from cli import flowfile, flows, places, storefile
from cli.say import Failure

SHIPPED = places.INFRA / "flows.toml"
KLAVIYO = '[klaviyo]\napi_key_file = "key"\n'


def without_flows() -> str:
    """The local store's file without what it says of flows and Klaviyo."""
    text = (places.LOCAL_DEFAULTS / "store.toml").read_text()
    return re.sub(r"(?m)^\[(flows|klaviyo)\]\n[^\[]*", "", text)


class Flows(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def refusal(self, text: str, by: dict[str, str] | None = None) -> str:
        path = self.folder / "flows.toml"
        path.write_text(text)
        with self.assertRaises(Failure) as raised:
            flowfile.read(path, by or {})
        return str(raised.exception)

    def test_the_shipped_ones_are_armed(self) -> None:
        values = flowfile.read(SHIPPED, {"cart": "ses"})
        flows = {flow["name"]: flow for flow in values["flow"]}
        self.assertEqual([step["delay"] for step in flows["cart"]["steps"]], ["1 h", "24 h", "72 h"])
        self.assertEqual([step["delay"] for step in flows["welcome"]["steps"]], ["0", "3 d", "7 d"])
        self.assertFalse(any(flow["paused"] for flow in flows.values()))
        named = {step["mail"] for flow in flows.values() for step in flow["steps"]}
        self.assertEqual(named, {*flowfile.MARKETING, *flowfile.TRANSACTIONAL}, "every mail there is stands in it")

    def test_each_mistake_is_named_with_its_line(self) -> None:
        text = SHIPPED.read_text()
        cases = [
            ('mail = "cart-2"', 'mail = "cart-22"', "flow cart, step 2: there is no mail called 'cart-22'; did you mean cart-2?"),
            ('delay = "24 h", mail = "cart-2"', 'delay = "-1 h", mail = "cart-2"', "flow cart, step 2.delay: must be a length of time"),
            ('delay = "72 h"', 'delay = "2 h"', "flow cart, step 3: is due before the step above it"),
            ('delay = "90 d", mail', 'delay = "900 d", mail', "flow win-back, step 1: a delay is between 0 and 366 d"),
            ('name = "win-back"', 'name = "cart"', "flow cart: the name stands twice"),
            ('trigger = "checkout.started"', 'trigger = "checkout.begun"', "flow cart.trigger: must be contact.subscribed or"),
            ('trigger = "checkout.started"', 'trigger = "order.cleared"', "step 1: order.cleared brings mails about an order"),
            ('trigger = "order.cleared"', 'trigger = "order.cleared"\npaused = true', "step 1: cannot be paused: the law"),
            ('trigger = "partner.accepted"', 'trigger = "parcel.troubled"', "this mail goes out at partner.accepted"),
            ('delay = "0", mail = "still"', 'delay = "1 d", mail = "still"', "goes out at once, without a condition"),
            ('repeat = "7 d"', 'repeat = "weekly"', 'flow cart.repeat: must be "never", "always"'),
            ('repeat = "7 d"', 'repeats = "7 d"', "flow cart.repeats: unknown key; did you mean repeat?"),
            ('condition = "first_order"', 'condition = "rich"', "step 1.condition: must be not_bought or first_order"),
            ("mails_per_day = 1", "mails_per_day = -1", "limits.mails_per_day: must lie between 0 and 100"),
            ('quiet_hours = "21:00-08:00"', 'quiet_hours = "9pm-8am"', "limits.quiet_hours: must be two times of day"),
            ("hold_out_percent = 0", "holdout = 0", "limits.holdout: unknown key; did you mean hold_out_percent?"),
        ]
        for before, after, said in cases:
            with self.subTest(after):
                self.assertIn(before, text)
                broken = text.replace(before, after, 1)
                changed = zip(broken.splitlines(), text.splitlines(), strict=False)
                line = next(n for n, (new, old) in enumerate(changed, 1) if new != old)
                answer = self.refusal(broken)
                self.assertIn(said, answer)
                at = int(re.search(r"flows\.toml:(\d+):", answer)[1])
                self.assertIn(at, range(line - 3, line + 4), f"line {at} for {line}: {answer}")
        self.assertIn("is not TOML", self.refusal("[[flow"))
        self.assertIn("it has 0 steps", self.refusal('[[flow]]\nname = "a"\ntrigger = "checkout.started"\nsteps = []\n'))

    def test_who_sends_a_flow_is_said_in_the_stores_file(self) -> None:
        store = places.LOCAL_DEFAULTS / "store.toml"
        self.assertIn("flow", storefile.read(store).values["flows"])
        text = without_flows()
        for section, said in [
            ('[flows.cart]\nby = "klaviyo"\n', "flows.cart.by: needs [klaviyo] with its api_key_file"),
            ('[flows.cart]\nby = "pigeon"\n', "flows.cart.by: must be ses or klaviyo"),
            (KLAVIYO + '[flows.shipped]\nby = "klaviyo"\n', "flows.shipped: mails about an order are sent by ses"),
            ('[flows.cart]\nsender = "ses"\n', "flows.cart: says who sends the flow, and nothing else"),
            ("[flows]\nfile = 7\n", "flows.file: must be text in quotes"),
            ('[flows.crat]\nby = "ses"\n', "has no flow of that name; did you mean cart?"),
        ]:
            path = self.folder / "store.toml"
            path.write_text(text + "\n" + section)
            with self.subTest(section), self.assertRaises(Failure) as raised:
                storefile.read(path)
            self.assertIn(said, str(raised.exception))
            line = path.read_text().splitlines().index(section.splitlines()[-2]) + 1
            at = int(re.search(r"store\.toml:(\d+)", str(raised.exception))[1])
            self.assertIn(at, (line, line + 1), str(raised.exception))

    def test_a_marketing_flow_may_be_left_to_klaviyo(self) -> None:
        path = self.folder / "store.toml"
        path.write_text(without_flows() + "\n" + KLAVIYO + '[flows.cart]\nby = "klaviyo"\n')
        store = storefile.read(path)
        by = {flow["name"]: flow["by"] for flow in store.values["flows"]["flow"]}
        self.assertEqual((by["cart"], by["welcome"]), ("klaviyo", "ses"))
        self.assertIn("call/klaviyo/api-key", store.secret_files)
        self.assertEqual(store.values["klaviyo"], {"list": None, "base_url": None})

    def test_the_table_counts_each_thing_once_and_adds_up_money_by_currency(self) -> None:
        mark = lambda sk, note="": {"pk": "mark#flow#cart#2026-11-22", "sk": sk, "kind": "mark", "note": note}  # noqa: E731
        counts = flows.count(
            [
                mark("sent#a1"),
                mark("sent#b2"),
                mark("delivered#a1"),
                mark("skipped#c3", "skip: unsubscribed"),
                mark("skipped#d4", "skip: unsubscribed"),
                mark("recovered#1001", "24.10 USD"),
                mark("recovered#1002", "10.00 USD"),
                mark("recovered#1003", "3600 JPY"),
            ]
        )
        lines = flows.table({"cart": counts}, 30)
        self.assertRegex(lines[2], r"^cart +0 +2 +1 +0 +0 +0 +2 +3  3600 JPY, 34\.10 USD$")
        self.assertEqual(lines[3].strip(), "left out 2 times: unsubscribed")

    def test_a_preview_says_what_comes_when(self) -> None:
        cart = next(flow for flow in flowfile.read(SHIPPED, {})["flow"] if flow["name"] == "cart")
        lines = flows.preview(cart, datetime(2026, 11, 22, 12, tzinfo=UTC))
        self.assertEqual(lines[0], "cart: starts at checkout.started, again: 7 d, sent by ses")
        self.assertEqual(lines[3], "  3. cart-3: 72 h later, Wed 25 Nov 12:00 UTC")


if __name__ == "__main__":
    unittest.main()
