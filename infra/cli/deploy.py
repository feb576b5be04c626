"""`deploy`: the same template and packages to AWS; with DRY_RUN=1 to an emulator of its own, by the same steps.

The last lines say what only a person can finish.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

from botocore.exceptions import ClientError

from . import build, doctor, feeds, partners, places, storefile, target, up
from .cloud import Cloud, apply_template, invent_link_key, put_secrets, stack_status, upload
from .places import Choices
from .render import Rendered, invent_missing_secrets, render
from .say import Failure, note, step
from .target import Target
from .with_stack import free_ports

STRIPE = "https://api.stripe.com"


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
    note(f"\nThe stack stands ({path}). What only a person can finish:")
    _webhooks(facts["intake_url"], store)
    doctor.show([finding for finding in doctor.examine(Target(facts, cloud)) if finding.todo])
    note("To see it done: make doctor AWS=1")
    return 0


def _arch(default: str) -> str:
    arch = os.environ.get("ARCH", "").strip() or default
    if arch not in ("arm64", "x86_64"):
        raise Failure(f"ARCH={arch} must be arm64 or x86_64")
    return arch


def _rendered(choices: Choices, arch: str) -> tuple[dict[str, Any], Rendered]:
    store = storefile.read(choices.store)
    if places.flag("DRY_RUN"):
        invent_missing_secrets(store)
    rendered = render(store, own_bases(store), local=False)
    rendered.parameters["Arch"] = arch
    return store.values, rendered


def own_bases(store: storefile.Store) -> dict[str, str]:
    """Where the providers really are."""
    bases = {"shopify": f"https://{store.values['store']['shop']}", "stripe": STRIPE}
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


def _webhooks(intake_url: str, store: dict[str, Any]) -> None:
    """Where each provider's webhooks go. The store's own subscriptions are made by `make subscriptions`."""
    note("  to do  make subscriptions AWS=1, which subscribes the store's webhooks and says what is missing")
    for name, entry in store["partners"].items():
        manifest = partners.of_section(name, entry)
        if manifest:
            path = manifest.webhook_path.replace("{name}", name).replace("{path-secret}", "<the path secret>")
            note(f"  to do  {manifest.title}: webhooks to {intake_url}{path}")
    for name in store["tracking"]:
        manifest = feeds.manifests()[name]
        note(f"  to do  {manifest.title}: webhooks to {intake_url}{manifest.webhook_path.replace('{name}', name)}")


def _dry_run() -> int:
    """Same build, packages, upload, change set and checks, against an emulator that is gone afterwards."""
    arch = _arch(places.machine_arch())
    parent = places.state_dir() / "runs"
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dry-", dir=parent, ignore_cleanup_errors=True) as folder:
        os.environ["LOCAL"], os.environ["PORT"] = folder, str(free_ports(3))
        choices = Choices.from_environment()
        store, rendered = _rendered(choices, arch)
        note(f"dry run for {arch}: no account is touched")
        try:
            up.start_emulator(choices)
            cloud = Cloud(choices.emulator, rendered.region)
            facts = _deploy(cloud, places.LOCAL_ACCOUNT, choices, rendered, store, arch)
            if arch == places.machine_arch():
                up.wake(cloud, facts)
            doctor.show(doctor.examine(Target(facts, cloud)))
        finally:
            up.down()
    note(
        "Not exercised here: IAM as AWS judges it, SES verification and production access, the alert address's confirmation, "
        "the arm64 build, Lambda's own concurrency limits."
    )
    return 0
