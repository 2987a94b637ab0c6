"""Parking deliveries that no attempt can begin: their target has no queue, or left the stage."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.pipeline.delivery_ledger import contents, row_of
from chalicelib.store.keys import event_key, ledger_key
from chalicelib.store.rows import EventRow, LedgerRow, Row
from chalicelib.store.table import Table
from chalicelib.telemetry import Count
from chalicelib.vocabulary.delivery import ANY_STEP, SETTLED, Ledger, State
from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient
from chalicelib.vocabulary.messages import Change


def park(table: Table, change: Change, reason: HubError, now: datetime) -> list[str]:
    """Park every delivery of a change that is not settled yet; the keys of those events.

    Raises `Transient`; what was parked before that stays so, and is not parked twice.
    """
    keys = [place for key in change.events for place in (event_key(key), ledger_key(key, change.target))]
    rows = table.read(keys)
    parked = []
    for key in change.events:
        event = rows.get(event_key(key))
        earlier = contents(rows.get(ledger_key(key, change.target)))
        if not isinstance(event, EventRow) or (earlier and earlier.state in SETTLED):
            continue
        _write(table, change, event, _parked(earlier, key, change.target, reason, now), earlier)
        parked.append(key)
    return parked


def park_unknown(table: Table, change: Change, now: datetime, count: Count) -> list[tuple[str, State]]:
    """Park what is owed to a target that was taken out of the stage; event keys and states."""
    gone = Misconfigured("unknown_target", f"{change.target} is not in the stage's crms.yaml")
    parked = park(table, change, gone, now)
    if parked:
        count("parked", len(parked), target=change.target, reason=gone.reason)
    return [(key, State.PARKED) for key in parked]


def _parked(earlier: Ledger | None, key: str, target: str, reason: HubError, now: datetime) -> Ledger:
    before = earlier or Ledger(target=target, event=key, state=State.WAITING, since=now)
    return replace(
        before,
        state=State.PARKED,
        # An attempt may be what was cut short: whoever sends it again looks first.
        doubtful=ANY_STEP if before.state is State.SENDING else before.doubtful,
        version=before.version + 1,
        since=now,
        next_at=None,
        reason=reason.reason,
        detail=reason.detail,
    )


def _write(table: Table, change: Change, event: EventRow, ledger: Ledger, earlier: Ledger | None) -> None:
    row = row_of(ledger, profile=change.profile, ttl=int(event.ttl))
    unchanged = LedgerRow.version == earlier.version if earlier else Row.pk.does_not_exist()
    if not table.put(row, unchanged):
        raise Transient("in_other_hands", "a worker holds this delivery", retry_after=30)
