"""What the queues carry: one customer's events to `process`, one profile change to `deliver`."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.vocabulary.event import Event, Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One customer's events of one request, in order.

    stored: the bucket key where they lie instead, because they were too large for the queue.
    """

    customer: Identity
    events: tuple[Event, ...] = ()
    stored: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one commit of a profile owes one target: keys, no content."""

    target: str
    profile: str
    seq: int
    events: tuple[str, ...]
