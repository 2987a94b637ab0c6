"""Delivers events from a target's queue to the target, one at a time, in order, and keeps a ledger of each.

A ledger row says `sending` before the first call and holds each finished step before the next one starts.
After a sudden death the next worker looks up all other steps, not before the target has settled, and writes
those that are not there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn, TypeVar

from chalicelib.configuration.stage import Configuration
from chalicelib.crms import CRMS
from chalicelib.crms.base import Credentials, Step
from chalicelib.pipeline import retry
from chalicelib.pipeline.breaker import Breaker
from chalicelib.pipeline.delivery_context import OUT_OF_TIME, Context, lead, lookups
from chalicelib.pipeline.delivery_ledger import Books, contents
from chalicelib.pipeline.discretion import nobody_quoted
from chalicelib.pipeline.parking import park_unknown
from chalicelib.store.keys import breaker_key, event_key, ledger_key
from chalicelib.store.read_ahead import Ahead
from chalicelib.store.rows import EventRow, unpack_absorbed
from chalicelib.store.table import Table
from chalicelib.telemetry import Count
from chalicelib.vocabulary.delivery import (
    SETTLED,
    Absorbed,
    Call,
    Circuit,
    Delivery,
    Ledger,
    Reply,
    State,
    Target,
)
from chalicelib.vocabulary.errors import (
    HubError,
    Misconfigured,
    NotServed,
    Permanent,
    Throttled,
    Transient,
    Unauthorised,
    Unknown,
)
from chalicelib.vocabulary.messages import Change

_OURS_TO_MEND = 300.0
"""Seconds between attempts while the cause is one that only a human can mend."""

_NO_ANSWER, _DUPLICATE = "no_answer", "duplicate"
"""Reasons of an `Unknown`: nothing came back; it is there already, and only needs to be found."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """The step from a target's queue to the target.

    table: the table.
    configuration: gives the stage's configuration, at most a minute old.
    fresh_configuration: reads it anew.
    credentials: gives a target's credentials, cached.
    fresh_credentials: reads a target's credentials anew.
    send: sends one call to a target.
    breaker: the breakers of all targets.
    now: gives the time, aware UTC.
    jitter: draws a number from 0 to 1.
    count: counts what happened.
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
        """Deliver the events of a change; return keys and states. Raises `Transient` if the rest must wait.

        time_left: seconds until Lambda stops this worker.
        ahead: the rows that `ahead` has read for the change's batch.
        """
        configuration = self.configuration()
        if configuration.target(change.target) is None:
            configuration = self.fresh_configuration()  # it may have been added a moment ago
        target = configuration.target(change.target)
        if target is None:
            return park_unknown(self.table, change, self.now(), self.count)
        ahead = ahead or Ahead(table=self.table)
        rows = ahead.read(lookups(change))
        # Delivering changes these rows; the breaker's changes only if the target fails or recovers.
        ahead.forget(key for key in lookups(change) if key != breaker_key(target.name))
        self.breaker.admit(target.name, rows.get(breaker_key(target.name)))
        context = Context(
            target=target,
            crm=CRMS[target.connector],
            configuration=configuration,
            rows=rows,
            ahead=ahead,
            breaker=self.breaker,
            count=self.count,
            time_left=time_left,
        )
        states = []
        for key in change.events:
            event = rows.get(event_key(key))
            if not isinstance(event, EventRow):
                continue  # erased meanwhile: nothing to deliver
            ledger = contents(rows.get(ledger_key(key, target.name)))
            if ledger and ledger.state in SETTLED:
                continue
            context.require_time()
            states.append((key, self._one(unpack_absorbed(event.body), ledger, context)))
        return states

    def ahead(self, changes: Sequence[Change]) -> Ahead:
        """Read in one call the rows that the work on each of these changes will ask for."""
        ahead = Ahead(table=self.table)
        ahead.add(key for change in changes for key in lookups(change))
        return ahead

    def _one(self, absorbed: Absorbed, ledger: Ledger | None, context: Context) -> State:
        target = context.target
        books = Books(table=self.table, absorbed=absorbed, target=target.name, now=self.now)
        books.begin(ledger, settle=context.crm.settle)
        try:
            if ledger is not None and ledger.state is State.SENDING:
                unheard = Unknown("attempt_lost", "an attempt began, and nothing was heard of it again")
                if retry.spent(absorbed.committed_at, ledger.since):
                    return self._park(books, target, unheard)
                context.count_failure(absorbed.profile, unheard.reason)
            return self._attempt(absorbed, books, context)
        except Transient as error:
            if error.retry_after is not None:
                raise
            # What became of it could not be written, so nobody may look before it has settled.
            raise Transient(error.reason, error.detail, retry_after=books.unwritten()) from error

    def _attempt(self, absorbed: Absorbed, books: Books, context: Context) -> State:
        target = context.target
        try:
            credentials = self.credentials(target)
            try:
                self._run(absorbed, books, context, credentials)
            except Unauthorised:
                renewed = self.fresh_credentials(target)
                if renewed == credentials:
                    raise
                self._run(absorbed, books, context, renewed)
        except NotServed as error:
            return self._refused(books, context, error)
        except Permanent as error:
            context.count_success(books)
            return self._park(books, target, error)
        except (Transient, Misconfigured) as error:
            if retry.spent(absorbed.committed_at, self.now()):
                return self._park(books, target, error)
            self._wait(books, context, error)
        context.count_success(books)
        self.count("delivered", target=target.name)
        return State.DONE

    def _park(self, books: Books, target: Target, error: HubError) -> State:
        books.park(error)
        self.count("parked", target=target.name, reason=error.reason)
        return State.PARKED

    def _refused(self, books: Books, context: Context, error: NotServed) -> State:
        """Park it if the refusal is this event's own fault; else let it wait, which costs no attempt.

        Decision 0015 has the rule. Raises `Transient` with the time to wait.
        """
        absorbed, streak = books.absorbed, context.streak
        served_since = books.ledger.refusals > 0 and books.ledger.streak != streak
        refusals = 1 if served_since else books.ledger.refusals + 1
        on_trial = context.circuit is Circuit.TRIAL
        # If others were refused too and nobody was served between, it is the target again.
        own = served_since and not on_trial and not context.others_failed(absorbed.profile)
        if retry.spent(absorbed.committed_at, self.now()):
            return self._park(books, context.target, error)
        context.count_failure(absorbed.profile, error.reason, refused=True, own=own)
        if own or (context.circuit is Circuit.CLOSED and refusals >= retry.MOST_REFUSALS):
            return self._park(books, context.target, error)
        now = self.now()
        pause = context.until_probe(now) if on_trial else 0.0
        seconds = retry.refused(refusals, self.jitter(), pause=pause)
        books.hold(error, refusals=refusals, streak=streak, until=now + timedelta(seconds=seconds))
        self.count("retried", target=context.target.name, reason=error.reason)
        raise Transient(error.reason, error.detail, retry_after=seconds) from error

    def _wait(self, books: Books, context: Context, error: Transient | Misconfigured) -> NoReturn:
        """Write into the ledger when the next attempt is made. Raises `Transient` with the time to wait."""
        attempts = books.ledger.attempts
        now = self.now()
        if isinstance(error, Misconfigured | Unauthorised):
            self.count("misconfigured", target=context.target.name, reason=error.reason)
            seconds = _OURS_TO_MEND
        elif error.reason == OUT_OF_TIME:
            seconds = 0.0
        elif isinstance(error, Throttled):
            age = (now - books.absorbed.committed_at).total_seconds()
            seconds = retry.throttled(error.retry_after, age, self.jitter())
        else:
            attempts += 1
            seconds = retry.wait(max(attempts, 1), self.jitter(), at_least=error.retry_after or 0)
        if books.lost:
            seconds = max(seconds, retry.settle(books.settle, attempts))
        elif isinstance(error, Unknown):
            seconds = max(seconds, books.settle)
        books.wait(error, attempts=attempts, until=now + timedelta(seconds=seconds))
        self.count("retried", target=context.target.name, reason=error.reason)
        raise Transient(error.reason, error.detail, retry_after=seconds) from error

    def _run(self, absorbed: Absorbed, books: Books, context: Context, credentials: Credentials) -> None:
        """Look up or write each of the connector's steps, and put it into the ledger before the next."""
        delivery = context.delivery(absorbed, lead=lead(self.table, absorbed.consequence, context))
        with nobody_quoted(delivery):
            self._drive(delivery, books, context, credentials)

    def _drive(self, delivery: Delivery, books: Books, context: Context, credentials: Credentials) -> None:
        crm, absorbed = context.crm, delivery.absorbed
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
                    remote = self._step(step, books, context)
                    if makes_contact:
                        reference = books.created(absorbed.profile, remote)
                        context.rows[reference.key] = reference
                    books.finished(step.name, remote)
                step = steps.send(remote)
                books.flush()
        except StopIteration:
            books.done()

    def _step(self, step: Step, books: Books, context: Context) -> str:
        if step.find and (step.look_first or books.doubted(step.name)):
            for request in step.find:
                remote = self._call(request, step.found, books, context)
                if remote is not None:
                    return remote
        try:
            return self._write(step, books, context)
        except Unknown as error:
            books.doubt(step.name)
            # A proxy may answer 5xx while the server behind it goes on. A step without `find` is harmless
            # when repeated, if only it cannot come after what is sent next.
            books.lost = error.reason == _NO_ANSWER or (bool(step.find) and error.reason != _DUPLICATE)
            raise
        except HubError:
            books.trust(step.name)
            raise

    def _write(self, step: Step, books: Books, context: Context) -> str:
        *requests, last = (step.write, *step.instead)
        for request in requests:
            with contextlib.suppress(Permanent):
                return self._call(request, step.written, books, context)
        return self._call(last, step.written, books, context)

    def _call(self, request: Call, read: Callable[[Reply], T], books: Books, context: Context) -> T:
        """Send one call; a failure of the target, not of the request, counts for the breaker.

        A success that makes no sense is one: a page that says 200 to everything serves nobody.
        """
        context.require_time_for_a_call()
        reply = None
        try:
            reply = self.send(context.target, request)
            books.answered = True
            context.crm.read(reply)
            return read(reply)
        except Throttled:
            raise  # it is well, and busy
        except Transient as error:
            unknown = isinstance(error, Unknown) and error.reason != _DUPLICATE
            senseless = unknown and reply is not None and reply.status < 400
            if senseless or reply is None or reply.status == 401 or reply.status >= 500:
                context.count_failure(books.absorbed.profile, error.reason, refused=senseless)
            raise
