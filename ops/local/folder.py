"""Keeps a local run's folder: for one run at a time, and nothing is deleted that no run made."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

from ops.environments import ROOT

OWN = ROOT / ".local"
"""The repository's own folder, which git ignores: it is ours without a marker."""

MARKER = ".switchboard-run"
MADE = ("aws", "tryton", "crm.sqlite", "crm.sqlite-shm", "crm.sqlite-wal", "hub.json", "hub.json.unready")
"""Everything that a local run makes in its folder, besides the marker."""

_SAID = "Switchboard's local run keeps its state in this folder, and removes it when it starts anew.\n"


class FolderRefused(RuntimeError):
    """The folder cannot be used; an operator is told its text and nothing else."""


class RunFolder:
    """A folder, held by one run from `claim` to `release`.

    Only a folder that was not there, was empty or carries the marker is ever claimed: whatever is called
    like something of ours in another is somebody's own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._lock: int | None = None

    def claim(self) -> None:
        """Make it, mark it and hold it. Raises `FolderRefused`."""
        marker = self.path / MARKER
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            ours = self.path == OWN or marker.is_file() or not any(self.path.iterdir())
            if not ours:
                raise FolderRefused(
                    f"{self.path} holds files that no local run made: name another folder, or an empty one"
                )
            lock = os.open(marker, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise FolderRefused(f"{self.path} cannot hold a local run's state: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise FolderRefused(
                f"another local run has its state in {self.path}: stop it, or name another with --folder"
            ) from error
        os.pwrite(lock, _SAID.encode(), 0)
        self._lock = lock

    def release(self) -> None:
        """Let other runs have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def clear(self) -> None:
        """Remove what an earlier run made in it, and nothing else. Raises `FolderRefused`."""
        if self._lock is None:
            raise FolderRefused(f"{self.path} is not held by this run")
        try:
            for name in MADE:
                made = self.path / name
                if made.is_dir() and not made.is_symlink():
                    shutil.rmtree(made)
                else:
                    made.unlink(missing_ok=True)
        except OSError as error:
            raise FolderRefused(
                f"what an earlier run left cannot be removed: {error.filename}: {error.strerror}"
            ) from error
