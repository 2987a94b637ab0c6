"""Reads platforms' timestamps as aware UTC datetimes, or refuses them.

A time outside 2000 to 2100 is refused rather than believed: it is one unit taken for another (seconds for
milliseconds), a zero that means "unknown", or a forgery, and `datetime` itself raises three different
exceptions on such input.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from chalicelib.vocabulary.errors import Rejected

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_EARLIEST_SECONDS = int(_EARLIEST.timestamp())
_LATEST_SECONDS = int(_LATEST.timestamp())
# Sixteen digits hold milliseconds for 300,000 years; `int` raises ValueError on thousands of digits.
_DIGITS = re.compile(r"[0-9]{1,16}")


def from_seconds(value: int | str) -> datetime:
    """The time of Unix seconds, given as a whole number or its digits. Raises `Rejected`."""
    return _instant(_whole(value), 0)


def from_millis(value: int | str) -> datetime:
    """The time of Unix milliseconds, given as a whole number or its digits. Raises `Rejected`."""
    seconds, millis = divmod(_whole(value), 1000)
    return _instant(seconds, millis)


def from_rfc2822(value: str) -> datetime:
    """The time of a date in mail and HTTP headers: `Tue, 21 Apr 2026 10:00:00 +0000`. Raises `Rejected`."""
    try:
        instant = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError) as error:
        raise Rejected("time_malformed", "not an RFC 2822 date") from error
    # The zone -0000 means UTC in an unknown place; it is parsed to a naive time.
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    # Compared before it is converted: the conversion overflows at the ends of the calendar.
    if not _EARLIEST <= aware <= _LATEST:
        raise Rejected("time_out_of_range", "not between 2000 and 2100")
    return aware.astimezone(UTC)


def _whole(value: int | str) -> int:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Rejected("time_malformed", "not a whole number")


def _instant(seconds: int, millis: int) -> datetime:
    in_range = _EARLIEST_SECONDS <= seconds < _LATEST_SECONDS or (seconds, millis) == (_LATEST_SECONDS, 0)
    if not in_range:
        raise Rejected("time_out_of_range", "not between 2000 and 2100")
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=millis * 1000)
