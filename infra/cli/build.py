"""Builds the functions and packs them: one zip each, `bootstrap` and `store.json`, named after its content."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from . import places
from .say import Failure


def local_binaries(names: Sequence[str] = (*places.FUNCTIONS, "sandbox")) -> dict[str, Path]:
    """Builds for this machine; package → binary, the sandbox's as `sandbox`. BINARIES=<folder> takes ready ones from there."""
    if ready := os.environ.get("BINARIES"):
        return _from_folder(Path(ready), list(names))
    _need("cargo", "Install Rust from https://rustup.rs")
    command = ["cargo", "build", "--locked", "--workspace", "--message-format=json-render-diagnostics"]
    command += [part for name in names for part in ("--bin", name)]
    built = subprocess.run(command, cwd=places.ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if built.returncode != 0:
        raise Failure("the build failed; what the compiler said stands above")
    found = {}
    for line in built.stdout.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("reason") == "compiler-artifact" and message.get("executable"):
            found[message["target"]["name"]] = Path(message["executable"])
    missing = [name for name in names if name not in found]
    if missing:
        raise Failure(f"the build made no binary called {', '.join(missing)}")
    return {name: found[name] for name in names}


def aws_binaries(arch: str) -> dict[str, Path]:
    """Builds the release for Lambda through the pinned cargo-lambda, which links against what Amazon Linux 2023 has."""
    if ready := os.environ.get("BINARIES"):
        return _from_folder(Path(ready), list(places.FUNCTIONS))
    command = ["cargo", "lambda", "build", "--release", "--locked", *(["--arm64"] if arch == "arm64" else ["--x86-64"])]
    for name in places.FUNCTIONS:
        command += ["--bin", name]
    target = Path(os.environ.get("CARGO_TARGET_DIR") or places.ROOT / "target")
    # cargo-lambda and the linker it brings live in the project's own environment.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    built = subprocess.run(command, cwd=places.ROOT, env=os.environ | {"PATH": path}, check=False)
    if built.returncode != 0:
        hint = (
            f" For {arch}, Rust needs: rustup target add {'aarch64' if arch == 'arm64' else 'x86_64'}-unknown-linux-gnu"
        )
        raise Failure("the build for Lambda failed; what the compiler said stands above." + hint)
    return _from_folder(target / "lambda", list(places.FUNCTIONS))


def _from_folder(folder: Path, names: list[str]) -> dict[str, Path]:
    """`<name>/bootstrap` as cargo-lambda lays them out, or `<name>`."""
    found = {}
    for name in names:
        candidates = [folder / name / "bootstrap", folder / name]
        path = next((path for path in candidates if path.is_file()), None)
        if path is None:
            raise Failure(f"no binary for {name} in {folder}")
        found[name] = path.resolve()
    return found


def _need(program: str, hint: str) -> None:
    if shutil.which(program) is None:
        raise Failure(f"{program} is not installed. {hint}")


def pack(binaries: dict[str, Path], store: dict[str, Any], folder: Path) -> dict[str, Path]:
    """Function → its zip in `folder`. What did not change keeps its name, so that nothing is zipped or deployed twice."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(store, indent=1, sort_keys=True, ensure_ascii=False).encode()

    def one(name: str) -> tuple[str, Path]:
        digest = hashlib.sha256(text)
        with binaries[name].open("rb") as binary:
            while chunk := binary.read(1 << 20):
                digest.update(chunk)
        path = folder / f"{name}-{digest.hexdigest()[:20]}.zip"
        if not path.exists():
            unfinished = path.with_suffix(f".{os.getpid()}.part")
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                _add(archive, "bootstrap", binaries[name].read_bytes(), 0o755)
                _add(archive, "store.json", text, 0o644)
            unfinished.rename(path)
        return name, path

    with ThreadPoolExecutor(4) as pool:
        packages = dict(pool.map(one, places.FUNCTIONS))
    _forget_old(folder, set(packages.values()))
    return packages


def _forget_old(folder: Path, wanted: set[Path]) -> None:
    """Packages nobody asked for lately; another run may still be uploading the younger ones."""
    for path in folder.iterdir():
        if path in wanted:
            path.touch()
        elif time.time() - path.stat().st_mtime > 600:
            path.unlink(missing_ok=True)


def _add(archive: zipfile.ZipFile, name: str, content: bytes, mode: int) -> None:
    # A fixed date: the same content is the same zip.
    entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def file_hash(path: Path) -> str:
    """A short digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:20]
