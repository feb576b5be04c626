"""Every rule holds for the template, and fails on a copy that breaks it: a rule that cannot fail guards nothing."""

from __future__ import annotations

import copy
import unittest
from collections.abc import Callable
from typing import Any

from cli import places
from cli.render import load_template, local_parameters, template_defaults

from . import rules

TEXT = places.TEMPLATE.read_text()
TEMPLATE = load_template(TEXT)
DEFAULTS = template_defaults()
LOCAL = DEFAULTS | local_parameters()

PLAIN_RULES = [
    rules.logs_are_kept_and_end,
    rules.one_role_each,
    rules.nothing_is_granted_wholesale,
    rules.mail_goes_out_under_one_address,
    rules.layers_have_only_their_own_queue,
    rules.alarms_act_and_explain,
    rules.guards_are_guarded,
    rules.queues_have_dead_letters,
    rules.batches_report_what_failed,
    rules.urls_have_both_grants,
    rules.table_survives,
    rules.event_names_are_free,
    rules.quiet_months_are_cheap,
]


class TheTemplate(unittest.TestCase):
    def test_every_rule_holds(self) -> None:
        for rule in PLAIN_RULES:
            with self.subTest(rule.__name__):
                self.assertEqual(rule(TEMPLATE), [])

    def test_times_fit_on_aws_and_locally(self) -> None:
        self.assertEqual(rules.times_fit(TEMPLATE, DEFAULTS), [])
        self.assertEqual(rules.times_fit(TEMPLATE, LOCAL), [])

    def test_the_text_is_in_order(self) -> None:
        self.assertEqual(rules.layers_stand_in_order(TEXT), [])
        self.assertEqual(rules.yaml_is_plain(TEXT), [])

    def test_the_local_parameters_exist(self) -> None:
        self.assertLessEqual(local_parameters().keys(), TEMPLATE["Parameters"].keys())


