"""What the front door puts into the bucket: requests it could not read, messages no queue would take.

Both are read back elsewhere: the first by `hub quarantine`, the second by the clock.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import msgspec

from chalicelib.aws.queues import Outgoing
from chalicelib.store.keys import sortable
from chalicelib.vocabulary.event import Unreadable
from chalicelib.vocabulary.request import Request

QUARANTINE = "quarantine/"
UNDELIVERED = "undelivered/"
SET_ASIDE = f"{QUARANTINE}{UNDELIVERED}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A genuine request with fragments that could not be read.

    It is kept whole, because a fragment alone may lack what its envelope says; what of it went on is known by
    its ids when it is read again.

    channel, account: whose URL it came to.
    content_type: its header, empty if it had none.
    body: the bytes as they came.
    fragments: what could not be read of it, and why.
    """

    channel: str
    account: str
    content_type: str
    body: bytes = field(repr=False)
    fragments: tuple[Unreadable, ...]

    @property
    def packed(self) -> bytes:
        """As it lies in the bucket: JSON, bytes as base64."""
        return msgspec.json.encode(self)

    @property
    def key(self) -> str:
        """Where it lies: the same if the same request comes again."""
        account = hashlib.sha256(self.account.encode()).hexdigest()[:8]
        content = hashlib.sha256(self.packed).hexdigest()[:32]
        return f"{QUARANTINE}{self.channel}/{account}/{content}"


def unpack_quarantined(packed: bytes) -> Quarantined:
    """The request that lies in the bucket."""
    return msgspec.json.decode(packed, type=Quarantined)


def undelivered_key(request: Request, message: Outgoing) -> str:
    """Where a message lies: sorted by the time it was received, so that the clock feeds them in in order."""
    return f"{UNDELIVERED}{sortable(request.received_at)}-{message.dedup}"


def set_aside_key(undelivered: str) -> str:
    """Where a message lies that the clock cannot read."""
    return f"{SET_ASIDE}{undelivered.removeprefix(UNDELIVERED)}"


def undelivered_again_key(set_aside: str) -> str:
    """Where it has to lie for the clock to try again."""
    return f"{UNDELIVERED}{set_aside.removeprefix(SET_ASIDE)}"


def pack_undelivered(message: Outgoing) -> bytes:
    """A message as it lies in the bucket."""
    return msgspec.json.encode(message)


def unpack_undelivered(packed: bytes) -> Outgoing:
    """The message that lies in the bucket."""
    return msgspec.json.decode(packed, type=Outgoing)
