"""The parts of WhatsApp's webhooks around messages: the envelope, receipts, wishes, changes of ids.

The source, and where the files lie that are named below: see `shapes`. Lists of happenings stay undecoded, so
that one that cannot be read does not cost the others.
"""

from __future__ import annotations

import msgspec

from chalicelib.channels.meta.whatsapp.shapes import Error


class Status(msgspec.Struct):
    """What became of a message of ours: see `statuses.json`, `group_statuses.json`."""

    id: str
    status: str
    timestamp: int | str
    recipient_id: str = ""
    recipient_user_id: str = ""
    recipient_type: str = ""
    recipient_participant_id: str = ""
    recipient_participant_user_id: str = ""
    errors: list[Error] = []


class Preference(msgspec.Struct):
    """A person's wish about marketing messages: see `preferences.json`."""

    value: str
    timestamp: int | str
    wa_id: str = ""
    user_id: str = ""
    category: str = ""
    detail: str = ""


class Change(msgspec.Struct):
    """A user id before and after."""

    previous: str = ""
    current: str = ""


class UserIdUpdate(msgspec.Struct):
    """A person who got a new user id: see `user_id_update.json`."""

    user_id: Change
    wa_id: str = ""
    timestamp: int | str = 0


class Profile(msgspec.Struct):
    """What a person shows of themselves."""

    name: str | None = None
    username: str | None = None


class Contact(msgspec.Struct):
    """A person who is mentioned in a change: see `named_by_contact.json`."""

    wa_id: str | None = None
    user_id: str | None = None
    profile: Profile = msgspec.field(default_factory=Profile)


class Metadata(msgspec.Struct):
    """The number of ours that a change is about."""

    phone_number_id: str = ""


class Value(msgspec.Struct):
    """The content of a change: one of the lists, by the field; `event` for `account_update.json`."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    contacts: list[Contact] = []
    messages: list[msgspec.Raw] = []
    message_echoes: list[msgspec.Raw] = []
    statuses: list[msgspec.Raw] = []
    user_preferences: list[msgspec.Raw] = []
    user_id_update: list[msgspec.Raw] = []
    errors: list[Error] = []
    event: str = ""


class Field(msgspec.Struct):
    """One change: its field says what its value holds."""

    field: str
    value: msgspec.Raw


class Entry(msgspec.Struct):
    """The changes of one business account; `time` is in seconds here."""

    id: str = ""
    time: int = 0
    changes: list[msgspec.Raw] = []


class Body(msgspec.Struct):
    """The whole request: see `several_numbers.json`."""

    object: str
    entry: list[msgspec.Raw]
