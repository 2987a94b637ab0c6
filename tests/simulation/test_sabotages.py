"""The simulator can fail: it finds each small change that breaks a promise."""

from __future__ import annotations

import pytest

from tests.simulation.sabotages import MOST_SEEDS, SABOTAGES, hunt


def test_there_are_enough_and_each_still_fits_the_code():
    assert len(SABOTAGES) >= 12
    assert all(sabotage.source() for sabotage in SABOTAGES)


@pytest.mark.slow
@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_it_is_found(sabotage):
    assert hunt(sabotage, MOST_SEEDS).seeds, f"{sabotage.name} was not found in {MOST_SEEDS} seeds"
