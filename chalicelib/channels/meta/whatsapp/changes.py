"""Turns WhatsApp's changes into events, by field; the table at the end lists the fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import msgspec

from chalicelib.channels.base import Parsed, readable, with_extra
from chalicelib.channels.meta.whatsapp.envelope import (
    Body,
    Entry,
    Field,
    Preference,
    Status,
    UserIdUpdate,
    Value,
)
from chalicelib.channels.meta.whatsapp.messages import echo, ignored, inbound
from chalicelib.channels.meta.whatsapp.scene import CHANNEL, Scene, identity, with_errors
from chalicelib.channels.reading.payloads import decode, derived_id
from chalicelib.channels.reading.times import from_seconds
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.event import Direction, Event, Ignored, Kind, own_account
from chalicelib.vocabulary.request import Request

_BODY = msgspec.json.Decoder(Body)
_ENTRY = msgspec.json.Decoder(Entry)
_FIELD = msgspec.json.Decoder(Field)
_VALUE = msgspec.json.Decoder(Value)
_STATUS = msgspec.json.Decoder(Status)
_PREFERENCE = msgspec.json.Decoder(Preference)
_USER_ID_UPDATE = msgspec.json.Decoder(UserIdUpdate)

_PREFERENCES = {"stop": Kind.OPT_OUT, "resume": Kind.OPT_IN, "signup": Kind.OPT_IN}


def parse(request: Request, account: Account) -> Iterator[Parsed]:
    """The events of one webhook request, in order."""
    body = decode(_BODY, request.body)
    if body.object != "whatsapp_business_account":
        yield Ignored(name="whatsapp.other_object")
        return
    for index, entry in enumerate(body.entry):
        where = f"entry[{index}]"
        yield from readable(where, bytes(entry), partial(_entry, where, entry, request, account))


def _entry(where: str, fragment: msgspec.Raw, request: Request, account: Account) -> Iterator[Parsed]:
    entry = decode(_ENTRY, fragment)
    for index, change in enumerate(entry.changes):
        place = f"{where}.changes[{index}]"
        yield from readable(place, bytes(change), partial(_change, place, entry, change, request, account))


def _change(
    where: str, entry: Entry, fragment: msgspec.Raw, request: Request, account: Account
) -> Iterator[Parsed]:
    change = decode(_FIELD, fragment)
    read = FIELDS.get(change.field)
    if read is None:
        yield ignored(change.field)
        return
    value = decode(_VALUE, change.value)
    yield from read(
        Scene(
            where=where,
            field=change.field,
            entry=entry,
            change=bytes(fragment),
            value=value,
            account=value.metadata.phone_number_id or account.id,
            received_at=request.received_at,
        )
    )


def _messages(scene: Scene) -> Iterator[Parsed]:
    value = scene.value
    yield from scene.each("messages", value.messages, inbound)
    yield from scene.each("message_echoes", value.message_echoes, echo)
    yield from scene.each("statuses", value.statuses, _status)
    if value.errors and not (value.messages or value.message_echoes or value.statuses):
        yield from _notice(scene)


def _user_id_update(scene: Scene, fragment: msgspec.Raw) -> Parsed:
    update = decode(_USER_ID_UPDATE, fragment)
    before, after = update.user_id.previous, update.user_id.current
    if not after:
        raise Rejected("unexpected_shape", "the new id is missing")
    event = scene.event(
        fragment,
        id=derived_id(scene.account, scene.field, before, after, f"{update.timestamp}"),
        kind=Kind.IDENTITY_CHANGE,
        occurred_at=from_seconds(update.timestamp) if update.timestamp else scene.received_at,
        user_id=after,
        phone=update.wa_id,
    )
    return replace(event, previous=identity(before) if before else None)


def _status(scene: Scene, fragment: msgspec.Raw) -> Parsed:
    status = decode(_STATUS, fragment)
    in_group = status.recipient_type == "group"
    event = scene.event(
        fragment,
        id=f"{status.id}:{status.status}",
        kind=Kind.STATUS,
        occurred_at=from_seconds(status.timestamp),
        user_id=status.recipient_participant_user_id if in_group else status.recipient_user_id,
        phone=status.recipient_participant_id if in_group else status.recipient_id,
        direction=Direction.OUTBOUND,
    )
    event = with_errors(with_extra(event, status=status.status), status.errors)
    event = replace(event, target_id=status.id)
    if not in_group:
        return event
    # A message in a group has one status for each member.
    event = replace(event, id=f"{event.id}:{event.customer.id}", chat=status.recipient_id)
    return with_extra(event, group=status.recipient_id)


def _preferences(scene: Scene) -> Iterator[Parsed]:
    yield from scene.each("user_preferences", scene.value.user_preferences, _preference)


def _preference(scene: Scene, fragment: msgspec.Raw) -> Parsed:
    preference = decode(_PREFERENCE, fragment)
    kind = _PREFERENCES.get(preference.value)
    if kind is None:
        raise Rejected("unexpected_shape", "a preference we do not know")
    person = preference.user_id or preference.wa_id
    event = scene.event(
        fragment,
        id=derived_id(
            scene.account, person, preference.category, preference.value, f"{preference.timestamp}"
        ),
        kind=kind,
        occurred_at=from_seconds(preference.timestamp),
        user_id=preference.user_id,
        phone=preference.wa_id,
    )
    return with_extra(replace(event, text=preference.detail), category=preference.category)


def _user_id_updates(scene: Scene) -> Iterator[Parsed]:
    yield from scene.each("user_id_update", scene.value.user_id_update, _user_id_update)


def _notice(scene: Scene) -> Iterator[Parsed]:
    entry = scene.entry
    us = own_account(CHANNEL, scene.account)
    event = Event(
        id=derived_id(entry.id, f"{entry.time}", scene.change.decode("latin-1")),
        channel=CHANNEL,
        account=scene.account,
        kind=Kind.NOTICE,
        direction=Direction.INBOUND,
        customer=us,
        occurred_at=from_seconds(entry.time) if entry.time else scene.received_at,
        received_at=scene.received_at,
        text=scene.value.event,
        extra={"field": scene.field},
        raw=scene.change,
    )
    yield with_errors(event, scene.value.errors)


FIELDS: dict[str, Callable[[Scene], Iterator[Parsed]]] = {
    "messages": _messages,
    "smb_message_echoes": _messages,
    "user_preferences": _preferences,
    "user_id_update": _user_id_updates,
    "account_alerts": _notice,
    "account_review_update": _notice,
    "account_update": _notice,
    "business_capability_update": _notice,
    "message_template_components_update": _notice,
    "message_template_quality_update": _notice,
    "message_template_status_update": _notice,
    "phone_number_name_update": _notice,
    "phone_number_quality_update": _notice,
    "template_category_update": _notice,
}
