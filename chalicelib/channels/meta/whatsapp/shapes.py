"""The parts of a WhatsApp message that we read, under Meta's own names; `envelope` has what is around it.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference, read on
2026-11-23. Files named below lie in `tests/fixtures/channels/whatsapp/`.
"""

from __future__ import annotations

import msgspec

from chalicelib.channels.meta.whatsapp.answers import Button, Interactive


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


class Product(msgspec.Struct):
    """A product of our catalogue: see `product_asked.json`."""

    catalog_id: str = ""
    product_retailer_id: str = ""


class Context(msgspec.Struct):
    """The message that is answered, or marks of forwarding: see `reply.json`, `forwarded_image.json`.

    Whoever writes by the button of a product asks about that product.
    """

    id: str = ""
    forwarded: bool = False
    frequently_forwarded: bool = False
    referred_product: Product | None = None


class Referral(msgspec.Struct):
    """The advertisement that the conversation began at: see `referral.json`, `referral_of_a_video.json`."""

    source_type: str = ""
    source_id: str = ""
    source_url: str = ""
    headline: str = ""
    body: str = ""
    image_url: str = ""
    video_url: str = ""
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
