"""Says when a failed delivery is tried again by its ledger, and a message by how often it was received."""

from __future__ import annotations

from datetime import datetime, timedelta

SCHEDULE = (0, 5, 30, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600)
"""Seconds before attempt 1, 2, 3 …; the last one repeats."""

HORIZON = timedelta(hours=80)
"""Counted from the event's commit; a delivery older than that gets one more attempt."""

_LEAST_PAUSE, _MOST_PAUSE = 5, 600

_LONGEST = 11 * 3600
"""Seconds: SQS refuses to hide a message for more than 12 hours in all."""


LONGEST_AT_A_TARGET = 300.0
"""Seconds, at most, between receives without a ledger. A thousand receives then outlast the horizon."""

LONGEST_AT_THE_EVENTS = 120.0
"""Seconds, at most, between receives. Four hundred then last half a day, longer than a table is throttled."""

TIME_FOR_A_STEP = 25.0
"""Seconds that a step at a target may need; with less left, it is left to the next worker."""

TIME_FOR_A_CALL = 12.0
"""Seconds that one call to a target may need at the most, and what is written after it."""

LONGEST_ATTEMPT = 60.0
"""Seconds for which a worker can be at a delivery: the time limit of its function."""

_LEAST_SETTLE, _MOST_SETTLE = 60, 300

TIME_FOR_A_MESSAGE = 8.0
"""Seconds that a message at the events queue may need."""


def again(received: int, chance: float, *, most: float) -> float:
    """Seconds until a message comes back, if nothing else says when.

    received: how often it was received.
    chance: 0 to 1, adds up to a half, so that not all messages come back at once.
    most: seconds, at most, before chance is added.
    """
    return float(min(2 ** min(received, 10), most)) * (1 + chance / 2)


def wait(attempts: int, jitter: float, *, at_least: float = 0) -> float:
    """Seconds to wait after so many attempts.

    jitter: 0 to 1, adds up to a tenth.
    at_least: the seconds that the other side named.
    """
    planned = SCHEDULE[min(attempts, len(SCHEDULE) - 1)]
    return min(max(planned, at_least) * (1 + 0.1 * jitter), _LONGEST)


def settle(own: float, attempts: int) -> float:
    """Seconds until one may trust that a write whose answer was lost is not there.

    own: the connector's. Whoever lets an answer be lost may also finish late, so it is a minute at least, and
    twice as long after each further attempt, up to five minutes: that is where the schedule has come to.
    """
    doublings = min(max(attempts - 1, 0), 10)
    return max(own, float(min(_LEAST_SETTLE << doublings, _MOST_SETTLE)))


def throttled(named: float | None, age: float, jitter: float) -> float:
    """Seconds to wait after being told to slow down, which costs no attempt.

    The pause grows with the event's age, because the queue gives a message up after a thousand receives, and
    these have to outlast the horizon.

    named: the seconds that the other side named, None if it named none.
    age: the event's age in seconds.
    jitter: 0 to 1, adds up to a tenth.
    """
    return min(max(named or 0, _LEAST_PAUSE, min(_MOST_PAUSE, age / 10)) * (1 + 0.1 * jitter), _LONGEST)


MOST_REFUSALS = 4
"""Attempts that an endpoint refuses as if it served nobody, before the event is to blame."""

_OTHERS_FIRST = 120.0
"""Seconds by which a refused delivery keeps away from the next trial of its target."""


def refused(refusals: int, jitter: float, *, pause: float = 0) -> float:
    """Seconds to wait after so many refusals by an endpoint that may serve nobody: minutes in all.

    pause: until a target that was on trial is tried again, 0 if it was not. The refused one stays away from
    that trial, so that another customer's delivery shows whether it was the event.
    """
    planned = SCHEDULE[min(refusals, MOST_REFUSALS - 1)]
    return (2 * pause + _OTHERS_FIRST if pause else planned) * (1 + 0.1 * jitter)


def spent(committed_at: datetime, now: datetime) -> bool:
    """Whether this attempt is the last."""
    return now - committed_at > HORIZON
