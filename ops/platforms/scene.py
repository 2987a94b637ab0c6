"""Defines what every platform's builders are told, and what they make: people, scenes, requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

Json = dict[str, object]
Fields = dict[str, str]
SecretValues = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One HTTP request of a platform."""

    method: str = "POST"
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A fictional person.

    user_id: their number on Telegram.
    bsuid: their business-scoped id on WhatsApp.
    """

    first_name: str
    last_name: str
    phone: str
    user_id: int
    bsuid: str
    language: str = "fa"

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.first_name} {self.last_name}"

    @property
    def digits(self) -> str:
        """The phone as WhatsApp writes it."""
        return self.phone.removeprefix("+")


SARA = Person(
    first_name="سارا",
    last_name="رستمی",
    phone="+989120000001",
    user_id=700000001,
    bsuid="IR.1000000000000001",
)
OMID = Person(
    first_name="Omid",
    last_name="Karimi",
    phone="+989120000002",
    user_id=700000002,
    bsuid="IR.1000000000000002",
    language="en",
)


def somebody(phone: str) -> Person:
    """The fictional person with that E.164 phone; the same phone is always the same person."""
    digits = phone.removeprefix("+")
    invented = Person(
        first_name="مهمان",
        last_name=digits[-4:],
        phone=phone,
        user_id=10**9 + int(digits[-9:]),
        bsuid=f"IR.{digits:0>16}",
    )
    return next((person for person in (SARA, OMID) if person.phone == phone), invented)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One thing that somebody does: what every builder is told.

    url: the webhook URL that the platform was told.
    account: our number or bot, by its id there.
    at: when it happens.
    number: is used in its ids; the same number makes the same ids.
    target: the number of the earlier thing that it refers to.
    """

    url: str
    account: str
    secrets: SecretValues
    at: datetime
    number: int
    person: Person = SARA
    text: str = ""
    target: int = 0

    @property
    def seconds(self) -> int:
        """The platform's clock."""
        return int(self.at.timestamp())


def with_header(post: Post, name: str, value: str) -> Post:
    """The same request with one more header."""
    return replace(post, headers={**post.headers, name: value})


Builder = Callable[..., Post]
"""Makes the signed request of one kind; its options are the fields of `Scene`."""
