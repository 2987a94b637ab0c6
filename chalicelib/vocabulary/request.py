"""One HTTP request of a platform, and our answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as it arrived.

    method: the HTTP method, in capitals.
    url: the public URL that the platform was given, with its query: URL-signing platforms sign this one,
        whatever host the function itself sees.
    query: the query's parameters, decoded.
    headers: header names, in lower case, to values.
    body: the bytes as they came.
    received_at: our clock, aware UTC.
    """

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Our answer to a platform.

    status: the HTTP status.
    body: the text of the answer.
    content_type: the value of its Content-Type header.
    """

    status: int
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
