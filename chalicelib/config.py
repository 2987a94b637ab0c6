"""What a function is told: its environment, and the stage's configuration as `hub push` stored it.

The front door imports this module, so it needs nothing but msgspec, and reads only the one section
that it uses.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient

_MAX_AGE = 60.0
_LEAST_BETWEEN_READS = 1.0

_PATTERNS = {
    "HUB_STAGE": (r"[a-z][a-z0-9-]{0,30}", "a stage's name, such as local"),
    "HUB_TABLE": (r"[A-Za-z0-9_.-]{3,255}", "a DynamoDB table's name"),
    "HUB_BUCKET": (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name"),
    "HUB_EVENTS_QUEUE": (r"https?://\S+\.fifo", "the URL of a FIFO queue"),
    "HUB_SECRETS": (r"(/[A-Za-z0-9_.-]+)+", "a parameter path, such as /switchboard/local"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where this deployment keeps its things.

    secrets: the parameter path under which secrets lie. target_queues: target name to queue URL; empty
    for a function that sends to none.
    """

    stage: str
    table: str
    bucket: str
    events_queue: str
    secrets: str
    target_queues: Mapping[str, str]


def load(environ: Mapping[str, str]) -> Environment:
    """The environment; raises one `Misconfigured` that names everything missing or malformed."""
    faults = []
    for name, (pattern, meaning) in _PATTERNS.items():
        value = environ.get(name, "")
        if not value:
            faults.append(f"{name} is missing: it is {meaning}")
        elif not re.fullmatch(pattern, value):
            faults.append(f"{name} is malformed: it should be {meaning}")
    queues = _queues(environ.get("HUB_TARGET_QUEUES") or "{}")
    if queues is None:
        faults.append(
            "HUB_TARGET_QUEUES is malformed: it should be a JSON object of target to FIFO queue URL"
        )
    if faults or queues is None:
        raise Misconfigured("environment", "; ".join(faults))
    return Environment(
        stage=environ["HUB_STAGE"],
        table=environ["HUB_TABLE"],
        bucket=environ["HUB_BUCKET"],
        events_queue=environ["HUB_EVENTS_QUEUE"],
        secrets=environ["HUB_SECRETS"],
        target_queues=queues,
    )


def _queues(text: str) -> dict[str, str] | None:
    try:
        queues = json.loads(text)
    except ValueError:
        return None
    pattern = _PATTERNS["HUB_EVENTS_QUEUE"][0]
    if not isinstance(queues, dict):
        return None
    if not all(isinstance(url, str) and re.fullmatch(pattern, url) for url in queues.values()):
        return None
    return queues


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The register of official presences: all that the front door needs of a stage.

    public_url: how the platforms reach us, without a slash at its end.
    """

    version: str
    public_url: str
    accounts: tuple[Account, ...] = ()

    def account(self, channel: str, account: str) -> Account | None:
        """The account of that channel and id."""
        return account_of(self.accounts, channel, account)


def account_of(accounts: tuple[Account, ...], channel: str, account: str) -> Account | None:
    """The account of that channel and id."""
    return next((a for a in accounts if a.id == account and a.channel == channel), None)


def decode_accounts(sections: Mapping[str, bytes]) -> Accounts:
    """The register alone, as the front door needs it."""
    return section(sections, "accounts", Accounts)


T = TypeVar("T")


def section(sections: Mapping[str, bytes], name: str, shape: type[T]) -> T:
    """One section, unpacked. Raises `Misconfigured` if it is missing or cannot be read."""
    try:
        return msgspec.json.decode(zlib.decompress(sections[name]), type=shape)
    except (KeyError, zlib.error, msgspec.DecodeError) as error:
        detail = f"section {name} of the stored configuration cannot be read"
        raise Misconfigured("configuration_unreadable", detail) from error


def _stored(sections: Mapping[str, bytes] | None) -> Mapping[str, bytes]:
    if sections is None:
        raise Misconfigured("configuration_missing", "nothing was pushed to this stage yet")
    return sections


class Cached(Generic[T]):
    """The stored configuration, at most a minute old, through outages of where it is stored."""

    def __init__(
        self,
        *,
        read: Callable[[], Mapping[str, bytes] | None],
        decode: Callable[[Mapping[str, bytes]], T],
        clock: Callable[[], float],
    ) -> None:
        self._read = read
        self._decode = decode
        self._clock = clock
        self._value: T | None = None
        self._read_at = 0.0
        self._tried_at: float | None = None
        self._failure: HubError | None = None

    def current(self) -> T:
        """The configuration; an older copy if it cannot be read now, and only raises without one."""
        if self._value is not None and self._younger(self._read_at, _MAX_AGE):
            return self._value
        if self._value is None or not self._just_tried():
            self._try()
        if self._value is None:
            raise self._failure or Transient("configuration_unread")
        return self._value

    def refresh(self) -> T:
        """The configuration as it is now, read at most once a second.

        Raises if it cannot be read, whatever older copy there is: who asks has not found something in
        that copy, and must not conclude that it does not exist.
        """
        if not self._just_tried():
            self._try()
        if self._failure is not None:
            raise self._failure
        return self.current()

    def _try(self) -> None:
        self._tried_at = self._clock()
        try:
            value = self._decode(_stored(self._read()))
        except (Transient, Misconfigured) as failure:
            self._failure = failure
            return
        self._value, self._read_at, self._failure = value, self._tried_at, None

    def _just_tried(self) -> bool:
        return self._tried_at is not None and self._younger(self._tried_at, _LEAST_BETWEEN_READS)

    def _younger(self, since: float, limit: float) -> bool:
        # A clock that was set back must not keep a copy for ever.
        return 0 <= self._clock() - since < limit
