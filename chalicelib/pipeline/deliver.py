"""From a target's queue to the target: one event at a time, in order, and the ledger of how far it came.

A ledger row says `sending` before the first call and holds each finished step before the next one
starts, so that whoever comes after a sudden death knows which steps are beyond doubt. Any other is
looked up at the target, not before it has settled, and written only if it is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

import msgspec

from chalicelib.configuration.stage import Stage
from chalicelib.crms import CRMS
from chalicelib.crms.base import Credentials, Crm, Step
from chalicelib.pipeline import retry
from chalicelib.pipeline.breaker import Breaker
from chalicelib.pipeline.ledger import Books, contents
from chalicelib.store.keys import Key, breaker_key, event_key, ledger_key, profile_key, reference_key
from chalicelib.store.rows import EventRow, LedgerRow, ProfileRow, ReferenceRow, Row, unpack_absorbed
from chalicelib.store.table import Table
from chalicelib.telemetry import Count
from chalicelib.vocabulary.delivery import Absorbed, Call, Delivery, Ledger, Reply, Target
from chalicelib.vocabulary.errors import (
    HubError,
    Misconfigured,
    Permanent,
    Throttled,
    Transient,
    Unauthorised,
    Unknown,
)
from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.messages import Change
from chalicelib.vocabulary.people import Person, Profile

_OURS_TO_MEND = 300.0
"""Seconds between tries of what only a human can mend."""

_ENOUGH = 25.0
"""Seconds a step may need; with less left, it is the next worker's."""

