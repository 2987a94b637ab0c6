"""One change of a WhatsApp webhook, and how what happens in it becomes an event about a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec

from chalicelib.channels.base import Parsed, readable, with_extra
from chalicelib.channels.meta.whatsapp.shapes import Contact, Entry, Error, Value
from chalicelib.channels.reading.payloads import international
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.event import ContactKey, Direction, Event, Identity, Kind, own_account, withheld

CHANNEL = "whatsapp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One change: where in the request it stands, and what its happenings have in common."""

    where: str
    field: str
    entry: Entry
    change: bytes
    value: Value
    account: str
    received_at: datetime

    def each(self, name: str, fragments: list[msgspec.Raw], read: Read) -> Iterator[Parsed]:
        """The happenings of one list; those that cannot be read alone are set aside."""
        for index, fragment in enumerate(fragments):
            where = f"{self.where}.value.{name}[{index}]"
            yield from readable(where, bytes(fragment), partial(_only, read, self, fragment))

    def event(
        self,
        raw: msgspec.Raw | bytes,
        *,
        id: str,
        kind: Kind,
        occurred_at: datetime,
        user_id: str = "",
        phone: str = "",
        direction: Direction = Direction.INBOUND,
    ) -> Event:
        """A happening with that person, as far as anybody named in it is known."""
        if not id:
            raise Rejected("unexpected_shape", "the id is empty")
        contact = self._contact(user_id, phone)
        named = (phone, contact.wa_id or "")
        ids = (user_id, contact.user_id or "", *(name for name in named if not international(name)), *named)
        person = next((name for name in ids if name), "")
        number = next((international(name) for name in named if international(name)), "")
        event = Event(
            id=id,
            channel=CHANNEL,
            account=self.account,
            kind=kind,
            direction=direction,
            customer=identity(person) if person else withheld(CHANNEL, id),
            sender=own_account(CHANNEL, self.account) if direction is Direction.OUTBOUND else None,
            occurred_at=occurred_at,
            received_at=self.received_at,
            contact_keys=(ContactKey(kind="phone", value=number, verified=True),) if number else (),
            name=contact.profile.name or "",
            raw=bytes(raw),
        )
        return with_extra(event, username=contact.profile.username or "")

    def _contact(self, user_id: str, phone: str) -> Contact:
        wanted = {user_id, phone} - {""}
        contacts = self.value.contacts
        if not wanted and len(contacts) == 1:
            return contacts[0]
        return next((contact for contact in contacts if wanted & {contact.user_id, contact.wa_id}), Contact())


Read = Callable[[Scene, msgspec.Raw], Parsed]


def identity(person: str) -> Identity:
    """A person's address: a BSUID, or the digits of a phone."""
    return Identity(channel=CHANNEL, scope="*", id=person)


def with_errors(event: Event, errors: list[Error]) -> Event:
    """The event with the first error, which is the only one that Meta has been seen to send."""
    return with_extra(event, error=f"{errors[0].code}", error_title=errors[0].title) if errors else event


def _only(read: Read, scene: Scene, fragment: msgspec.Raw) -> Iterator[Parsed]:
    yield read(scene, fragment)
