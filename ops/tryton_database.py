"""Tryton's own environment, and a prepared database to copy; each is made once and kept.

The environment follows `requirements/tryton.txt`; the database has the modules, a company and an approved
application key. Together about 25 s the first time, nothing afterwards.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements" / "tryton.txt"
ENVIRONMENT = ROOT / ".venv-tryton"
TEMPLATES = ROOT / ".local" / "tryton-templates"
DATABASE = "crm"

_MODULES = ("party", "company", "sale_opportunity")


class TrytonError(RuntimeError):
    """The CRM cannot be made, started or asked; the message says why."""


def program(name: str) -> list[str]:
    """The command line that begins one of Tryton's programs."""
    programs = ENVIRONMENT / "bin"
    python = str(programs / "python")
    return [python] if name == "python" else [python, str(programs / name)]


def prepare() -> Path:
    """Make the environment and the prepared database unless they are there; return the latter's folder.

    Safe to call from several processes at once. Raises `TrytonError`.
    """
    seed = Path(__file__).with_name("tryton_seed.py")
    version = hashlib.sha256(_environment_version().encode() + seed.read_bytes()).hexdigest()
    template = TEMPLATES / version[:16]
    if template.exists() and _environment_is_ready():
        return template
    TEMPLATES.mkdir(parents=True, exist_ok=True)
    with _locked(TEMPLATES / "lock"):
        if not _environment_is_ready():
            _make_environment()
        if not template.exists():
            draft = template.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            _make_database(draft, seed)
            draft.rename(template)
    return template


def copy_database(folder: Path) -> None:
    """A fresh copy of the prepared database in a folder of its own. Raises `TrytonError`."""
    template = prepare()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(template / "key", folder / "key")
    draft = folder / f"{DATABASE}.draft"
    draft.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(template / f"{DATABASE}.sqlite")) as source,
        contextlib.closing(sqlite3.connect(draft)) as copy,
    ):
        source.backup(copy)
    draft.rename(folder / f"{DATABASE}.sqlite")


def configure(folder: Path, port: int) -> Path:
    """Tryton's configuration file; a relative database path would break its scripting client."""
    configuration = folder / "trytond.conf"
    configuration.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n"
        f"[web]\nlisten = 127.0.0.1:{port}\n"
        "[session]\nauthentications = password\n"
    )
    return configuration


def _environment_version() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()


def _environment_is_ready() -> bool:
    ready = ENVIRONMENT / ".ready"
    return ready.exists() and ready.read_text() == _environment_version()


def _make_environment() -> None:
    _run(sys.executable, "-m", "venv", "--clear", ENVIRONMENT)
    pip = [*program("python"), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    _run(*pip, "-r", REQUIREMENTS)
    (ENVIRONMENT / ".ready").write_text(_environment_version())


def _make_database(folder: Path, seed: Path) -> None:
    folder.mkdir(parents=True)
    (folder / f"{DATABASE}.sqlite").touch()
    configuration = configure(folder, 0)
    password = folder / "password"
    password.write_text(secrets.token_hex())
    admin = [*program("trytond-admin"), "-c", str(configuration), "-d", DATABASE]
    _run(*admin, "--all", "--email", "admin@example.org", TRYTONPASSFILE=str(password))
    _run(*admin, "-u", *_MODULES, "--activate-dependencies")
    key = _run(*program("python"), seed, configuration, DATABASE).strip()
    (folder / "key").write_text(key)


def _run(program: str | Path, *arguments: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    if done.returncode:
        raise TrytonError(f"{Path(program).name} failed ({done.returncode}):\n{done.stderr[-1500:]}")
    return done.stdout


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
