"""The contract of a channel: what it declares of its platform, and how it reads the platform's requests.

The pipeline finds channel and account, verifies, parses, stores and answers. A channel does none of
that: it has no clock, no network, no log and no configuration, and cannot forget to verify.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from chalicelib.channels.signatures.base import Scheme
from chalicelib.vocabulary.account import Account, Ours
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.event import Event, Ignored, Unreadable
from chalicelib.vocabulary.request import Answer, Request

Parsed = Event | Unreadable | Ignored

_ACCEPTED = Answer(status=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A platform's adapter.

    name: what URLs, configuration and events call it.
    verify: how its requests are proved genuine; required, so that no channel can leave it out.
    parse: turns a genuine request into its events, in order. Raises `Rejected` when nothing of the body can
        be read; a single fragment that cannot be read is yielded as `Unreadable`.
    scope: `channel` if an id means the same person on all our accounts, else `account`.
    resends: True if the platform repeats a request that we answered 5xx. If not, a function of its own
        answers it, whose containers no flood on another channel can take.
    methods: the HTTP methods with which the platform brings events.
    answer: our answer to an accepted request, or what makes it from the request once everything is safe.
    refused: the HTTP status for a request that is not genuine.
    handshake: answers a request by which the platform asks whether the URL is ours, which cannot be proved
        genuine; returns None if the request is no handshake. Raises `Rejected`, which is answered 403.
    secrets: the names of an account's secrets. A request that needs one which is not there is answered 503.
    either: True if one of them is enough; else an account needs all.
    settings: the names that an account's settings may have.
    setup: what an operator must enter where; `{url}` stands for the webhook URL.
    """

    name: str
    verify: Scheme
    parse: Callable[[Request, Account], Iterable[Parsed]]
    scope: str = "account"
    resends: bool = True
    methods: tuple[str, ...] = ("POST",)
    answer: Answer | Callable[[Request, Ours], Answer] = _ACCEPTED
    refused: int = 401
    handshake: Callable[[Request, Ours], Answer | None] | None = None
    secrets: tuple[str, ...] = ()
    either: bool = False
    settings: tuple[str, ...] = ()
    setup: str = ""

    def missing(self, secrets: Collection[str]) -> tuple[str, ...]:
        """The secrets that an account still lacks if it has values for these."""
        lacking = tuple(name for name in self.secrets if name not in secrets)
        return () if self.either and len(lacking) < len(self.secrets) else lacking


def readable(where: str, fragment: bytes, read: Callable[[], Iterable[Parsed]]) -> Iterator[Parsed]:
    """The events of one fragment; if any part of it cannot be read, one `Unreadable` instead of them."""
    try:
        parsed = tuple(read())
    except Rejected as error:
        yield Unreadable(reason=f"{error}", where=where, fragment=fragment)
        return
    yield from parsed


def with_extra(event: Event, **facts: str) -> Event:
    """The event with these facts among its extras, except empty ones."""
    return replace(event, extra={**event.extra, **{name: fact for name, fact in facts.items() if fact}})
