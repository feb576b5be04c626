"""The drill's sheet, what a deployment finishes with, and what taking it down leaves."""

from __future__ import annotations

import io
import json
import os
import unittest
from contextlib import redirect_stderr
from unittest import mock

from cli import deploy, destroy, drill, test_order
from cli.evidence import ALERTED
from cli.say import Failure

from .cloud import Client, Cloud, refusal, row, table, target


class TheSheet(unittest.TestCase):
    def setUp(self) -> None:
        self.lines = {
            layer: drill.Line(layer) for layer in ("intake", "capture", "routing", "shipping", "email", "monitoring")
        }

    def test_what_passed_is_proven_with_its_time(self) -> None:
        followed = test_order.Followed([(step, 1.25) for step in test_order.STEPS])
        drill._enter(self.lines, followed, 10)
        self.assertEqual((self.lines["routing"].state, self.lines["routing"].seconds), (drill.PASS, 11.2))
        self.assertEqual(self.lines["routing"].proves, ["a cleared order reaches its partner"])

    def test_every_step_that_proves_something_exists(self) -> None:
        self.assertLessEqual(drill._PROVES.keys(), {step.words for step in test_order.STEPS})

    def test_what_comes_after_a_failure_fails_too(self) -> None:
        paid, cleared = test_order.STEPS[:2]
        drill._enter(self.lines, test_order.Followed([(paid, 0.5)], cleared, "it is held"), 0)
        self.assertEqual(
            {name: line.state for name, line in self.lines.items()},
            {
                "intake": "pass",
                "capture": "FAIL",
                "routing": "FAIL",
                "email": "FAIL",
                "shipping": "pass",
                "monitoring": "pass",
            },
        )
        self.assertEqual(self.lines["capture"].words, ["it is held"])

    def test_an_alert_that_did_not_go_out_fails_monitoring(self) -> None:
        for channels, state in (
            ([{"channel": "mail", "sent": True}], "pass"),
            ([{"channel": "mail", "sent": True}, {"channel": "webhook", "sent": False, "why": "404"}], "FAIL"),
        ):
            line = drill.Line("monitoring")
            with mock.patch.object(drill, "operate", lambda *_, said=channels: {"channels": said}):
                drill._alert(target(Cloud()), line)
            self.assertEqual(line.state, state)
            self.assertEqual(line.proves, [ALERTED] if state == "pass" else [])

    def test_shipping_that_cannot_ask_fails(self) -> None:
        line = drill.Line("shipping")
        with mock.patch.object(drill, "operate", lambda *_: {"not_asked": ["printful: 503"]}):
            drill._shipping(target(Cloud()), line)
        self.assertEqual(line.state, "FAIL")

    def test_it_is_kept_as_a_bookmark_with_the_next_revision(self) -> None:
        rows = [row("bookmark", "store#example", "bookmark#drill", place="{}", at=1, rev=4)]
        client = table(rows)
        drill._keep(target(Cloud(dynamodb=client)), {"layers": []})
        kept = client.kept[0]
        self.assertEqual((kept["sk"]["S"], kept["kind"]["S"], kept["rev"]["N"]), ("bookmark#drill", "bookmark", "5"))
        self.assertEqual(json.loads(kept["place"]["S"]), {"layers": []})


class Finishing(unittest.TestCase):
    def said(self, operate) -> str:
        told = io.StringIO()
        with mock.patch.object(deploy, "operate", operate), mock.patch.object(deploy.doctor, "examine", lambda _: []):
            with redirect_stderr(told):
                deploy.finish(target(Cloud()))
        return told.getvalue()

    def test_webhooks_are_made_and_an_alert_is_sent(self) -> None:
        answers = {
            "subscriptions": {"subscriptions": [{"state": "made"}, {"state": "there"}, {"state": "refused: scope"}]},
            "test-alert": {"channels": [{"channel": "mail", "sent": True}]},
        }
        told = self.said(lambda _, __, verb: answers[verb])
        self.assertIn("1 made, 1 refused, 1 there", told)
        self.assertIn("by mail: sent; open the link", told)

    def test_what_fails_undoes_nothing_and_says_what_to_do(self) -> None:
        def broken(*_):
            raise Failure("the store: 401")

        told = self.said(broken)
        self.assertIn("make subscriptions", told)
        self.assertIn("make test-alert", told)


class TakingDown(unittest.TestCase):
    def setUp(self) -> None:
        gone = {"describe_stacks": self.absent, "delete_stack": lambda **_: {}}
        names = ["/baton/door/shopify/webhook-secret", "/baton/links/key"]
        self.ssm = Client(
            get_parameters_by_path=lambda **_: {"Parameters": [{"Name": name} for name in names]},
            delete_parameter=lambda **_: {},
        )
        self.dynamodb = table([])
        cloud = Cloud("http://127.0.0.1:4566", cloudformation=Client(**gone), ssm=self.ssm, dynamodb=self.dynamodb)
        self.target = target(cloud, orders_table="O")

    @staticmethod
    def absent(**_):
        error = refusal("ValidationError")
        error.args = ("Stack with id baton does not exist",)
        raise error

    def take_down(self, tables: bool) -> tuple[list[str], list[str]]:
        with redirect_stderr(io.StringIO()):
            destroy.take_down(self.target, tables)
        forgotten = [asked["Name"] for operation, asked in self.ssm.asked if operation == "delete_parameter"]
        dropped = [asked["TableName"] for operation, asked in self.dynamodb.asked if operation == "delete_table"]
        return forgotten, dropped

    def test_tables_and_the_key_of_sent_links_stay(self) -> None:
        self.assertEqual(self.take_down(False), (["/baton/door/shopify/webhook-secret"], []))

    def test_told_so_they_go_with_their_protection_taken_off_first(self) -> None:
        forgotten, dropped = self.take_down(True)
        self.assertEqual((len(forgotten), dropped), (2, ["T", "O"]))
        operations = [operation for operation, _ in self.dynamodb.asked]
        self.assertLess(operations.index("update_table"), operations.index("delete_table"))

    def test_a_table_that_is_gone_already_is_gone(self) -> None:
        def missing(**_):
            raise refusal("ResourceNotFoundException")

        self.dynamodb.answers["update_table"] = missing
        self.assertEqual(self.take_down(True)[1], [])

    def test_asked_again_it_says_what_is_gone(self) -> None:
        def missing(**_):
            raise refusal("ResourceNotFoundException")

        self.dynamodb.answers["describe_table"] = missing
        told = io.StringIO()
        with redirect_stderr(told):
            destroy._tell(self.target, True)
        self.assertIn("table T is gone already", told.getvalue())

    def test_only_the_stacks_own_name_goes_ahead(self) -> None:
        for typed, goes in (("baton", True), ("yes", False)):
            with mock.patch.dict(os.environ, {"CONFIRM": typed}):
                if goes:
                    destroy._confirm(self.target)
                else:
                    with self.assertRaisesRegex(Failure, "is not 'baton'"):
                        destroy._confirm(self.target)

    def test_nobody_to_ask_is_a_no(self) -> None:
        with mock.patch.dict(os.environ, {"CONFIRM": ""}), mock.patch("sys.stdin", io.StringIO("baton\n")):
            with self.assertRaisesRegex(Failure, "CONFIRM=baton"):
                destroy._confirm(self.target)

    def test_a_word_it_does_not_know_deletes_nothing(self) -> None:
        with mock.patch.dict(os.environ, {"TABLES": "all"}), self.assertRaises(Failure):
            destroy._tables_asked()


if __name__ == "__main__":
    unittest.main()
