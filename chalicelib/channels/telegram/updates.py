"""Turns Telegram's updates into events, by the sort of update; the table at the end lists the sorts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import msgspec

from chalicelib.channels.base import Parsed, readable, with_extra
from chalicelib.channels.reading.payloads import decode, present
from chalicelib.channels.reading.times import from_seconds
from chalicelib.channels.telegram.contents import SERVICE, attachments, own_phone, unread_parts
from chalicelib.channels.telegram.names import address, change_id, message_id
from chalicelib.channels.telegram.own_side import is_repeated_post, own_chats, speaks_for_us
from chalicelib.channels.telegram.shapes import (
    Callback,
    Chat,
    Deleted,
    Membership,
    Message,
    Reacted,
    User,
)
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.event import Direction, Event, Identity, Ignored, Kind, own_account, withheld
from chalicelib.vocabulary.request import Request

CHANNEL = "telegram"

_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ID = msgspec.json.Decoder(int)
_MESSAGE = msgspec.json.Decoder(Message)
_CALLBACK = msgspec.json.Decoder(Callback)
_REACTED = msgspec.json.Decoder(Reacted)
_MEMBERSHIP = msgspec.json.Decoder(Membership)
_DELETED = msgspec.json.Decoder(Deleted)

_NAME = re.compile(r"[a-z_]{1,64}")
_FOLLOWING = {"member": Kind.FOLLOW, "kicked": Kind.UNFOLLOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Update:
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


def parse(request: Request, account: Account) -> Iterator[Parsed]:
    """The events of one update."""
    parts = decode(_PARTS, request.body)
    if "update_id" not in parts:
        raise Rejected("unexpected_shape", "`update_id` is missing")
    update = _Update(
        number=decode(_ID, parts.pop("update_id")),
        account=account.id,
        own_chats=own_chats(account),
        received_at=request.received_at,
        body=request.body,
    )
    for name, fragment in parts.items():
        read = UPDATES.get(name)
        if read is None:
            yield _ignored(name)
        else:
            yield from readable(name, request.body, partial(read, update, fragment))


def _message(update: _Update, fragment: msgspec.Raw, *, kind: Kind) -> Iterator[Parsed]:
    message = decode(_MESSAGE, fragment)
    if is_repeated_post(message):
        yield _ignored("is_automatic_forward")
        return
    if speaks_for_us(message.chat, message.sender_chat, update.own_chats, message.reply_to_message):
        yield from _post(update, fragment, kind=kind)
        return
    customer = _speaker(message.chat, message.sender_chat, message.from_)
    event = update.event(kind, customer, _written_at(message), id=_id(update, message, kind))
    event = _about(event, None if message.sender_chat else message.from_)
    if message.sender_chat:
        event = replace(event, name=message.sender_chat.name)
    yield _filled(event, message, fragment)


def _post(update: _Update, fragment: msgspec.Raw, *, kind: Kind) -> Iterator[Parsed]:
    post = decode(_MESSAGE, fragment)
    us = own_account(CHANNEL, update.account)
    event = update.event(
        kind, us, _written_at(post), id=_id(update, post, kind), direction=Direction.OUTBOUND
    )
    yield _filled(event, post, fragment)


def _business_message(update: _Update, fragment: msgspec.Raw, *, kind: Kind) -> Iterator[Parsed]:
    message = decode(_MESSAGE, fragment)
    # The chat is the customer's; whoever else writes in it is the business itself.
    inbound = message.from_ is not None and message.from_.id == message.chat.id
    event = update.event(
        kind,
        _person(message.chat),
        _written_at(message),
        id=_id(update, message, kind),
        direction=Direction.INBOUND if inbound else Direction.OUTBOUND,
    )
    event = _about(event, message.from_) if inbound else replace(event, name=message.chat.name)
    # A greeting, an away message, or one that was written before: none of them answers what was just asked.
    automatic = "true" if message.is_from_offline else ""
    event = with_extra(event, business=message.business_connection_id, automatic=automatic)
    yield _filled(event, message, fragment)


def _deleted(update: _Update, fragment: msgspec.Raw) -> Iterator[Parsed]:
    deleted = decode(_DELETED, fragment)
    for number in deleted.message_ids:
        place = address(deleted.chat, number)
        event = update.event(
            Kind.DELETE,
            _person(deleted.chat),
            update.received_at,
            id=f"{deleted.business_connection_id}:{place}",
        )
        event = replace(event, chat=f"{deleted.chat.id}", target_id=place)
        yield with_extra(event, business=deleted.business_connection_id)


def _callback(update: _Update, fragment: msgspec.Raw) -> Iterator[Parsed]:
    pressed = decode(_CALLBACK, fragment)
    payload = pressed.data or pressed.game_short_name
    query = present(pressed.id or None, "id")
    event = update.event(Kind.POSTBACK, _person(pressed.from_), update.received_at, id=query)
    event = replace(_about(event, pressed.from_), text=payload)
    if pressed.message:
        event = replace(event, chat=f"{pressed.message.chat.id}", target_id=message_id(pressed.message))
    # Telegram shows the button as waiting until the callback is answered by its own id.
    yield with_extra(event, payload=payload, callback=pressed.id)


def _reaction(update: _Update, fragment: msgspec.Raw) -> Iterator[Parsed]:
    reacted = decode(_REACTED, fragment)
    ours = speaks_for_us(reacted.chat, reacted.actor_chat, update.own_chats)
    place = address(reacted.chat, reacted.message_id)
    event = update.event(
        Kind.REACTION,
        own_account(CHANNEL, update.account)
        if ours
        else _speaker(reacted.chat, reacted.actor_chat, reacted.user),
        from_seconds(reacted.date),
        id=change_id(place, reacted.date, update.number),
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
    )
    event = replace(
        _about(event, reacted.user),
        chat=f"{reacted.chat.id}",
        text="".join(
            "⭐" if reaction.type == "paid" else reaction.emoji for reaction in reacted.new_reaction
        ),
        target_id=place,
    )
    custom = [reaction.custom_emoji_id for reaction in reacted.new_reaction if reaction.custom_emoji_id]
    yield with_extra(event, removed="" if reacted.new_reaction else "true", custom_emoji=",".join(custom))


def _membership(update: _Update, fragment: msgspec.Raw) -> Iterator[Parsed]:
    change = decode(_MEMBERSHIP, fragment)
    status, occurred_at = change.new_chat_member.status, from_seconds(change.date)
    name = change_id(f"{change.chat.id}", change.date, update.number)
    following = _FOLLOWING.get(status) if change.chat.type == "private" else None
    if following:
        event = update.event(following, _person(change.from_), occurred_at, id=name)
        yield replace(_about(event, change.from_), chat=f"{change.chat.id}")
        return
    event = update.event(Kind.NOTICE, own_account(CHANNEL, update.account), occurred_at, id=name)
    yield with_extra(replace(event, chat=f"{change.chat.id}", text=status), title=change.chat.title)


def _filled(event: Event, message: Message, fragment: msgspec.Raw) -> Parsed:
    """The event with what the message holds."""
    if event.kind is Kind.EDIT and message.location and message.location.live_period:
        # Up to some hundreds of moves. The place where sharing ends comes without a period, as an edit.
        return _ignored("live_location")
    earlier = message.reply_to_message
    event = replace(
        event,
        chat=f"{message.chat.id}",
        text=message.text or message.caption,
        attachments=attachments(message),
        contact_keys=own_phone(message),
        reply_to=message_id(earlier) if earlier else "",
        target_id=message_id(message) if event.kind is Kind.EDIT else "",
    )
    event = with_extra(
        event,
        message=address(message.chat, message.message_id),
        album=message.media_group_id,
        forwarded="true" if message.forward_origin else "",
    )
    if message.web_app_data:
        answer = message.web_app_data
        event = replace(event, kind=Kind.POSTBACK, text=answer.button_text)
        return with_extra(event, payload=answer.data)
    if event.text or event.attachments:
        return event
    unread = unread_parts(fragment)
    service = next((name for name in unread if name in SERVICE), None)
    return _ignored(service) if service else with_extra(event, unsupported=",".join(unread))


def _id(update: _Update, message: Message, kind: Kind) -> str:
    """The id of the event that a message of that kind becomes."""
    if kind is Kind.EDIT:
        return change_id(message_id(message), message.edit_date, update.number)
    return message_id(message)


def _written_at(message: Message) -> datetime:
    return from_seconds(message.edit_date or message.date)


def _speaker(chat: Chat, sender_chat: Chat | None, user: User | None) -> Identity:
    if user and not sender_chat:
        return _person(user)
    return withheld(CHANNEL, f"{(sender_chat or chat).id}")


def _person(somebody: User | Chat) -> Identity:
    return Identity(channel=CHANNEL, scope="*", id=f"{somebody.id}")


def _about(event: Event, user: User | None) -> Event:
    if user is None:
        return event
    event = replace(event, name=user.name, language_hint=user.language_code)
    return with_extra(event, username=user.username, bot="true" if user.is_bot else "")


def _ignored(name: str) -> Ignored:
    # Any other name could hold anything, and the name is logged.
    return Ignored(name=f"telegram.{name}" if _NAME.fullmatch(name) else "telegram.unnamed")


UPDATES: dict[str, Callable[[_Update, msgspec.Raw], Iterator[Parsed]]] = {
    "message": partial(_message, kind=Kind.MESSAGE),
    "edited_message": partial(_message, kind=Kind.EDIT),
    "channel_post": partial(_post, kind=Kind.MESSAGE),
    "edited_channel_post": partial(_post, kind=Kind.EDIT),
    "business_message": partial(_business_message, kind=Kind.MESSAGE),
    "edited_business_message": partial(_business_message, kind=Kind.EDIT),
    "deleted_business_messages": _deleted,
    "callback_query": _callback,
    "message_reaction": _reaction,
    "my_chat_member": _membership,
}
