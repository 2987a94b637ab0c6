"""Sends each profile change from the table's stream to the queue of every target that it concerns.

The stream repeats a batch whole until it succeeds, and keeps the order of one profile's changes; so what
is sent twice is the same twice, and the ledger says so.

All targets share one stream, so no queue may hold it up: every target is tried before anything is raised. A
queue that is gone, or does not let us in, parks what it was owed. One that is only busy has the batch
repeated; what it still refuses when the others have waited long enough is parked too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.aws.queues import Outgoing, SendBatch, digest, send
from chalicelib.store.packing import pack, text
from chalicelib.telemetry import Count, log_bug
from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient
from chalicelib.vocabulary.messages import Change

PATIENCE = 900.0
"""Seconds that the stream waits for a queue that takes nothing while another one takes what it is given."""

LONGEST_PATIENCE = 7200.0
"""Seconds that it waits for any queue. The stream itself forgets after a day."""

_TRIES = 3

Park = Callable[[Change, HubError], int]
"""Parks what a change owes, for this reason; how many deliveries. Raises `Transient`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The step from the stream to the target queues.

    queues: target name to queue URL.
    put: sends one call of messages to a queue.
    park: parks one change for the reason given; returns how many deliveries that were.
    count: counts what happened.

    What this container knows of a queue lasts as long as the container: one that was given up is not waited
    for again until it has taken something.
    """

    queues: Mapping[str, str]
    put: SendBatch
    park: Park
    count: Count
    _given_up: set[str] = field(default_factory=set, init=False, repr=False)

    def __call__(self, changes: Iterable[Change], *, again: str = "", age: float = 0.0) -> int:
        """Send all changes; return how many. Raises if any could be neither sent nor parked.

        again: makes the deduplication ids new ones, for changes that are sent a second time on purpose.
        age: for how many seconds the oldest of them has waited.
        """
        by_target: dict[str, list[Change]] = {}
        for change in changes:
            by_target.setdefault(change.target, []).append(change)
        sent, taking, refusals = 0, False, []
        # Whoever refused before comes last: a call that hangs takes the time of those behind it.
        for target in sorted(by_target, key=self._given_up.__contains__):
            refusal = self._send(target, by_target[target], again)
            refused = len(refusal.changes) if refusal else 0
            sent += len(by_target[target]) - refused
            taking = taking or refused < len(by_target[target])
            if refusal:
                refusals.append(refusal)
            else:
                self._given_up.discard(target)
        failures: list[Exception] = []
        for refusal in refusals:
            if self._is_final(refusal, taking, age):
                failures += self._park(refusal)
            else:
                failures.append(refusal.error)
        if failures:
            raise failures[0]
        return sent

    def _send(self, target: str, owed: Sequence[Change], again: str) -> _Refusal | None:
        """Send what one target is owed; what its queue did not take."""
        url = self.queues.get(target)
        if url is None:
            absent = Misconfigured("no_queue", f"target {target} has no queue in this deployment")
            return _Refusal(target=target, changes=owed, error=absent, whole=True)
        messages = [_message(change, again) for change in owed]
        queue = _Queue(self.put)
        try:
            unsent = {message.dedup for message in send(queue, url, messages, tries=_TRIES)}
        except Exception as bug:  # noqa: BLE001 - the other targets come first; then it is raised
            return _Refusal(target=target, changes=owed, error=bug, whole=not queue.took)
        left = [change for change, message in zip(owed, messages, strict=True) if message.dedup in unsent]
        if not left:
            return None
        error = queue.error or Transient(
            "queue_unavailable", f"{len(left)} messages for {target} not accepted"
        )
        return _Refusal(target=target, changes=left, error=error, whole=not queue.took)

    def _is_final(self, refusal: _Refusal, taking: bool, age: float) -> bool:
        """Whether nobody should wait for this queue any longer."""
        if isinstance(refusal.error, Misconfigured) or age >= LONGEST_PATIENCE:
            return True
        alone = refusal.whole and taking
        return alone and (age >= PATIENCE or refusal.target in self._given_up)

    def _park(self, refusal: _Refusal) -> list[HubError]:
        """Park what was refused; what kept any of it from being parked."""
        error = refusal.error
        reason = error if isinstance(error, HubError) else Misconfigured("bug", type(error).__name__)
        self._given_up.add(refusal.target)
        self.count("no_queue", len(refusal.changes), target=refusal.target, reason=reason.reason)
        parked, failures = 0, []
        for change in refusal.changes:
            try:
                parked += self.park(change, reason)
            except HubError as failure:
                failures.append(failure)
            except Exception as bug:  # noqa: BLE001 - a row that cannot be read: the stream must not stand still
                log_bug("relay", bug)
                self.count("unreadable_change", target=refusal.target)
        if parked:
            self.count("parked", parked, target=refusal.target, reason=reason.reason)
        return failures


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """What a queue did not take, why, and whether it took nothing at all."""

    target: str
    changes: Sequence[Change]
    error: Exception
    whole: bool


class _Queue:
    """Calls to one queue; after as many refused ones as a message has tries, it is not called any more."""

    def __init__(self, put: SendBatch) -> None:
        self._put = put
        self._refused = 0
        self.took = False
        self.error: HubError | None = None

    def __call__(self, url: str, entries: Sequence[dict[str, object]]) -> Sequence[int]:
        if self._refused >= _TRIES:
            raise Transient("queue_unavailable")
        try:
            failed = self._put(url, entries)
        except (Transient, Misconfigured) as error:
            self.error = error
            self._refused = _TRIES if isinstance(error, Misconfigured) else self._refused + 1
            raise Transient(error.reason, error.detail) from error
        self._refused = 0
        self.took = self.took or len(failed) < len(entries)
        return failed


def owed(profile: str, seq: int, fresh: str) -> list[Change]:
    """The changes that one commit of a profile owes to targets; `fresh` as in the profile's row."""
    events: dict[str, list[str]] = {}
    for key, targets in json.loads(fresh):
        for target in targets:
            events.setdefault(target, []).append(key)
    return [Change(target=t, profile=profile, seq=seq, events=tuple(keys)) for t, keys in events.items()]


def _message(change: Change, again: str) -> Outgoing:
    return Outgoing(
        group=digest(change.profile),
        dedup=digest(change.target, change.profile, str(change.seq), *change.events, again),
        body=text(pack(change)),
    )
