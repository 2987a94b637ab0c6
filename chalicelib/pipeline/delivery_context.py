"""What the deliveries of one message share: the target, the rows that were read, and the time left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from chalicelib.configuration.stage import Configuration
from chalicelib.crms.base import Crm
from chalicelib.pipeline import retry
from chalicelib.store.keys import Key, breaker_key, event_key, ledger_key, profile_key, reference_key
from chalicelib.store.read_ahead import Ahead
from chalicelib.store.rows import ProfileRow, Row
from chalicelib.vocabulary.delivery import Absorbed, Target
from chalicelib.vocabulary.errors import Transient
from chalicelib.vocabulary.messages import Change
from chalicelib.vocabulary.people import Profile

OUT_OF_TIME = "out_of_time"
"""The reason of a delivery that is left to the next worker."""


def lookups(change: Change) -> list[Key]:
    """The rows that a change's deliveries read first."""
    return [
        *(event_key(key) for key in change.events),
        *(ledger_key(key, change.target) for key in change.events),
        profile_key(change.profile),
        reference_key(change.profile, change.target),
        breaker_key(change.target),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stays the same for all events of one message.

    target: where the events go.
    crm: the target's connector.
    configuration: the stage's configuration.
    rows: the rows as they were read, and a new contact's.
    ahead: the rows of the batch, from which changed ones are dropped.
    time_left: seconds until Lambda stops this worker.
    """

    target: Target
    crm: Crm
    configuration: Configuration
    rows: dict[Key, Row]
    ahead: Ahead
    time_left: Callable[[], float]

    def require_time(self) -> None:
        """Raises `Transient` if too little time is left for another step."""
        if self.time_left() < retry.TIME_FOR_A_STEP:
            raise Transient(OUT_OF_TIME, retry_after=0)

    def require_time_for_a_call(self) -> None:
        """Raises `Transient` when a call could outlive this worker, which would then not book it.

        It costs an attempt: a step whose calls take so long would else begin for ever and never end.
        """
        if self.time_left() < retry.TIME_FOR_A_CALL:
            raise Transient("too_slow", "the calls of one step have taken all of a worker's time")


def profile_of(row: Row | None, absorbed: Absorbed) -> Profile:
    """The customer as they are now; an almost empty profile if theirs was erased."""
    if isinstance(row, ProfileRow):
        return msgspec.json.decode(row.body, type=Profile)
    seen = absorbed.event.received_at
    return Profile(id=absorbed.profile, name=absorbed.event.name, first_seen=seen, last_seen=seen)
