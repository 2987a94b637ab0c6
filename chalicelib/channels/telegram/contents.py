"""Reads the words, the attachments and the phone of a Telegram message, and names what is not read of it."""

from __future__ import annotations

import re

import msgspec

from chalicelib.channels.reading.payloads import decode, international
from chalicelib.channels.telegram.shapes import Contact, File, Line, Message
from chalicelib.vocabulary.event import Attachment, ContactKey

_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_READ = frozenset(field.encode_name for field in msgspec.structs.fields(Message))

# A link `https://t.me/<bot>?start=<payload>` or `?startgroup=` sends this; people do not type it.
_START = re.compile(r"/start(?:@\w+)? ([A-Za-z0-9_-]+)")

# Telegram's field to the kind of attachment.
FILES = {
    "animation": "video",
    "audio": "audio",
    "document": "document",
    "sticker": "sticker",
    "video": "video",
    "video_note": "video",
    "voice": "voice",
}

# Fields of Telegram's own notes about a chat, in which nobody says anything.
SERVICE = frozenset(
    {
        "boost_added",
        "channel_chat_created",
        "chat_background_set",
        "delete_chat_photo",
        "forum_topic_closed",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "group_chat_created",
        "left_chat_member",
        "message_auto_delete_timer_changed",
        "migrate_from_chat_id",
        "migrate_to_chat_id",
        "new_chat_members",
        "new_chat_photo",
        "new_chat_title",
        "pinned_message",
        "proximity_alert_triggered",
        "supergroup_chat_created",
        "video_chat_ended",
        "video_chat_participants_invited",
        "video_chat_scheduled",
        "video_chat_started",
        "write_access_allowed",
    }
)


def words(message: Message) -> str:
    """What the message says: its text, or what is written on that which it holds."""
    if said := message.text or message.caption:
        return said
    if message.poll:
        return _listed(message.poll.question, message.poll.options)
    if message.checklist:
        return _listed(message.checklist.title, message.checklist.tasks)
    if message.game:
        return "\n".join(line for line in (message.game.title, message.game.description) if line)
    return f"{message.dice.emoji} {message.dice.value}" if message.dice else ""


def start_link(message: Message) -> str:
    """What the link says by which somebody came to the bot; empty if they did not come by one."""
    link = _START.fullmatch(message.text)
    return link[1] if link else ""


def attachments(message: Message) -> tuple[Attachment, ...]:
    """Everything that was sent along, in our order, whatever the order of the fields."""
    parts = [_file(kind, getattr(message, name)) for name, kind in FILES.items() if _carries(message, name)]
    if message.photo:
        largest = max(message.photo, key=lambda size: (size.width * size.height, size.file_size))
        parts.append(_file("image", largest))
    if message.venue or message.location:
        parts.append(_place(message))
    if message.contact:
        parts.append(_card(message.contact))
    return tuple(parts)


def own_phone(message: Message) -> tuple[ContactKey, ...]:
    """The sender's phone, if the contact that they shared is their own."""
    contact, sender = message.contact, message.from_
    if not contact or not sender or contact.user_id != sender.id:
        return ()
    number = international(contact.phone_number)
    return (ContactKey(kind="phone", value=number, verified=True),) if number else ()


def unread_parts(fragment: msgspec.Raw) -> list[str]:
    """The names of the message's fields that are not read."""
    return sorted(decode(_PARTS, fragment).keys() - _READ)


def _carries(message: Message, name: str) -> bool:
    # An animation fills `document` as well, for clients that know no animations.
    return bool(getattr(message, name)) and not (name == "document" and message.animation)


def _listed(heading: str, lines: list[Line]) -> str:
    return "\n".join([heading, *(f"• {line.text}" for line in lines)])


def _file(kind: str, file: File) -> Attachment:
    return Attachment(
        kind=kind, ref=file.file_id, mime=file.mime_type, name=file.file_name, size=file.file_size
    )


def _place(message: Message) -> Attachment:
    venue = message.venue
    point = venue.location if venue else message.location
    named = (venue.title, venue.address) if venue else ()
    return Attachment(
        kind="location",
        name=", ".join(part for part in named if part),
        latitude=point.latitude if point else None,
        longitude=point.longitude if point else None,
    )


def _card(contact: Contact) -> Attachment:
    name = f"{contact.first_name} {contact.last_name}".strip()
    return Attachment(kind="contact", ref=contact.phone_number, name=name)
