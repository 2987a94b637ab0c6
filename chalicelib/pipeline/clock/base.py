"""What every job of the clock is given, and how the jobs read open conversations."""

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

    configuration: the stage's, at most a minute old.
    send: puts messages on the events queue and returns those that could not be put.
    emit: puts an event of the hub's own there.
    undelivered: keys and bytes in the bucket, oldest first.
    forget: deletes one of them.
    call: one call to a target.
    credentials: a target's.
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
"""Does one thing; how many it did it to. Raises `HubError`, which stops no other job."""


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
