"""One request of Twilio as a form, and the event about a person that it becomes."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.channels.reading.payloads import international
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.event import (
    ContactKey,
    Direction,
    Event,
    Identity,
    Kind,
    claimed,
    own_account,
    withheld,
)
from chalicelib.vocabulary.request import Request

CHANNEL = "twilio"

_WHATSAPP = "whatsapp:"
_ATTESTED = "TN-Validation-Passed-A"
# +266696687 spells ANONYMOUS, and so on.
_WITHHELD = frozenset(
    {"", "anonymous", "restricted", "blocked", "unknown", "unavailable", "private"}
    | {"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One request as a form, and what its events have in common.

    A form: see `tests/fixtures/channels/twilio/text.json`, `mms.json`, `delivered.json`, `call.json` and
    `whatsapp_text.json`.

    form: the fields under Twilio's own names; the last one counts if a name comes twice.
    request: the request that the form came in.
    account: our account in the URL.
    """

    form: dict[str, str]
    request: Request
    account: Account

    def __getitem__(self, name: str) -> str:
        return self.form.get(name, "")

    def event(self, kind: Kind, *, id: str, person: str, occasion: str, direction: Direction) -> Event:
        """An event with the person of that address; occasion: what names them if the address is withheld."""
        customer, keys = self._customer(person, occasion)
        outbound = direction is Direction.OUTBOUND
        return Event(
            id=id,
            channel=CHANNEL,
            account=self.account.id,
            kind=kind,
            direction=direction,
            customer=customer,
            sender=own_account(CHANNEL, self.account.id) if outbound else None,
            occurred_at=self.request.received_at,
            received_at=self.request.received_at,
            contact_keys=keys,
            raw=self.request.body,
        )

    def _customer(self, person: str, occasion: str) -> tuple[Identity, tuple[ContactKey, ...]]:
        on_whatsapp = person.startswith(_WHATSAPP)
        address = person.removeprefix(_WHATSAPP)
        hidden = address.lower() in _WITHHELD
        number = international(address) if address.startswith("+") and not hidden else ""
        proved = on_whatsapp or self.account.trusts_claims or self["StirVerstat"] == _ATTESTED
        keys = (ContactKey(kind="phone", value=number, verified=proved),) if number else ()
        if on_whatsapp and self["ExternalUserId"]:
            return _identity(_WHATSAPP + self["ExternalUserId"]), keys
        if hidden:
            return withheld(CHANNEL, occasion), ()
        return _identity(person) if proved or not number else claimed(CHANNEL, person), keys


def _identity(person: str) -> Identity:
    return Identity(channel=CHANNEL, scope="*", id=person)
