"""Every failure has somebody who speaks of it; each rule is shown to notice where one has not."""

from __future__ import annotations

import copy
import unittest
from dataclasses import replace

from alarms import truth
from cli import grants, places
from cli.render import load_template

from . import rules, speaks

TEMPLATE = load_template(places.TEMPLATE.read_text())
RUNBOOK = (places.INFRA / "RUNBOOK.md").read_text()
ROWS = truth.rows()
ROUNDS = truth.recorded()


def without(kind: str) -> dict:
    """The template without its first resource of a type."""
    template = copy.deepcopy(TEMPLATE)
    del template["Resources"][next(rules.of_type(template, kind))[0]]
    return template


class TheTable(unittest.TestCase):
    def test_it_is_whole_and_shown(self) -> None:
        self.assertEqual(speaks.rows_are_whole(ROWS), [])
        self.assertEqual(speaks.every_failure_is_shown(ROWS), [])
        self.assertEqual(speaks.nothing_speaks_unasked(TEMPLATE, ROWS), [])
        self.assertEqual(speaks.rounds_are_as_emitted(TEMPLATE, ROUNDS, ROWS), [])

    def test_what_it_is_held_against_was_found(self) -> None:
        self.assertGreater(len(speaks.kinds()), 50)
        self.assertIn("held_order", speaks.deadlines())
        self.assertIn("WatchdogRounds", speaks.emitted())
        self.assertIn("MailsBounced", speaks.mail_metrics())

    def test_a_row_that_says_half_is_noticed(self) -> None:
        alarm = next(row for row in ROWS if row.published is not None)
        exception = next(row for row in ROWS if row.exception)
        for row in (
            replace(alarm, within=0),
            replace(alarm, rounds="quiet"),
            replace(alarm, exception="held"),
            replace(exception, by="soon"),
        ):
            self.assertEqual(len(speaks.rows_are_whole([row])), 1, row)

    def test_a_test_that_is_gone_is_noticed(self) -> None:
        row = next(row for row in ROWS if row.exception)
        self.assertTrue(speaks.every_failure_is_shown([replace(row, test=row.test + "_no_more")]))
        self.assertTrue(speaks.every_failure_is_shown([replace(row, test="tests/it/nowhere.rs::a_test")]))

    def test_an_alarm_an_exception_or_a_deadline_without_a_row_is_noticed(self) -> None:
        for gone, word in (("dead-letters", "alarm"), ("held", "exception"), ("first_scan", "deadline")):
            left = [row for row in ROWS if gone not in (row.alarm, row.exception, row.by)]
            self.assertTrue(any(word in line for line in speaks.nothing_speaks_unasked(TEMPLATE, left)), gone)
        self.assertTrue(speaks.nothing_speaks_unasked(without("AWS::CloudWatch::Alarm"), ROWS))

    def test_rounds_that_are_not_what_is_emitted_are_noticed(self) -> None:
        for rounds in (
            ROUNDS | {"quiet": ROUNDS["quiet"] | {"Invented": 1}},
            ROUNDS | {"quiet": {name: value for name, value in ROUNDS["quiet"].items() if name != "DeadLetters"}},
            {state: metrics for state, metrics in ROUNDS.items() if state != "untold"},
        ):
            self.assertTrue(speaks.rounds_are_as_emitted(TEMPLATE, rounds, ROWS))


class TheRunbookAndTheDashboard(unittest.TestCase):
    def test_each_alarm_has_its_place(self) -> None:
        self.assertEqual(speaks.alarms_have_their_page(TEMPLATE, RUNBOOK), [])
        self.assertEqual(speaks.the_dashboard_shows_it_all(TEMPLATE), [])

    def test_what_is_missing_is_noticed(self) -> None:
        self.assertTrue(speaks.alarms_have_their_page(TEMPLATE, RUNBOOK.replace("## dead-letters", "## dead-letter")))
        self.assertTrue(speaks.alarms_have_their_page(TEMPLATE, "## dead-letters\n\n## relay-behind\n\nText.\n"))
        self.assertTrue(speaks.the_dashboard_shows_it_all(without("AWS::CloudWatch::Dashboard")))
        for word in ("ExceptionsUntold", "${Alarms}-dead-letters"):
            broken = copy.deepcopy(TEMPLATE)
            body = broken["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
            body[0] = body[0].replace(word, "Invented")
            self.assertTrue(speaks.the_dashboard_shows_it_all(broken), word)


class TheReasons(unittest.TestCase):
    def test_each_is_about_a_statement_of_the_template(self) -> None:
        statements = {(role.removesuffix("Role"), one["Sid"]) for role, one in rules.statements(TEMPLATE)}
        for reason in grants.reasons():
            roles = reason.roles or {role for role, sid in statements if sid == reason.sid}
            self.assertTrue(roles, reason)
            for role in roles:
                self.assertIn((role, reason.sid), statements, reason)
            self.assertGreater(len(reason.why), 20, reason)


if __name__ == "__main__":
    unittest.main()
