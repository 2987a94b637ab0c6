"""Names accounts and contacts for a CRM, and lists the ways in which people type a phone there."""

from __future__ import annotations

import unicodedata

from chalicelib.crms.http.texts import storable
from chalicelib.vocabulary.delivery import Delivery
from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.numbering import spellings

_LONGEST_NAME = 200


def one_line(text: str, longest: int = _LONGEST_NAME) -> str:
    """Text for a one-line field: without control characters and line breaks, at most `longest` long."""
    whole = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character
        for character in storable(text)
    )
    return " ".join(whole.split())[:longest].rstrip()


def account_name(event: Event) -> str:
    """Which of our accounts the event happened on; `hub` alone for the hub's own events."""
    return one_line(event.channel if event.channel == event.account else f"{event.channel} {event.account}")


def contact_name(delivery: Delivery) -> str:
    """The name of a new contact: the customer's if it can be seen, else a phone, e-mail address or handle."""
    event = delivery.event
    if delivery.profile.own:
        return account_name(event)
    handle = f"{event.customer.channel} {event.customer.id}"
    choices = (delivery.profile.name, event.name, *delivery.profile.phones, *delivery.profile.emails, handle)
    seen = (one_line(choice) for choice in choices)
    return next((name for name in seen if _visible(name)), "customer")


def _visible(text: str) -> bool:
    return any(unicodedata.category(character)[0] in "LNPS" for character in text)


def typed_forms(value: str, country_code: str) -> list[str]:
    """The ways in which a phone in E.164 may stand in a CRM; an e-mail address only as it is.

    What somebody typed before the country changed its numbers stands there still: older spellings count too.
    """
    if not value.startswith("+"):
        return [value]
    forms: list[str] = []
    for number in dict.fromkeys((value, *spellings(value))):
        forms += [number, number[1:], f"00{number[1:]}"]
        national = number.removeprefix("+" + country_code)
        if national != number:
            forms += [f"0{national}", national]
    return list(dict.fromkeys(forms))
