"""What a platform posts to us, what we answer, and the account it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One page, number or bot of ours on a channel: an entry in the register of official presences.

    id: what stands in the webhook's path and, where the platform names the account in its payload,
        what it is called there (a WhatsApp phone number id, a Twilio number or account SID).
    secret: the name of the parameter with its secrets. Accounts of one platform application share
        it, and only those may appear together in one request.
    statuses: whether delivered and read receipts of what others sent are wanted.
    region: ISO 3166 country for phone numbers written without a country code.
    settings: what the channel's `setup` asks for beyond secrets, by name.
    """

    channel: str
    id: str
    name: str = ""
    secret: str = ""
    statuses: bool = False
    region: str = "IR"
    language: str = ""
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as it arrived.

    url: the public URL the platform was told, with the query it came with: what URL-signing
        platforms sign, whatever host the function itself sees.
    headers: names in lower case. body: the bytes as they came.
    """

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    received_at: datetime
    token: str = field(default="", repr=False)
    """The last path segment of an unsigned channel's URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the platform is told."""

    status: int
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"


Secrets = Mapping[str, tuple[str, ...]]
"""An account's secrets by name; each may have several active values. Never logged."""
