"""What the deliveries of one message share: the target, the rows that were read, and the time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import msgspec

from chalicelib.configuration.stage import Configuration
from chalicelib.crms.base import Crm
from chalicelib.pipeline import retry
from chalicelib.pipeline.breaker import Breaker
from chalicelib.pipeline.delivery_ledger import Books, contents
from chalicelib.store.keys import Key, breaker_key, event_key, ledger_key, profile_key, reference_key
from chalicelib.store.read_ahead import Ahead
from chalicelib.store.rows import BreakerRow, LedgerRow, ProfileRow, ReferenceRow, Row
from chalicelib.store.table import Table
from chalicelib.telemetry import Count
from chalicelib.vocabulary.delivery import Absorbed, Circuit, Delivery, Target
from chalicelib.vocabulary.errors import Misconfigured, Transient
from chalicelib.vocabulary.messages import Change
from chalicelib.vocabulary.people import Consequence, Profile

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
    breaker: the breakers of all targets.
    count: counts what happened.
    time_left: seconds until Lambda stops this worker.
    """

    target: Target
    crm: Crm
    configuration: Configuration
    rows: dict[Key, Row]
    ahead: Ahead
    breaker: Breaker
    count: Count
    time_left: Callable[[], float]

    @property
    def breaker_row(self) -> BreakerRow | None:
        """The target's breaker as this message's work last saw it."""
        row = self.rows.get(breaker_key(self.target.name))
        return row if isinstance(row, BreakerRow) else None

    @property
    def circuit(self) -> Circuit | None:
        """The breaker's state as this message's work last saw it; None if it was never written."""
        row = self.breaker_row
        return Circuit(row.state) if row else None

    @property
    def streak(self) -> int:
        """How many rows of failures a success has ended at this target."""
        row = self.breaker_row
        return int(row.streak) if row else 0

    def until_probe(self, now: datetime) -> float:
        """Seconds until the target may be probed again."""
        row = self.breaker_row
        return max(float(row.next_probe) - now.timestamp(), 0.0) if row else 0.0

    def others_failed(self, group: str) -> bool:
        """Whether another profile's deliveries have failed since the target last served anybody."""
        row = self.breaker_row
        return row is not None and not {*str(row.groups).split()} <= {group}

    def count_success(self, books: Books) -> None:
        """Tell the breaker that the target has answered properly, if it was asked anything."""
        if not books.answered:
            return
        with self._breaker_at_best():
            if self.breaker.succeeded(self.target.name, self.breaker_row):
                self.ahead.forget([breaker_key(self.target.name)])

    def count_failure(self, group: str, reason: str, *, refused: bool = False, own: bool = False) -> None:
        """Tell the breaker that the target has failed.

        group: the profile whose delivery it was.
        refused: whether the target answered as an endpoint does that serves nobody.
        own: whether the event itself is held to be at fault.
        """
        key = breaker_key(self.target.name)
        self.ahead.forget([key])
        with self._breaker_at_best():
            self.rows[key] = self.breaker.failed(
                self.target.name, self.breaker_row, group=group, reason=reason, refused=refused, own=own
            )

    @contextmanager
    def _breaker_at_best(self) -> Iterator[None]:
        """What became of the delivery matters more than the breaker, and the next one tells it again."""
        try:
            yield
        except (Transient, Misconfigured) as error:
            self.count("breaker_unkept", target=self.target.name, reason=error.reason)

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

    def delivery(self, absorbed: Absorbed, *, lead: str) -> Delivery:
        """The event with the customer as they are now: an almost empty profile if theirs was erased."""
        row = self.rows.get(profile_key(absorbed.profile))
        reference = self.rows.get(reference_key(absorbed.profile, self.target.name))
        conversation = absorbed.consequence.conversation
        seen = absorbed.event.received_at
        return Delivery(
            absorbed=absorbed,
            profile=(
                msgspec.json.decode(row.body, type=Profile)
                if isinstance(row, ProfileRow)
                else Profile(id=absorbed.profile, name=absorbed.event.name, first_seen=seen, last_seen=seen)
            ),
            owner=self.configuration.directory.person(conversation.owner) if conversation else None,
            contact=reference.remote if isinstance(reference, ReferenceRow) and reference.remote else "",
            lead=lead,
        )


def lead(table: Table, consequence: Consequence, context: Context) -> str:
    """The lead that the opening event's delivery made, if this event moves the conversation."""
    if consequence.conversation is None or consequence.opened or not consequence.moved:
        return ""
    key = ledger_key(consequence.conversation.opened_by, context.target.name)
    opening = contents(table.get(LedgerRow, key))
    return opening.steps.get(context.crm.lead_step, "") if opening else ""
