"""`up`, `down`: the local stack, from nothing to ready, and gone again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import build, feeds, http, partners, places, target
from .cloud import Cloud, apply_template, invent_link_key, output, put_secrets, upload
from .places import Choices
from .processes import Program
from .render import Rendered, invent_missing_secrets, render
from .say import Failure, note, step
from .storefile import Store, read


def emulator_program() -> Program:
    return Program("emulator", places.state_dir())


def sandbox_program() -> Program:
    return Program("sandbox", places.state_dir())


def microburst_program() -> Program:
    return Program("microburst", places.state_dir())


def up() -> None:
    """Starts what does not run, deploys what changed, and returns when the stack is ready."""
    started = time.monotonic()
    choices, folder = Choices.from_environment(), places.state_dir()
    store = read(choices.store)
    invent_missing_secrets(store)
    rendered = render(store, sandbox_bases(choices, store), local=True)
    emulator_program().need([choices.port])
    sandbox_program().need([choices.port + 1, choices.port + 2])
    with step("build"):
        binaries = build.local_binaries()
    with step("pack the functions"):
        packages = build.pack(binaries, rendered.store, places.PACKAGES)
    # A stack that is being changed must not be taken for a ready one.
    (folder / "stack.json").unlink(missing_ok=True)
    with step("emulator and sandbox"):
        start_emulator(choices)
        start_sandbox(choices, rendered, binaries["sandbox"], folder)
        if choices.upstream == choices.microburst:
            start_microburst(choices)
    cloud = Cloud(choices.emulator)
    with step("deploy infra/template.yaml"):
        _deploy(cloud, choices, rendered, packages)
    facts = target.facts(cloud, choices.stack, choices.store, store.values["store"]["shop"], choices.sandbox)
    tell_sandbox(choices, facts["intake_url"], output(cloud, choices.stack, "IntakeUrl"))
    with step("first call of every function"):
        wake(cloud, facts)
    target.write(folder / "stack.json", facts)
    note(f"ready in {time.monotonic() - started:.1f} s: {folder / 'stack.json'}")
    note(f"now: make {'order' if not facts['orders_table'] else 'test-order'}, make exceptions; mails: {facts['mailbox_url']}")


def sandbox_bases(choices: Choices, store: Store) -> dict[str, str]:
    """Where the sandbox plays each provider: below its name, then as the provider's own address goes on."""
    bases = {name: f"{choices.sandbox}/{name}" for name in ("shopify", "stripe", "klaviyo")}
    played: dict[str, str] = {}
    for name, entry in store.values["partners"].items():
        manifest = partners.of_section(name, entry)
        stand_in = manifest.stand_in if manifest else name
        if manifest and not entry.get("base_url"):
            if manifest.kind != partners.GENERIC and stand_in != name:
                raise Failure(
                    f"[partners.{name}]: the sandbox plays {manifest.title} under its own name; for `make up` call the section "
                    f"[partners.{stand_in}], or say its base_url"
                )
            if stand_in in played:
                raise Failure(
                    f"the sandbox plays one {stand_in}, and store.toml has [partners.{played[stand_in]}] and [partners.{name}]: "
                    "give all but one of them a base_url"
                )
            played[stand_in] = name
        own = urlsplit(manifest.base_url).path.rstrip("/") if manifest and manifest.base_url else ""
        bases[name] = f"{choices.sandbox}/{stand_in}{own}"
    bases["alerts"] = f"{choices.sandbox}/alerts"
    for name in store.values["tracking"]:
        own = urlsplit(feeds.manifests()[name].base_url or "").path
        bases[name] = f"{choices.sandbox}/{name}{own}"
    return bases


def start_emulator(choices: Choices) -> None:
    """The emulator, unless one that would be the same runs already."""
    program, folder = emulator_program(), places.state_dir()
    fingerprint = f"{choices.port} {choices.upstream or ''} {build.file_hash(places.LOCAL_DEFAULTS / 'emulator.py')}"
    if program.running():
        if program.known()["fingerprint"] == fingerprint and http.answers(f"{choices.emulator}/_ministack/ready"):
            return
        note("  the emulator is started afresh, since its port or UPSTREAM changed; what it held is gone")
    program.stop()
    sandbox_program().stop()
    scratch = folder / "emulator"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    program.start(
        [sys.executable, str(places.LOCAL_DEFAULTS / "emulator.py")],
        emulator_environment(choices, scratch),
        [choices.port],
        fingerprint,
    )
    program.wait_until_ready(
        "the emulator to be ready", lambda: http.answers(f"{choices.emulator}/_ministack/ready"), 30
    )


