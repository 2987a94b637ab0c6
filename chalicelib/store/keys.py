"""The keys of the table's rows: the partition and sort key of each, and its place in the indexes."""

from __future__ import annotations

import zlib
from datetime import datetime

from chalicelib.vocabulary.event import Identity

Key = tuple[str, str]

WAITING = "waiting"
"""The `worklist` partition of conversations that nobody owns, most urgent first, whatever their team."""

LOADS = "loads"
"""The `worklist` partition of everybody's load."""

DUE_SHARDS = 4
"""Partitions of the `due` index; a profile is always in the one its id hashes to."""

INDEXES = {
    "timeline": ("customer", "at"),
    "due": ("due_shard", "due_at"),
    "worklist": ("work_queue", "work_at"),
}
"""The indexes, each with the attributes that are its partition and sort key.

`timeline` has an identity's events by time, `due` the profiles that the clock must look at, `worklist` each
person's conversations and those that wait."""


def sortable(moment: datetime) -> str:
    """A moment as 13 digits of milliseconds, which compare as the moments do."""
    return f"{int(moment.timestamp() * 1000):013d}"


def event_key(key: str) -> Key:
    """Where an event lies, from `Event.key`."""
    return f"E#{key}", "EVENT"


def words_key(message: str) -> Key:
    """Where it lies what an edited message says, from the `Event.key` of the message."""
    return f"T#{message}", "WORDS"


def ledger_key(event: str, target: str) -> Key:
    """Where a delivery's ledger lies."""
    return f"E#{event}", f"D#{target}"


def identity_key(identity: Identity | str) -> Key:
    """Where an identity lies, from the identity or its `key`."""
    return f"I#{identity if isinstance(identity, str) else identity.key}", "IDENTITY"


def contact_key(key: str) -> Key:
    """Where a contact key lies, from `kind#value`."""
    return f"K#{key}", "KEY"


def profile_key(profile: str) -> Key:
    """Where a profile lies."""
    return f"P#{profile}", "PROFILE"


def due_shard(profile: str) -> str:
    """The partition of the `due` index that a profile is in."""
    return f"due#{zlib.crc32(profile.encode()) % DUE_SHARDS}"


def reference_key(profile: str, target: str) -> Key:
    """Where a profile's id at a target lies."""
    return f"P#{profile}", f"R#{target}"


def load_key(person: str) -> Key:
    """Where a person's load lies."""
    return f"W#{person}", "LOAD"


def breaker_key(target: str) -> Key:
    """Where a target's breaker lies."""
    return f"B#{target}", "BREAKER"
