"""`python -m cli <verb>`: what the Makefile's targets call. `--help` lists the verbs."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from botocore.exceptions import BotoCoreError, ClientError

from .say import Failure, note

# Verb → module, function, what it does and which values of the environment it reads.
VERBS = {
    "up": ("up", "up", "start the local stack, or redeploy what changed (PORT, STORE, UPSTREAM)"),
    "down": ("up", "down", "stop the local stack"),
    "reset": ("reset", "reset", "empty stack and sandbox, redeploy nothing"),
    "order": ("order", "order", "an order is paid in the sandbox's store (DELIVERY, or the example; VARIANT)"),
    "validate": ("validate", "validate", "read store.toml and its secrets as up and deploy do, starting nothing (STORE)"),
    "settle": ("settle", "settle", "wait until nothing is in flight (TIMEOUT seconds, default 120)"),
    "trace": ("trace", "trace", "one order's journey as JSON (ORDER: number, gid or name)"),
    "exceptions": ("trace", "exceptions", "everything open that needs a person, as JSON"),
    "replay": (
        "replay",
        "replay",
        "run what is missing for an exception, or for many (EXCEPTION, or KIND, LAYER, SINCE, ALL=1; YES=1)",
    ),
    "redrive": ("redrive", "redrive", "send dead letters back to their layers (LAYER, YES=1)"),
    "acknowledge": ("exceptions", "acknowledge", "say that you have seen an exception: the digest stops nagging (EXCEPTION)"),
    "test-alert": ("exceptions", "test_alert", "send a test alert on every channel, to be answered by its link (AWS=1)"),
    "close": ("exceptions", "close", "take an exception off the list: what it asked for is done (EXCEPTION)"),
    "pause": ("pause", "pause", "let a layer's orders wait (LAYER)"),
    "resume": ("pause", "resume", "let a paused layer go on (LAYER)"),
    "drift": ("drift", "drift", "hold store, partners and carriers against each other, for every open order (AWS=1)"),
    "flows": (
        "flows",
        "flows",
        "what came of each flow (DAYS=30); PREVIEW=<flow>: what it sends when; YESTERDAY=1: try yesterday's events (AWS=1)",
    ),
    "sweep": ("store_side", "sweep", "ask the store what changed, and put in what no webhook told (AWS=1)"),
    "subscriptions": ("store_side", "subscriptions", "make and show the store's webhook subscriptions (AWS=1)"),
    "test-order": (
        "test_order",
        "test_order",
        "a tagged order through the whole stack, made by nobody, cleaned up (VARIANT, TAG, TIMEOUT, AWS=1)",
    ),
    "catalog": ("catalog", "catalog", "hold the catalog against store and partners, and propose rows (AWS=1)"),
    "demo": ("demo", "demo", "one order through all five layers, from nothing (DELIVERY, PAUSE, TIMEOUT)"),
    "with-stack": ("with_stack", "with_stack", "run a command with a stack of its own on free ports"),
    "audit": ("audit", "audit", "each layer automated, manual or missing, from what happened (JSON=1, AWS=1)"),
    "drill": (
        "drill",
        "drill",
        "a tagged order the whole way and back, a sheet per layer (VARIANT, TAG, TIMEOUT, AWS=1)",
    ),
    "cost": ("meter", "told", "what an order, a mail and a month without orders cost (AWS=1: with the SES plan in force)"),
    "deploy": ("deploy", "deploy", "deploy to AWS (STORE, STACK, ARCH; DRY_RUN=1 deploys the package to the emulator)"),
    "destroy": (
        "destroy",
        "destroy",
        "take the deployed stack down; its tables stay (TABLES=delete, CONFIRM=<stack>, DRY_RUN=1 only shows)",
    ),
    "doctor": (
        "doctor",
        "doctor",
        "check what can be checked, and say what a person has to do (AWS=1 for the deployed stack)",
    ),
}


def main() -> int:
    """Runs one verb; the exit code is 0, or the failure's."""
    parser = argparse.ArgumentParser(prog="cli", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    for name, (_, _, what) in VERBS.items():
        verb = verbs.add_parser(name, help=what, description=what)
        if name == "with-stack":
            verb.add_argument("command", nargs=argparse.REMAINDER)
    module, function, _ = VERBS[parser.parse_args().verb]
    try:
        code = getattr(importlib.import_module(f".{module}", __package__), function)()
        sys.stdout.flush()
    except Failure as failure:
        note(str(failure))
        return failure.code
    except (BotoCoreError, ClientError) as error:
        note(f"AWS refused a call: {error}")
        return 1
    except BrokenPipeError:
        # Whoever read our output (head, less) has had enough of it; what is still held back has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        note(f"a call failed: {error}. Is the stack up? make up starts it, make doctor looks at it.")
        return 1
    except KeyboardInterrupt:
        note("interrupted")
        return 130
    return code or 0


if __name__ == "__main__":
    sys.exit(main())
