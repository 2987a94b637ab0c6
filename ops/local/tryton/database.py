"""Prepares a Tryton database to copy, once: the modules, a company, an approved application key.

It takes about 25 s the first time, with Tryton's own environment, and nothing afterwards.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from ops.environments import BUILD, ROOT, alone, environment

REQUIREMENTS = ROOT / "requirements" / "tryton.txt"
TEMPLATES = BUILD / "tryton"
DATABASE = "crm"

_MODULES = ("party", "company", "sale_opportunity")


class TrytonError(RuntimeError):
    """The CRM cannot be made, started or asked; the message says why."""


def program(name: str) -> list[str]:
    """The command line that begins one of Tryton's programs. Raises `NoEnvironment`."""
    python = environment("tryton")
    return [str(python)] if name == "python" else [str(python), str(python.with_name(name))]


def prepare() -> Path:
    """Make the prepared database unless it is there; return its folder.

    Safe to call from several processes at once. Raises `TrytonError`, `NoEnvironment`.
    """
    seed = Path(__file__).with_name("seed.py")
    version = hashlib.sha256(REQUIREMENTS.read_bytes() + seed.read_bytes() + sys.version.encode())
    template = TEMPLATES / version.hexdigest()[:16]
    with alone("tryton-template"):
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
    """Write Tryton's configuration file; a relative database path would break its scripting client."""
    configuration = folder / "trytond.conf"
    configuration.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n"
        f"[web]\nlisten = 127.0.0.1:{port}\n"
        "[session]\nauthentications = password\n"
    )
    return configuration


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


def _run(command: str | Path, *arguments: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [command, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    if done.returncode:
        raise TrytonError(
            f"{Path(str(arguments[0])).name} failed ({done.returncode}):\n{done.stderr[-1500:]}"
        )
    return done.stdout
