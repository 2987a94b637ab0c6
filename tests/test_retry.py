"""When a delivery is tried again: the whole schedule, and SQS's limit on it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import retry

HOUR = 3600
LIMIT = 11 * HOUR


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [*enumerate((0, 5, 30, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR)), (1000, 10 * HOUR)],
)
def test_the_schedule(attempts, seconds):
    assert retry.wait(attempts, 0) == seconds
    assert retry.wait(attempts, 1) == pytest.approx(min(1.1 * seconds, LIMIT))


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_never_sooner_than_planned_nor_longer_than_the_queue_can(attempts, jitter):
    assert retry.wait(attempts, 0) <= retry.wait(attempts, jitter) <= LIMIT


def test_it_goes_on_past_the_horizon():
    """So many attempts are planned within 80 hours, whatever the jitter."""
    for jitter in (0, 1):
        waited, attempts = 0.0, 0
        while waited <= retry.HORIZON.total_seconds():
            waited += retry.wait(attempts, jitter)
            attempts += 1
        assert attempts in (14, 15, 16)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(0, 1), (-5, 1), (0.2, 1), (60, 60), (HOUR, HOUR), (24 * HOUR, LIMIT), (10**12, LIMIT)],
)
def test_what_the_other_side_asked_for(asked, seconds):
    assert retry.asked(asked, 0) == seconds
    assert seconds <= retry.asked(asked, 1) <= min(1.1 * seconds, LIMIT) + 0.001


def test_the_last_attempt_is_the_one_after_eighty_hours():
    committed = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    assert not retry.spent(committed, committed)
    assert not retry.spent(committed, committed + timedelta(hours=80))
    assert retry.spent(committed, committed + timedelta(hours=80, seconds=1))
