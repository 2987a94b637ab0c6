"""One change of a WhatsApp webhook, and the event about a person that each happening in it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec

from chalicelib.channels.base import Parsed, readable, with_extra
from chalicelib.channels.meta.whatsapp.envelope import Contact, Entry, Value
from chalicelib.channels.meta.whatsapp.shapes import Error
from chalicelib.channels.reading.payloads import international
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.event import ContactKey, Direction, Event, Identity, Kind, own_account, withheld

CHANNEL = "whatsapp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One change, and what all its happenings have in common.

    where: the change's path inside the request.
    field: Meta's name for the sort of change.
    entry: the entry that the change stands in.
    change: the bytes of the change.
    value: the content of the change.
    account: the id of our number that it is about.
    received_at: our clock, aware UTC.
    """

    where: str
    field: str
    entry: Entry
    change: bytes
    value: Value
    account: str
    received_at: datetime

    def each(self, name: str, fragments: list[msgspec.Raw], read: Read) -> Iterator[Parsed]:
        """The happenings of one list; one that cannot be read is set aside, and the others are read."""
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
        """An event with the person whom these ids and the change's contacts name."""
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
        ids = {user_id, phone} - {""}
        contacts = self.value.contacts
        if not ids and len(contacts) == 1:
            return contacts[0]
        return next((contact for contact in contacts if ids & {contact.user_id, contact.wa_id}), Contact())


Read = Callable[[Scene, msgspec.Raw], Parsed]


def identity(person: str) -> Identity:
    """A person's address: a BSUID, or the digits of a phone."""
    return Identity(channel=CHANNEL, scope="*", id=person)


def with_errors(event: Event, errors: list[Error]) -> Event:
    """The event with the first error; Meta was never seen to send a second one."""
    return with_extra(event, error=f"{errors[0].code}", error_title=errors[0].title) if errors else event


def _only(read: Read, scene: Scene, fragment: msgspec.Raw) -> Iterator[Parsed]:
    yield read(scene, fragment)
