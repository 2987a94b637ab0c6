"""When a delivery that failed is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

SCHEDULE = (0, 5, 30, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600)
"""Seconds before attempt 1, 2, 3 …; the last one repeats."""

HORIZON = timedelta(hours=80)
"""From the event's commit; a delivery older than that gets one more attempt."""

_LONGEST = 11 * 3600
"""SQS refuses a message that was invisible for more than 12 hours in all."""


def wait(attempts: int, jitter: float) -> float:
    """Seconds to wait after so many attempts; `jitter` from 0 to 1 adds up to a tenth."""
    planned = SCHEDULE[min(attempts, len(SCHEDULE) - 1)]
    return min(planned * (1 + 0.1 * jitter), _LONGEST)


def asked(retry_after: float, jitter: float) -> float:
    """Seconds to wait when the other side named a time; never sooner than it said, within what SQS can."""
    return min(max(retry_after, 1) * (1 + 0.1 * jitter), _LONGEST)


def spent(committed_at: datetime, now: datetime) -> bool:
    """Whether this attempt is the last."""
    return now - committed_at > HORIZON
