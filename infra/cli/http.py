"""JSON over HTTP to the emulator and the sandbox."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

# Local addresses never go through a proxy that the environment names.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(method: str, url: str, body: Any = None, timeout: float = 10) -> tuple[int, Any]:
    """The status, and the answer as JSON where it is JSON, as text where it is not. Raises OSError if nobody answers."""
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"content-type": "application/json"})
    try:
        with _opener.open(request, timeout=timeout) as answer:
            return answer.status, _read(answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, _read(refusal.read())


def answers(url: str) -> bool:
    """Whether the address answers with 2xx."""
    try:
        return call("GET", url, timeout=2)[0] < 300
    except OSError:
        return False


def _read(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")
