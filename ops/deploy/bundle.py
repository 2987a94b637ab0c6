"""Makes the functions' zip: Chalice's, with the compiled dependencies, and the same bytes every time."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Literal

from ops.environments import BUILD, ROOT, alone

REQUIREMENTS = ROOT / "requirements" / "runtime.txt"

# PynamoDB asks for botocore and all that it drags in, 25 MB; every Lambda has them.
IN_LAMBDA = {"botocore", "python-dateutil", "six"}

Platform = Literal["lambda", "host"]
"""Lambda's processors, or this machine's."""

# How pip leaves its own traces, which differ between machines and mean nothing to a function.
_TRACES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
_UNUSED = {".pyi", ".typed", ".c", ".h", ".so.dSYM"}

# Amazon Linux 2 under Python 3.11, Amazon Linux 2023 under what came after.
_GLIBC = {(3, 11): 26}
_GLIBC_SINCE = 34

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644 << 16


class Failed(RuntimeError):
    """A step of packaging failed and an operator can mend it; they are told its text and nothing else."""


def pins() -> list[str]:
    """The pinned requirements of the functions, without those that Lambda has."""
    lines = (line.split("#")[0].strip() for line in REQUIREMENTS.read_text().splitlines())
    return [line for line in lines if line and re.split(r"[=<>!~\[ ]", line)[0] not in IN_LAMBDA]


def dependencies(platform: Platform) -> Path:
    """A folder with the dependencies for Lambda's processors or this machine's, made once per set of pins."""
    with alone(f"dependencies-{platform}"):
        return _dependencies(platform)


def _dependencies(platform: Platform) -> Path:
    wanted = "\n".join([platform, sys.version, *pins()])
    folder = BUILD / f"dependencies-{platform}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    if folder.exists():
        return folder
    half = folder.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    command = [
        sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input",
        "--no-deps", "--no-compile", "--only-binary=:all:", "--target", str(half),
        *_platform_options(platform), *pins(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise Failed(f"pip could not fetch the dependencies ({platform}): {last}")
    half.rename(folder)
    return folder


def _platform_options(platform: Platform) -> list[str]:
    if platform == "host":
        return []
    version = sys.version_info[:2]
    newest = _GLIBC.get(version, _GLIBC_SINCE)
    tags = [f"manylinux_2_{minor}_aarch64" for minor in range(newest, 16, -1)]
    options = [option for tag in [*tags, "manylinux2014_aarch64"] for option in ("--platform", tag)]
    return ["--implementation", "cp", "--python-version", ".".join(map(str, version)), *options]


def bundle(chalice_zip: Path, dependency_folder: Path, out: Path) -> None:
    """Write the zip of all functions.

    Bytecode is compiled in because Lambda's code folder is read-only: without it every cold start compiles
    everything again. It is not checked against its source, whose time in a zip means nothing.
    """
    work = out.with_suffix(".unpacked")
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(dependency_folder, work, ignore=shutil.ignore_patterns("bin", "__pycache__"))
    with zipfile.ZipFile(chalice_zip) as archive:
        archive.extractall(work)
    _compile(work)
    files = sorted(path for path in work.rglob("*") if path.is_file() and _ships(path))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            entry = zipfile.ZipInfo(str(path.relative_to(work)), _EPOCH)
            entry.external_attr = _MODE
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    shutil.rmtree(work)


def _compile(work: Path) -> None:
    # In an interpreter of its own: what else a process has done shows in the bytes that it compiles.
    command = [
        sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash",
        "-s", str(work), "-p", "/var/task", str(work),
    ]  # fmt: skip
    done = subprocess.run(command, env={"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"a module of the zip does not compile: {done.stdout.strip()}")


def _ships(path: Path) -> bool:
    if path.suffix in _UNUSED:
        return False
    return not (path.parent.suffix == ".dist-info" and path.name in _TRACES)
