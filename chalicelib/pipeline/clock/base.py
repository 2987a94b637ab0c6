"""What every job of the clock is given, and the reading of open conversations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from chalicelib.configuration.stage import Configuration
from chalicelib.crms.base import Credentials
from chalicelib.pipeline.breaker import Breaker
from chalicelib.pipeline.receive import SendAll
from chalicelib.store.keys import Key
from chalicelib.store.rows import ProfileRow
from chalicelib.store.table import Table
from chalicelib.telemetry import Count
from chalicelib.vocabulary.delivery import Call, Reply, Target
from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.people import Conversation, Profile

_READ_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What the jobs are given.

    table: the table.
    configuration: gives the stage's configuration, at most a minute old.
    send: puts messages on the events queue and returns those that could not be put.
    emit: puts an event of the hub's own on the events queue.
    undelivered: gives keys and bytes of the messages in the bucket, oldest first.
    forget: deletes a key of the bucket.
    breaker: the breakers of all targets.
    call: sends one call to a target.
    credentials: gives a target's credentials.
    now: gives the time, aware UTC.
    count: counts what happened.
    """

    table: Table
    configuration: Callable[[], Configuration]
    send: SendAll
    emit: Callable[[Event], None]
    undelivered: Callable[[], Iterable[tuple[str, bytes]]]
    forget: Callable[[str], None]
    breaker: Breaker
    call: Callable[[Target, Call], Reply]
    credentials: Callable[[Target], Credentials]
    now: Callable[[], datetime]
    count: Count


Job = Callable[[Clock, Configuration], int]
"""One job: returns how many things it did. If it raises a `HubError`, the other jobs are still done."""


def open_conversations(table: Table, profiles: Iterable[Key]) -> Iterator[tuple[Profile, Conversation]]:
    """The profiles of these keys that have an open conversation, read in batches."""
    for batch in _batches(profiles):
        rows = table.read(batch)
        for key in batch:
            row = rows.get(key)
            if isinstance(row, ProfileRow):
                profile = msgspec.json.decode(row.body, type=Profile)
                if profile.conversation:
                    yield profile, profile.conversation


def _batches(keys: Iterable[Key]) -> Iterator[list[Key]]:
    batch: list[Key] = []
    for key in keys:
        batch.append(key)
        if len(batch) == _READ_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
