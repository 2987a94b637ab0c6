"""What a status means, when to come again, and what is shown of the other side's words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.crms.http.replies import classify, redacted, retry_after
from chalicelib.crms.http.vendors import _WORDS
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
        ('The phone "0912 123" for party "Mary "May" R" is not valid.', "The phone … is not valid"),
        ('The value for field "Name" in "Party" is required.', "The value for field … is required"),
        ("unknown user maryam@example.org is here", "unknown user … is …"),
        ("call +98 (912) 123-4567 again", "call … again"),
        ("شماره ۰۹۱۲۱۲۳۴۵۶۷ مریم", "…"),
        ("DUPLICATE_VALUE", "DUPLICATE_VALUE"),
        ("Required fields are missing: [LastName, contact.firstName]",
         "Required fields are missing LastName contact.firstName"),
        ("line\nbreak\x00\x1b[31m is invalid", "line … is invalid"),
        ("Party Sara Rostami exists already", "… exists already"),
        ("party sara rostami exists already", "party … exists already"),
        ("SARA_ROSTAMI: Saras record, sararostami's, is locked", "… record … is locked"),
        ("the owner Mark Field is inactive", "the owner … is inactive"),
        ("Party Do An exists", "… exists"),
        ("An error occurred. Field name is blank", "An error occurred Field name is blank"),
        ("the fıeld is ｖalid", "the … is …"),
        ("", ""),
    ],
)  # fmt: skip
def test_vendor_words_are_shown_without_what_they_quote(words, kept):
    assert redacted(words) == kept


NAMES = (
    "Sara", "Rostami", "mina", "O'Neil", "Jean-Luc", "Müller", "Mark", "Will", "May", "Grant", "Long",
    "Nguyễn", "李小龍", "سارا", "ali_reza77", "@sara.r", "VON", "al", "Joy", "Art",
)  # fmt: skip
SENTENCES = (
    "{} exists already", "Party {} exists already", "the record of {} is locked", "{}", "field:{};",
    "a {}, b", "Duplicate contact ({}) was found", "name={}&value=1", "INVALID_VALUE: {}.", "{}{}",
    "not found: {} in {}", "Value {} Is Not Valid", "Is {} The Owner?", "…{}…", "no“{}",
)  # fmt: skip


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), st.sampled_from(SENTENCES), st.randoms())
def test_no_name_survives_wherever_it_stands(names, sentence, luck):
    cased = [luck.choice((str, str.lower, str.upper, str.title))(name) for name in names]
    shown = redacted(sentence.replace("{}", luck.choice((" ", ", ", " and ")).join(cased)))
    for word in re.findall(r"\w{2,}", " ".join(cased)):
        assert not re.search(rf"\b{re.escape(word)}\b", shown, re.IGNORECASE), shown


@given(st.text(), st.lists(st.sampled_from(["Sara", "field", "is", "X", "'", "\n", "“", "4"])))
def test_what_is_repeated_is_in_the_list(anything, words):
    for word in redacted(f"{anything} {' '.join(words)}").split():
        parts = re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z]+(?:'[a-z]+)?", word)
        assert word == "…" or (parts and all(part.lower() in _WORDS for part in parts))


@given(st.text())
def test_redacted_words_are_short_plain_and_hold_no_number(words):
    shown = redacted(words)
    assert len(shown) <= 160
    assert all(character == "…" or " " <= character <= "~" for character in shown)
    assert not re.search(r"\S@\S|[0-9]{4}", shown)
