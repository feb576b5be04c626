"""`deploy`: the same template and packages to AWS; with DRY_RUN=1 to an emulator of its own, by the same steps.

The last lines say what only a person can finish.
"""

from __future__ import annotations

import os
from typing import Any

from botocore.exceptions import ClientError

from . import build, destroy, doctor, feeds, partners, places, storefile, target, up
from .cloud import Cloud, apply_template, invent_link_key, output, put_secrets, stack_status, upload
from .operate import operate
from .places import Choices
from .render import Rendered, invent_missing_secrets, render
from .say import Failure, note, step
from .target import Target
from .with_stack import own_stack

STRIPE = "https://api.stripe.com"
KLAVIYO = "https://a.klaviyo.com"


def deploy() -> int:
    """To AWS, with the caller's credentials and the owner's STORE; or dry."""
    if places.flag("DRY_RUN"):
        return _dry_run()
    places.required("STORE", "make deploy STORE=my-store.toml   (copy infra/store.toml and fill it in)")
    choices, arch = Choices.from_environment(), _arch("arm64")
    store, rendered = _rendered(choices, arch)
    cloud = Cloud(None, rendered.region)
    account = cloud.account()
    note(
        f"deploying {choices.stack} to account {account}, {rendered.region}, for {arch}; the store is {store['store']['mode']}"
    )
    _precautions(cloud, choices.stack, rendered, store)
    facts = _deploy(cloud, account, choices, rendered, store, arch)
    path = places.state_dir() / "aws.json"
    target.write(path, facts)
    note(f"\nThe stack stands ({path}).")
    finish(Target(facts, cloud))
    note("To see it done: make doctor AWS=1. Then, before the first order: make drill AWS=1")
    return 0


def finish(deployed: Target) -> None:
    """What a fresh stack needs beside its resources: the store's webhooks, an alert that proves its way, and the list of what
    only a person can do. Each may be done again; none that fails undoes the deployment."""
    with step("the store's webhooks"):
        _subscribe(deployed)
    with step("a test alert"):
        _test_alert(deployed)
    note("What is left for a person:")
    doctor.show([finding for finding in doctor.examine(deployed) if finding.todo])


def _subscribe(deployed: Target) -> None:
    try:
        lines = operate(deployed, "capture", "subscriptions")["subscriptions"]
    except Failure as failure:
        note(f"  could not be made: {failure}\n  try again: make subscriptions")
        return
    states = [line["state"].partition(":")[0] for line in lines]
    note("  " + ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))))


def _test_alert(deployed: Target) -> None:
    try:
        channels = operate(deployed, "monitoring", "test-alert")["channels"]
    except Failure as failure:
        note(f"  could not be sent: {failure}\n  try again: make test-alert")
        return
    for channel in channels:
        words = "sent; open the link in it" if channel["sent"] else f"not sent: {channel.get('why')}"
        note(f"  by {channel['channel']}: {words}")


def _arch(default: str) -> str:
    arch = os.environ.get("ARCH", "").strip() or default
    if arch not in ("arm64", "x86_64"):
        raise Failure(f"ARCH={arch} must be arm64 or x86_64")
    return arch


def _rendered(choices: Choices, arch: str) -> tuple[dict[str, Any], Rendered]:
    store = storefile.read(choices.store)
    rendered = render(store, own_bases(store), local=False)
    rendered.parameters["Arch"] = arch
    return store.values, rendered


def own_bases(store: storefile.Store) -> dict[str, str]:
    """Where the providers really are."""
    bases = {"shopify": f"https://{store.values['store']['shop']}", "stripe": STRIPE, "klaviyo": KLAVIYO}
    for name, entry in store.values["partners"].items():
        manifest = partners.of_section(name, entry)
        bases[name] = (manifest.base_url if manifest else None) or ""
    for name in store.values["tracking"]:
        bases[name] = feeds.manifests()[name].base_url or ""
    return bases


