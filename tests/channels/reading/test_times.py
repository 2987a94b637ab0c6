"""Timestamps are believed between 2000 and 2100, and refused otherwise, whatever they are."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.channels.reading.times import from_millis, from_rfc2822, from_seconds
from chalicelib.vocabulary.errors import Rejected

# How long an example takes is measured in `benchmarks/`, not here.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(2100, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        (1795424400, datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("1795424400", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("01795424400", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        (946684800, FIRST),
        (4102444800, LAST),
    ],
)
def test_seconds(value, instant):
    assert from_seconds(value) == instant
    assert from_seconds(value).tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        (1795424400123, datetime(2026, 11, 23, 9, 0, 0, 123000, tzinfo=UTC)),
        ("1795424400000", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        (946684800000, FIRST),
        (4102444800000, LAST),
    ],
)
def test_millis(value, instant):
    assert from_millis(value) == instant


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("Mon, 23 Nov 2026 09:00:00 +0000", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 12:30:00 +0330", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("23 Nov 2026 09:00:00 -0000", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 09:00:00 GMT", datetime(2026, 11, 23, 9, tzinfo=UTC)),
    ],
)
def test_mail_dates(value, instant):
    assert from_rfc2822(value) == instant
    assert from_rfc2822(value).utcoffset() == timedelta(0)


ABSURD: list[object] = [
    *(0, -1, -62167219200, 946684799, 4102444801, 292277026596, 2**53, 2**64, 10**400),
    *(1795424400.0, float("nan"), float("inf"), True, None, [], b"1795424400"),
    *("", " ", "-1", "+1795424400", "1795424400.0", "1_795_424_400", "1e9", "NaN", "yesterday", "9" * 5000),
    *("١٧٩٥٤٢٤٤٠٠", "1795424400\n", "\x001795424400", "0000-00-00T00:00:00Z"),
]


@pytest.mark.parametrize("value", ABSURD, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("read", [from_seconds, from_millis])
def test_absurd_times_are_refused(read, value):
    with pytest.raises(Rejected) as caught:
        read(value)
    assert caught.value.reason in {"time_malformed", "time_out_of_range"}


@pytest.mark.parametrize(
    "value", ["", " ", "yesterday", "1795424400", "9" * 5000, "2026-11-23T09:00:00Z", "\ud800"]
)
def test_what_is_no_mail_date_is_refused(value):
    with pytest.raises(Rejected, match="time_malformed"):
        from_rfc2822(value)


@pytest.mark.parametrize("value", [946684799999, 4102444800001])
def test_one_millisecond_beyond(value):
    with pytest.raises(Rejected, match="time_out_of_range"):
        from_millis(value)


@pytest.mark.parametrize(
    "value",
    [
        "Mon, 01 Jan 0101 00:00:00 +2359",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Fri, 31 Dec 1999 23:59:59 +0000",
        "Fri, 01 Jan 2100 00:00:01 +0000",
        "Mon, 23 Nov 2026 09:00:00 +999999999999",
        "Mon, 99 Nov 2026 09:00:00 +0000",
        "Mon, 23 Nov 292277026596 09:00:00 +0000",
    ],
)
def test_mail_dates_out_of_the_calendar(value):
    with pytest.raises(Rejected):
        from_rfc2822(value)


def in_range_or_refused(read, value):
    try:
        instant = read(value)
    except Rejected:
        return
    assert FIRST <= instant <= LAST
    assert instant.utcoffset() == timedelta(0)


@given(st.integers() | st.integers().map(str) | st.text() | st.floats())
def test_any_number_or_text(value):
    in_range_or_refused(from_seconds, value)
    in_range_or_refused(from_millis, value)


date_parts = st.sampled_from(
    [
        "Mon,",
        "23",
        "Nov",
        "2026",
        "2100",
        "0000",
        "09:00:00",
        "25:61:61",
        "+0000",
        "-2400",
        "-9999999999",
        "::",
    ]
)


@given(st.text() | st.lists(date_parts, max_size=8).map(" ".join))
def test_any_mail_date(value):
    in_range_or_refused(from_rfc2822, value)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_there_and_back(instant):
    seconds, millis = int(instant.timestamp()), (instant - datetime(1970, 1, 1, tzinfo=UTC)) // MILLISECOND
    assert from_seconds(seconds) == instant.replace(microsecond=0)
    assert from_millis(millis) == instant - timedelta(microseconds=instant.microsecond % 1000)
