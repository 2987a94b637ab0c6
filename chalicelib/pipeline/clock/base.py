"""What every job of the clock is given, and how the jobs read open conversations.

A job never stops at one row or object that makes no sense: it counts it and goes on to the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from chalicelib.configuration.stage import Configuration
from chalicelib.crms.base import Credentials
from chalicelib.pipeline.breaker import Breaker
from chalicelib.pipeline.receive import SendAll, Store
from chalicelib.store.keys import Key
from chalicelib.store.rows import ProfileRow, Row
from chalicelib.store.table import Table
from chalicelib.telemetry import Count, log_bug
from chalicelib.vocabulary.delivery import Call, Reply, Target
from chalicelib.vocabulary.errors import HubError
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
    undelivered: gives the keys of the messages in the bucket, oldest first.
    fetch: reads what lies under a key of the bucket.
    store: puts bytes under a key of the bucket.
    forget: deletes a key of the bucket.
    breaker: the breakers of all targets.
    call: sends one call to a target.
    credentials: gives a target's credentials.
    queues: the names of all targets that have a queue; some may have left the stage.
    now: gives the time, aware UTC.
    count: counts what happened.
    time_left: says how many seconds a job still has.
    """

    table: Table
    configuration: Callable[[], Configuration]
    send: SendAll
    emit: Callable[[Event], None]
    undelivered: Callable[[], Iterable[str]]
    fetch: Callable[[str], bytes]
    store: Store
    forget: Callable[[str], None]
    breaker: Breaker
    call: Callable[[Target, Call], Reply]
    credentials: Callable[[Target], Credentials]
    now: Callable[[], datetime]
    count: Count
    queues: Callable[[], Collection[str]] = tuple
    time_left: Callable[[], float] = lambda: math.inf


Job = Callable[[Clock, Configuration], int]
"""One job: returns how many things it did. Whatever it raises, the other jobs are still done."""


def open_conversations(clock: Clock, profiles: Iterable[Key]) -> Iterator[tuple[Profile, Conversation]]:
    """The profiles of these keys that have an open conversation, read in batches."""
    for batch in _batches(profiles):
        rows = rows_of(clock, batch)
        for key in batch:
            profile = _profile(clock, rows.get(key))
            if profile and profile.conversation:
                yield profile, profile.conversation


def rows_of(clock: Clock, keys: Sequence[Key]) -> Mapping[Key, Row]:
    """The rows of these keys, without any that cannot be read. Raises `Transient`."""
    try:
        return clock.table.read(keys)
    except HubError:
        raise
    except Exception as bug:  # noqa: BLE001 - one bad row: the others are read without it
        if len(keys) == 1:
            _unreadable(clock, bug)
            return {}
        middle = len(keys) // 2
        return {**rows_of(clock, keys[:middle]), **rows_of(clock, keys[middle:])}


def _profile(clock: Clock, row: Row | None) -> Profile | None:
    if not isinstance(row, ProfileRow):
        return None
    try:
        return msgspec.json.decode(row.body, type=Profile)
    except Exception as bug:  # noqa: BLE001 - one bad row: the others wait for no repair
        _unreadable(clock, bug)
        return None


def _unreadable(clock: Clock, bug: Exception) -> None:
    log_bug("tick", bug)
    clock.count("unreadable_row")


def _batches(keys: Iterable[Key]) -> Iterator[list[Key]]:
    batch: list[Key] = []
    for key in keys:
        batch.append(key)
        if len(batch) == _READ_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
