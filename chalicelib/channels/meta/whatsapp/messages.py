"""Turns a WhatsApp message, or the echo of one of ours, into its event, by its type."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import msgspec

from chalicelib.channels.base import Parsed, with_extra
from chalicelib.channels.meta.whatsapp.contents import read_content
from chalicelib.channels.meta.whatsapp.scene import Scene, identity
from chalicelib.channels.meta.whatsapp.shapes import Message, Referral
from chalicelib.channels.reading.payloads import decode, present
from chalicelib.channels.reading.times import from_seconds
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.event import Direction, Event, Ignored, Kind

_MESSAGE = msgspec.json.Decoder(Message)

_NAME = re.compile(r"[a-z_]{1,64}")
_CHANGES = {"user_changed_number", "customer_changed_number", "user_changed_user_id"}


def inbound(scene: Scene, fragment: msgspec.Raw) -> Parsed:
    """A message from a person."""
    message = decode(_MESSAGE, fragment)
    return _read(scene, _event(scene, fragment, message, Direction.INBOUND), message)


def echo(scene: Scene, fragment: msgspec.Raw) -> Parsed:
    """A message that our own side wrote in the app."""
    message = decode(_MESSAGE, fragment)
    return _read(scene, _event(scene, fragment, message, Direction.OUTBOUND), message)


def _event(scene: Scene, fragment: msgspec.Raw, message: Message, direction: Direction) -> Event:
    sent, received = (message.from_user_id, message.from_), (message.to_user_id, message.to)
    user_id, phone = sent if direction is Direction.INBOUND else received
    return scene.event(
        fragment,
        id=message.id,
        kind=Kind.MESSAGE,
        occurred_at=from_seconds(message.timestamp),
        user_id=user_id,
        phone=phone,
        direction=direction,
    )


def ignored(name: str) -> Ignored:
    """What is known and not read, by Meta's name for it."""
    # Any other name could hold anything, and the name is logged.
    harmless = all(_NAME.fullmatch(part) for part in name.split("."))
    return Ignored(name=f"whatsapp.{name}" if harmless else "whatsapp.unnamed")


def _read(scene: Scene, event: Event, message: Message) -> Parsed:
    event = with_extra(replace(event, chat=message.group_id), group=message.group_id)
    if message.context:
        event = replace(event, reply_to=message.context.id)
        forwarded = message.context.forwarded or message.context.frequently_forwarded
        event = with_extra(event, forwarded="true" if forwarded else "")
        if product := message.context.referred_product:
            event = with_extra(
                event, referral_product=product.product_retailer_id, referral_catalog=product.catalog_id
            )
    if message.referral:
        event = _referred(event, message.referral)
    return TYPES.get(message.type, _content)(scene, event, message)


def _referred(event: Event, referral: Referral) -> Event:
    return with_extra(
        event,
        referral_source_type=referral.source_type,
        referral_source_id=referral.source_id,
        referral_source_url=referral.source_url,
        referral_headline=referral.headline,
        referral_body=referral.body,
        referral_media=referral.video_url or referral.image_url,
        referral_ctwa_clid=referral.ctwa_clid,
    )


def _content(_scene: Scene, event: Event, message: Message) -> Parsed:
    return read_content(event, message)


def _edit(_scene: Scene, event: Event, message: Message) -> Parsed:
    edit = present(message.edit, "edit")
    return replace(read_content(event, edit.message), kind=Kind.EDIT, target_id=edit.original_message_id)


def _revoke(_scene: Scene, event: Event, message: Message) -> Parsed:
    revoke = present(message.revoke, "revoke")
    return replace(event, kind=Kind.DELETE, target_id=revoke.original_message_id)


def _system(scene: Scene, event: Event, message: Message) -> Parsed:
    system = present(message.system, "system")
    if system.type not in _CHANGES:
        return ignored(f"system.{system.type}")
    phone = system.wa_id or system.new_wa_id
    if not (system.user_id or phone):
        raise Rejected("unexpected_shape", "the new id is missing")
    changed = scene.event(
        event.raw,
        id=event.id,
        kind=Kind.IDENTITY_CHANGE,
        occurred_at=event.occurred_at,
        user_id=system.user_id,
        phone=phone,
    )
    before = system.previous_user_id or message.from_
    return replace(changed, previous=identity(before) if before else None)


TYPES: dict[str, Callable[[Scene, Event, Message], Parsed]] = {
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
}
