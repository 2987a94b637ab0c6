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

from chalicelib.configuration.stage import Configuration
from chalicelib.crms import CRMS
from chalicelib.crms.base import Credentials, Crm, Step
from chalicelib.pipeline import retry
from chalicelib.pipeline.breaker import Breaker
from chalicelib.pipeline.ledger import Books, contents
from chalicelib.pipeline.parking import park_unknown
from chalicelib.store.ahead import Ahead
from chalicelib.store.keys import Key, breaker_key, event_key, ledger_key, profile_key, reference_key
from chalicelib.store.rows import EventRow, LedgerRow, ProfileRow, ReferenceRow, Row, unpack_absorbed
from chalicelib.store.table import Table
from chalicelib.telemetry import Count
from chalicelib.vocabulary.delivery import SETTLED, Absorbed, Call, Delivery, Ledger, Reply, State, Target
from chalicelib.vocabulary.errors import (
    HubError,
    Misconfigured,
    Permanent,
    Throttled,
    Transient,
    Unauthorised,
    Unknown,
)
from chalicelib.vocabulary.messages import Change
from chalicelib.vocabulary.people import Consequence, Profile

_OURS_TO_MEND = 300.0
"""Seconds between tries of what only a human can mend."""

_OUT_OF_TIME = "out_of_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """The step from a target's queue to the target.

    configuration, credentials: cached; fresh_configuration, fresh_credentials: read anew, and the first
    raises if it cannot be. send: one call to a target.
    jitter: 0 to 1.
    """

    table: Table
    configuration: Callable[[], Configuration]
    fresh_configuration: Callable[[], Configuration]
    credentials: Callable[[Target], Credentials]
    fresh_credentials: Callable[[Target], Credentials]
    send: Callable[[Target, Call], Reply]
    breaker: Breaker
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    count: Count

    def __call__(
        self, change: Change, time_left: Callable[[], float], ahead: Ahead | None = None
    ) -> list[tuple[str, State]]:
        """Deliver what one profile change owes; event keys and their states.

        time_left: seconds until this worker is stopped. ahead: what `ahead` has read for the batch that the
        change is in. Raises `Transient` with `retry_after` when the rest of it has to wait.
        """
        configuration = self.configuration()
        if configuration.target(change.target) is None:
            configuration = self.fresh_configuration()  # it may have been added a moment ago
        target = configuration.target(change.target)
        if target is None:
            return park_unknown(self.table, change, self.now(), self.count)
        ahead = ahead or Ahead(table=self.table)
        rows = ahead.read(_lookups(change))
        # What this change is about changes now; the breaker only if the target fails, or has recovered.
        ahead.forget(key for key in _lookups(change) if key != breaker_key(target.name))
        self.breaker.admit(target.name, rows.get(breaker_key(target.name)))
        context = _Context(
            target=target,
            crm=CRMS[target.connector],
            configuration=configuration,
            rows=rows,
            ahead=ahead,
            time_left=time_left,
        )
        done = []
        for key in change.events:
            event = rows.get(event_key(key))
            if not isinstance(event, EventRow):
                continue  # erased meanwhile: nothing to deliver
            ledger = contents(rows.get(ledger_key(key, target.name)))
            if ledger and ledger.state in SETTLED:
                continue
            context.require_time()
            done.append((key, self._one(unpack_absorbed(event.body), ledger, context)))
        return done

    def ahead(self, changes: Sequence[Change]) -> Ahead:
        """Read for several customers' messages together what each is going to ask for."""
        ahead = Ahead(table=self.table)
        ahead.add(key for change in changes for key in _lookups(change))
        return ahead

    def _one(self, absorbed: Absorbed, ledger: Ledger | None, context: _Context) -> State:
        target = context.target
        books = Books(table=self.table, absorbed=absorbed, target=target.name, now=self.now)
        books.begin(ledger, settle=context.crm.settle)
        try:
            credentials = self.credentials(target)
            try:
                self._run(absorbed, books, context, credentials)
            except Unauthorised:
                renewed = self.fresh_credentials(target)
                if renewed == credentials:
                    raise
                self._run(absorbed, books, context, renewed)
        except Permanent as error:
            self._praise(context)
            return self._park(books, target, error)
        except (Transient, Misconfigured) as error:
            if retry.spent(absorbed.committed_at, self.now()):
                return self._park(books, target, error)
            self._wait(books, context, error)
        self._praise(context)
        self.count("delivered", target=target.name)
        return State.DONE

    def _park(self, books: Books, target: Target, error: HubError) -> State:
        books.park(error)
        self.count("parked", target=target.name, reason=error.reason)
        return State.PARKED

    def _wait(self, books: Books, context: _Context, error: Transient | Misconfigured) -> NoReturn:
        """Book it for later. Raises `Transient` with the time to wait."""
        attempts = books.ledger.attempts
        now, settle = self.now(), context.crm.settle
        if isinstance(error, Misconfigured | Unauthorised):
            self.count("misconfigured", target=context.target.name, reason=error.reason)
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
        self.count("retried", target=context.target.name, reason=error.reason)
        raise Transient(error.reason, error.detail, retry_after=seconds) from error

    def _run(self, absorbed: Absorbed, books: Books, context: _Context, credentials: Credentials) -> None:
        """Drive the connector: each step looked up or written, and booked before the next."""
        crm = context.crm
        delivery = self._delivery(absorbed, context)
        steps = crm.deliver(delivery, context.target, credentials, int(self.now().timestamp()))
        try:
            step = next(steps)
            while True:
                remote = books.ledger.steps.get(step.name)
                if remote is None:
                    context.require_time()
                    makes_contact = step.name == crm.contact_step
                    if makes_contact:
                        books.creating(absorbed.profile, step.name)
                    remote = self._step(step, books, context, absorbed.profile)
                    if makes_contact:
                        reference = books.created(absorbed.profile, remote)
                        context.rows[reference.key] = reference
                    books.finished(step.name, remote)
                step = steps.send(remote)
                books.flush()
        except StopIteration:
            books.done()

    def _step(self, step: Step, books: Books, context: _Context, group: str) -> str:
        if step.find and (step.look_first or books.doubted(step.name)):
            for request in step.find:
                found = step.found(self._call(request, context, group))
                if found is not None:
                    return found
        try:
            return self._write(step, context, group)
        except Unknown:
            books.doubt(step.name)
            raise
        except HubError:
            books.trust(step.name)
            raise

    def _write(self, step: Step, context: _Context, group: str) -> str:
        requests = (step.write, *step.instead)
        for request, last in zip(requests, (*[False] * len(step.instead), True), strict=True):
            try:
                return step.written(self._call(request, context, group))
            except Permanent:
                if last:
                    raise
        raise AssertionError("a step has at least one request")

    def _call(self, request: Call, context: _Context, group: str) -> Reply:
        """One call; what is the target's own failing, not the request's, counts for the breaker."""
        reply = None
        try:
            reply = self.send(context.target, request)
            context.crm.read(reply)
        except Throttled:
            raise
        except Transient as error:
            if reply is None or reply.status == 401 or reply.status >= 500:
                self._blame(context, group, error.reason)
            raise
        return reply

    def _praise(self, context: _Context) -> None:
        key = breaker_key(context.target.name)
        if self.breaker.succeeded(context.target.name, context.rows.get(key)):
            context.ahead.forget([key])

    def _blame(self, context: _Context, group: str, reason: str) -> None:
        target = context.target.name
        context.ahead.forget([breaker_key(target)])
        try:
            row = context.rows.get(breaker_key(target))
            self.breaker.failed(target, row, group=group, reason=reason)
        except (Transient, Misconfigured) as unkept:
            # What became of the call matters more, and the next failure counts again.
            self.count("breaker_unkept", target=target, reason=unkept.reason)

    def _delivery(self, absorbed: Absorbed, context: _Context) -> Delivery:
        reference = context.rows.get(reference_key(absorbed.profile, context.target.name))
        conversation = absorbed.consequence.conversation
        return Delivery(
            absorbed=absorbed,
            profile=_profile(context.rows.get(profile_key(absorbed.profile)), absorbed),
            owner=context.configuration.directory.person(conversation.owner) if conversation else None,
            contact=reference.remote if isinstance(reference, ReferenceRow) and reference.remote else "",
            lead=self._lead(absorbed.consequence, context),
        )

    def _lead(self, consequence: Consequence, context: _Context) -> str:
        """What the opening event's delivery made for the conversation, for one that moves it."""
        if consequence.conversation is None or consequence.opened or not consequence.moved:
            return ""
        key = ledger_key(consequence.conversation.opened_by, context.target.name)
        opening = contents(self.table.get(LedgerRow, key))
        return opening.steps.get(context.crm.lead_step, "") if opening else ""


def _lookups(change: Change) -> list[Key]:
    return [
        *(event_key(key) for key in change.events),
        *(ledger_key(key, change.target) for key in change.events),
        profile_key(change.profile),
        reference_key(change.profile, change.target),
        breaker_key(change.target),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What stays the same for all events of one message.

    rows: as they were read; a new contact joins them.
    ahead: what the batch has read, told of what changes.
    time_left: seconds until this worker is stopped.
    """

    target: Target
    crm: Crm
    configuration: Configuration
    rows: dict[Key, Row]
    ahead: Ahead
    time_left: Callable[[], float]

    def require_time(self) -> None:
        """Raises `Transient` when the next step is better left to the next worker."""
        if self.time_left() < retry.TIME_FOR_A_STEP:
            raise Transient(_OUT_OF_TIME, retry_after=0)


def _profile(row: Row | None, absorbed: Absorbed) -> Profile:
    """The customer as they are; an empty profile once they were erased."""
    if isinstance(row, ProfileRow):
        return msgspec.json.decode(row.body, type=Profile)
    event = absorbed.event
    return Profile(
        id=absorbed.profile, name=event.name, first_seen=event.received_at, last_seen=event.received_at
    )
