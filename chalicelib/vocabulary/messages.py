"""The messages on the queues: one customer's events for `process`, one profile change for `deliver`."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.vocabulary.event import Event, Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One customer's events of one request.

    customer: whose events they are.
    events: the events in the order of the request; empty if they are stored.
    stored: the bucket key of the whole intake if it was too large for the queue, else empty.
    """

    customer: Identity
    events: tuple[Event, ...] = ()
    stored: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one commit of a profile owes one target: keys, no content.

    target: the target's name.
    profile: the profile's id.
    seq: the profile's `seq` of that commit.
    events: the keys of the events that the target is owed, in order.
    """

    target: str
    profile: str
    seq: int
    events: tuple[str, ...]
