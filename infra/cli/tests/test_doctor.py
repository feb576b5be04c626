"""Red, green and not to be seen: what the doctor makes of what AWS and the functions answer."""

from __future__ import annotations

import io
import json
import time
import unittest
from collections.abc import Callable, Iterable
from pathlib import Path
from unittest import mock

from cli import doctor, doctor_mail, doctor_order, names, places, storefile
from cli.finding import Finding

from .cloud import Client, Cloud, row, table, target

STORE = storefile.read(places.LOCAL_DEFAULTS / "store.toml")
NOW = int(time.time())


def states(findings: Iterable[Finding]) -> list[str]:
    return [finding.state for finding in findings]


def verified(**more) -> Client:
    base = {
        "VerifiedForSendingStatus": True,
        "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS", "Tokens": ["a", "b", "c"]},
        "MailFromAttributes": {"MailFromDomain": "mail.example.com", "MailFromDomainStatus": "SUCCESS"},
    }
    return Client(get_email_identity=lambda **_: base | more)


class TheSender(unittest.TestCase):
    RECORDS = {
        "mail.example.com": ["v=spf1 include:amazonses.com ~all"],
        "_dmarc.example.com": ["v=DMARC1; p=none"],
    }

    def look(self, client: Client, records: dict[str, list[str]] | None, endpoint: str | None = None) -> list[Finding]:
        def asked(name: str) -> list[str]:
            if records is None:
                raise names.Unreachable("no way out")
            return records.get(name, [])

        here = target(Cloud(endpoint, sesv2=client), mail_identity="example.com")
        with mock.patch.object(names, "text_records", asked):
            return list(doctor_mail.sender(here, STORE))

    def test_all_four_are_green(self) -> None:
        self.assertEqual(states(self.look(verified(), self.RECORDS)), ["fine"] * 4)

    def test_each_is_red_with_its_fix(self) -> None:
        not_signed = verified(DkimAttributes={"SigningEnabled": True, "Status": "PENDING", "Tokens": ["tok"]})
        for client, records, word in (
            (verified(VerifiedForSendingStatus=False), self.RECORDS, "a._domainkey.example.com"),
            (not_signed, self.RECORDS, "tok._domainkey.example.com  CNAME  tok.dkim.amazonses.com"),
            (verified(), self.RECORDS | {"mail.example.com": []}, "v=spf1 include:amazonses.com"),
            (verified(), self.RECORDS | {"mail.example.com": ["v=spf1 a", "v=spf1 b"]}, "join them"),
            (verified(), self.RECORDS | {"_dmarc.example.com": []}, "_dmarc.example.com  TXT"),
        ):
            red = [finding for finding in self.look(client, records) if finding.state == "to do"]
            self.assertEqual(len(red), 1, red)
            self.assertIn(word, red[0].todo)

    def test_without_a_way_to_the_name_servers_nothing_is_claimed(self) -> None:
        self.assertEqual(states(self.look(verified(), None)), ["fine", "fine", "look", "look"])

    def test_dmarc_of_the_domain_above_counts(self) -> None:
        here = target(Cloud(None, sesv2=verified()), mail_identity="shop.example.com")
        with mock.patch.object(names, "text_records", lambda name: self.RECORDS.get(name, [])):
            self.assertEqual(states(doctor_mail.sender(here, STORE)), ["fine"] * 4)

    def test_the_local_stack_asks_nobody(self) -> None:
        self.assertEqual(states(self.look(verified(), None, "http://127.0.0.1:4566")), ["fine", "look"])


class TheResolver(unittest.TestCase):
    def ask(self, answer: dict) -> list[str]:
        with mock.patch("urllib.request.urlopen", lambda *_, **__: io.BytesIO(json.dumps(answer).encode())):
            return names.text_records("example.com")

    def test_a_long_record_is_put_together(self) -> None:
        answer = {"Status": 0, "Answer": [{"type": 16, "data": '"v=spf1 " "~all"'}, {"type": 5, "data": "x"}]}
        self.assertEqual(self.ask(answer), ["v=spf1 ~all"])

    def test_no_such_name_is_an_answer_and_a_failing_server_none(self) -> None:
        self.assertEqual(self.ask({"Status": 3}), [])
        with self.assertRaises(names.Unreachable):
            self.ask({"Status": 2})


class TheAccount(unittest.TestCase):
    def look(self, **account) -> list[Finding]:
        return list(doctor_mail.account(target(Cloud(sesv2=Client(get_account=lambda: account))), STORE))

    def test_the_sandbox_and_a_pause_are_red(self) -> None:
        self.assertEqual(states(self.look())[:2], ["to do", "to do"])
        self.assertEqual(states(self.look(ProductionAccessEnabled=True, SendingEnabled=True))[:2], ["fine", "fine"])

    def test_an_account_under_review_is_red_before_it_is_paused(self) -> None:
        fine = {"ProductionAccessEnabled": True, "SendingEnabled": True}
        for standing, state in (("HEALTHY", "fine"), ("PROBATION", "to do"), ("SHUTDOWN", "to do")):
            with self.subTest(standing):
                self.assertEqual(self.look(**fine, EnforcementStatus=standing)[1].state, state)
        self.assertIn("reviewing", self.look(**fine, EnforcementStatus="PROBATION")[1].todo)

    def test_a_quota_in_its_last_fifth_is_red(self) -> None:
        for sent, most, state in ((159, 200, "fine"), (160, 200, "to do"), (10**9, -1, "fine")):
            with self.subTest((sent, most)):
                quota = {"Max24HourSend": float(most), "MaxSendRate": 1.0, "SentLast24Hours": float(sent)}
                self.assertEqual(self.look(SendQuota=quota)[2].state, state)

    def test_the_plan_says_what_the_other_one_would_save(self) -> None:
        found = self.look(PricingAttributes={"CurrentPlan": "ESSENTIALS"})[3]
        self.assertEqual(found.state, "look")
        self.assertIn("$0.180000", found.todo)
        self.assertEqual(self.look(PricingAttributes={"CurrentPlan": "NONE"})[3].state, "fine")

    def test_the_stores_own_mails_are_red_until_a_person_says_they_are_off(self) -> None:
        here = target(Cloud())
        self.assertEqual(states(doctor_mail.store_mails(here, STORE)), ["fine"])
        STORE.values["mail"]["store_mails_off"] = False
        self.addCleanup(STORE.values["mail"].update, store_mails_off=True)
        self.assertEqual(states(doctor_mail.store_mails(here, STORE)), ["to do"])