def resource(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda template: template["Resources"][name]["Properties"]


def put(name: str, *path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    """Sets a property of a resource; `to=None` removes it."""

    def change(template: dict[str, Any]) -> None:
        here: Any = template["Resources"][name]
        for part in path[:-1]:
            here = here[part]
        if to is None:
            del here[path[-1]]
        else:
            here[path[-1]] = to

    return change


def statement(role: str, sid: str, key: str, to: Any) -> Callable[[dict[str, Any]], None]:
    """Changes one statement of a role; `to=None` removes the key."""

    def change(template: dict[str, Any]) -> None:
        found = resource(role)(template)["Policies"][0]["PolicyDocument"]["Statement"]
        one = next(entry for entry in found if entry["Sid"] == sid)
        if to is None:
            del one[key]
        else:
            one[key] = to

    return change


def add(name: str, kind: str, **properties: Any) -> Callable[[dict[str, Any]], None]:
    return lambda template: template["Resources"].update({name: {"Type": kind, "Properties": properties}})


P = "Properties"
ALARM = ("DeadLettersAlarm", P)
STREAM = ("Relay", P, "Events", "Stream", P)
MESSAGES = ("Routing", P, "Events", "Messages", P)

# Rule, what is broken, and a word of the complaint that must come.
BROKEN: list[tuple[Callable[[dict[str, Any]], list[str]], Callable[[dict[str, Any]], Any], str]] = [
    (rules.logs_are_kept_and_end, put("EmailLogs", P, "RetentionInDays", to=None), "for ever"),
    (rules.logs_are_kept_and_end, put("Email", P, "LoggingConfig", to=None), "no log group"),
    (rules.logs_are_kept_and_end, put("Email", P, "LoggingConfig", "LogGroup", to={"Ref": "RelayLogs"}), "shared"),
    (rules.one_role_each, put("Email", P, "Role", to={"Fn::GetAtt": ["RoutingRole", "Arn"]}), "share"),
    (rules.one_role_each, put("Email", P, "Role", to=None), "no role"),
    (rules.one_role_each, put("Email", P, "Policies", to=["AmazonSESFullAccess"]), "beside its role"),
    (rules.one_role_each, put("EmailRole", P, "ManagedPolicyArns", to=["arn:aws:iam::aws:policy/X"]), "managed"),
    (rules.nothing_is_granted_wholesale, statement("RoutingRole", "Read", "Action", "dynamodb:*"), "dynamodb:*"),
    (rules.nothing_is_granted_wholesale, statement("RoutingRole", "Read", "Action", ["a:B", "a:C"]), "more than one"),
    (rules.nothing_is_granted_wholesale, statement("RoutingRole", "Read", "Resource", "*"), "grants on *"),
    (
        rules.nothing_is_granted_wholesale,
        statement("RoutingRole", "Read", "Resource", {"Fn::Sub": "arn:${X}:table/*"}),
        "table/*",
    ),
    (
        rules.nothing_is_granted_wholesale,
        statement("RoutingRole", "Read", "Resource", {"Fn::If": ["StoreIsOurs", "*", {"Ref": "Table"}]}),
        "grants on *",
    ),
    (rules.mail_goes_out_under_one_address, statement("EmailRole", "SendMail", "Condition", None), "anybody"),
    (
        rules.layers_have_only_their_own_queue,
        statement("RoutingRole", "Wait", "Resource", {"Fn::GetAtt": ["EmailQueue", "Arn"]}),
        "EmailQueue",
    ),
    (rules.alarms_act_and_explain, put(*ALARM, "AlarmActions", to=None), "no action"),
    (rules.alarms_act_and_explain, put(*ALARM, "AlarmActions", to=[]), "no action"),
    (rules.alarms_act_and_explain, put(*ALARM, "AlarmDescription", to="Dead letters."), "what to do next"),
    (rules.alarms_act_and_explain, put(*ALARM, "Metrics", to=[{"Expression": "a+b"}]), "maths"),
    (rules.alarms_act_and_explain, put(*ALARM, "TreatMissingData", to=None), "missing data"),
    (rules.alarms_act_and_explain, put(*ALARM, "MetricName", to="NumberOfMessagesSent"), "redrive"),
    (
        rules.alarms_act_and_explain,
        lambda template: [add(f"More{i}", "AWS::CloudWatch::Alarm")(template) for i in range(11)],
        "ten are free",
    ),
    (rules.alarms_act_and_explain, add("Both", "AWS::CloudWatch::CompositeAlarm"), "composite"),
    (rules.guards_are_guarded, put("MonitoringFailsAlarm", P, "AlarmActions", to=[{"Ref": "AlarmTopic"}]), "own code"),
    (rules.guards_are_guarded, put("MailBouncesAlarm", P, "AlarmActions", to=[{"Ref": "AlarmTopic"}]), "own code"),
    (rules.guards_are_guarded, put("WatchdogSilentAlarm", P, "TreatMissingData", to="notBreaching"), "sleeps"),
    (rules.guards_are_guarded, put("OwnerSubscription", P, "Protocol", to="lambda"), "nobody"),
    (rules.queues_have_dead_letters, put("RoutingQueue", P, "RedrivePolicy", to=None), "no dead-letter"),
    (rules.queues_have_dead_letters, put("RoutingQueue", P, "RedrivePolicy", "maxReceiveCount", to=1), "gives up"),
    (
        rules.queues_have_dead_letters,
        put(
            "RoutingQueue", P, "RedrivePolicy", "deadLetterTargetArn", to={"Fn::GetAtt": ["CaptureDeadLetters", "Arn"]}
        ),
        "share",
    ),
    (rules.queues_have_dead_letters, put("RoutingDeadLetters", P, "MessageRetentionPeriod", to=345_600), "longer"),
    (rules.batches_report_what_failed, put(*MESSAGES, "FunctionResponseTypes", to=None), "one bad message"),
    (
        rules.batches_report_what_failed,
        put(*MESSAGES, "ScalingConfig", to={"MaximumConcurrency": 2}),
        "MaximumConcurrency",
    ),
    (rules.batches_report_what_failed, put(*MESSAGES, "FilterCriteria", to={"Filters": []} | {"x": 1}), "deleted"),
    (rules.batches_report_what_failed, put(*STREAM, "StartingPosition", to="LATEST"), "oldest"),
    (rules.batches_report_what_failed, put(*STREAM, "BisectBatchOnFunctionError", to=None), "halve"),
    (rules.batches_report_what_failed, put(*STREAM, "MaximumRetryAttempts", to=None), "for ever"),
    (rules.batches_report_what_failed, put(*STREAM, "MaximumRecordAgeInSeconds", to=None), "for ever"),
    (rules.batches_report_what_failed, put(*STREAM, "DestinationConfig", to=None), "drops"),
    (
        rules.batches_report_what_failed,
        put(*STREAM, "FunctionResponseTypes", to=["ReportBatchItemFailures"]),
        "in part",
    ),
    (rules.urls_have_both_grants, lambda template: template["Resources"].pop("IntakeUrlPermission"), "nobody may call"),
    (rules.urls_have_both_grants, lambda template: template["Resources"].pop("IntakeInvokePermission"), "second grant"),
    (rules.urls_have_both_grants, put("IntakeInvokePermission", P, "InvokedViaFunctionUrl", to=None), "second grant"),
    (rules.table_survives, put("Table", "DeletionPolicy", to="Delete"), "goes with"),
    (rules.table_survives, put("Table", "UpdateReplacePolicy", to=None), "goes with"),
    (rules.table_survives, put("Table", P, "PointInTimeRecoverySpecification", to=None), "restored"),
    (rules.table_survives, put("Table", P, "DeletionProtectionEnabled", to=False), "slip"),
    (rules.table_survives, put("Table", P, "BillingMode", to="PROVISIONED"), "idle"),
    (rules.table_survives, put("Table", P, "TimeToLiveSpecification", to=None), "forgets"),
    (rules.table_survives, put("OrdersTable", "DeletionPolicy", to="Delete"), "goes with"),
    (rules.table_survives, put("OrdersTable", P, "PointInTimeRecoverySpecification", to=None), "restored"),
    (
        rules.table_survives,
        put("OrdersTable", P, "TimeToLiveSpecification", to={"AttributeName": "expires", "Enabled": True}),
        "forgets orders",
    ),
    (
        rules.quiet_months_are_cheap,
        put("Capture", P, "Events", "Sweep", "Properties", "Schedule", to="rate(1 minute)"),
        "a month without orders costs",
    ),
    (rules.event_names_are_free, add("RoutingMessages", "AWS::SQS::Queue"), "which exists"),
]


class ABrokenTemplate(unittest.TestCase):
    def test_every_rule_notices(self) -> None:
        for rule, change, word in BROKEN:
            with self.subTest(f"{rule.__name__}: {word}"):
                template = copy.deepcopy(TEMPLATE)
                change(template)
                complaints = rule(template)
                self.assertTrue(any(word in complaint for complaint in complaints), complaints)

    def test_every_rule_has_a_broken_copy(self) -> None:
        self.assertEqual({rule.__name__ for rule in PLAIN_RULES}, {rule.__name__ for rule, _, _ in BROKEN})

    def test_times_that_do_not_fit_are_noticed(self) -> None:
        for name, value, word in (
            ("LeaseSeconds", "24", "does not hold"),
            ("LeaseSeconds", "150", "does not hold"),
            ("VisibilitySeconds", "143", "six times"),
        ):
            with self.subTest(f"{name}={value}"):
                complaints = rules.times_fit(TEMPLATE, DEFAULTS | {name: value})
                self.assertTrue(any(word in complaint for complaint in complaints), complaints)

    def test_a_text_out_of_order_is_noticed(self) -> None:
        moved = TEXT.replace("  EmailLogs:\n", "  ElsewhereLogs:\n").replace("  RelayLogs:\n", "  EmailLogs:\n")
        self.assertIn("EmailLogs does not stand with its layer", rules.layers_stand_in_order(moved))
        self.assertTrue(rules.layers_stand_in_order(TEXT.replace("# LAYER 2  routing", "# LAYER 2  rerouting")))
        self.assertTrue(rules.yaml_is_plain(TEXT + "\nX: &Anchor\n"))


if __name__ == "__main__":
    unittest.main()
