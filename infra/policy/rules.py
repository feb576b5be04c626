"""The rules. Each takes the template as plain data (see `cli.render.load_template`) and answers with what breaks it.

`timings` are the parameters that hold the times, once with the template's defaults, once with the local stack's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cli import cost

Template = dict[str, Any]
LAYERS = ("Capture", "Routing", "Shipping", "Email", "Monitoring")


def of_type(template: Template, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Logical name and properties of every resource of a type."""
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource.get("Properties", {})


def functions(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from of_type(template, "AWS::Serverless::Function")
    yield from of_type(template, "AWS::Lambda::Function")


def statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every role's policies, with the role's name."""
    for name, role in of_type(template, "AWS::IAM::Role"):
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                # A grant that stands only under a condition is judged as if it stood.
                yield name, statement["Fn::If"][1] if "Fn::If" in statement else statement


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def granted_on(statement: dict[str, Any]) -> list[Any]:
    """What a statement is about; of a choice by a condition, both."""
    resources = as_list(statement.get("Resource", "*"))
    return [
        one
        for resource in resources
        for one in (resource["Fn::If"][1:] if isinstance(resource, dict) and "Fn::If" in resource else [resource])
    ]


def points_to(value: Any) -> str | None:
    """The logical name in {"Ref": x} or {"Fn::GetAtt": [x, …]}."""
    if isinstance(value, dict):
        if "Ref" in value:
            return value["Ref"]
        if "Fn::GetAtt" in value:
            return value["Fn::GetAtt"][0]
    return None


def queue_events(template: Template) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Function, event's name and properties for every queue that a function reads."""
    for name, properties in functions(template):
        for event, body in (properties.get("Events") or {}).items():
            if body["Type"] == "SQS":
                yield name, event, body["Properties"]


def logs_are_kept_and_end(template: Template) -> list[str]:
    """Every function has its own log group, and every log group a retention."""
    wrong = [
        f"{name} keeps its logs for ever"
        for name, group in of_type(template, "AWS::Logs::LogGroup")
        if not group.get("RetentionInDays")
    ]
    groups = dict(of_type(template, "AWS::Logs::LogGroup"))
    used = []
    for name, properties in functions(template):
        group = points_to((properties.get("LoggingConfig") or {}).get("LogGroup"))
        used.append(group)
        if group not in groups:
            wrong.append(f"{name} has no log group of its own in the template")
    return wrong + [f"{group} is shared" for group in set(used) if used.count(group) > 1]


def one_role_each(template: Template) -> list[str]:
    """No two functions share a role, and none brings policies beside it."""
    roles, wrong = {}, []
    for name, properties in functions(template):
        role = points_to(properties.get("Role"))
        if role is None:
            wrong.append(f"{name} has no role in the template")
        elif role in roles:
            wrong.append(f"{name} and {roles[role]} share {role}")
        if properties.get("Policies"):
            wrong.append(f"{name} has policies beside its role")
        roles[role] = name
    managed = [name for name, role in of_type(template, "AWS::IAM::Role") if role.get("ManagedPolicyArns")]
    return wrong + [f"{name} uses a managed policy" for name in managed]


def nothing_is_granted_wholesale(template: Template) -> list[str]:
    """One action per statement, without wildcards; no resource is `*` but for an action that knows no resources, and none ends in
    one but below the table's stream, for the secrets of one kind of provider and for the schedules of the flows."""
    wrong = []
    for role, statement in statements(template):
        where = f"{role}.{statement.get('Sid')}"
        actions = as_list(statement.get("Action", "*"))
        if len(actions) != 1 or "NotAction" in statement:
            wrong.append(f"{where} grants more than one action")
        wrong += [f"{where} grants {action}" for action in actions if "*" in action]
        if "NotResource" in statement:
            wrong.append(f"{where} grants on all resources but some")
        for resource in granted_on(statement):
            text = (
                resource
                if isinstance(resource, str)
                else str(resource.get("Fn::Sub", ""))
                if isinstance(resource, dict)
                else ""
            )
            of_a_kind = re.fullmatch(r".*:parameter/\$\{AWS::StackName\}/(door|call|call/\w+|links)/\*", text)
            # Schedules are made and taken away by names that begin alike, in a group of the stack's own.
            of_the_flows = re.fullmatch(r".*:schedule/(\$\{FlowTimers\}|default)/flow-\*", text)
            of_the_account = text == "*" and actions == ["ses:GetAccount"]
            allowed = text == "${Table.Arn}/stream/*" or of_a_kind or of_the_flows or of_the_account
            if "*" in text and not allowed:
                wrong.append(f"{where} grants on {text}")
    return wrong


def mail_goes_out_under_one_address(template: Template) -> list[str]:
    """Who may send mail may send it from one address only."""
    return [
        f"{role}.{statement['Sid']} may send as anybody"
        for role, statement in statements(template)
        if statement.get("Action") == "ses:SendEmail"
        and "ses:FromAddress" not in (statement.get("Condition") or {}).get("StringEquals", {})
    ]


def layers_have_only_their_own_queue(template: Template) -> list[str]:
    """A layer other than monitoring reads and sends to no queue but its own."""
    wrong = []
    for role, statement in statements(template):
        layer = role.removesuffix("Role")
        if layer in LAYERS[:4] and statement["Action"].startswith("sqs:"):
            others = {points_to(resource) for resource in granted_on(statement)} - {
                f"{layer}Queue",
                f"{layer}DeadLetters",
            }
            wrong += [f"{role}.{statement['Sid']} reaches {other}" for other in sorted(map(str, others))]
    return wrong


def alarms_act_and_explain(template: Template) -> list[str]:
    """At most ten alarms, on plain metrics; each with an action, a treatment of missing data, and what to do next."""
    alarms = list(of_type(template, "AWS::CloudWatch::Alarm"))
    wrong = [f"there are {len(alarms)} alarms; ten are free"] if len(alarms) > 10 else []
    wrong += [f"{name} is composite" for name, _ in of_type(template, "AWS::CloudWatch::CompositeAlarm")]
    for name, alarm in alarms:
        if not alarm.get("AlarmActions") or alarm.get("ActionsEnabled") is False:
            wrong.append(f"{name} has no action")
        if not re.search(r"\. Next: \S", alarm.get("AlarmDescription", "")):
            wrong.append(f"{name} does not say what happened and what to do next")
        if "Metrics" in alarm or not alarm.get("MetricName"):
            wrong.append(f"{name} uses metric maths")
        if not alarm.get("TreatMissingData"):
            wrong.append(f"{name} does not say what missing data means")
        if alarm.get("MetricName") == "NumberOfMessagesSent":
            wrong.append(f"{name} stands on a metric that does not count what the redrive policy moves")
    return wrong


def guards_are_guarded(template: Template) -> list[str]:
    """The alarms on monitoring, watchdog and mail reach the owner without code of ours; silence is an alarm."""
    wrong = []
    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm"):
        watches = [points_to(dimension["Value"]) for dimension in alarm.get("Dimensions", [])]
        guard = alarm.get("MetricName") in ("WatchdogRounds", "ExceptionsUntold") or "Monitoring" in watches
        if (guard or alarm.get("Namespace") == "AWS/SES") and {"Ref": "DirectTopic"} not in alarm.get(
            "AlarmActions", []
        ):
            wrong.append(f"{name} reaches the owner only through our own code")
        if alarm.get("MetricName") == "WatchdogRounds" and alarm.get("TreatMissingData") != "breaching":
            wrong.append(f"{name} sleeps when the watchdog does")
    direct = [
        name
        for name, subscription in of_type(template, "AWS::SNS::Subscription")
        if subscription.get("TopicArn") == {"Ref": "DirectTopic"} and subscription.get("Protocol") == "email"
    ]
    return wrong if direct else [*wrong, "nobody is subscribed to DirectTopic"]


def queues_have_dead_letters(template: Template) -> list[str]:
    """Every queue that a function reads redrives, after at least five tries, to a queue of its own that keeps longer."""
    queues, wrong, taken = dict(of_type(template, "AWS::SQS::Queue")), [], {}
    for function, _, event in queue_events(template):
        name = points_to(event["Queue"])
        queue = queues.get(name or "", {})
        redrive = queue.get("RedrivePolicy") or {}
        target = points_to(redrive.get("deadLetterTargetArn"))
        if target not in queues:
            wrong.append(f"{name} (read by {function}) has no dead-letter queue")
            continue
        if target in taken:
            wrong.append(f"{name} and {taken[target]} share the dead letters {target}")
        taken[target] = name
        if int(redrive.get("maxReceiveCount", 0)) < 5:
            wrong.append(f"{name} gives up after {redrive.get('maxReceiveCount')} tries")
        if int(queues[target].get("MessageRetentionPeriod", 345_600)) <= int(
            queue.get("MessageRetentionPeriod", 345_600)
        ):
            wrong.append(f"{target} does not keep longer than {name}")
    return wrong


def batches_report_what_failed(template: Template) -> list[str]:
    """Partial answers on every queue, and no cap that keeps idle pollers alive; none on the stream."""
    wrong = []
    for function, event, properties in queue_events(template):
        if properties.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            wrong.append(f"{function}.{event} fails a batch for one bad message")
        if "ScalingConfig" in properties or "ProvisionedPollerConfig" in properties:
            wrong.append(f"{function}.{event} sets MaximumConcurrency or pollers")
        if properties.get("FilterCriteria"):
            wrong.append(f"{function}.{event} filters: what does not match is deleted")
    for function, properties in functions(template):
        for event, body in (properties.get("Events") or {}).items():
            if body["Type"] == "DynamoDB":
                wrong += _stream(f"{function}.{event}", body["Properties"])
    return wrong


def _stream(where: str, stream: dict[str, Any]) -> list[str]:
    """A bad record must not hold up its shard, and must not be skipped in silence."""
    checks = {
        "starts anywhere but at the oldest record": stream.get("StartingPosition") == "TRIM_HORIZON",
        "does not halve a failing batch": stream.get("BisectBatchOnFunctionError") is True,
        "tries for ever": 0 < int(stream.get("MaximumRetryAttempts", -1)) <= 100,
        "keeps at a record for ever": 60 <= int(stream.get("MaximumRecordAgeInSeconds", -1)) <= 86_400,
        "drops what it gives up on": bool(
            (stream.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
        ),
        "answers in part, which the emulator takes for success": not stream.get("FunctionResponseTypes"),
    }
    return [f"{where} {words}" for words, right in checks.items() if not right]


def times_fit(template: Template, timings: dict[str, str]) -> list[str]:
    """Function time-out < lease < visibility, and visibility >= 6 x time-out, for every function that reads a queue."""

    def seconds(value: Any) -> int:
        return int(timings[value["Ref"]] if isinstance(value, dict) else value)

    queues, bodies = dict(of_type(template, "AWS::SQS::Queue")), dict(functions(template))
    shared = template["Globals"]["Function"]
    wrong = []
    for function, _, event in queue_events(template):
        timeout = seconds(bodies[function].get("Timeout", shared["Timeout"]))
        lease = seconds(shared["Environment"]["Variables"]["BATON_LEASE_SECONDS"])
        visibility = seconds(queues[points_to(event["Queue"])].get("VisibilityTimeout", 30))
        if not timeout < lease < visibility:
            wrong.append(f"{function}: time-out {timeout} < lease {lease} < visibility {visibility} does not hold")
        if visibility < 6 * timeout:
            wrong.append(f"{function}: visibility {visibility} is less than six times the time-out {timeout}")
    return wrong


def urls_have_both_grants(template: Template) -> list[str]:
    """A public function URL needs two grants, and the second only through the URL."""
    wrong = []
    permissions = [properties for _, properties in of_type(template, "AWS::Lambda::Permission")]
    for name, url in of_type(template, "AWS::Lambda::Url"):
        target = points_to(url["TargetFunctionArn"])
        granted = {
            permission["Action"]: permission
            for permission in permissions
            if points_to(permission["FunctionName"]) == target and permission.get("Principal") == "*"
        }
        if granted.get("lambda:InvokeFunctionUrl", {}).get("FunctionUrlAuthType") != "NONE":
            wrong.append(f"{name}: nobody may call the URL")
        if granted.get("lambda:InvokeFunction", {}).get("InvokedViaFunctionUrl") is not True:
            wrong.append(f"{name}: the second grant is missing, or open beside the URL")
    return wrong


def table_survives(template: Template) -> list[str]:
    """Each table outlives its stack, can be restored to any moment, and is billed by use. The ledger forgets what is over; the
    store's orders never go by themselves."""
    tables = [(name, body) for name, body in template["Resources"].items() if body["Type"] == "AWS::DynamoDB::Table"]
    wrong = [] if tables else ["there is no table"]
    for name, body in tables:
        properties = body["Properties"]
        checks = {
            "goes with its stack": body.get("DeletionPolicy") == "Retain"
            and body.get("UpdateReplacePolicy") == "Retain",
            "cannot be restored": (properties.get("PointInTimeRecoverySpecification") or {}).get(
                "PointInTimeRecoveryEnabled"
            )
            is True,
            "can be deleted by a slip": properties.get("DeletionProtectionEnabled") is True,
            "is billed when idle": properties.get("BillingMode") == "PAY_PER_REQUEST",
        }
        forgets = (properties.get("TimeToLiveSpecification") or {}).get("Enabled") is True
        if name == "OrdersTable":
            checks["forgets orders"] = not forgets
        else:
            checks["never forgets"] = forgets
        wrong += [f"{name} {words}" for words, right in checks.items() if not right]
    return wrong


def layers_stand_in_order(text: str) -> list[str]:
    """Five banners, and everything that carries a layer's name below its own. Takes the template's text."""
    banners = [(match.start(), match[1]) for match in re.finditer(r"^  # LAYER \d  (\w+):", text, re.M)]
    if [name for _, name in banners] != [layer.lower() for layer in LAYERS]:
        return [f"the LAYER banners are {[name for _, name in banners]}"]
    wrong = []
    for layer in LAYERS:
        for match in re.finditer(rf"^  ({layer}(?:Role|Queue|DeadLetters|Logs)?):$", text, re.M):
            above = [name for start, name in banners if start < match.start()]
            if not above or above[-1] != layer.lower():
                wrong.append(f"{match[1]} does not stand with its layer")
    return wrong


def yaml_is_plain(text: str) -> list[str]:
    """CloudFormation refuses YAML aliases, which the linter lets pass."""
    return [f"YAML alias: {line.strip()}" for line in text.splitlines() if re.search(r":\s+[&*][A-Za-z]", line)]


def event_names_are_free(template: Template) -> list[str]:
    """SAM names a mapping <function><event>; that name must not be a resource's, which the linter lets pass."""
    taken = template["Resources"]
    return [
        f"{name}.{event} becomes {name}{event}, which exists"
        for name, properties in functions(template)
        for event in properties.get("Events") or {}
        if f"{name}{event}" in taken
    ]


def quiet_months_are_cheap(template: Template) -> list[str]:
    """A month without orders, at the prices and by the counts of infra/prices.toml."""
    table = cost.prices()
    lines = cost.bill(cost.idle_use(template, table), table, free=True)
    ceiling = table["ceiling"]["idle_month"]
    if cost.total(lines) <= ceiling:
        return []
    dearest = ", ".join(f"{line.count:,} {cost.WORDS[line.what]}" for line in lines[:2])
    return [f"a month without orders costs {cost.dollars(cost.total(lines))}, more than {cost.dollars(ceiling)}: {dearest}"]
