"""The canonical event: one thing that happened between a customer and us, on any channel.

Vendor words stop in `channels/`; everything after it speaks only in these types.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

# DynamoDB allows 2048 bytes of partition key; an id beyond this is replaced by its hash.
_LONGEST_ID = 512


LONGEST_TEXT = 20_000
"""Characters of a text that are kept in a row and looked at by rules: several times what any platform lets
people write, and what CRMs still take."""

HUB = "hub"
"""The channel, and the account on it, of the events that the hub itself makes."""


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
    """About one of our own accounts or targets, not about a customer."""
    CLOSE = "close"
    """The hub's or a person's wish that a conversation be closed."""
    OFFER = "offer"
    """The hub's wish that a waiting conversation be offered again."""


class Direction(StrEnum):
    """Who spoke: the customer, our own side seen as an echo, or staff and the hub itself."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An address of somebody on a channel. Opaque: never parsed, compared byte for byte.

    `scope` is the account whose ids these are, or `*` where the channel's ids are the same for all
    accounts; `@account`, `@once` and `@profile` mark the three that are nobody's address.
    """

    channel: str
    scope: str
    id: str

    @property
    def key(self) -> str:
        """One string for it, unique among identities."""
        return f"{self.channel}#{self.scope}#{_short(self.id)}"

    @property
    def ties(self) -> bool:
        """Whether it can be tied to other identities: it is a real, lasting address."""
        return not self.scope.startswith("@")

    @property
    def own(self) -> bool:
        """Whether it stands for one of our own accounts rather than for a customer."""
        return self.scope == "@account"


def own_account(channel: str, account: str) -> Identity:
    """The customer of an event that has none: the account itself."""
    return Identity(channel=channel, scope="@account", id=account)


def withheld(channel: str, occasion: str) -> Identity:
    """The customer of one call or chat whose id the platform keeps back."""
    return Identity(channel=channel, scope="@once", id=occasion)


def profile_address(profile_id: str) -> Identity:
    """How the hub's own events name the profile they are about."""
    return Identity(channel=HUB, scope="@profile", id=profile_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactKey:
    """Something that may tie identities together.

    `kind` is `phone` (as the platform wrote it, with `+` where it is known to be international),
    `email` or `crm` (`<crm>:<id>`). `verified` means the platform vouches for it, not the sender.
    """

    kind: str
    value: str
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Something sent along, by reference.

    `kind` is image, video, audio, voice, document, sticker, location or contact. `ref` is what the
    platform wants to hand it over later (a media id, a file id or a URL); `size` is in bytes.
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

    id: the platform's own id of this happening, or a hash that is the same when it is sent again.
    account: our page, number or bot it happened on.
    customer: the identity on the other side. It alone decides queue group, profile and timeline.
    sender: who spoke; differs from `customer` for echoes and for staff.
    chat: group or thread, if any (opaque).
    occurred_at: the platform's clock; received_at: ours. Aware UTC.
    target_id: the `id` of the event that an edit, delete, reaction or status is about.
    previous: for an identity change, the identity this customer had before.
    extra: small facts that have no field, string to string.
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
        """Unique among all events, and the same whenever the platform sends it again."""
        return f"{self.channel}#{self.account}#{self.kind}#{_short(self.id)}"

    @property
    def excerpt(self) -> str:
        """The text as far as it is looked at and kept in a row."""
        return self.text[:LONGEST_TEXT]

    @property
    def reference(self) -> str:
        """A short name for the event, used as the marker in other systems."""
        return reference(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A genuine fragment whose shape we do not understand; kept whole.

    `where` is a path inside the request (`entry[0].changes[1]`), `reason` says what was expected.
    """

    reason: str
    where: str
    fragment: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A genuine fragment of a sort we know and do not want; counted under `name`."""

    name: str


def reference(key: str) -> str:
    """20 hex digits that stand for an event key: short enough for a note, unique enough for ever."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _short(opaque: str) -> str:
    if len(opaque.encode("utf-8", "surrogatepass")) <= _LONGEST_ID:
        return opaque
    return "sha256:" + hashlib.sha256(opaque.encode("utf-8", "surrogatepass")).hexdigest()
