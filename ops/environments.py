"""Makes an environment for each program that must not share our dependencies, when it is needed."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
BUILD = ROOT / ".build"


class NoEnvironment(RuntimeError):
    """The environment could not be made; its text says why."""


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Hold back other processes that are about to make the same thing: tests run in several."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def environment(name: str) -> Path:
    """The Python of `.venv-<name>`, made from `requirements/<name>.txt` unless it is there already."""
    with alone(f"venv-{name}"):
        return _environment(name)


def _environment(name: str) -> Path:
    pins = ROOT / "requirements" / f"{name}.txt"
    folder = ROOT / f".venv-{name}"
    python = folder / "bin" / "python"
    ready = folder / ".ready"
    wanted = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()
    if ready.exists() and ready.read_text() == wanted:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    command = [
        str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input",
        "-r", str(pins),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise NoEnvironment(f"pip could not make {folder.name} from {pins.relative_to(ROOT)}: {last}")
    ready.write_text(wanted)
    return python