_OUT_OF_TIME = "out_of_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """The step from a target's queue to the target.

    credentials: a target's, cached; fresh_credentials: read anew. send: one call to a target.
    jitter: 0 to 1.
    """

    table: Table
    stage: Callable[[], Stage]
    credentials: Callable[[Target], Credentials]
    fresh_credentials: Callable[[Target], Credentials]
    send: Callable[[Target, Call], Reply]
    breaker: Breaker
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    count: Count

    def __call__(self, change: Change, time_left: Callable[[], float]) -> list[tuple[str, str]]:
        """Deliver what one profile change owes; event keys and their states.

        time_left: seconds until this worker is stopped. Raises `Transient` with `retry_after` when the
        rest of it has to wait.
        """
        stage = self.stage()
        target = stage.target(change.target)
        if target is None:
            raise Misconfigured("unknown_target", f"{change.target} is not in the stage's crms.yaml")
        rows = self.table.read(_lookups(change))
        self.breaker.admit(target.name, rows.get(breaker_key(target.name)))
        errand = _Errand(target=target, crm=CRMS[target.crm], stage=stage, rows=rows, time_left=time_left)
        done = []
        for key in change.events:
            event = rows.get(event_key(key))
            if not isinstance(event, EventRow):
                continue  # it was erased; what is owed of it is nothing
            ledger = contents(rows.get(ledger_key(key, target.name)))
            if ledger and ledger.state in ("done", "parked"):
                continue
            errand.go_on()
            done.append((key, self._one(unpack_absorbed(event.body), ledger, errand)))
        return done

    def ahead(self, changes: Sequence[Change]) -> None:
        """Read for several customers' messages together what each is going to ask for."""
        self.table.ahead(key for change in changes for key in _lookups(change))

    def _one(self, absorbed: Absorbed, ledger: Ledger | None, errand: _Errand) -> str:
        target = errand.target
        books = Books(table=self.table, absorbed=absorbed, target=target.name, now=self.now)
        books.begin(ledger, settle=errand.crm.settle)
        try:
            credentials = self.credentials(target)
            try:
                self._run(absorbed, books, errand, credentials)
            except Unauthorised:
                renewed = self.fresh_credentials(target)
                if renewed == credentials:
                    raise
                self._run(absorbed, books, errand, renewed)
        except Permanent as error:
            self.breaker.well(target.name, errand.rows.get(breaker_key(target.name)))
            return self._park(books, target, error)
        except (Transient, Misconfigured) as error:
            if retry.spent(absorbed.committed_at, self.now()):
                return self._park(books, target, error)
            self._wait(books, errand, error)
        self.breaker.well(target.name, errand.rows.get(breaker_key(target.name)))
        self.count("delivered", target=target.name)
        return "done"

    def _park(self, books: Books, target: Target, error: HubError) -> str:
        books.park(error)
        self.count("parked", target=target.name, reason=error.reason)
        return "parked"

    def _wait(self, books: Books, errand: _Errand, error: Transient | Misconfigured) -> NoReturn:
        """Book it for later. Raises `Transient` with the time to wait."""
        attempts = books.ledger.attempts
        now, settle = self.now(), errand.crm.settle
        if isinstance(error, Misconfigured | Unauthorised):
            self.count("misconfigured", target=errand.target.name, reason=error.reason)
            seconds = _OURS_TO_MEND
        elif error.reason == _OUT_OF_TIME:
            seconds = 0.0
        elif isinstance(error, Throttled):
            age = (now - books.absorbed.committed_at).total_seconds()
            seconds = retry.throttled(error.retry_after, age, self.jitter())
        else:
            attempts += 1
            seconds = retry.wait(max(attempts, 1), self.jitter(), at_least=error.retry_after or 0)
        if isinstance(error, Unknown):
            seconds = max(seconds, settle)
        books.wait(error, attempts=attempts, until=now + timedelta(seconds=seconds))
        self.count("retried", target=errand.target.name, reason=error.reason)
        raise Transient(error.reason, error.detail, retry_after=seconds) from error

    def _run(self, absorbed: Absorbed, books: Books, errand: _Errand, credentials: Credentials) -> None:
        """Drive the connector: each step looked up or written, and booked before the next."""
        crm = errand.crm
        delivery = self._delivery(absorbed, errand)
        steps = crm.deliver(delivery, errand.target, credentials, int(self.now().timestamp()))
        try:
            step = next(steps)
            while True:
                remote = books.ledger.steps.get(step.name)
                if remote is None:
                    errand.go_on()
                    makes_contact = step.name == crm.contact_step
                    if makes_contact:
                        books.creating(absorbed.profile, step.name)
                    remote = self._step(step, books, errand, absorbed.profile)
                    if makes_contact:
                        reference = books.created(absorbed.profile, remote)
                        errand.rows[reference.key] = reference
                    books.finished(step.name, remote)
                step = steps.send(remote)
                books.keep()
        except StopIteration:
            books.done()

    def _step(self, step: Step, books: Books, errand: _Errand, group: str) -> str:
        if step.find and (step.look_first or books.doubted(step.name)):
            for request in step.find:
                found = step.found(self._call(request, errand, group))
                if found is not None:
                    return found
        try:
            return self._write(step, errand, group)
        except Unknown:
            books.doubt(step.name)
            raise
        except HubError:
            books.trust(step.name)
            raise

    def _write(self, step: Step, errand: _Errand, group: str) -> str:
        requests = (step.write, *step.instead)
        for request, last in zip(requests, (*[False] * len(step.instead), True), strict=True):
            try:
                return step.written(self._call(request, errand, group))
            except Permanent:
                if last:
                    raise
        raise AssertionError("a step has at least one request")

    def _call(self, request: Call, errand: _Errand, group: str) -> Reply:
        """One call; what is the target's own failing, not the request's, counts for the breaker."""
        reply = None
        try:
            reply = self.send(errand.target, request)
            errand.crm.read(reply)
        except Throttled:
            raise
        except Transient as error:
            if reply is None or reply.status == 401 or reply.status >= 500:
                self._blame(errand, group, error.reason)
            raise
        return reply

    def _blame(self, errand: _Errand, group: str, reason: str) -> None:
        target = errand.target.name
        try:
            row = errand.rows.get(breaker_key(target))
            self.breaker.failed(target, row, group=group, reason=reason)
        except (Transient, Misconfigured) as unkept:
            # What became of the call matters more, and the next failure counts again.
            self.count("breaker_unkept", target=target, reason=unkept.reason)

    def _delivery(self, absorbed: Absorbed, errand: _Errand) -> Delivery:
        profile_row = errand.rows.get(profile_key(absorbed.profile))
        reference = errand.rows.get(reference_key(absorbed.profile, errand.target.name))
        conversation = absorbed.conversation
        return Delivery(
            event=absorbed.event,
            profile=_profile(profile_row, absorbed.event, absorbed.profile),
            decision=absorbed.decision,
            conversation=conversation,
            opened=absorbed.opened,
            moved=absorbed.moved,
            closed=absorbed.closed,
            owner=_person(errand.stage, conversation.owner if conversation else ""),
            contact=reference.remote if isinstance(reference, ReferenceRow) and reference.remote else "",
            lead=self._lead(absorbed, errand.target) if absorbed.moved and not absorbed.opened else "",
            seq=absorbed.seq,
            index=absorbed.index,
        )

    def _lead(self, absorbed: Absorbed, target: Target) -> str:
        """What the opening event's delivery made for the conversation."""
        if absorbed.conversation is None:
            return ""
        row = self.table.get(LedgerRow, ledger_key(absorbed.conversation.opened_by, target.name))
        opening = contents(row)
        return opening.steps.get("lead", "") if opening else ""


def _lookups(change: Change) -> list[Key]:
    return [
        *(event_key(key) for key in change.events),
        *(ledger_key(key, change.target) for key in change.events),
        profile_key(change.profile),
        reference_key(change.profile, change.target),
        breaker_key(change.target),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """What stays the same for all events of one message. rows: as read; a new contact joins them."""

    target: Target
    crm: Crm
    stage: Stage
    rows: dict[Key, Row]
    time_left: Callable[[], float]

    def go_on(self) -> None:
        """Raises `Transient` when the next step is better left to the next worker."""
        if self.time_left() < _ENOUGH:
            raise Transient(_OUT_OF_TIME, retry_after=0)


def _profile(row: Row | None, event: Event, profile_id: str) -> Profile:
    if isinstance(row, ProfileRow):
        return msgspec.json.decode(row.body, type=Profile)
    return Profile(id=profile_id, name=event.name, first_seen=event.received_at, last_seen=event.received_at)


def _person(stage: Stage, person: str) -> Person | None:
    return next((p for p in stage.directory.people if p.id == person), None)
