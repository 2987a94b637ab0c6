"""When a delivery is tried again: the whole schedule, and SQS's limit on it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.pipeline import retry

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
    [(0, 5), (-5, 5), (0.2, 5), (60, 60), (HOUR, HOUR), (24 * HOUR, LIMIT), (10**12, LIMIT)],
)
def test_what_the_other_side_asked_for_is_never_undercut(asked, seconds):
    assert retry.wait(1, 0, at_least=asked) == seconds
    assert seconds <= retry.wait(1, 1, at_least=asked) <= min(1.1 * seconds, LIMIT) + 0.001


def test_a_short_time_asked_for_does_not_undercut_the_schedule():
    assert retry.wait(5, 0, at_least=1) == retry.SCHEDULE[5]


@pytest.mark.parametrize(
    ("asked", "age", "seconds"),
    [(None, 0, 5), (1, 0, 5), (60, 0, 60), (1, 600, 60), (1, 24 * HOUR, 600), (24 * HOUR, 0, LIMIT)],
)
def test_a_pause_that_was_asked_for_grows_with_the_event(asked, age, seconds):
    assert retry.throttled(asked, age, 0) == seconds


def test_a_thousand_receives_under_throttling_outlast_the_horizon():
    age, receives = 0.0, 0
    while age <= retry.HORIZON.total_seconds():
        age += retry.throttled(1, age, 0)
        receives += 1
    assert receives < 900


def test_the_last_attempt_is_the_one_after_eighty_hours():
    committed = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    assert not retry.spent(committed, committed)
    assert not retry.spent(committed, committed + timedelta(hours=80))
    assert retry.spent(committed, committed + timedelta(hours=80, seconds=1))
