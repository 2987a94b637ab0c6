"""Reads what a WhatsApp message says, by its type; the table at the end lists the types.

A message of any other type, future ones included, becomes an event that names its type in `extra`: staff
see that something came and can look for it in the phone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import msgspec

from chalicelib.channels.base import with_extra
from chalicelib.channels.meta.whatsapp.answers import CallPermission, Form, Reply
from chalicelib.channels.meta.whatsapp.scene import with_errors
from chalicelib.channels.meta.whatsapp.shapes import Card, Content, Media
from chalicelib.channels.reading.payloads import international, present
from chalicelib.vocabulary.event import Attachment, ContactKey, Event, Kind

_UNTYPED = Content().type


def read_content(event: Event, content: Content) -> Event:
    """The event with what the message says."""
    # Meta's own sample of an answer about calls has no type beside `interactive`.
    named = "interactive" if content.type == _UNTYPED and content.interactive else content.type
    return CONTENTS.get(named, _unsupported)(event, content)


def _text(event: Event, content: Content) -> Event:
    return replace(event, text=present(content.text, "text").body)


def _media(event: Event, content: Content, *, kind: str) -> Event:
    media: Media = present(getattr(content, content.type), content.type)
    attachment = Attachment(
        kind="voice" if media.voice else kind,
        ref=media.id,
        mime=media.mime_type,
        name=media.filename,
    )
    return replace(event, text=media.caption, attachments=(attachment,))


def _location(event: Event, content: Content) -> Event:
    place = present(content.location, "location")
    attachment = Attachment(
        kind="location",
        name=", ".join(part for part in (place.name, place.address) if part),
        latitude=place.latitude,
        longitude=place.longitude,
    )
    return replace(event, attachments=(attachment,))


def _contacts(event: Event, content: Content) -> Event:
    cards = tuple(
        Attachment(kind="contact", ref=_phone(card), name=card.name.formatted_name)
        for card in content.contacts
    )
    own = tuple(_own_phone(event, card) for card in content.contacts if card.origin == "contact_request")
    values = {key.value for key in event.contact_keys}
    keys = tuple(key for key in own if key.value and key.value not in values)
    return replace(event, attachments=cards, contact_keys=event.contact_keys + keys)


def _own_phone(event: Event, card: Card) -> ContactKey:
    named = {card.user_id, *(phone.wa_id for phone in card.phones)}
    return ContactKey(kind="phone", value=_phone(card), verified=event.customer.id in named)


def _phone(card: Card) -> str:
    numbers = [international(phone.wa_id or phone.phone) for phone in card.phones]
    return next((number for number in numbers if number), "")


def _reaction(event: Event, content: Content) -> Event:
    reaction = present(content.reaction, "reaction")
    reacted = replace(event, kind=Kind.REACTION, text=reaction.emoji, target_id=reaction.message_id)
    return reacted if reaction.emoji else with_extra(reacted, removed="true")


def _button(event: Event, content: Content) -> Event:
    button = present(content.button, "button")
    return with_extra(replace(event, kind=Kind.POSTBACK, text=button.text), payload=button.payload)


def _interactive(event: Event, content: Content) -> Event:
    answer = present(content.interactive, "interactive")
    reply = answer.button_reply or answer.list_reply
    if reply:
        return _reply(event, reply)
    if answer.nfm_reply:
        return _form(event, answer.nfm_reply)
    if answer.call_permission_reply:
        return _call_permission(event, answer.call_permission_reply)
    return with_extra(event, unsupported=f"interactive.{answer.type}")


def _reply(event: Event, reply: Reply) -> Event:
    return with_extra(replace(event, kind=Kind.POSTBACK, text=reply.title), payload=reply.id)


def _form(event: Event, form: Form) -> Event:
    filled = replace(event, kind=Kind.POSTBACK, text=form.body)
    return with_extra(filled, form=form.name, response=form.response_json)


def _call_permission(event: Event, answer: CallPermission) -> Event:
    response = present(answer.response or None, "response")
    return with_extra(
        replace(event, kind=Kind.POSTBACK, text=response),
        call_permission=response,
        call_permission_until="always" if answer.is_permanent else f"{answer.expiration_timestamp}",
        call_permission_source=answer.response_source,
    )


def _order(event: Event, content: Content) -> Event:
    order = present(content.order, "order")
    return with_extra(replace(event, text=order.text), order=msgspec.json.encode(order).decode())


def _opened(event: Event, _content: Content) -> Event:
    return replace(event, kind=Kind.FOLLOW)


def _unsupported(event: Event, content: Content) -> Event:
    return with_errors(with_extra(event, unsupported=content.type), content.errors)


CONTENTS: dict[str, Callable[[Event, Content], Event]] = {
    "text": _text,
    "image": partial(_media, kind="image"),
    "video": partial(_media, kind="video"),
    "audio": partial(_media, kind="audio"),
    "voice": partial(_media, kind="voice"),
    "document": partial(_media, kind="document"),
    "sticker": partial(_media, kind="sticker"),
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
    "request_welcome": _opened,
}
