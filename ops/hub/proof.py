"""What became of one event: from the platform's id to the records in the CRMs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.pipeline.ledger import contents
from chalicelib.store.keys import breaker_key, reference_key
from chalicelib.store.rows import BreakerRow, EventRow, LedgerRow, ReferenceRow, Row, unpack_absorbed
from chalicelib.vocabulary.delivery import Ledger
from ops.hub.events import key_in
from ops.hub.exits import Code
from ops.hub.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One delivery of the event.

    state: the ledger's, or while no attempt was made `queued`, and `unsent` if there is no queue for it.
    steps: finished steps and their ids at the target; contact: the customer's id there. cut_off: nothing is
    sent to the target now. no_queue: it was taken out of the stage, or is not deployed yet.
    """

    target: str
    state: str
    attempts: int = 0
    steps: Mapping[str, str]
    contact: str = ""
    since: datetime | None = None
    next_at: datetime | None = None
    reason: str = ""
    detail: str = ""
    cut_off: bool = False
    no_queue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The event, when it came, where it went."""

    event: str
    reference: str
    profile: str
    seq: int
    occurred_at: datetime
    received_at: datetime
    committed_at: datetime
    owed: tuple[Owed, ...]

    @property
    def code(self) -> Code:
        """All done, or what is worst among the rest."""
        states = {owed.state for owed in self.owed}
        if states & {"parked", "unsent"}:
            return Code.PARKED
        return Code.GOOD if states <= {"done"} else Code.WAITING


def proof(site: Site, row: EventRow) -> Proof:
    """The proof of a stored event."""
    absorbed = unpack_absorbed(row.body)
    ledgers = {str(each.target): contents(each) for each in _ledgers(site, row)}
    targets = list(dict.fromkeys([*json.loads(row.targets), *ledgers]))
    beside = site.table.read(
        key for name in targets for key in (reference_key(row.profile, name), breaker_key(name))
    )
    return Proof(
        event=key_in(row),
        reference=absorbed.event.reference,
        profile=absorbed.profile,
        seq=absorbed.seq,
        occurred_at=absorbed.event.occurred_at,
        received_at=absorbed.event.received_at,
        committed_at=absorbed.committed_at,
        owed=tuple(
            _owed(
                name,
                ledgers.get(name),
                beside.get(reference_key(row.profile, name)),
                beside.get(breaker_key(name)),
                no_queue=name not in site.target_queues,
            )
            for name in targets
        ),
    )


def _ledgers(site: Site, row: EventRow) -> list[LedgerRow]:
    return [each for each in site.table.partition(row.pk, "D#") if isinstance(each, LedgerRow)]


def _owed(
    target: str, ledger: Ledger | None, reference: Row | None, breaker: Row | None, *, no_queue: bool
) -> Owed:
    contact = reference.remote if isinstance(reference, ReferenceRow) else ""
    cut_off = isinstance(breaker, BreakerRow) and breaker.state != "closed"
    if ledger is None:
        return Owed(
            target=target,
            state="unsent" if no_queue else "queued",
            steps={},
            contact=contact,
            cut_off=cut_off,
            no_queue=no_queue,
        )
    return Owed(
        target=target,
        state=ledger.state,
        attempts=ledger.attempts,
        steps=ledger.steps,
        contact=contact,
        since=ledger.since,
        next_at=ledger.next_at,
        reason=ledger.reason,
        detail=ledger.detail,
        cut_off=cut_off,
        no_queue=no_queue,
    )
