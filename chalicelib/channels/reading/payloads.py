"""Reads bodies and their parts strictly: as typed values, or `Rejected` with the place and never the content.

JSON is read by msgspec decoders, of which the caller keeps one per type. A decoder does not look at what it
skips: bytes that are not UTF-8 in a field that nobody reads do no harm, and a part typed `msgspec.Raw`
fails alone when it is decoded later.
"""

from __future__ import annotations

import hashlib
import re
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from chalicelib.vocabulary.errors import Rejected

T = TypeVar("T")

_MOST_FIELDS = 10_000
_SHAPE = re.compile(
    r"Expected `[a-z| ]+`(?:, got `[a-z]+`| (?:of length )?(?:[<>]?=? ?)-?\d+)?"
    r"|Object missing required field `\w+`"
    r"|Invalid enum value(?= )|Invalid value(?= )"
)
_PLACE = re.compile(r"`(\$[^`]*)`$")
# Every escape of a JSON string, left to right, so that the second half of an escaped backslash is never
# taken for the start of another escape.
_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_REPLACEMENT = rb"\ufffd"
_PHONE = re.compile(r"[0-9]{7,15}")
_PUNCTUATION = re.compile(r"[ ().\-\u200e\u202a\u202c]")


def decode(decoder: msgspec.json.Decoder[T], data: bytes | msgspec.Raw) -> T:
    """The typed value of a JSON text. Raises `Rejected`.

    A lone surrogate escape (`\\ud800`, half of an emoji that was cut) is legal JSON but no character: it is
    read as U+FFFD, so that the message is not lost. Whole numbers keep every digit.
    """
    try:
        return _decode(decoder, data)
    except Rejected:
        body = bytes(data)
        mended = _ESCAPE.sub(_mend, body)
        if mended == body:
            raise
    return _decode(decoder, mended)


def present(part: T | None, name: str) -> T:
    """The part, which the message's type calls for. Raises `Rejected` if it is missing."""
    if part is None:
        raise Rejected("unexpected_shape", f"`{name}` is missing")
    return part


def decode_form(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form in their order, empty ones too, `+` read as a space. Raises `Rejected`.

    Bytes that are not UTF-8, in the form or behind its percent signs, stay what they are as lone surrogates
    (`surrogateescape`): a signature covers them, `displayable` makes text of them.
    """
    try:
        return parse_qsl(
            body.decode("utf-8", "surrogateescape"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise Rejected("form_malformed", "more fields than any platform sends") from error


def displayable(field: str) -> str:
    """A field of `decode_form` with U+FFFD for what is not UTF-8, so that the message is not lost."""
    return field.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def derived_id(*facts: str) -> str:
    """An id for a happening to which the platform gave none: the same when the happening is sent again."""
    return hashlib.sha256("\x1f".join(facts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def international(number: str) -> str:
    """A number that is known to be international, as `+` and digits; empty if it is no phone number."""
    digits = _PUNCTUATION.sub("", number).removeprefix("+")
    return f"+{digits}" if _PHONE.fullmatch(digits) else ""


def _decode(decoder: msgspec.json.Decoder[T], data: bytes | msgspec.Raw) -> T:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise Rejected("unexpected_shape", _described(f"{error}")) from error
    except msgspec.DecodeError as error:
        raise Rejected("not_json", "the JSON is malformed or truncated") from error
    except UnicodeDecodeError as error:
        raise Rejected("not_utf8", "a text is not UTF-8") from error
    except RecursionError as error:
        raise Rejected("too_deep", "nested too deeply") from error


def _described(message: str) -> str:
    # Some of msgspec's messages quote values: only the types and the path are taken from them.
    shape, place = _SHAPE.match(message), _PLACE.search(message)
    described = shape.group() if shape else "another shape was expected"
    return f"{described} at {place.group(1)}" if place else described


def _mend(escape: re.Match[bytes]) -> bytes:
    return _REPLACEMENT if escape.group("lone") else escape.group()
