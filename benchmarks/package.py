"""The size of what is uploaded to Lambda."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.budgets import ZIP_MEGABYTES, Figure
from ops.deploy.package import package, stage_targets

_STAGE = "example"


def measure() -> Iterator[Figure]:
    """The zip of all functions, packaged now."""
    with tempfile.TemporaryDirectory() as folder:
        made = package(_STAGE, stage_targets(_STAGE), out=Path(folder) / "package")
        size = made.zip.stat().st_size / 1024 / 1024
    yield Figure(name="zip of all functions", value=size, unit="MB", limit=ZIP_MEGABYTES, about="for arm64")
