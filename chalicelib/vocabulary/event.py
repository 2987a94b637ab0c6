"""The canonical event: one thing that happened between a customer and us, on any channel.

A channel turns the platform's words into these types; everything after it uses only them.

A field is normalised (the same on all platforms) or opaque (the platform's own: kept as it came, compared
byte for byte, never parsed).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

# DynamoDB allows 2048 bytes of partition key; a longer id than this is replaced by its hash.
_LONGEST_ID = 512


LONGEST_TEXT = 20_000
"""Characters of a text that are kept in a row and looked at by rules: several times what any platform lets
people write, and what CRMs still take."""

HUB = "hub"
"""The channel of the events that the hub itself makes, and the account of most of them."""


class Kind(StrEnum):
    """What happened."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETE = "delete"
    REACTION = "reaction"
    COMMENT = "comment"
    MENTION = "mention"
    POSTBACK = "postback"
    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    REFERRAL = "referral"
    CALL = "call"
    STATUS = "status"
    IDENTITY_CHANGE = "identity_change"
    NOTICE = "notice"
    """Something about one of our own accounts or targets, not about a customer."""
    CLOSE = "close"
    """Emitted by `tick` or for a person: end a conversation."""
    OFFER = "offer"
    """Emitted by `tick`: look again for an owner of a waiting conversation."""


class Direction(StrEnum):
    """Who spoke: the customer, our own side seen as an echo, or staff and the hub itself."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


_NOBODYS = frozenset({"@account", "@once", "@profile"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An address of somebody on a channel.

    channel: the channel's name; normalised.
    scope: the account whose ids these are, or `*` where the channel's ids are the same for all accounts;
        `@claimed` marks an address that anybody can write over a message; `@account`, `@once` and `@profile`
        mark what is nobody's address (`linkable`). Normalised.
    id: what the platform calls them; opaque.
    """

    channel: str
    scope: str
    id: str

    @property
    def key(self) -> str:
        """A text that is unique among identities."""
        return f"{self.channel}#{self.scope}#{_short(self.id)}"

    @property
    def linkable(self) -> bool:
        """True unless it stands for one of our accounts, one call, or a profile."""
        return self.scope not in _NOBODYS

    @property
    def is_claimed(self) -> bool:
        """True if nobody has proved that who uses it is its holder."""
        return self.scope == "@claimed"

    @property
    def own(self) -> bool:
        """True if it stands for one of our own accounts."""
        return self.scope == "@account"


def own_account(channel: str, account: str) -> Identity:
    """The account itself, as the customer of an event that has no other."""
    return Identity(channel=channel, scope="@account", id=account)


def claimed(channel: str, id: str) -> Identity:
    """Whoever uses an address that a network only claims: the sender of an SMS, the number of a caller.

    It is apart from the identity of the same id that is proved, so that a forger does not get into the
    profile of the person whose number they show.
    """
    return Identity(channel=channel, scope="@claimed", id=id)


def withheld(channel: str, occasion: str) -> Identity:
    """The customer of one call or chat for whom the platform gives no id."""
    return Identity(channel=channel, scope="@once", id=occasion)


def profile_address(profile_id: str) -> Identity:
    """The profile, as the customer of an event that the hub itself makes."""
    return Identity(channel=HUB, scope="@profile", id=profile_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactKey:
    """A phone, an e-mail address or a CRM's id that may link several identities of one person.

    kind: `phone`, `email` or `crm`; normalised.
    value: as the platform wrote it, a phone with `+` where it is known to be international, a CRM's id as
        `<crm>:<id>`; not normalised yet, `profiles` does that.
    verified: True if the platform vouches for it; False if only the sender or a network says so.
    """

    kind: str
    value: str
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Something that was sent along: a reference to a file, a place or a contact.

    kind: image, video, audio, voice, document, sticker, location or contact; normalised.
    ref: what the platform wants for handing the file over (a media id, a file id or a URL), or the phone of
        a contact; opaque.
    mime: the MIME type of the file; opaque.
    name: the name of the file, place or contact; opaque.
    size: bytes, 0 if the platform does not say.
    latitude: degrees north, of a location only.
    longitude: degrees east, of a location only.
    """

    kind: str
    ref: str = ""
    mime: str = ""
    name: str = ""
    size: int = 0
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One canonical event.

    id: the platform's own id of this happening, or a hash that is the same when it is sent again; opaque.
    channel: the channel's name; normalised.
    account: the id of our page, number or bot that it happened on; opaque.
    kind: what happened; normalised.
    direction: who spoke; normalised.
    customer: the identity on the other side. It alone decides queue group, profile and timeline.
    sender: who spoke if it was not the customer: our account in an echo, else None.
    chat: the group, thread or chat that it happened in, empty if the platform names none; opaque.
    occurred_at: by the platform's clock, or ours if the platform gives no time; aware UTC.
    received_at: by our clock; aware UTC.
    text: what was written, pressed or reacted with, as it came; not normalised.
    attachments: what was sent along.
    reply_to: the message that this one answers, as the platform names messages; opaque.
    target_id: what an edit, delete, reaction, press or status is about, as the platform names messages; of
        a `close` or `offer`, the conversation's id. Opaque.
    contact_keys: phones, e-mail addresses and CRM ids that the event tells of the customer.
    name: what the customer calls themselves; opaque.
    language_hint: the language tag that the platform gives the customer; opaque.
    previous: for an identity change, the identity that this customer had before.
    extra: small facts that have no field; names are ours, values opaque.
    raw: the fragment as it came, so that a better parser can read it again.
    """

    id: str
    channel: str
    account: str
    kind: Kind
    direction: Direction
    customer: Identity
    sender: Identity | None = None
    chat: str = ""
    occurred_at: datetime
    received_at: datetime
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    reply_to: str = ""
    target_id: str = ""
    contact_keys: tuple[ContactKey, ...] = ()
    name: str = ""
    language_hint: str = ""
    previous: Identity | None = None
    extra: dict[str, str] = field(default_factory=dict)
    raw: bytes = field(default=b"", repr=False)

    @property
    def key(self) -> str:
        """A text that is unique among events, and the same when the platform sends the event again."""
        return f"{self.channel}#{self.account}#{self.kind}#{_short(self.id)}"

    @property
    def excerpt(self) -> str:
        """The text as far as it is looked at and kept in a row."""
        return self.text[:LONGEST_TEXT]

    @property
    def said(self) -> str:
        """The excerpt as far as it tells the customer's language: a button's code is ours."""
        is_code = self.kind is Kind.POSTBACK and self.text == self.extra.get("payload")
        return "" if is_code else self.excerpt

    @property
    def reference(self) -> str:
        """A short name for the event, used as the marker in other systems."""
        return reference(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A genuine fragment whose shape we do not understand.

    reason: a code and what was expected, without the content.
    where: the fragment's path inside the request, such as `entry[0].changes[1]`.
    fragment: the bytes as they came.
    """

    reason: str
    where: str
    fragment: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A genuine fragment of a sort that we do not read.

    name: the sort, under which it is counted; ours, of letters, dots and underscores.
    """

    name: str


def reference(key: str) -> str:
    """20 hex digits that stand for an event key: short enough for a note, and unique in practice."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _short(opaque: str) -> str:
    if len(opaque.encode("utf-8", "surrogatepass")) <= _LONGEST_ID:
        return opaque
    return "sha256:" + hashlib.sha256(opaque.encode("utf-8", "surrogatepass")).hexdigest()
