"""Finds deliveries that nothing will ever deliver: no queue holds them any more, or their target has left.

A queue forgets a message after 14 days. Its delivery then still says that it waits, or was never begun, and
no worker will ever be told of it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.pipeline.delivery_ledger import contents
from chalicelib.store.keys import ledger_key
from chalicelib.store.rows import EventRow, LedgerRow, Row
from chalicelib.vocabulary.delivery import SETTLED, Ledger, State
from infra.queues import KEPT_DAYS
from ops.hub.debts import Debt
from ops.hub.events import key_in
from ops.hub.site import Site

NEVER_TRIED = "never_tried"
"""The reason shown for a delivery that has no ledger."""

_PARTS = ("pk", "sk", "row", "ttl", "profile", "seq", "at", "committed", "targets", "state", "target")
"""What is read of the whole table: not the bodies, which are nearly all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """A delivery that no queue holds. debt: the event's row, without its body, and the target's name."""

    debt: Debt
    ledger: Ledger


def is_forgotten(site: Site, ledger: Ledger) -> bool:
    """Whether no queue can hold the message of this delivery any more."""
    if ledger.state in SETTLED:
        return False
    return ledger.target not in site.target_queues or _over(site, max(ledger.since, _next(ledger)))


def forgotten(site: Site) -> list[Forgotten]:
    """All of them, the oldest first. It reads the whole table."""
    lost: list[Forgotten] = []
    begun: list[Debt] = []
    for event, states in _events(site):
        untried = [_untried(event, target) for target in _owed(event) if target not in states]
        lost += [one for one in untried if is_forgotten(site, one.ledger)]
        begun += [(event, target) for target, state in states.items() if state not in SETTLED]
    debts = {ledger_key(key_in(event), target): (event, target) for event, target in begun}
    for key, row in site.table.read(debts).items():
        ledger = contents(row)
        if ledger and is_forgotten(site, ledger):
            lost.append(Forgotten(debt=debts[key], ledger=ledger))
    return sorted(lost, key=lambda one: one.ledger.since)


def _untried(event: EventRow, target: str) -> Forgotten:
    committed = datetime.fromtimestamp(int(event.committed) / 1000, UTC)
    ledger = Ledger(
        target=target, event=key_in(event), state=State.WAITING, since=committed, reason=NEVER_TRIED
    )
    return Forgotten(debt=(event, target), ledger=ledger)


def _owed(event: EventRow) -> list[str]:
    return list(json.loads(event.targets))


def _events(site: Site) -> Iterator[tuple[EventRow, dict[str, str]]]:
    """Each event with the states of its deliveries: a scan reads their common partition in one piece."""
    condition = (EventRow.sk == "EVENT") | EventRow.sk.startswith("D#")
    rows = site.table.scan(condition, _PARTS)
    for _, partition in itertools.groupby(rows, key=lambda row: str(row.pk)):
        together: list[Row] = list(partition)
        ledgers = {str(row.target): str(row.state) for row in together if isinstance(row, LedgerRow)}
        for row in together:
            if isinstance(row, EventRow):
                yield row, ledgers


def _over(site: Site, moment: datetime) -> bool:
    return site.now() - moment > timedelta(days=KEPT_DAYS)


def _next(ledger: Ledger) -> datetime:
    return ledger.next_at or ledger.since
