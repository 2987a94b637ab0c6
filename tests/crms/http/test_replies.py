"""What a status means, when to come again, and what is shown of the other side's words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.crms.http.replies import classify, redacted, retry_after
from chalicelib.vocabulary.delivery import Reply
from chalicelib.vocabulary.errors import (
    HubError,
    NotServed,
    Permanent,
    Throttled,
    Transient,
    Unauthorised,
    Unknown,
)


def answered(status: int, body: bytes = b"", **headers: str) -> Reply:
    return Reply(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=body)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 207, 299])
def test_success(status):
    classify(answered(status))


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (301, NotServed, "redirected"), (304, NotServed, "redirected"), (400, Permanent, "http_400"),
        (401, Unauthorised, "unauthorised"), (403, NotServed, "http_403"), (404, NotServed, "http_404"),
        (408, Transient, "http_408"), (409, Permanent, "http_409"), (410, NotServed, "gone"),
        (425, Transient, "http_425"), (429, Throttled, "throttled"), (500, Unknown, "http_500"),
        (501, NotServed, "http_501"), (502, Unknown, "http_502"), (503, Unknown, "http_503"),
        (504, Unknown, "http_504"), (599, Unknown, "http_599"), (102, Unknown, "http_102"),
        (999, Unknown, "http_999"),
    ],
)  # fmt: skip
def test_what_a_status_means(status, kind, reason):
    with pytest.raises(HubError) as caught:
        classify(answered(status, b"secret body"))
    assert type(caught.value) is kind
    assert caught.value.reason == reason
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("120", "", 120), ("0", "", 0), (" 7 ", "", 7), ("-3", "", None), ("1.5", "", None), ("", "", None),
        ("soon", "", None), ("9" * 5000, "", None), ("٣", "", None),
        ("Wed, 25 Nov 2026 10:00:30 GMT", "Wed, 25 Nov 2026 10:00:00 GMT", 30),
        ("Wed, 25 Nov 2026 10:00:30 GMT", "", None),
        ("Wed, 25 Nov 2026 09:00:00 GMT", "Wed, 25 Nov 2026 10:00:00 GMT", 0),
        ("Wed, 25 Nov 2026 10:00:30 -0000", "Wed, 25 Nov 2026 10:00:00 GMT", None),
        ("Fri, 99 Nov 99999 10:00:30 GMT", "Wed, 25 Nov 2026 10:00:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after(value, date, seconds):
    assert retry_after(answered(429, retry_after=value, date=date)) == seconds


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
def test_the_wished_wait_is_kept(status):
    with pytest.raises(Transient) as caught:
        classify(answered(status, retry_after="40"))
    assert caught.value.retry_after == 40


@given(st.text(), st.text())
def test_retry_after_never_fails(value, date):
    seconds = retry_after(answered(429, retry_after=value, date=date))
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ('The phone "0912 123" for party "Mary "May" R" is not valid.', "The phone … is not valid."),
        ("unknown user maryam@example.org here", "unknown user … here"),
        ("call +98 (912) 123-4567 back", "call +… back"),
        ("شماره ۰۹۱۲۱۲۳۴۵۶۷ مریم", "…"),
        ("DUPLICATE_VALUE", "DUPLICATE_VALUE"),
        ("line\nbreak\x00\x1b[31m", "line break [31m"),
        ("", ""),
    ],
)  # fmt: skip
def test_vendor_words_are_shown_without_what_they_quote(words, kept):
    assert redacted(words) == kept


@given(st.text())
def test_redacted_words_are_short_plain_and_hold_no_number(words):
    shown = redacted(words)
    assert len(shown) <= 160
    assert all(character == "…" or " " <= character <= "~" for character in shown)
    assert not re.search(r"\S@\S|[0-9]{4}", shown)
