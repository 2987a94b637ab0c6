"""Turns messages, posts and edits of them into events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import msgspec

from chalicelib.channels.base import Parsed, with_extra
from chalicelib.channels.reading.payloads import decode
from chalicelib.channels.reading.times import from_seconds
from chalicelib.channels.telegram.contents import (
    SERVICE,
    attachments,
    own_phone,
    start_link,
    unread_parts,
    words,
)
from chalicelib.channels.telegram.names import address, change_id, message_id
from chalicelib.channels.telegram.own_side import is_repeated_post, speaks_for_us
from chalicelib.channels.telegram.scene import (
    CHANNEL,
    Update,
    ignored,
    in_chat,
    person,
    speaker,
    with_speaker,
)
from chalicelib.channels.telegram.shapes import Message
from chalicelib.vocabulary.event import Direction, Event, Kind, own_account

_MESSAGE = msgspec.json.Decoder(Message)


def read_message(update: Update, fragment: msgspec.Raw, *, kind: Kind) -> Iterator[Parsed]:
    """A message in a private chat or a group, or an edit of one."""
    message = decode(_MESSAGE, fragment)
    if is_repeated_post(message):
        yield ignored("is_automatic_forward")
        return
    if speaks_for_us(message.chat, message.sender_chat, update.own_chats, message.reply_to_message):
        yield from read_post(update, fragment, kind=kind)
        return
    customer = speaker(message.chat, message.sender_chat, message.from_)
    event = update.event(kind, customer, _written_at(message, kind), id=_id(update, message, kind))
    event = with_speaker(event, None if message.sender_chat else message.from_)
    if message.sender_chat:
        event = replace(event, name=message.sender_chat.name)
    yield _filled(event, message, fragment)


def read_post(update: Update, fragment: msgspec.Raw, *, kind: Kind) -> Iterator[Parsed]:
    """A post of a channel of ours, or what our own side says in a group."""
    post = decode(_MESSAGE, fragment)
    us = own_account(CHANNEL, update.account)
    event = update.event(
        kind, us, _written_at(post, kind), id=_id(update, post, kind), direction=Direction.OUTBOUND
    )
    yield _filled(event, post, fragment)


def read_business_message(update: Update, fragment: msgspec.Raw, *, kind: Kind) -> Iterator[Parsed]:
    """A message in a private chat of the business itself, to which the bot is connected."""
    message = decode(_MESSAGE, fragment)
    # The chat is the customer's; whoever else writes in it is the business itself.
    inbound = message.from_ is not None and message.from_.id == message.chat.id
    event = update.event(
        kind,
        person(message.chat),
        _written_at(message, kind),
        id=_id(update, message, kind),
        direction=Direction.INBOUND if inbound else Direction.OUTBOUND,
    )
    event = with_speaker(event, message.from_) if inbound else replace(event, name=message.chat.name)
    # A greeting, an away message, or one that was written before: none of them answers what was just asked.
    automatic = "true" if message.is_from_offline else ""
    event = with_extra(event, business=message.business_connection_id, automatic=automatic)
    yield _filled(event, message, fragment)


def _filled(event: Event, message: Message, fragment: msgspec.Raw) -> Parsed:
    """The event with what the message holds."""
    if event.kind is Kind.EDIT and message.location and message.location.live_period:
        # Up to some hundreds of moves. The place where sharing ends comes without a period, as an edit.
        return ignored("live_location")
    earlier = message.reply_to_message
    event = replace(
        event,
        text=words(message),
        attachments=attachments(message),
        contact_keys=own_phone(message),
        reply_to=message_id(earlier) if earlier else "",
        target_id=message_id(message) if event.kind is Kind.EDIT else "",
    )
    event = with_extra(
        in_chat(event, message.chat),
        message=address(message.chat, message.message_id),
        album=message.media_group_id,
        forwarded="true" if message.forward_origin else "",
        poll=message.poll.id if message.poll else "",
    )
    if message.web_app_data:
        answer = message.web_app_data
        event = replace(event, kind=Kind.POSTBACK, text=answer.button_text)
        return with_extra(event, payload=answer.data)
    if event.kind is Kind.MESSAGE and event.direction is Direction.INBOUND and (link := start_link(message)):
        event = replace(event, kind=Kind.REFERRAL)
        return with_extra(event, referral_source_type="start_link", referral_source_id=link)
    if event.text or event.attachments:
        return event
    unread = unread_parts(fragment)
    service = next((name for name in unread if name in SERVICE), None)
    return ignored(service) if service else with_extra(event, unsupported=",".join(unread))


def _id(update: Update, message: Message, kind: Kind) -> str:
    """The id of the event that a message of that kind becomes."""
    if kind is Kind.EDIT:
        return change_id(message_id(message), message.edit_date, update.number)
    return message_id(message)


def _written_at(message: Message, kind: Kind) -> datetime:
    # A message that was changed before it came to us has the date of the change, too.
    return from_seconds(message.edit_date or message.date if kind is Kind.EDIT else message.date)
