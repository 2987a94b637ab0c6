"""Sends deliveries again that a target is owed, in the order in which their events were committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from chalicelib.pipeline import retry
from chalicelib.pipeline.delivery_ledger import contents
from chalicelib.pipeline.relay import Relay
from chalicelib.store.keys import ledger_key
from chalicelib.store.rows import EventRow, LedgerRow
from chalicelib.vocabulary.delivery import Ledger, State
from chalicelib.vocabulary.errors import HubError
from chalicelib.vocabulary.messages import Change
from ops.hub.events import key_in
from ops.hub.exits import Code, Stop
from ops.hub.screen import console, document, table, warn
from ops.hub.site import Site

_REDRIVEN = "redriven"
"""The reason why a ledger waits that no worker has taken up since."""

Debt = tuple[EventRow, str]
"""An event and a target that does not have it."""


def deliverable(site: Site, owed: Iterable[Debt]) -> tuple[list[Debt], list[Debt]]:
    """Those whose target has a queue, and those whose target was taken out of the stage."""
    every = list(owed)
    there = [debt for debt in every if debt[1] in site.target_queues]
    return there, [debt for debt in every if debt[1] not in site.target_queues]


def resend(site: Site, owed: Iterable[Debt]) -> int:
    """Have them delivered in the order in which they were committed; how many.

    A parked delivery is first set to wait, with all its attempts, because a worker would pass over a parked
    one. If the sending then fails, `hub waiting` shows it and the next redrive sends it.
    """
    ordered = sorted(owed, key=lambda debt: (debt[0].profile, int(debt[0].seq), str(debt[0].at)[-3:]))
    for row, target in ordered:
        _unpark(site, key_in(row), target)
    relay = Relay(queues=site.target_queues, put=site.put, park=_unparked, count=_uncounted)
    relay(_changes(ordered), again=site.now().isoformat())
    return len(ordered)


def _unparked(change: Change, reason: HubError) -> int:
    """What an operator sends is not parked behind their back: they are told, and it stays as it is."""
    del change
    raise reason


def _uncounted(name: str, value: int = 1, **about: str) -> None:
    """Metrics count the work of the functions, not of an operator."""


def _changes(ordered: Iterable[Debt]) -> Iterator[Change]:
    together: dict[tuple[str, str, int], list[str]] = {}
    for row, target in ordered:
        together.setdefault((target, str(row.profile), int(row.seq)), []).append(key_in(row))
    for (target, profile, seq), events in together.items():
        yield Change(target=target, profile=profile, seq=seq, events=tuple(events))


def _unpark(site: Site, event: str, target: str) -> None:
    row = site.table.get(LedgerRow, ledger_key(event, target))
    ledger = contents(row)
    if row is None or ledger is None or ledger.state is not State.PARKED:
        return
    again = replace(
        ledger,
        state=State.WAITING,
        attempts=0,
        refusals=0,
        version=ledger.version + 1,
        since=site.now(),
        next_at=_settled(ledger),
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


def _settled(ledger: Ledger) -> datetime | None:
    """When what the last attempt may have written must be there; None if that is in no doubt."""
    if not ledger.doubtful:
        return None
    seconds = retry.LONGEST_ATTEMPT + retry.settle(0, ledger.attempts)
    return ledger.since + timedelta(seconds=seconds)


def is_redriven(row: LedgerRow) -> bool:
    """Whether an earlier redrive sent it and no worker has taken it up since."""
    ledger = contents(row)
    return ledger is not None and ledger.reason == _REDRIVEN


def check_target(site: Site, target: str, *others: str) -> None:
    """Raise `Stop` unless it is empty, a target of the stage, or one of the others."""
    names = [*others, *site.target_queues]
    if target and target not in names:
        raise Stop(Code.USAGE, f"{site.stage} has no target {target}: there are {', '.join(names)}")


def send_again(site: Site, owed: Iterable[Debt], target: str, as_json: bool, nothing: str) -> None:
    """Send what is owed, only to that target if one is named, and print how much; else print `nothing`."""
    chosen, gone = deliverable(site, [debt for debt in owed if target in ("", debt[1])])
    for name in sorted({name for _, name in gone}):
        warn(f"target {name} has no queue: what it is owed stays until it is deployed again")
    resend(site, chosen)
    counts = Counter(name for _, name in chosen)
    if as_json:
        document({"sent": counts})
    elif counts:
        rows = [(name, str(number)) for name, number in counts.items()]
        console().print(table(("target", "sent again"), rows))
    else:
        console().print(nothing)