def emulator_environment(choices: Choices, scratch: Path) -> dict[str, str]:
    """Only what it needs: functions inherit this environment, and nobody's real credentials belong there."""
    aws = choices.upstream or choices.emulator
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "GATEWAY_PORT": str(choices.port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": places.REGION,
        "S3_DATA_DIR": str(scratch / "s3"),
        # Ports and services beside the one we use: MQTT, SFTP, containers.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{scratch}/no-docker.sock",
        "LAMBDA_EXECUTOR": "local",
        # Every call of a function is judged by its role, as on AWS; IAM=0 lets all of them pass.
        "AUTH": "false" if os.environ.get("IAM") == "0" else "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        # Functions inherit this: it is how their AWS calls come back here, or pass through UPSTREAM.
        "AWS_ENDPOINT_URL": aws,
        # As the template asks of AWS, and the emulator does not know.
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "NO_PROXY": "127.0.0.1,localhost",
        "RUST_BACKTRACE": "1",
    }
    if not choices.upstream:
        # Mail alone passes the sandbox's AWS proxy, which checks it as strictly as SES would.
        environment["AWS_ENDPOINT_URL_SESV2"] = choices.aws_proxy
    for kept in ("RUST_LOG", "AWS_LAMBDA_LOG_LEVEL", "LANG"):
        if kept in os.environ:
            environment[kept] = os.environ[kept]
    return environment


def sandbox_config(choices: Choices, rendered: Rendered) -> dict[str, Any]:
    """`.local/sandbox.json`: the providers' side of the same secrets."""
    secrets, shop = rendered.secrets, rendered.store["store"]
    first = {name: value.splitlines()[0] for name, value in secrets.items()}
    specs = Path(os.environ.get("SPECS") or places.ROOT.parent / "shared" / "specs")
    config: dict[str, Any] = {
        "port": choices.port + 1,
        "aws_proxy_port": choices.port + 2,
        "emulator": choices.emulator,
        "specs": str(specs.resolve()) if specs.is_dir() else None,
        "aws_region": places.REGION,
        "ses": {"topic_arn": f"arn:aws:sns:{places.REGION}:{places.LOCAL_ACCOUNT}:{choices.stack}-mail-events"},
        "autopilot": {"on": True, "accept_after_ms": 300, "ship_after_ms": 600, "deliver_after_ms": 900},
    }
    if shop["platform"] == "shopify":
        # A store of the plan Plus gets 1,000 points a second: in a flood of orders the partner's limit is what they wait for then. The
        # smallest plan's 100 are some fifteen orders a minute.
        points = {"cost_maximum": 20_000, "cost_restore_per_second": 1_000}
        config["shopify"] = {"shop": shop["shop"], "api_version": shop["api_version"], **points}
    sections = rendered.store["partners"]
    manifests = {name: partners.of_section(name, section) for name, section in sections.items()}
    # A partner with an address of its own is somebody's real server.
    played = {
        name: manifest
        for name, manifest in manifests.items()
        if manifest and (sections[name].get("base_url") or choices.sandbox).startswith(choices.sandbox)
    }
    for name in secrets:
        # door/<provider>/webhook-secret and call/<provider>/token are that provider's webhook_secret and token.
        _, provider, what = name.split("/")
        if provider in played:
            config.setdefault(played[provider].stand_in, {})[what.replace("-", "_")] = first[name]
        elif provider not in sections:
            config.setdefault(provider, {})[what.replace("-", "_")] = first[name]
    for name, manifest in played.items():
        known = config.setdefault(manifest.stand_in, {})
        known.update(_sandbox_partner(name, manifest, sections[name], rendered.store["catalog"]))
    for name in rendered.store["tracking"]:
        known = config.pop(name)
        # 17TRACK signs with its API key.
        signed = {} if name == "17track" else {"webhook_secret": known["webhook_secret"]}
        config.setdefault("tracking", {})[name] = signed | {"api_key": known["token"]}
    return config


def _sandbox_partner(
    name: str, manifest: partners.Manifest, section: dict[str, Any], catalog: dict[str, Any]
) -> dict[str, Any]:
    """What a stand-in has to know beside its secrets: the variants of the owner's catalog, and which account it plays. The words
    are those of `store.toml`; each stand-in reads them (tests/sandbox/partners/config.rs)."""
    rows = (row for row in catalog["variants"] if row["partner"] == name)
    variants = sorted({str(row["variant_id"]) for row in rows if "variant_id" in row})
    account = {
        option: int(section[option]) if number else section[option]
        for option, number in manifest.account.items()
        if section.get(option) is not None
    }
    # Only a workshop has the name that the owner gives it.
    own = {"name": name} if manifest.kind == partners.GENERIC else {}
    # A stand-in whose variants nobody named keeps the ones it begins with.
    return own | account | ({"variants": variants} if variants else {})


