"""Programs of the local stack: each in a process group of its own, ended as a group.

The emulator starts a process per function and does not end them on SIGTERM, so the group is what counts. A recorded
process is only ever touched if it still is the one that was started (its start time is compared), since the system
gives numbers out again.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from .say import Failure, wait_for


def started_at(pid: int) -> str | None:
    """When a process was started, as the system counts it; None if there is no such process, or only its remains."""
    if Path("/proc/self/stat").exists():
        try:
            # The name in brackets may hold anything; behind it: state (1st) … start time in ticks since boot (20th).
            words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if words[0] in "ZX" else words[19]
    shown = subprocess.run(["ps", "-o", "lstart=,stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    words = shown.stdout.split()
    return " ".join(words[:-1]) if words and not words[-1].startswith("Z") else None


def port_is_free(port: int) -> bool:
    """Whether nothing listens on 127.0.0.1:port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


# What this very command started, by process number.
_children: dict[int, subprocess.Popen[bytes]] = {}


class Program:
    """One program, remembered in `<folder>/<name>.process` between commands."""

    def __init__(self, name: str, folder: Path):
        self.name = name
        self.record = folder / f"{name}.process"
        self.log = folder / f"{name}.log"

    def known(self) -> dict:
        """What was recorded at its start; empty if nothing was."""
        try:
            return json.loads(self.record.read_text())
        except (OSError, ValueError):
            return {}

    def running(self) -> bool:
        """Whether the very process that was recorded still runs."""
        known = self.known()
        return bool(known) and started_at(known["pid"]) == known["started"]

    def need(self, ports: list[int]) -> None:
        """Whether it could have these ports; nothing is asked of one that runs, which has them."""
        for port in () if self.running() else ports:
            if not port_is_free(port):
                raise Failure(
                    f"port {port} is taken by another program, and {self.name} needs it. "
                    f"Give the stack other ports, for example: make up PORT={port + 10000 if port < 50000 else 14566}"
                )

    def start(self, command: list[str], environment: dict[str, str], ports: list[int], fingerprint: str) -> None:
        """Starts it in the background; `fingerprint` tells a later command whether it would start the same."""
        self.need(ports)
        with self.log.open("w") as log:
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        _children[process.pid] = process
        started = wait_for(f"{self.name} to start", lambda: started_at(process.pid) or process.poll() is not None, 5)
        self.record.write_text(json.dumps({"pid": process.pid, "started": started, "fingerprint": fingerprint}))

    def stop(self) -> bool:
        """Ends the whole group and says whether there was one to end."""
        known = self.known()
        was_running = self.running()
        # Functions outlive an emulator that was killed. While they live the system keeps the group's number for them, so
        # a number without a leader is still ours.
        if was_running or (known and started_at(known["pid"]) is None):
            group = known["pid"]
            for sign, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0)):
                if self._end_group(group, sign, patience):
                    break
            else:
                raise Failure(f"{self.name} (process group {group}) does not end; look at it with: ps -g {group}")
        self.record.unlink(missing_ok=True)
        return was_running

    @staticmethod
    def _end_group(group: int, sign: signal.Signals, patience: float) -> bool:
        until = time.monotonic() + patience
        while True:
            if group in _children:
                # One that ended stays in its group until its parent has asked for it.
                _children[group].poll()
            try:
                os.killpg(group, sign)
            except ProcessLookupError:
                return True
            except PermissionError:
                # macOS says this of a group of which only zombies are left.
                return True
            if time.monotonic() > until:
                return False
            time.sleep(0.05)

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def wait_until_ready(self, what: str, check, seconds: float) -> None:
        """Waits for `check`; a program that ended, or is late, is reported with the end of its log."""

        def ready():
            if not self.running():
                raise Failure(f"{self.name} ended while starting. The end of {self.log}:\n{self.tail()}")
            return check()

        wait_for(what, ready, seconds, hint=f"Its log is {self.log}")
