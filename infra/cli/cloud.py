"""The AWS side of a deployment, the same for AWS and the emulator: secrets, packages, template, what came of it."""

from __future__ import annotations

import secrets as randomness
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from . import places
from .say import Failure, note, wait_for

# What CloudFormation calls a stack that stands.
STANDING = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


class Cloud:
    """Clients for one account and region. `endpoint` is the emulator's address, or None for AWS and the caller's credentials."""

    def __init__(self, endpoint: str | None, region: str = places.REGION):
        self.endpoint, self.region = endpoint, region
        local = {"aws_access_key_id": "test", "aws_secret_access_key": "test"} if endpoint else {}
        self._session = boto3.Session(region_name=region, **local)
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        if service.startswith("_"):
            raise AttributeError(service)
        if service not in self._clients:
            config = Config(
                retries={"mode": "standard", "max_attempts": 4},
                connect_timeout=5,
                read_timeout=70,
                s3={"addressing_style": "path"} if self.endpoint else None,
                proxies={} if self.endpoint else None,
            )
            self._clients[service] = self._session.client(service, endpoint_url=self.endpoint, config=config)
        return self._clients[service]

    @property
    def functions(self) -> Any:
        """Lambda, whose own name Python keeps for itself."""
        return getattr(self, "lambda")

    def account(self) -> str:
        """The account's number; a Failure where the credentials do not work."""
        try:
            return self.sts.get_caller_identity()["Account"]
        except (BotoCoreError, ClientError) as error:
            raise Failure(
                f"no working AWS credentials: {error}. Set AWS_PROFILE, or log in with: aws sso login"
            ) from None


def put_secrets(cloud: Cloud, stack: str, secrets: dict[str, str]) -> int:
    """CloudFormation cannot create secure strings, so they are put here. Says how many had changed."""
    changed = 0
    for name, value in secrets.items():
        path = f"/{stack}/{name}"
        found = cloud.ssm.get_parameters(Names=[path], WithDecryption=True)["Parameters"]
        if not found or found[0]["Value"] != value:
            cloud.ssm.put_parameter(Name=path, Value=value, Type="SecureString", Overwrite=True)
            changed += 1
    return changed


def invent_link_key(cloud: Cloud, stack: str) -> None:
    """The key that signs our own links (decisions, order pages). Made once and kept: a new one would break links already sent."""
    path = f"/{stack}/links/key"
    if not cloud.ssm.get_parameters(Names=[path], WithDecryption=False)["Parameters"]:
        cloud.ssm.put_parameter(Name=path, Value=randomness.token_hex(32), Type="SecureString")


def upload(cloud: Cloud, account: str, packages: dict[str, Path], template: str) -> tuple[str, dict[str, str], str]:
    """Puts packages and template into the artifacts' bucket; answers bucket, function → key, and the template's address."""
    bucket = f"baton-artifacts-{account}-{cloud.region}"
    try:
        cloud.s3.head_bucket(Bucket=bucket)
    except ClientError:
        where = (
            {} if cloud.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": cloud.region}}
        )
        cloud.s3.create_bucket(Bucket=bucket, **where)
        cloud.s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration=dict.fromkeys(
                ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
            ),
        )
    keys = {}
    for name, path in packages.items():
        keys[name] = f"functions/{path.name}"
        if not _exists(cloud, bucket, keys[name]):
            note(f"  uploading {name} ({path.stat().st_size / 1e6:.1f} MB)")
            cloud.s3.upload_file(str(path), bucket, keys[name])
    key = "template.yaml"
    cloud.s3.put_object(Bucket=bucket, Key=key, Body=template.encode(), ExpectedBucketOwner=account)
    host = f"{cloud.endpoint}/{bucket}" if cloud.endpoint else f"https://{bucket}.s3.{cloud.region}.amazonaws.com"
    return bucket, keys, f"{host}/{key}"


def _exists(cloud: Cloud, bucket: str, key: str) -> bool:
    try:
        cloud.s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        return False
    return True


def apply_template(cloud: Cloud, stack: str, template_url: str, parameters: dict[str, str]) -> str:
    """Creates or updates the stack through a change set; answers `created`, `updated` or `unchanged`."""
    status = stack_status(cloud, stack)
    if status and status.endswith("_IN_PROGRESS"):
        status = wait_for("the running deployment to end", lambda: _settled(cloud, stack), 1800, 2)
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"):
        raise Failure(
            f"the stack {stack} never came to stand ({status}). Delete it in CloudFormation, then deploy again"
        )
    kind = "UPDATE" if status else "CREATE"
    name = f"deploy-{int(time.time() * 1000)}"
    cloud.cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=name,
        ChangeSetType=kind,
        TemplateURL=template_url,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    every = 0.1 if cloud.endpoint else 2.0

    def created() -> dict[str, Any] | None:
        change_set = cloud.cloudformation.describe_change_set(StackName=stack, ChangeSetName=name)
        return None if change_set["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS") else change_set

    change_set = wait_for("CloudFormation to read the template", created, 300, every)
    if change_set["Status"] == "FAILED":
        reason = change_set.get("StatusReason", "")
        cloud.cloudformation.delete_change_set(StackName=stack, ChangeSetName=name)
        if "didn't contain changes" in reason or "No updates are to be performed" in reason:
            return "unchanged"
        raise Failure(f"CloudFormation refuses the template: {reason}")
    if not change_set.get("Changes") and kind == "UPDATE":
        cloud.cloudformation.delete_change_set(StackName=stack, ChangeSetName=name)
        return "unchanged"
    started = time.time()
    cloud.cloudformation.execute_change_set(StackName=stack, ChangeSetName=name)
    status = wait_for("the stack to stand", lambda: _settled(cloud, stack), 1800, every)
    if status not in STANDING[:2]:
        raise Failure(f"the deployment ended as {status}:\n  " + "\n  ".join(_failures(cloud, stack, started)))
    return "created" if kind == "CREATE" else "updated"


def stack_status(cloud: Cloud, stack: str) -> str | None:
    """CloudFormation's word for the stack; None if there is none."""
    try:
        status = cloud.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if status in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE") else status


def _settled(cloud: Cloud, stack: str) -> str | None:
    status = stack_status(cloud, stack)
    return None if status is None or status.endswith("_IN_PROGRESS") else status


def _failures(cloud: Cloud, stack: str, since: float) -> list[str]:
    """The resources that failed since then, oldest first, each with CloudFormation's reason."""
    events = cloud.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event["Timestamp"].timestamp() > since - 60
    ] or ["no resource gave a reason"]


def resources(cloud: Cloud, stack: str) -> dict[str, str]:
    """Logical name → physical id: queues by URL, functions, table and topics by name or ARN."""
    pages = cloud.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        entry["LogicalResourceId"]: entry["PhysicalResourceId"]
        for page in pages
        for entry in page["StackResourceSummaries"]
        if entry.get("PhysicalResourceId")
    }


def output(cloud: Cloud, stack: str, name: str) -> str:
    """One output of the stack."""
    outputs = cloud.cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    return next(entry["OutputValue"] for entry in outputs if entry["OutputKey"] == name)
