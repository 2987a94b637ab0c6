"""Turns phone numbers, as people and platforms write them, into E.164.

An Iranian mobile is recognised by its shape. The library's metadata calls ranges invalid that are in use
(0941…), so every number that it calls possible is taken, valid or not. A number of before its country's
renumbering becomes the one of today.
"""

from __future__ import annotations

import re

from chalicelib.language.persian import folded_digits
from chalicelib.vocabulary.numbering import current

_LONGEST = 64
_EXTENSION = re.compile(
    r"(?:داخلی|داخلي|extension|ext|int|x(?=\s*\.?\s*\d)|;ext=|#).*", re.IGNORECASE | re.DOTALL
)
_SPACING = re.compile(r"[\s()./\-\u00a0\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_IRANIAN_MOBILE = re.compile(r"(?:\+98|0098|98)?0?(9\d{9})")


def e164(raw: str, region: str = "IR") -> str:
    """The number in E.164 as it is written today, or empty if there is none in the text.

    region: the ISO 3166 country of a number that is written without a country code.
    """
    if len(raw) > _LONGEST:
        return ""
    digits = _SPACING.sub("", _EXTENSION.sub("", folded_digits(raw)))
    mobile = _IRANIAN_MOBILE.fullmatch(digits)
    if mobile and (region == "IR" or digits.startswith(("+98", "0098"))):
        return f"+98{mobile[1]}"
    if not re.fullmatch(r"\+?[0-9]{5,20}", digits):
        return ""
    return _parsed(digits, region)


def _parsed(digits: str, region: str) -> str:
    # 20 ms to import, and most events carry no phone.
    import phonenumbers  # noqa: PLC0415

    try:
        number = phonenumbers.parse(digits, region)
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        again = phonenumbers.parse(written)
    except phonenumbers.NumberParseException:
        return ""
    # A number of zeros is written in a form that parses to another number.
    if again != number:
        return ""
    today = current(written)
    return today if phonenumbers.is_possible_number(phonenumbers.parse(today)) else ""