def start_sandbox(choices: Choices, rendered: Rendered, binary: Path, folder: Path) -> None:
    """The providers' stand-ins, unless the same ones run already."""
    config = json.dumps(sandbox_config(choices, rendered), indent=1, sort_keys=True)
    fingerprint = f"{build.file_hash(binary)} {hashlib.sha256(config.encode()).hexdigest()}"
    program = sandbox_program()
    if program.running():
        if program.known()["fingerprint"] == fingerprint and http.answers(f"{choices.sandbox}/_sandbox/pending"):
            return
        note("  the sandbox is started afresh, since it or its settings changed; its orders are gone")
    program.stop()
    path = folder / "sandbox.json"
    path.touch(mode=0o600)
    path.write_text(config)
    program.start(
        [str(binary), "--config", str(path)],
        {name: os.environ[name] for name in ("PATH", "HOME", "RUST_LOG") if name in os.environ}
        | {"RUST_BACKTRACE": "1"},
        [choices.port + 1, choices.port + 2],
        fingerprint,
    )
    program.wait_until_ready("the sandbox to be ready", lambda: http.answers(f"{choices.sandbox}/_sandbox/pending"), 30)


def start_microburst(choices: Choices) -> None:
    """The proxy that breaks AWS calls on their way to the sandbox's own, which passes them on to the emulator."""
    program = microburst_program()
    fingerprint = f"{choices.port}"
    if program.running() and program.known()["fingerprint"] == fingerprint:
        return
    program.stop()
    program.start(
        [
            str(Path(sys.executable).parent / "microburst"),
            *("--host", "127.0.0.1", "--port", str(choices.port + 3)),
            *("--upstream", choices.aws_proxy, "--no-resign"),
        ],
        {"PATH": os.environ.get("PATH", ""), "NO_PROXY": "127.0.0.1,localhost"},
        [choices.port + 3],
        fingerprint,
    )
    program.wait_until_ready("microburst to be ready", lambda: http.answers(f"{choices.microburst}/_microburst/health"), 30)
    # Its first AWS call makes it read every service's model, which takes longer than a function may take to start.
    Cloud(choices.microburst).ssm.get_parameters(Names=["/none"])


def _deploy(cloud: Cloud, choices: Choices, rendered: Rendered, packages: dict[str, Path]) -> None:
    put_secrets(cloud, choices.stack, rendered.secrets)
    invent_link_key(cloud, choices.stack)
    bucket, keys, template_url = upload(cloud, places.LOCAL_ACCOUNT, packages, places.TEMPLATE.read_text())
    parameters = (
        rendered.parameters | {"CodeBucket": bucket} | {f"{name.capitalize()}Code": key for name, key in keys.items()}
    )
    apply_template(cloud, choices.stack, template_url, parameters)


def tell_sandbox(choices: Choices, intake_url: str, public_url: str) -> None:
    """Where it reaches the door, and under which address the functions know it."""
    addresses = {"intake_url": intake_url, "public_url": public_url}
    status, answer = http.call("PUT", f"{choices.sandbox}/_sandbox/config", addresses)
    if status >= 300:
        raise Failure(f"the sandbox does not take the door's address: {status} {answer}")


def wake(cloud: Cloud, facts: dict[str, Any]) -> None:
    """A first call of each that asks for nothing, so that a function that cannot start is named now and not by an order."""

    def one(name: str) -> str | None:
        if f"{name}_url" in facts:
            status, said = http.call("GET", facts[f"{name}_url"], timeout=20)
            return f"{name}: {status} {said}" if status >= 500 else None
        answer = cloud.functions.invoke(FunctionName=facts["functions"][name], Payload=b'{"Records":[]}')
        if "FunctionError" not in answer:
            return None
        return f"{name}: {answer['Payload'].read().decode(errors='replace')}"

    with ThreadPoolExecutor(len(places.FUNCTIONS)) as pool:
        broken = [answer for answer in pool.map(one, places.FUNCTIONS) if answer]
    if broken:
        raise Failure(
            "functions that do not start:\n  " + "\n  ".join(broken) + f"\nThe emulator's log: {emulator_program().log}"
        )


def down() -> None:
    """Ends emulator, functions and sandbox; nothing is left running."""
    folder = places.state_dir()
    programs = (microburst_program(), sandbox_program(), emulator_program())
    ended = [program.name for program in programs if program.stop()]
    (folder / "stack.json").unlink(missing_ok=True)
    shutil.rmtree(folder / "emulator", ignore_errors=True)
    note(f"ended: {', '.join(ended)}" if ended else "nothing was running")
