"""One update, and the people of its events."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.channels.base import with_extra
from chalicelib.channels.telegram.shapes import Chat, User
from chalicelib.vocabulary.event import Direction, Event, Identity, Ignored, Kind, own_account, withheld

CHANNEL = "telegram"

_GROUPS = {"group", "supergroup"}
_NAME = re.compile(r"[a-z_]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What all events of one update have in common.

    number: Telegram's `update_id`.
    account: the id of our bot.
    own_chats: ids of our own channels and groups.
    received_at: our clock, aware UTC.
    body: the whole update.
    """

    number: int
    account: str
    own_chats: frozenset[str]
    received_at: datetime
    body: bytes

    def event(
        self,
        kind: Kind,
        customer: Identity,
        occurred_at: datetime,
        *,
        id: str,
        direction: Direction = Direction.INBOUND,
    ) -> Event:
        """An event of this update."""
        us = own_account(CHANNEL, self.account)
        return Event(
            id=id,
            channel=CHANNEL,
            account=self.account,
            kind=kind,
            direction=direction,
            customer=customer,
            sender=us if direction is Direction.OUTBOUND and customer != us else None,
            occurred_at=occurred_at,
            received_at=self.received_at,
            raw=self.body,
        )


def speaker(chat: Chat, sender_chat: Chat | None, user: User | None) -> Identity:
    """Whose words these are: a person's, or those of whoever speaks as a chat."""
    if user and not sender_chat:
        return person(user)
    return withheld(CHANNEL, f"{(sender_chat or chat).id}")


def person(somebody: User | Chat) -> Identity:
    """The address of a person, who is named by their private chat as well."""
    return Identity(channel=CHANNEL, scope="*", id=f"{somebody.id}")


def with_speaker(event: Event, user: User | None) -> Event:
    """The event with what the person who did it calls themselves."""
    if user is None:
        return event
    event = replace(event, name=user.name, language_hint=user.language_code)
    return with_extra(event, username=user.username, bot="true" if user.is_bot else "")


def in_chat(event: Event, chat: Chat) -> Event:
    """The event with where it happened; a group is told by its title."""
    group = (chat.title or f"{chat.id}") if chat.type in _GROUPS else ""
    return with_extra(replace(event, chat=f"{chat.id}"), group=group)


def ignored(name: str) -> Ignored:
    """What is not read, by Telegram's name for it."""
    # Any other name could hold anything, and the name is logged.
    return Ignored(name=f"telegram.{name}" if _NAME.fullmatch(name) else "telegram.unnamed")
