"""The parts of WhatsApp's webhooks that we read, under Meta's own names.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference, read on
2026-11-23. Lists of happenings stay undecoded, so that one that cannot be read does not cost the others.
Files named below lie in `tests/fixtures/channels/whatsapp/`.
"""

from __future__ import annotations

import msgspec


class Text(msgspec.Struct):
    """A text message: see `text.json`."""

    body: str


class Media(msgspec.Struct):
    """A file that waits at Meta under its id: see `document.json`, `voice.json`, `sticker_and_video.json`."""

    id: str
    mime_type: str = ""
    caption: str = ""
    filename: str = ""
    voice: bool = False


class Location(msgspec.Struct):
    """A place, named if it was chosen from the map's list: see `location.json`, `location_bare.json`."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


class CardName(msgspec.Struct):
    """The name on a contact card."""

    formatted_name: str = ""


class CardPhone(msgspec.Struct):
    """A phone on a contact card; `wa_id` if it is on WhatsApp."""

    phone: str = ""
    wa_id: str = ""


class Card(msgspec.Struct):
    """A shared contact; `origin` says by which way: see `contacts.json`, `contact_request.json`."""

    name: CardName = msgspec.field(default_factory=CardName)
    phones: list[CardPhone] = []
    origin: str = ""
    user_id: str = ""


class Reaction(msgspec.Struct):
    """An emoji on a message; none, or an empty one, takes it back: see `reaction.json`."""

    message_id: str
    emoji: str = ""


class Button(msgspec.Struct):
    """A pressed quick-reply button of a template: see `button.json`."""

    text: str = ""
    payload: str = ""


class Reply(msgspec.Struct):
    """A pressed button or a chosen row: see `button_reply.json`, `list_reply.json`."""

    id: str = ""
    title: str = ""


class Form(msgspec.Struct):
    """A filled-in flow; `response_json` is a text, and not always of an object: see `form_reply.json`."""

    response_json: str = ""
    body: str = ""
    name: str = ""


class Interactive(msgspec.Struct):
    """The answer to an interactive message."""

    type: str
    button_reply: Reply | None = None
    list_reply: Reply | None = None
    nfm_reply: Form | None = None


class Item(msgspec.Struct):
    """A line of an order."""

    product_retailer_id: str
    quantity: int | float | str = 1
    item_price: int | float | str = 0
    currency: str = ""


class Order(msgspec.Struct):
    """A cart sent from the catalogue: see `order.json`."""

    catalog_id: str = ""
    text: str = ""
    product_items: list[Item] = []


class Error(msgspec.Struct):
    """Why something could not be sent or shown: see `unsupported.json`, `errors_alone.json`."""

    code: int = 0
    title: str = ""


class Content(msgspec.Struct, kw_only=True):
    """What a message holds: `type` names the part that is there."""

    type: str = "unknown"
    text: Text | None = None
    image: Media | None = None
    video: Media | None = None
    audio: Media | None = None
    voice: Media | None = None
    document: Media | None = None
    sticker: Media | None = None
    location: Location | None = None
    contacts: list[Card] = []
    reaction: Reaction | None = None
    button: Button | None = None
    interactive: Interactive | None = None
    order: Order | None = None
    errors: list[Error] = []


class Edit(msgspec.Struct):
    """The new content of an earlier message: see `edit_text.json`, `edit_caption.json`."""

    original_message_id: str
    message: Content


class Revoke(msgspec.Struct):
    """An earlier message that was deleted: see `revoke.json`."""

    original_message_id: str


class System(msgspec.Struct):
    """A change of number or of user id: see `number_changed.json`, `user_id_changed.json`."""

    type: str
    wa_id: str = ""
    new_wa_id: str = ""
    user_id: str = ""
    previous_user_id: str = ""


class Context(msgspec.Struct):
    """The message that is answered, or marks of forwarding: see `reply.json`, `forwarded_image.json`."""

    id: str = ""
    forwarded: bool = False
    frequently_forwarded: bool = False


class Referral(msgspec.Struct):
    """The advertisement that the conversation began at: see `referral.json`."""

    source_type: str = ""
    source_id: str = ""
    source_url: str = ""
    headline: str = ""
    ctwa_clid: str = ""


class Message(Content, kw_only=True):
    """A message from a person, or the echo of one of ours (`to`): see `text.json`, `echoes.json`."""

    id: str
    timestamp: int | str
    from_: str = msgspec.field(default="", name="from")
    from_user_id: str = ""
    to: str = ""
    to_user_id: str = ""
    group_id: str = ""
    context: Context | None = None
    referral: Referral | None = None
    edit: Edit | None = None
    revoke: Revoke | None = None
    system: System | None = None


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
