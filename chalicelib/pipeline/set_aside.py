"""Packs what the front door puts into the bucket: unreadable requests, and messages that the queue refused.

`hub quarantine` reads the requests, the clock the messages.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

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

    It is kept whole, because a fragment alone may lack what its envelope says. Its readable events went
    on, and are recognised by their ids when the request is read again.

    channel: the channel's name.
    account: the id of the account whose URL it came to.
    content_type: the Content-Type header, empty if there was none.
    body: the bytes as they came.
    fragments: the parts that could not be read, and why.
    method: the HTTP method.
    query: the query's parameters, decoded.
    """

    channel: str
    account: str
    content_type: str
    body: bytes = field(repr=False)
    fragments: tuple[Unreadable, ...]
    method: str = "POST"
    query: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def packed(self) -> bytes:
        """The form in which it lies in the bucket: JSON, bytes as base64."""
        return msgspec.json.encode(self)

    def request(self, public_url: str, received_at: datetime) -> Request:
        """The request again, without the headers that are needed only to prove it."""
        query = f"?{urlencode(self.query)}" if self.query else ""
        return Request(
            method=self.method,
            url=f"{public_url}/webhooks/{self.channel}/{self.account}{query}",
            query=self.query,
            headers={"content-type": self.content_type},
            body=self.body,
            received_at=received_at,
        )

    @property
    def key(self) -> str:
        """Its key in the bucket, the same if the same request comes again."""
        account = hashlib.sha256(self.account.encode()).hexdigest()[:8]
        content = hashlib.sha256(self.packed).hexdigest()[:32]
        return f"{QUARANTINE}{self.channel}/{account}/{content}"


def unpack_quarantined(packed: bytes) -> Quarantined:
    """The request, from its form in the bucket."""
    return msgspec.json.decode(packed, type=Quarantined)


def undelivered_key(request: Request, message: Outgoing) -> str:
    """The key of a message in the bucket; keys sort by time of receipt, so that the clock keeps the order."""
    return f"{UNDELIVERED}{sortable(request.received_at)}-{message.dedup}"


def set_aside_key(undelivered: str) -> str:
    """Where a message lies that the clock cannot read."""
    return f"{SET_ASIDE}{undelivered.removeprefix(UNDELIVERED)}"


def undelivered_again_key(set_aside: str) -> str:
    """Where it has to lie for the clock to try again."""
    return f"{UNDELIVERED}{set_aside.removeprefix(SET_ASIDE)}"


def pack_undelivered(message: Outgoing) -> bytes:
    """The form in which a message lies in the bucket."""
    return msgspec.json.encode(message)


def unpack_undelivered(packed: bytes) -> Outgoing:
    """The message, from its form in the bucket."""
    return msgspec.json.decode(packed, type=Outgoing)
