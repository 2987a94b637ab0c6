"""What a platform posts to us, and what we answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the platform is told."""

    status: int
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
