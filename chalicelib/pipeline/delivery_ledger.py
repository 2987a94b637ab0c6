"""Keeps the ledger of one delivery: writes each state before the calls it covers, each step after them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from chalicelib.pipeline import retry
from chalicelib.pipeline.commit import RETENTION
from chalicelib.store.keys import ledger_key, reference_key
from chalicelib.store.rows import LedgerRow, ReferenceRow, ReferenceState, Row
from chalicelib.store.table import Table
from chalicelib.vocabulary.delivery import ANY_STEP, Absorbed, Ledger, State
from chalicelib.vocabulary.errors import HubError, Transient


def contents(row: Row | None) -> Ledger | None:
    """The ledger in its row; None if there is no row."""
    return msgspec.json.decode(row.body, type=Ledger) if isinstance(row, LedgerRow) else None


def row_of(ledger: Ledger, *, profile: str, ttl: int) -> LedgerRow:
    """The row that holds the ledger."""
    return LedgerRow(
        *ledger_key(ledger.event, ledger.target),
        state=ledger.state,
        target=ledger.target,
        profile=profile,
        version=ledger.version,
        body=msgspec.json.encode(ledger).decode(),
        ttl=ttl,
    )


@dataclass(slots=True, kw_only=True)
class Books:
    """One delivery's ledger while a worker holds it.

    A step stays doubtful until it is looked up, even if the next attempt starts with other steps: a phone
    learnt meanwhile adds one. Every write is conditional on nobody else having written since: a second worker
    gets the message if its invisibility ends while the first one is alive.

    table: the table.
    absorbed: the event, and what it did to the conversation.
    target: the target's name.
    now: gives the time, aware UTC.
    settle: the connector's, seconds.
    answered: whether the target has answered anything in this attempt.
    lost: whether this attempt has sent a write and not heard what became of it.
    ledger: the ledger as it is now, some of it perhaps not written yet.
    """

    table: Table
    absorbed: Absorbed
    target: str
    now: Callable[[], datetime]
    settle: float = 0
    answered: bool = False
    lost: bool = False
    ledger: Ledger = field(init=False)
    _version: int = 0
    _flushed: bool = True

    def begin(self, earlier: Ledger | None, *, settle: float) -> None:
        """Write `sending`. Raises `Transient` if it is too early for another attempt.

        A ledger that says `sending` already is an attempt of which nothing was heard again: its worker died,
        or could not write. It counts as one.
        """
        self.settle = settle
        now = self.now()
        if earlier is None:
            self._write(
                Ledger(target=self.target, event=self.absorbed.event.key, state=State.SENDING, since=now)
            )
            return
        self._version = earlier.version
        doubtful = ANY_STEP if earlier.state is State.SENDING else earlier.doubtful
        ready = earlier.next_at or now
        attempts = earlier.attempts
        if earlier.state is State.SENDING:
            attempts += 1
            ready = self._over(earlier)
        elif doubtful:
            ready = max(ready, earlier.since + timedelta(seconds=self.settle))
        if ready > now:
            raise Transient("not_yet", retry_after=(ready - now).total_seconds())
        again = replace(earlier, state=State.SENDING, attempts=attempts, doubtful=doubtful)
        self._write(replace(again, next_at=None, reason="", detail=""))

    def _over(self, ledger: Ledger) -> datetime:
        """When what an attempt that says `sending` may have sent has settled.

        Its last call can have begun as late as its worker could live.
        """
        seconds = retry.LONGEST_ATTEMPT + retry.settle(self.settle, ledger.attempts + 1)
        return ledger.since + timedelta(seconds=seconds)

    def unwritten(self) -> float:
        """Seconds until another attempt may begin if the ledger keeps saying `sending`."""
        return (self._over(self.ledger) - self.now()).total_seconds()

    def doubted(self, step: str) -> bool:
        """Whether this step may have been carried out already."""
        return self.ledger.doubtful in (step, ANY_STEP)

    def doubt(self, step: str) -> None:
        """Note that this step may have been carried out; the next write keeps the note."""
        doubtful = step if self.ledger.doubtful in ("", step) else ANY_STEP
        self.ledger = replace(self.ledger, doubtful=doubtful)

    def trust(self, step: str) -> None:
        """Note that the outcome of this step is known; the next write keeps the note."""
        if self.ledger.doubtful == step:
            self.ledger = replace(self.ledger, doubtful="")

    def finished(self, step: str, remote: str) -> None:
        """Note that a step is done; `flush` or `done` writes it."""
        self.trust(step)
        self.ledger = replace(self.ledger, steps={**self.ledger.steps, step: remote})
        self._flushed = False

    def flush(self) -> None:
        """Write the finished steps, if any are not written yet."""
        if not self._flushed:
            self._write(self.ledger)

    def done(self) -> None:
        """Write that all steps are done."""
        self._write(replace(self.ledger, state=State.DONE, doubtful=""))

    def wait(self, error: HubError, *, attempts: int, until: datetime) -> None:
        """Write that the attempt failed and when the next one is made."""
        self._write(
            replace(
                self.ledger,
                state=State.WAITING,
                attempts=attempts,
                next_at=until,
                reason=error.reason,
                detail=error.detail,
            )
        )

    def hold(self, error: HubError, *, refusals: int, streak: int, until: datetime) -> None:
        """Write that it was refused, perhaps as everybody is, and when the next attempt is made."""
        self.ledger = replace(self.ledger, refusals=refusals, streak=streak)
        self.wait(error, attempts=self.ledger.attempts, until=until)

    def park(self, error: HubError) -> None:
        """Write that no further attempt is made by itself."""
        self._write(
            replace(
                self.ledger,
                state=State.PARKED,
                attempts=self.ledger.attempts + 1,
                reason=error.reason,
                detail=error.detail,
            )
        )

    def creating(self, profile: str, step: str) -> None:
        """Write that this step is about to create the customer; doubt it if that was written before."""
        pk, sk = reference_key(profile, self.target)
        row = ReferenceRow(pk, sk, state=ReferenceState.CREATING, since=int(self.now().timestamp()))
        if not self.table.put(row, Row.pk.does_not_exist()):
            self.doubt(step)

    def created(self, profile: str, remote: str) -> ReferenceRow:
        """Write the customer's id at the target."""
        pk, sk = reference_key(profile, self.target)
        row = ReferenceRow(
            pk, sk, state=ReferenceState.READY, remote=remote, since=int(self.now().timestamp())
        )
        self.table.put(row)
        return row

    def _write(self, ledger: Ledger) -> None:
        ledger = replace(ledger, since=self.now(), version=self._version + 1)
        ttl = int((self.absorbed.committed_at + RETENTION).timestamp())
        row = row_of(ledger, profile=self.absorbed.profile, ttl=ttl)
        unchanged = LedgerRow.version == self._version if self._version else Row.pk.does_not_exist()
        if not self.table.put(row, unchanged):
            raise Transient("in_other_hands", "another worker holds this delivery", retry_after=30)
        self.ledger = ledger
        self._version = ledger.version
        self._flushed = True