class Partners(unittest.TestCase):
    def look(self, line: dict, services: dict[str, int] | None = None) -> list[Finding]:
        base = {"name": "printful", "state": "answers", "why": None, "funds": None, "empty": False}
        said = {"partners": [base | line], "other_services": services or {}, "store": None, "cut": False}
        with mock.patch.object(doctor_order, "operate", lambda *_: said):
            return list(doctor_order.partners_answer(target(Cloud()), STORE))

    def test_a_key_is_refused_a_wallet_empty_or_nobody_answers(self) -> None:
        for line, state in (
            ({}, "look"),
            ({"funds": "250.00 EUR"}, "fine"),
            ({"funds": "0.00 EUR", "empty": True}, "to do"),
            ({"state": "refuses", "why": "401"}, "to do"),
            ({"state": "silent", "why": "timed out"}, "look"),
        ):
            with self.subTest(line):
                self.assertEqual(self.look(line)[0].state, state)

    def test_the_partners_own_app_is_red_another_workshop_is_not(self) -> None:
        self.assertEqual(self.look({}, {"printful": 12})[1].state, "to do")
        self.assertEqual(self.look({}, {"another-workshop": 1})[1].state, "fine")


class WhatTheTableSays(unittest.TestCase):
    def mark(self, name: str, at: int, place: str = "test") -> list[dict]:
        return [row("bookmark", "store#example", f"bookmark#{name}", place=place, at=at, rev=1)]

    def look(self, check: Callable, rows: list[dict]) -> list[str]:
        return states(check(target(Cloud(dynamodb=table(rows))), STORE))

    def test_a_channel_is_proven_by_an_answer_that_is_not_too_old(self) -> None:
        self.assertEqual(self.look(doctor_order.channels, []), ["to do"])
        self.assertEqual(self.look(doctor_order.channels, self.mark("channel#mail", NOW - 3_600)), ["fine"])
        self.assertEqual(self.look(doctor_order.channels, self.mark("channel#mail", NOW - 15 * 86_400)), ["to do"])

    def test_webhooks_are_there_refused_or_not_looked_at(self) -> None:
        def place(**more):
            return json.dumps({"look": "x", "known": ["orders/paid"], "making": [], "refused": []} | more)

        for at, text, state in (
            (NOW - 60, place(), "fine"),
            (NOW - 60, place(refused=["orders/paid"]), "to do"),
            (0, place(making=["orders/paid"]), "to do"),
            (NOW - 86_400, place(), "to do"),
        ):
            self.assertEqual(self.look(doctor_order.subscriptions, self.mark("subscriptions", at, text)), [state])
        self.assertEqual(self.look(doctor_order.subscriptions, []), ["to do"])


class TheStack(unittest.TestCase):
    def test_an_alarm_without_an_action_tells_nobody(self) -> None:
        def alarms(**more):
            one = {
                "AlarmName": "a",
                "AlarmDescription": "d",
                "StateValue": "OK",
                "ActionsEnabled": True,
                "AlarmActions": ["t"],
            }
            answer = {"MetricAlarms": [one | more]}
            here = target(Cloud(cloudwatch=Client(describe_alarms=lambda **_: answer)), alarms=["a"])
            return states(doctor._alarms(here, STORE))

        self.assertEqual(alarms(), ["fine"])
        self.assertEqual(alarms(ActionsEnabled=False), ["to do", "fine"])
        self.assertEqual(alarms(AlarmActions=[]), ["to do", "fine"])

    def test_a_schedule_that_is_off_or_gone_is_red(self) -> None:
        def schedules(count: int, state: str) -> list[str]:
            entries = [{"ResourceType": "AWS::Events::Rule", "PhysicalResourceId": f"r{n}"} for n in range(count)]
            clients = {
                "cloudformation": Client(list_stack_resources=lambda **_: {"StackResourceSummaries": entries}),
                "events": Client(describe_rule=lambda **_: {"State": state}),
            }
            return states(doctor._schedules(target(Cloud(**clients)), STORE))

        wanted = doctor.wanted_schedules()
        self.assertEqual(schedules(wanted, "ENABLED"), ["fine"])
        self.assertEqual(schedules(wanted, "DISABLED"), ["to do"] * wanted + ["fine"])
        self.assertEqual(schedules(wanted - 1, "ENABLED"), ["to do"])

    def test_what_cannot_be_asked_is_a_thing_to_do(self) -> None:
        found = doctor.examine(target(Cloud(), store_config=str(Path("/nowhere/store.toml"))))
        self.assertEqual(states(found), ["to do"])


if __name__ == "__main__":
    unittest.main()
