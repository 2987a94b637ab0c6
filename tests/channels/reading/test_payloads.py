"""Bodies are read strictly: a typed value, or `Rejected` that names the place and never the content."""

import json
import re
import sys
from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.channels.reading.payloads import (
    decode,
    decode_form,
    derived_id,
    displayable,
    international,
    present,
)
from chalicelib.vocabulary.errors import Rejected

# How long an example takes is measured in `benchmarks/`, not here.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


class Inner(msgspec.Struct):
    id: int = 0
    text: str = ""


class Outer(msgspec.Struct):
    inner: Inner | None = None
    many: list[Inner] = []
    raw: msgspec.Raw = msgspec.Raw(b"")


class Strict(msgspec.Struct):
    name: str
    sort: Literal["a", "b"]
    few: tuple[str, str] = ("", "")
    least: Annotated[int, msgspec.Meta(ge=1)] = 1
    any: dict[str, int] = {}


OUTER = msgspec.json.Decoder(Outer)
INNER = msgspec.json.Decoder(Inner)


def refusal(body, decoder=OUTER):
    with pytest.raises(Rejected) as caught:
        decode(decoder, body)
    return caught.value


@pytest.mark.parametrize(
    ("body", "reason", "place"),
    [
        (b'{"inner": {"text": 5}}', "unexpected_shape", "$.inner.text"),
        (b'{"many": [{}, {"id": "secret"}]}', "unexpected_shape", "$.many[1].id"),
        (b'{"inner": {"id": 1.0}}', "unexpected_shape", "$.inner.id"),
        (b'{"inner": {"id": 1e3}}', "unexpected_shape", "$.inner.id"),
        (b'{"inner": {"id": ' + b"9" * 5000 + b"}}", "unexpected_shape", "$.inner.id"),
        (b'{"inner": {"id": 1e400}}', "unexpected_shape", "$.inner.id"),
        (b'{"inner": {"id": true}}', "unexpected_shape", "$.inner.id"),
        (b"[]", "unexpected_shape", ""),
        (b"", "not_json", ""),
        (b"{", "not_json", ""),
        (b"NaN", "not_json", ""),
        (b'{"inner": {"id": NaN}}', "not_json", ""),
        (b'\xef\xbb\xbf{"inner": null}', "not_json", ""),
        (b"{} {}", "not_json", ""),
        (b'{"inner": {"text": "\xff"}}', "not_utf8", ""),
        (b'{"inner": {"text": "\xed\xa0\x80"}}', "not_utf8", ""),
        ('{"inner": {"text": "سلام"}}'.encode("cp1256"), "not_utf8", ""),
        ('{"inner": {"text": "a"}}'.encode("utf-16"), "not_json", ""),
        (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep", ""),
        (b'{"raw": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep", ""),
    ],
    ids=repr,
)
def test_refused_with_the_place(body, reason, place):
    error = refusal(body)
    assert error.reason == reason
    assert place in error.detail
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("shape", "body", "said"),
    [
        (Strict, b'{"other": "secret"}', "Object missing required field `name`"),
        (Strict, b'{"name": "", "sort": "secret"}', "Invalid enum value at $.sort"),
        (
            Strict,
            b'{"name": "", "sort": "a", "few": ["secret", "", ""]}',
            "Expected `array` of length 2 at $.few",
        ),
        (Strict, b'{"name": "", "sort": "a", "least": 0}', "Expected `int` >= 1 at $.least"),
        (
            Strict,
            b'{"name": "", "sort": "a", "any": {"secret": "x"}}',
            "Expected `int`, got `str` at $.any[...]",
        ),
    ],
)
def test_it_says_what_was_expected_and_nothing_that_came(shape, body, said):
    assert refusal(body, msgspec.json.Decoder(shape)).detail == said


def test_the_recursion_limit_is_not_ours_to_raise():
    before = sys.getrecursionlimit()
    refusal(b"[" * 100_000, msgspec.json.Decoder(msgspec.Raw))
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"\ud800", "\ufffd"),
        (r"a\uDBFFb", "a\ufffdb"),
        (r"\udc00", "\ufffd"),
        (r"\ud83d\ude00", "😀"),
        (r"\ud83d\ud83d\ude00", "\ufffd😀"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"\ud83d\n", "\ufffd\n"),
        (r"\\ud800 \ud800", "\\ud800 \ufffd"),
        (r"\\\ud800", "\\\ufffd"),
        (r"\ud800\\udc00", "\ufffd\\udc00"),
        ("سلام " + r"\ud800", "سلام \ufffd"),
        (r"\uFFFE\u0000", "\ufffe\x00"),
    ],
)
def test_half_an_emoji_loses_no_message(escaped, text):
    assert decode(INNER, f'{{"id": 1, "text": "{escaped}"}}'.encode()) == Inner(id=1, text=text)


def test_half_an_emoji_in_a_part_that_is_not_read():
    assert decode(INNER, rb'{"unread": "\ud800", "id": 1}') == Inner(id=1)
    assert bytes(decode(OUTER, rb'{"raw": {"text": "\ud800"}}').raw) == rb'{"text": "\ufffd"}'


def test_what_is_mended_and_still_wrong_is_refused():
    assert refusal(rb'{"inner": {"text": "\ud800", "id": "x"}}').reason == "unexpected_shape"


