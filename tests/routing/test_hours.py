"""On duty or not, around midnight, holidays and absences; and when next."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.routing.hours import ALWAYS, WEEK, away_until, local, next_on_duty, on_duty
from chalicelib.vocabulary.errors import Misconfigured
from chalicelib.vocabulary.people import Hours
from tests.routing.worlds import NIGHT, OFFICE

TEHRAN = ZoneInfo("Asia/Tehran")


def tehran(text):
    return datetime.fromisoformat(text).replace(tzinfo=TEHRAN)


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (OFFICE, "2026-11-25 08:59", False),
        (OFFICE, "2026-11-25 09:00", True),
        (OFFICE, "2026-11-25 16:59", True),
        (OFFICE, "2026-11-25 17:00", False),
        (OFFICE, "2026-11-26 12:00", False),  # a Thursday
        (OFFICE, "2026-11-27 12:00", False),  # a Friday
        (OFFICE, "2026-11-28 12:00", True),  # a Saturday
        (NIGHT, "2026-11-25 21:59", False),
        (NIGHT, "2026-11-25 22:00", True),
        (NIGHT, "2026-11-26 00:00", True),
        (NIGHT, "2026-11-26 05:59", True),
        (NIGHT, "2026-11-26 06:00", False),
        (ALWAYS, "2026-11-26 00:00", True),
        (ALWAYS, "2026-11-26 23:59", True),
        (Hours(), "2026-11-26 12:00", False),
        (Hours(week={"wed": (("09:00", "12:00"), ("14:00", "24:00"))}), "2026-11-25 13:00", False),
        (Hours(week={"wed": (("09:00", "12:00"), ("14:00", "24:00"))}), "2026-11-25 23:59", True),
        (Hours(week={"wed": (("09:00", "12:00"), ("14:00", "24:00"))}), "2026-11-26 00:00", False),
        (Hours(week={"wed": (("00:00", "00:00"),)}), "2026-11-25 23:59", True),
    ],
)
def test_on_duty(hours, at, expected):
    assert on_duty(hours, tehran(at)) == expected


def test_a_shift_begun_before_a_holiday_is_finished_and_none_begins_on_it():
    hours = Hours(week=NIGHT.week, holidays=("2026-11-26",))
    assert on_duty(hours, tehran("2026-11-26 05:00"))
    assert not on_duty(hours, tehran("2026-11-26 23:00"))
    assert not on_duty(hours, tehran("2026-11-27 05:00"))
    assert on_duty(hours, tehran("2026-11-27 22:00"))


def test_an_absence_is_from_midnight_to_midnight():
    away = (("2026-11-26", "2026-11-27"),)
    assert on_duty(NIGHT, tehran("2026-11-25 23:59"), away=away)
    assert not on_duty(NIGHT, tehran("2026-11-26 00:00"), away=away)
    assert not on_duty(NIGHT, tehran("2026-11-27 23:59"), away=away)
    assert on_duty(NIGHT, tehran("2026-11-28 00:00"), away=away)
    last = away_until(NIGHT, tehran("2026-11-26 12:00"), away)
    assert last is not None
    assert last.isoformat() == "2026-11-27"
    assert next_on_duty(NIGHT, tehran("2026-11-26 12:00"), away=away) == tehran("2026-11-28 00:00")


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (OFFICE, "2026-11-25 12:00", "2026-11-25 12:00"),
        (OFFICE, "2026-11-25 08:00", "2026-11-25 09:00"),
        (OFFICE, "2026-11-25 18:00", "2026-11-28 09:00"),
        (NIGHT, "2026-11-25 12:00", "2026-11-25 22:00"),
        (
            Hours(week=OFFICE.week, holidays=("2026-11-28", "2026-11-29")),
            "2026-11-25 18:00",
            "2026-11-30 09:00",
        ),
    ],
)
def test_next_on_duty(hours, at, expected):
    assert next_on_duty(hours, tehran(at)) == tehran(expected)


def test_never_on_duty():
    assert next_on_duty(Hours(), tehran("2026-11-25 12:00")) is None
    assert next_on_duty(OFFICE, tehran("2026-11-25 12:00"), away=(("2026-01-01", "2028-01-01"),)) is None


@pytest.mark.parametrize("month", range(1, 13))
def test_tehran_has_one_time_all_year(month):
    nine = datetime(2027, month, 10, 5, 30, tzinfo=UTC)
    hours = Hours(week=dict.fromkeys(WEEK, (("09:00", "17:00"),)))
    assert on_duty(hours, nine)
    assert not on_duty(hours, nine - timedelta(seconds=1))
    assert on_duty(hours, nine + timedelta(hours=8) - timedelta(seconds=1))
    assert not on_duty(hours, nine + timedelta(hours=8))


def test_where_the_clock_does_change_an_hour_of_duty_is_an_hour():
    berlin = Hours(timezone="Europe/Berlin", week={"sat": (("22:00", "06:00"),)})
    # The night in which 02:00 becomes 03:00 is seven hours long.
    begin = datetime(2027, 3, 27, 21, 0, tzinfo=UTC)
    assert on_duty(berlin, begin)
    assert on_duty(berlin, begin + timedelta(hours=7) - timedelta(seconds=1))
    assert not on_duty(berlin, begin + timedelta(hours=7))


def test_an_unknown_time_zone_is_misconfigured():
    for name in ("Asia/Nowhere", "../etc"):
        with pytest.raises(Misconfigured, match="timezone_unknown"):
            on_duty(Hours(timezone=name), tehran("2026-11-25 12:00"))


def test_a_moment_is_written_as_its_people_write_it():
    assert local(OFFICE, datetime(2026, 11, 25, 8, 0, tzinfo=UTC)) == "2026-11-25 11:30 Asia/Tehran"


clocks = st.times(max_value=datetime(2000, 1, 1, 23, 59).time()).map(lambda t: f"{t:%H:%M}")  # noqa: DTZ001
weeks = st.dictionaries(st.sampled_from(WEEK), st.lists(st.tuples(clocks, clocks), max_size=3).map(tuple))
moments = st.datetimes(datetime(2023, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=300)
@given(weeks, moments)
def test_on_duty_agrees_with_counting_minutes(week, at):
    hours = Hours(week=week)
    here = at.astimezone(TEHRAN)
    minute = here.hour * 60 + here.minute

    def count(clock):
        return int(clock[:2]) * 60 + int(clock[3:])

    today, yesterday = (WEEK[(here.weekday() + 2 - back) % 7] for back in (0, 1))
    begun_today = any(count(a) <= minute and (minute < count(b) or b <= a) for a, b in week.get(today, ()))
    begun_yesterday = any(b <= a and minute < count(b) for a, b in week.get(yesterday, ()))
    assert on_duty(hours, at) == (begun_today or begun_yesterday)


@given(weeks, moments, st.lists(st.integers(0, 20), max_size=3))
def test_next_on_duty_is_on_duty_and_nothing_before_it_is(week, at, absent):
    hours = Hours(week=week)
    days = [(at + timedelta(days=n)).date().isoformat() for n in absent]
    away = tuple((day, day) for day in days)
    found = next_on_duty(hours, at, away=away)
    until = found or at + timedelta(days=30)
    if found:
        assert found >= at
        assert on_duty(hours, found, away=away)
    step = (until - at) / 50
    assert not any(on_duty(hours, at + step * n, away=away) for n in range(50) if at + step * n < until)
