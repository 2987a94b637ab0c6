"""Sends each profile change from the table's stream to the queue of every target that it concerns.

The stream repeats a batch whole until it succeeds, and keeps the order of one profile's changes. A change
that is sent twice is the same both times, and the ledger drops the second.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chalicelib.aws.queues import Outgoing, SendBatch, digest, send
from chalicelib.store.packing import pack, text
from chalicelib.telemetry import Count
from chalicelib.vocabulary.errors import Transient
from chalicelib.vocabulary.messages import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The step from the stream to the target queues.

    queues: target name to queue URL.
    put: sends one call of messages to a queue.
    count: counts what happened.
    """

    queues: Mapping[str, str]
    put: SendBatch
    count: Count

    def __call__(self, changes: Iterable[Change], *, again: str = "") -> int:
        """Send all changes; return how many. Raises `Transient` if any could not be sent.

        again: makes the deduplication ids new ones, for changes that are sent a second time on purpose.
        """
        by_target: dict[str, list[Change]] = {}
        for change in changes:
            by_target.setdefault(change.target, []).append(change)
        for gone in by_target.keys() - self.queues.keys():
            # The target was removed after the commit: the others must not wait for it. Its events stay in the
            # table without a ledger, for `hub relay` if the target ever comes back.
            self.count("no_queue", len(by_target.pop(gone)), target=gone)
        sent = 0
        for target, theirs in by_target.items():
            unsent = send(
                self.put, self.queues[target], [_message(change, again) for change in theirs], tries=3
            )
            if unsent:
                raise Transient("queue_unavailable", f"{len(unsent)} messages for {target} not accepted")
            sent += len(theirs)
        return sent


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
