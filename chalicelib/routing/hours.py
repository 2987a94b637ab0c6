"""Tells when somebody is on duty.

An interval belongs to the day on which it starts: a night shift that began before a holiday goes on into it,
and one that would begin on the holiday is off. An absence lasts from midnight to midnight, whatever shift it
cuts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.vocabulary.errors import Misconfigured
from chalicelib.vocabulary.people import Hours

WEEK = ("sat", "sun", "mon", "tue", "wed", "thu", "fri")
ALWAYS = Hours(week=dict.fromkeys(WEEK, (("00:00", "24:00"),)))

Absences = tuple[tuple[str, str], ...]

# Longer than any closure, Nowruz included; beyond it a date would be a guess.
_HORIZON = 62


def on_duty(hours: Hours, at: datetime, *, away: Absences = ()) -> bool:
    """Whether the moment `at`, aware, lies in the hours and in no absence."""
    if away_until(hours, at, away) is not None:
        return False
    day = at.astimezone(zone(hours)).date()
    # The day before may have begun a shift that runs past midnight.
    return any(
        start <= at.astimezone(UTC) < end
        for start_day in (day - timedelta(days=1), day)
        for start, end in _shifts(hours, start_day)
    )


def next_on_duty(hours: Hours, at: datetime, *, away: Absences = ()) -> datetime | None:
    """The first moment on duty from `at` on, in UTC; None if there is none for two months."""
    if on_duty(hours, at, away=away):
        return at.astimezone(UTC)
    first = at.astimezone(zone(hours)).date()
    for day in (first + timedelta(days=n) for n in range(_HORIZON)):
        # An absence that ends in the middle of a night shift ends at midnight.
        starts = {_moment(hours, day, time()), *(start for start, _ in _shifts(hours, day))}
        for moment in sorted(starts):
            if moment > at and on_duty(hours, moment, away=away):
                return moment
    return None


def after(hours: Hours, at: datetime, minutes: float, *, away: Absences = ()) -> datetime | None:
    """When so many minutes on duty have passed since `at`, in UTC; None if not within two months."""
    left, reached = timedelta(minutes=minutes), at.astimezone(UTC)
    first = at.astimezone(zone(hours)).date()
    for day in (first + timedelta(days=n) for n in range(-1, _HORIZON)):
        for shift in sorted(_shifts(hours, day)):
            for start, end in _without_absences(hours, shift, away):
                begins = max(start, reached)
                if begins >= end:
                    continue
                if begins + left <= end:
                    return begins + left
                left -= end - begins
                reached = end
    return None


def away_until(hours: Hours, at: datetime, away: Absences) -> date | None:
    """The last day of the absence that `at` lies in, or None."""
    day = at.astimezone(zone(hours)).date().isoformat()
    last = max((last for first, last in away if first <= day <= last), default=None)
    return date.fromisoformat(last) if last else None


def local(hours: Hours, at: datetime) -> str:
    """The moment as the people with these hours would write it."""
    return f"{at.astimezone(zone(hours)):%Y-%m-%d %H:%M} {hours.timezone}"


def zone(hours: Hours) -> ZoneInfo:
    """The time zone of the hours. Raises `Misconfigured` if it is unknown."""
    try:
        return ZoneInfo(hours.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Misconfigured("timezone_unknown", hours.timezone) from error


def _shifts(hours: Hours, day: date) -> Iterator[tuple[datetime, datetime]]:
    if day.isoformat() in hours.holidays:
        return
    for begin, finish in hours.week.get(WEEK[(day.weekday() + 2) % 7], ()):
        past_midnight = finish == "24:00" or finish <= begin
        end = time() if finish == "24:00" else time.fromisoformat(finish)
        yield (
            _moment(hours, day, time.fromisoformat(begin)),
            _moment(hours, day + timedelta(days=past_midnight), end),
        )


def _without_absences(
    hours: Hours, shift: tuple[datetime, datetime], away: Absences
) -> Iterator[tuple[datetime, datetime]]:
    """The parts of a shift on days without absence."""
    start, end = shift
    while start < end:
        day = start.astimezone(zone(hours)).date()
        midnight = _moment(hours, day + timedelta(days=1), time())
        if away_until(hours, start, away) is None:
            yield start, min(end, midnight)
        start = midnight


def _moment(hours: Hours, day: date, clock: time) -> datetime:
    # In UTC, because two times of one zone compare by their clocks, not by when they are.
    return datetime.combine(day, clock, tzinfo=zone(hours)).astimezone(UTC)
