"""Sending again what was owed and not delivered: parked deliveries, dead letters, changes without a ledger.

What is done is never sent twice: the ledger says so to whoever receives the message.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from chalicelib.aws.queues import Outgoing, digest, send
from chalicelib.pipeline.ledger import contents
from chalicelib.pipeline.relay import Relay
from chalicelib.store.keys import event_key, ledger_key
from chalicelib.store.rows import EventRow, LedgerRow
from chalicelib.vocabulary.delivery import State
from chalicelib.vocabulary.messages import Change
from ops.hub.events import key_in
from ops.hub.site import Site

_HELD_SECONDS = 120
"""For so long a dead letter is ours alone: enough to send it and delete it."""

_LONG_ENOUGH_TO_ASK_EVERYWHERE = 1
"""Seconds; without waiting SQS asks only some of its servers, and an empty answer proves nothing."""

_REDRIVEN = "redriven"
"""The reason why a ledger waits that no worker has taken up since."""

Debt = tuple[EventRow, str]
"""An event and a target that does not have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Dead letters of one queue: how many were put back, how many could not be."""

    queue: str
    moved: int
    left: int


def debts(site: Site, row: EventRow) -> list[Debt]:
    """The targets that are owed this event and do not have it."""
    key = key_in(row)
    targets = list(json.loads(row.targets))
    ledgers = site.table.read(ledger_key(key, target) for target in targets)
    return [(row, target) for target in targets if _state(ledgers.get(ledger_key(key, target))) != "done"]


def parked(site: Site) -> list[Debt]:
    """Every parked delivery whose event is still there. Reads the whole table.

    Those of an earlier redrive that no worker has taken yet are among them: it may have been cut short.
    """
    rows = [
        row
        for row in site.table.scan(LedgerRow.state.is_in("parked", "waiting"))
        if isinstance(row, LedgerRow) and (row.state == "parked" or _is_redriven(row))
    ]
    events = site.table.read(event_key(key_in(row)) for row in rows)
    found = [(events.get(event_key(key_in(row))), str(row.target)) for row in rows]
    return [(event, target) for event, target in found if isinstance(event, EventRow)]


def never_tried(site: Site, since: datetime) -> list[Debt]:
    """What was committed since then and is owed to a target without a ledger. Reads the whole table."""
    committed = EventRow.committed >= int(since.timestamp() * 1000)
    rows = [row for row in site.table.scan(committed) if isinstance(row, EventRow)]
    owed = [(row, target) for row in rows for target in json.loads(row.targets)]
    ledgers = site.table.read(ledger_key(key_in(row), target) for row, target in owed)
    return [(row, target) for row, target in owed if ledger_key(key_in(row), target) not in ledgers]


def deliverable(site: Site, owed: Iterable[Debt]) -> tuple[list[Debt], list[Debt]]:
    """Those whose target has a queue, and those whose target was taken out of the stage."""
    every = list(owed)
    there = [debt for debt in every if debt[1] in site.target_queues]
    return there, [debt for debt in every if debt[1] not in site.target_queues]


def resend(site: Site, owed: Iterable[Debt]) -> int:
    """Have them delivered, in the order they were committed; how many.

    A parked one waits again from its first attempt on, before it is sent: a worker would pass over it
    otherwise. Should the sending fail, it is seen by `hub waiting` and sent by the next redrive.
    """
    ordered = sorted(owed, key=lambda debt: (debt[0].profile, int(debt[0].seq), str(debt[0].at)[-3:]))
    for row, target in ordered:
        _unpark(site, key_in(row), target)
    relay = Relay(queues=site.target_queues, put=site.put, count=_uncounted)
    relay(_changes(ordered), again=site.now().isoformat())
    return len(ordered)


def _uncounted(name: str, value: int = 1, **about: str) -> None:
    """The hub's counts are of its functions' work, not of an operator's."""


def _changes(ordered: Iterable[Debt]) -> Iterator[Change]:
    together: dict[tuple[str, str, int], list[str]] = {}
    for row, target in ordered:
        together.setdefault((target, str(row.profile), int(row.seq)), []).append(key_in(row))
    for (target, profile, seq), events in together.items():
        yield Change(target=target, profile=profile, seq=seq, events=tuple(events))


def _unpark(site: Site, event: str, target: str) -> None:
    row = site.table.get(LedgerRow, ledger_key(event, target))
    ledger = contents(row)
    if row is None or ledger is None or ledger.state != "parked":
        return
    again = replace(
        ledger,
        state=State.WAITING,
        attempts=0,
        version=ledger.version + 1,
        since=site.now(),
        next_at=None,
        reason=_REDRIVEN,
        detail=f"was parked: {ledger.reason}",
    )
    site.table.update(
        LedgerRow(*ledger_key(event, target)),
        [
            LedgerRow.state.set(again.state),
            LedgerRow.version.set(again.version),
            LedgerRow.body.set(msgspec.json.encode(again).decode()),
        ],
        LedgerRow.version == ledger.version,
    )


def revive(site: Site, only: str = "") -> list[Moved]:
    """Move dead letters back to where they came from, with new deduplication ids.

    Each is sent before it is deleted. One that cannot be sent stays, and so do the later ones of its group.
    """
    live: Mapping[str, str] = {"events": site.events_queue, **site.target_queues}
    return [
        _revive(site, name, dead, live[name])
        for name, dead in site.dead_queues.items()
        if name in live and only in ("", name)
    ]


def _revive(site: Site, name: str, dead: str, live: str) -> Moved:
    moved, left = 0, 0
    while letters := _received(site, dead):
        going = {_again(letter).dedup: letter for letter in letters}
        unsent = {message.dedup for message in send(site.put, live, map(_again, letters), tries=3)}
        sent = [letter for dedup, letter in going.items() if dedup not in unsent]
        _delete(site, dead, sent)
        moved += len(sent)
        left += len(unsent)
        if unsent:
            break
    return Moved(queue=name, moved=moved, left=left)


def _received(site: Site, queue: str) -> list[dict[str, Any]]:
    answer = site.client("sqs").receive_message(
        QueueUrl=queue,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=_LONG_ENOUGH_TO_ASK_EVERYWHERE,
        VisibilityTimeout=_HELD_SECONDS,
        MessageSystemAttributeNames=["MessageGroupId"],
    )
    received: list[dict[str, Any]] = answer.get("Messages", [])
    return received


def _again(letter: dict[str, Any]) -> Outgoing:
    # From the letter's own id: whoever is interrupted before deleting it sends the same once more.
    return Outgoing(
        group=letter["Attributes"]["MessageGroupId"],
        dedup=digest("dead letter", letter["MessageId"]),
        body=letter["Body"],
    )


def _delete(site: Site, queue: str, letters: list[dict[str, Any]]) -> None:
    if letters:
        entries = [
            {"Id": str(index), "ReceiptHandle": letter["ReceiptHandle"]}
            for index, letter in enumerate(letters)
        ]
        site.client("sqs").delete_message_batch(QueueUrl=queue, Entries=entries)


def _is_redriven(row: LedgerRow) -> bool:
    ledger = contents(row)
    return ledger is not None and ledger.reason == _REDRIVEN


def _state(row: object) -> str:
    return str(row.state) if isinstance(row, LedgerRow) else ""
