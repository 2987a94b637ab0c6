"""The simulator can fail: it finds each small change that breaks a promise."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.simulation.sabotage import ROOT
from tests.simulation.sabotages import KNOWN, MOST_SEEDS, SABOTAGES, hunt

every_sabotage = pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)


def test_there_are_enough():
    assert len(SABOTAGES) >= 60


@every_sabotage
def test_it_fits_the_code(sabotage):
    """It has its one place, and names nothing that is not there: that would be found for the wrong reason."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--isolated", "--select", "F821", "-"],
        input=ast.unparse(sabotage.tree()),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@every_sabotage
def test_it_is_found(sabotage):
    found = hunt(sabotage, MOST_SEEDS, first=KNOWN.get(sabotage.name, 0))
    assert found.seeds, f"{sabotage.name} was not found in {MOST_SEEDS} seeds"