def _precautions(cloud: Cloud, stack: str, rendered: Rendered, store: dict[str, Any]) -> None:
    """What would fail half-way, found before anything is touched."""
    door = store["aws"]["door_concurrency"]
    if door:
        free = cloud.functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
        if free - door < doctor.UNRESERVED_LEAST:
            raise Failure(
                f"[aws] door_concurrency = {door} cannot be reserved: the account has {free} left and must keep "
                f"{doctor.UNRESERVED_LEAST}. Set it to 0, or ask for more in Service Quotas (AWS Lambda, Concurrent executions)."
            )
    if store["mail"]["create_identity"] and stack_status(cloud, stack) is None:
        try:
            cloud.sesv2.get_email_identity(EmailIdentity=rendered.parameters["MailIdentity"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
        else:
            raise Failure(
                f"SES has {rendered.parameters['MailIdentity']} already: set create_identity = false below [mail]"
            )


def _deploy(
    cloud: Cloud, account: str, choices: Choices, rendered: Rendered, store: dict[str, Any], arch: str
) -> dict[str, Any]:
    with step(f"build for {arch}"):
        binaries = build.aws_binaries(arch)
    with step("pack the functions"):
        packages = build.pack(binaries, rendered.store, places.PACKAGES)
    with step("secrets"):
        put_secrets(cloud, choices.stack, rendered.secrets)
        invent_link_key(cloud, choices.stack)
    with step("upload"):
        bucket, keys, template_url = upload(cloud, account, packages, places.TEMPLATE.read_text())
    parameters = (
        rendered.parameters | {"CodeBucket": bucket} | {f"{name.capitalize()}Code": key for name, key in keys.items()}
    )
    with step("deploy infra/template.yaml"):
        outcome = apply_template(cloud, choices.stack, template_url, parameters)
    note(f"  the stack is {outcome}")
    facts = target.facts(cloud, choices.stack, choices.store, store["store"]["shop"], None)
    return facts | {"mail_identity": rendered.parameters["MailIdentity"]}


def _dry_run() -> int:
    """Same build, packages, upload, change set and finish, twice (the second changes nothing), and then taken down again: against
    an emulator and a sandbox that are gone afterwards."""
    arch = _arch(places.machine_arch())
    with own_stack("dry-"):
        choices = Choices.from_environment()
        store = storefile.read(choices.store)
        invent_missing_secrets(store)
        rendered = render(store, up.sandbox_bases(choices, store), local=False)
        rendered.parameters["Arch"] = arch
        note(f"dry run for {arch}: no account and no provider is touched")
        try:
            up.start_emulator(choices)
            up.start_sandbox(choices, rendered, build.local_binaries(["sandbox"])["sandbox"], places.state_dir())
            cloud = Cloud(choices.emulator, rendered.region)
            for time in ("first", "again"):
                note(f"{time}:")
                _precautions(cloud, choices.stack, rendered, store.values)
                facts = _deploy(cloud, places.LOCAL_ACCOUNT, choices, rendered, store.values, arch)
                facts |= {"sandbox_url": choices.sandbox, "mailbox_url": f"{choices.sandbox}/_sandbox/mails"}
                if arch != places.machine_arch():
                    continue
                up.tell_sandbox(choices, facts["intake_url"], output(cloud, choices.stack, "IntakeUrl"))
                up.wake(cloud, facts)
                finish(Target(facts, cloud))
            note("and taken down, as make destroy does:")
            _taken_down(Target(facts, cloud))
        finally:
            up.down()
    note(
        "Not exercised here: IAM as AWS judges it, SES verification and production access, the alert address's confirmation, "
        "the arm64 build, Lambda's own concurrency limits, the providers themselves."
    )
    return 0


def _taken_down(target: Target) -> None:
    """First so that the tables stay, then what is left with them."""
    destroy.take_down(target, tables=False)
    state = target.cloud.dynamodb.describe_table(TableName=target.table)["Table"]["TableStatus"]
    note(f"  the table is still there: {state}")
    destroy.take_down(target, tables=True)
