"""Asks a function for something on the owner's behalf: `{"operator": "<verb>", …}` in, a JSON object out."""

from __future__ import annotations

import json
from typing import Any

from .say import Failure
from .target import Target


def operate(target: Target, function: str, verb: str, **values: Any) -> dict[str, Any]:
    """The function's answer; a Failure in its own words where it refuses or breaks."""
    request = {"operator": verb, **values}
    answer = target.cloud.functions.invoke(
        FunctionName=target.facts["functions"][function], Payload=json.dumps(request).encode()
    )
    said = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        why = said.get("errorMessage", said) if isinstance(said, dict) else said
        raise Failure(f"{function} refuses ({verb}): {why}")
    if not isinstance(said, dict):
        raise Failure(f"{function} answered with something else than an object: {said!r}")
    if said.get("error"):
        raise Failure(str(said["error"]))
    return said