# A list, because among all characters of one alphabet the halves would hardly ever be drawn.
pieces = st.lists(
    st.text(max_size=5) | st.sampled_from(["\ud83d", "\ude00", "\ud800", "\udfff"]), max_size=12
)


@given(pieces.map("".join))
def test_any_text_python_can_escape_is_read(text):
    body = json.dumps({"id": 1, "text": text}).encode()
    lone = re.compile("[\ud800-\udfff]")  # the halves of a pair have become one character
    assert decode(INNER, body).text == lone.sub("\ufffd", json.loads(body)["text"])


@pytest.mark.parametrize("number", [2**53 + 1, 2**63, 2**64 - 1, 2**64, 2**64 + 1, 10**40 + 1, -(2**64) - 1])
def test_whole_numbers_keep_every_digit(number):
    assert decode(INNER, b'{"id": %d}' % number).id == number


def test_the_last_of_two_keys_counts():
    assert decode(INNER, b'{"id": 1, "id": 2, "text": "a", "text": "b"}') == Inner(id=2, text="b")


def test_bytes_that_nobody_reads_harm_nobody():
    outer = decode(OUTER, b'{"raw": {"text": "\xff"}, "unread": "\xff", "many": [{"id": 1}]}')
    assert outer.many == [Inner(id=1)]
    assert refusal(outer.raw, INNER).reason == "not_utf8"


@given(st.binary(max_size=200))
def test_any_bytes(body):
    others = msgspec.json.Decoder(dict[str, msgspec.Raw]), msgspec.json.Decoder(int)
    decoders: tuple[msgspec.json.Decoder[Any], ...] = (OUTER, INNER, *others)
    for decoder in decoders:
        with suppress(Rejected):
            decode(decoder, body)


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=12), st.sampled_from(["key", "value", "number"]))
def test_no_refusal_repeats_the_content(content, place):
    bodies = {
        "key": {content: {content: 1}, "inner": {"id": content, content: content}},
        "value": {"inner": {"id": content}},
        "number": {"inner": {"text": [content]}},
    }
    assert content not in str(refusal(json.dumps(bodies[place]).encode()))


def test_a_key_of_a_map_is_not_repeated():
    error = refusal(b'{"a secret": "x"}', msgspec.json.Decoder(dict[str, int]))
    assert "a secret" not in str(error)


def test_present():
    assert present(0, "id") == 0
    with pytest.raises(Rejected, match="`text` is missing"):
        present(None, "text")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", []),
        (b"a=1&b=&c", [("a", "1"), ("b", ""), ("c", "")]),
        (b"a=1&a=2&a=1", [("a", "1"), ("a", "2"), ("a", "1")]),
        (b"Body=a+b%2Bc%20d", [("Body", "a b+c d")]),
        (b"Body=%D8%B3&x=%F0%9F%98%80", [("Body", "س"), ("x", "😀")]),
        ("Body=سلام".encode(), [("Body", "سلام")]),
        (b"a=1;b=2", [("a", "1;b=2")]),
        (b"a==&&b=%", [("a", "="), ("b", "%")]),
    ],
)
def test_forms(body, fields):
    assert decode_form(body) == fields


@pytest.mark.parametrize(
    ("body", "kept", "shown"),
    [
        (b"a=\xff", b"\xff", "\ufffd"),
        (b"a=%ff", b"\xff", "\ufffd"),
        (b"a=x%ED%A0%80y", b"x\xed\xa0\x80y", "x\ufffd\ufffd\ufffdy"),  # half an emoji
        (b"a=Caf%E9+\xd8%B3", b"Caf\xe9 \xd8\xb3", "Caf\ufffd س"),
    ],
)
def test_what_is_not_utf8_is_kept_and_can_be_shown(body, kept, shown):
    ((_, value),) = decode_form(body)
    assert value.encode("utf-8", "surrogateescape") == kept
    assert displayable(value) == shown


def test_a_form_of_too_many_fields_is_refused():
    with pytest.raises(Rejected, match="form_malformed"):
        decode_form(b"&".join([b"a=1"] * 10_001))


@given(st.binary(max_size=200))
def test_any_form(body):
    for name, value in decode_form(body):
        assert displayable(name + value).encode().decode() == displayable(name + value)


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_what_is_utf8_is_shown_as_it_is(text):
    assert displayable(text) == text


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("989120000001", "+989120000001"),
        ("+989120000001", "+989120000001"),
        ("+98 (912) 000-0001", "+989120000001"),
        ("\u202a+98 912 000 0001\u202c", "+989120000001"),
        ("IR.1000000000000001", ""),
        ("IR.12345678", ""),
        ("12345", ""),
        ("1234567890123456", ""),
        ("++989120000001", ""),
        ("٠٩١٢٠٠٠٠٠٠١", ""),
        ("989120000001\n", ""),
        ("", ""),
        ("+", ""),
    ],
)
def test_international_numbers(written, number):
    assert international(written) == number


def test_derived_ids():
    assert derived_id("a", "b") == derived_id("a", "b")
    assert (
        len({derived_id("a", "b"), derived_id("ab", ""), derived_id("", "ab"), derived_id("a", "b", "")}) == 4
    )
    assert len(derived_id("\ud800")) == 32
