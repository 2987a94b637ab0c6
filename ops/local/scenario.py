"""Tells the story that the local run plays: what two customers do on three channels, as signed webhooks.

Each customer starts on WhatsApp and writes on Telegram and by SMS. The hub takes them for one person because
their Telegram identity begins by sharing its own contact. The events that must come of each webhook are read
by the channels from the very bytes that are posted.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from chalicelib.channels import CHANNELS
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.request import Request
from ops import platforms

_Line = tuple[str, str, str, int]
"""Channel, kind, text, and the number of the line that it refers to."""

_HOTEL: tuple[_Line, ...] = (
    ("whatsapp", "message", "سلام، برای آخر هفته اتاق دو تخته دارید؟", 0),
    ("telegram", "contact", "", 0),
    ("telegram", "message", "همین‌جا هم می‌توانم پیگیری کنم؟", 0),
    ("whatsapp", "echo", "سلام، بله. دو شب ۹٬۸۰۰٬۰۰۰ تومان می‌شود.", 0),
    ("twilio", "message", "لطفا شماره پیگیری را پیامک کنید", 0),
    ("whatsapp", "image", "رسید پرداخت", 0),
    ("telegram", "edit", "همین‌جا هم می‌توانم رزرو را پیگیری کنم؟", 3),
    ("whatsapp", "reaction", "", 4),
    ("twilio", "message", "ممنون، رسید 🙏", 0),
)

_REFUND: tuple[_Line, ...] = (
    ("whatsapp", "message", "Hello, I want a refund for booking 4417 please", 0),
    ("telegram", "contact", "", 0),
    ("telegram", "message", "Any news? The flight was cancelled.", 0),
    ("twilio", "message", "I also sent an e-mail last week", 0),
    ("whatsapp", "location", "", 0),
    ("whatsapp", "echo", "We are on it and will call you today.", 0),
    ("telegram", "postback", "refund_status", 3),
    ("whatsapp", "message", "Thank you!", 0),
)

STORY: tuple[tuple[platforms.Person, tuple[_Line, ...]], ...] = (
    (platforms.SARA, _HOTEL),
    (platforms.OMID, _REFUND),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One account's webhook, as `.local/hub.json` lists it."""

    account: Account
    url: str
    secrets: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One webhook of the story, and the events that must come of it."""

    person: platforms.Person
    door: Door
    post: platforms.Post
    events: tuple[Event, ...]


def acts(doors: Mapping[str, Door], *, start: datetime, first: int = 1) -> Iterator[Act]:
    """The story in turns: each customer's next line after the other's. doors: one per channel.

    first: the number of the first line; another number makes it another story of the same people.
    """
    numbers = {person: first + 1000 * index for index, (person, _) in enumerate(STORY)}
    longest = max(len(lines) for _, lines in STORY)
    for turn in range(longest):
        for person, lines in STORY:
            if turn < len(lines):
                channel, kind, text, target = lines[turn]
                base = numbers[person]
                yield _act(
                    doors[channel],
                    kind,
                    person=person,
                    at=start + timedelta(seconds=turn),
                    number=base + turn,
                    text=text,
                    target=base + target - 1 if target else 0,
                )


def _act(door: Door, kind: str, *, person: platforms.Person, at: datetime, **options: object) -> Act:
    post = platforms.KINDS[door.account.channel][kind](
        url=door.url, account=door.account.id, secrets=door.secrets, person=person, at=at, **options
    )
    return Act(person=person, door=door, post=post, events=events(post, door.account, at))


def events(post: platforms.Post, account: Account, at: datetime) -> tuple[Event, ...]:
    """The events that the channel reads in a post."""
    request = Request(
        method=post.method,
        url=post.url,
        headers={name.lower(): value for name, value in post.headers.items()},
        body=post.body,
        received_at=at,
    )
    parsed = CHANNELS[account.channel].parse(request, account)
    return tuple(part for part in parsed if isinstance(part, Event))


def send(post: platforms.Post, *, timeout: float = 30) -> int:
    """Post it; the status of the answer."""
    parts = urlsplit(post.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(post.method, path, body=post.body, headers=post.headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
