"""What a run left behind: grants against calls, both ways; logs against the people in them. Each fault is noticed."""

from __future__ import annotations

import unittest

from cli import grants, places, strangers
from cli.grants import Call, Grant, Reason
from cli.target import Target

from .cloud import Client, Cloud

QUEUE = "arn:aws:sqs:us-east-1:000000000000:baton-email"
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/baton-Table-1"
SECRETS = "arn:aws:ssm:us-east-1:000000000000:parameter/baton/call/*"
READ = Grant("Email", "Read", "dynamodb:GetItem", TABLE)
WAIT = Grant("Email", "Wait", "sqs:SendMessage", QUEUE)
TOKENS = Grant("Email", "Tokens", "ssm:GetParameters", SECRETS)


class Grants(unittest.TestCase):
    def test_a_call_is_covered_by_role_action_and_resource(self) -> None:
        inside = SECRETS.replace("*", "printful/token")
        self.assertEqual(
            grants.not_granted([READ, TOKENS], [_call(READ), Call("Email", "ssm:GetParameters", inside, True)]), []
        )
        for call in (
            Call("Relay", READ.action, TABLE, True),
            Call("Email", "dynamodb:PutItem", TABLE, True),
            Call("Email", READ.action, TABLE + "/index/due", True),
            Call("Email", "ssm:GetParameters", SECRETS.replace("call/*", "door/token"), True),
        ):
            with self.subTest(str(call)):
                self.assertEqual(len(grants.not_granted([READ, TOKENS], [call])), 1)

    def test_what_the_emulator_refused_is_told_in_spite_of_its_grant(self) -> None:
        refused = Call("Email", READ.action, TABLE, False)
        self.assertIn("condition", grants.not_granted([READ], [refused])[0])

    def test_a_grant_that_nobody_used_needs_a_reason(self) -> None:
        calls = [_call(READ)]
        self.assertIn("Email.Wait", grants.not_used([READ, WAIT], calls, [])[0])
        for reason, silent in (
            (Reason("Wait", "why"), True),
            (Reason("Wait", "why", roles=("Email",)), True),
            (Reason("Wait", "why", roles=("Relay",)), False),
            (Reason("Wait", "why", resource="baton-e*"), True),
            (Reason("Wait", "why", resource="baton-routing"), False),
        ):
            with self.subTest(reason):
                self.assertEqual(grants.not_used([READ, WAIT], calls, [reason]) == [], silent)

    def test_a_reason_for_what_was_used_is_one_too_many(self) -> None:
        calls = [_call(READ)]
        self.assertIn("after all", grants.not_used([READ], calls, [Reason("Read", "why")])[0])
        self.assertEqual(grants.not_used([READ], calls, [Reason("Read", "why", sometimes=True)]), [])


def _call(grant: Grant) -> Call:
    return Call(grant.role, grant.action, grant.resource, True)


class Logs(unittest.TestCase):
    def target(self, **said: str) -> Target:
        def events(logGroupName: str) -> dict:
            function = logGroupName.rpartition("-")[2]
            return {"events": [{"message": line} for line in said.get(function, "round\nround").splitlines()]}

        names = {name: f"baton-{name}" for name in places.FUNCTIONS}
        return Target({"functions": names}, Cloud(logs=Client(filter_log_events=events)))

    def test_ids_are_no_strangers(self) -> None:
        line = 'mail sent subject=order#1002 effect="760e" mail.id="8d6a@email.amazonses.com" partner="@b1002-1"'
        self.assertEqual(strangers.in_logs(self.target(email=line)), (2 * len(places.FUNCTIONS) - 1, []))

    def test_each_word_of_somebody_any_address_and_a_mail_are_found_with_function_and_line(self) -> None:
        words = [*strangers.canaries().values(), "guest@example.com", "<!DOCTYPE HTML>"]
        for word in words:
            for shown in (word, word.upper()):
                with self.subTest(shown):
                    _, wrong = strangers.in_logs(self.target(routing=f"all is well\nrefused: {shown}"))
                    self.assertEqual(len(wrong), 1)
                    self.assertTrue(wrong[0].startswith("routing") and f"refused: {shown}" in wrong[0], wrong)

    def test_a_log_without_a_line_proves_nothing(self) -> None:
        self.assertIn("relay has logged nothing", strangers.in_logs(self.target(relay=""))[1][0])

    def test_many_lines_are_counted_and_some_shown(self) -> None:
        wrong = strangers.in_logs(self.target(intake="a@example.com\n" * 50))[1]
        self.assertEqual((len(wrong), wrong[-1]), (strangers.LINES + 1, "… and 40 more lines"))


if __name__ == "__main__":
    unittest.main()
