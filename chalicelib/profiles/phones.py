"""Phone numbers: as people and platforms write them, to E.164.

An Iranian mobile is known by its shape. The library's metadata calls ranges invalid that are in use
(0941…), so its opinion is kept beside the number and refuses none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.language.persian import folded_digits

_LONGEST = 64
_EXTENSION = re.compile(
    r"(?:داخلی|داخلي|extension|ext|int|x(?=\s*\.?\s*\d)|;ext=|#).*", re.IGNORECASE | re.DOTALL
)
_SPACING = re.compile(r"[\s()./\-\u00a0\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_IRANIAN_MOBILE = re.compile(r"(?:\+98|0098|98)?0?(9\d{9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A number in E.164. valid: whether the numbering plan knows its range: a hint, no proof."""

    number: str
    valid: bool


def e164(raw: str, region: str = "IR") -> Phone | None:
    """The number, or None if there is none in the text.

    region: the ISO 3166 country of a number written without one.
    """
    if len(raw) > _LONGEST:
        return None
    digits = _SPACING.sub("", _EXTENSION.sub("", folded_digits(raw)))
    mobile = _IRANIAN_MOBILE.fullmatch(digits)
    if mobile and (region == "IR" or digits.startswith(("+98", "0098"))):
        parsed = _parsed(f"+98{mobile[1]}", region)
        return Phone(number=f"+98{mobile[1]}", valid=parsed is not None and parsed.valid)
    if not re.fullmatch(r"\+?[0-9]{5,20}", digits):
        return None
    return _parsed(digits, region)


def spellings(number: str) -> tuple[str, ...]:
    """How a CRM may have it: E.164, without the plus, as dialled from abroad, and as dialled at home."""
    plain = number.removeprefix("+")
    home = (f"0{plain[2:]}",) if plain.startswith("98") else ()
    return (number, plain, f"00{plain}", *home)


def _parsed(digits: str, region: str) -> Phone | None:
    # 20 ms to import, and most events carry no phone.
    import phonenumbers  # noqa: PLC0415

    try:
        number = phonenumbers.parse(digits, region)
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        again = phonenumbers.parse(written)
    except phonenumbers.NumberParseException:
        return None
    # Zeros alone parse to a number that is read as another one the next time.
    if again != number or not phonenumbers.is_possible_number(number):
        return None
    return Phone(number=written, valid=phonenumbers.is_valid_number(number))
