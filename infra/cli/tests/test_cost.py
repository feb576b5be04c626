"""The arithmetic of `make cost`: what AWS would write on the bill."""

from __future__ import annotations

import copy
import unittest

from cli import cost
from cli.render import template
from cli.say import Failure

TABLE = cost.prices()
TEMPLATE = template()


class Schedules(unittest.TestCase):
    def test_each_is_counted_in_a_month_of_thirty_days(self) -> None:
        for expression, times in (
            ("rate(1 minute)", 43_200),
            ("rate(10 minutes)", 4_320),
            ("rate(1 hour)", 720),
            ("rate(7 days)", 4),
            ("cron(0/2 2-4 * * ? *)", 30 * 30 * 3),
            ("cron(15 9 * * ? *)", 30),
            ("cron(0 9 ? * MON *)", 5),
            ("cron(0 8,20 ? * MON,THU *)", 18),
        ):
            with self.subTest(expression):
                self.assertEqual(cost.runs_a_month(expression), times)

    def test_what_cannot_be_counted_is_refused(self) -> None:
        for expression in ("at(2026-11-22T02:00:00)", "cron(0 9 1 * ? *)", "often"):
            with self.subTest(expression), self.assertRaises(Failure):
                cost.runs_a_month(expression)


class AQuietMonth(unittest.TestCase):
    def test_pollers_are_counted_from_the_template(self) -> None:
        use = cost.idle_use(TEMPLATE, TABLE)
        without = copy.deepcopy(TEMPLATE)
        del without["Resources"]["Routing"]["Properties"]["Events"]["Messages"]
        # Two pollers that ask three times a minute.
        self.assertEqual(use["sqs_request"] - cost.idle_use(without, TABLE)["sqs_request"], 2 * 3 * 43_200)

    def test_a_schedule_nobody_counted_is_named(self) -> None:
        changed = copy.deepcopy(TEMPLATE)
        changed["Resources"]["Email"]["Properties"]["Events"]["Nightly"] = {
            "Type": "Schedule",
            "Properties": {"Schedule": "rate(1 day)"},
        }
        with self.assertRaisesRegex(Failure, r"round\.Email\.Nightly"):
            cost.idle_use(changed, TABLE)

    def test_what_is_free_is_taken_off_once(self) -> None:
        lines = cost.bill({"alarm_month": 12, "write_unit": 4}, TABLE, free=True)
        self.assertEqual([(line.what, line.free) for line in lines], [("alarm_month", 10), ("write_unit", 0)])
        self.assertEqual(cost.total(lines), 2 * TABLE["price"]["alarm_month"] + 4 * TABLE["price"]["write_unit"])
        self.assertEqual(cost.bill({"alarm_month": 3}, TABLE, free=True)[0].picodollars, 0)


class AnOrder(unittest.TestCase):
    def test_the_watchdog_is_not_the_orders(self) -> None:
        took = {"write_units": 10, "half_read_units": 4, "messages": 3}
        counts = {
            "took": {"relay": took, "watch": {"write_units": 99, "half_read_units": 99, "messages": 99}},
            "functions": {"relay": {"sqs/SendMessageBatch": 2, "scheduler/CreateSchedule": 1}, "watch": {"sqs/SendMessage": 50}},
            "mails": 3,
        }
        use = cost.order_use(counts, events=5, deliveries=4, watch="watch", table=TABLE)
        self.assertEqual((use["write_unit"], use["half_read_unit"]), (10, 4))
        self.assertEqual(use["sqs_request"], 2 + 2 * 3)
        self.assertEqual(use["invocation"], 4 + 3 + 3 + 3)
        self.assertEqual(use["schedule"], 1)

    def test_what_an_order_was_counted_to_take_stays_below_the_ceiling(self) -> None:
        use = {"write_unit": 42, "half_read_unit": 70, "invocation": 26, "gb_millisecond": 130}
        use |= {"sqs_request": 21, "log_kilobyte": 4, "schedule": 1}
        self.assertLess(cost.total(cost.bill(use, TABLE, free=False)), TABLE["ceiling"]["order"])


class Mails(unittest.TestCase):
    def test_the_plan_that_saves_is_named_with_what_it_saves(self) -> None:
        lines = cost.mail_lines(TABLE, "ESSENTIALS", 3_000)
        self.assertIn("$0.180000", lines[1])
        self.assertIn("--plan NONE", lines[1])

    def test_the_cheapest_plan_has_nothing_to_save(self) -> None:
        self.assertEqual(len(cost.mail_lines(TABLE, "NONE", 3_000)), 1)

    def test_a_plan_with_a_fee_is_charged_by_the_month(self) -> None:
        self.assertEqual(cost.dollars(cost.of_mails(TABLE, "PRO", 1_000)), "$105.220000")

    def test_a_cost_is_never_shown_as_nothing(self) -> None:
        self.assertEqual(cost.dollars(1), "$0.000001")


if __name__ == "__main__":
    unittest.main()
