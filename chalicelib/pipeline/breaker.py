"""Cuts a failing target off: while it is down, none of its messages is received, in flight or counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.pipeline import hub_events
from chalicelib.store.keys import breaker_key
from chalicelib.store.rows import BreakerRow, Row
from chalicelib.store.table import Table
from chalicelib.telemetry import Count
from chalicelib.vocabulary.delivery import Circuit
from chalicelib.vocabulary.errors import Transient
from chalicelib.vocabulary.event import Event

_FAILURES = 5
_GROUPS = 2
"""A target is cut off after so many failures in a row, of so many profiles: one bad event is no proof."""

_UNREACHABLE = 3
"""Or after so many in a row, whoever's they are, if the last one found no connection."""

_FIRST_PROBE = 15
_LONGEST_PROBE = 600
_HELD_BACK = 60.0
"""Seconds after which a message that was received nevertheless comes back."""


def _pause(probes: int) -> int:
    """Seconds until the next probe, after this many."""
    return int(min(_FIRST_PROBE << min(probes, 20), _LONGEST_PROBE))


def _refused(breaker: BreakerRow) -> list[Action]:
    """What others have written meanwhile stays, unless this worker knows of a refusal itself."""
    return [BreakerRow.refused.set(breaker.refused)] if breaker.refused else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The breakers of all targets.

    table: the table, where the breakers' rows lie.
    switch: enables or disables the mapping of a target's queue.
    emit: puts an event of the hub's own on the events queue.
    now: gives the time, aware UTC.
    count: counts what happened.
    """

    table: Table
    switch: Callable[[str, bool], None]
    emit: Callable[[Event], None]
    now: Callable[[], datetime]
    count: Count

    def admit(self, target: str, row: Row | None) -> None:
        """Raises `Transient` while the target is cut off."""
        if isinstance(row, BreakerRow) and row.state not in (Circuit.CLOSED, Circuit.TRIAL):
            raise Transient("breaker_open", f"{target} is cut off", retry_after=_HELD_BACK)

    def failed(
        self,
        target: str,
        row: Row | None,
        *,
        group: str,
        reason: str,
        refused: bool = False,
        own: bool = False,
    ) -> BreakerRow:
        """Count one more failure; too many cut the target off, on trial the first. The row as it is then.

        refused: whether the target answered as an endpoint does that serves nobody.
        own: whether the event is held to be at fault: remembered, should others follow, and not counted.
        """
        breaker = row if isinstance(row, BreakerRow) else BreakerRow(*breaker_key(target))
        more = 0 if own else 1
        breaker.failures = int(breaker.failures) + more
        breaker.refused = reason if refused else breaker.refused
        if breaker.state == Circuit.TRIAL:
            return self._open_again(target, breaker)
        groups = sorted({*str(breaker.groups).split(), group})[:_GROUPS]
        breaker.groups = " ".join(groups)
        unreachable = reason == "no_connection" and breaker.failures >= _UNREACHABLE
        if unreachable or (breaker.failures >= _FAILURES and len(groups) >= _GROUPS):
            self._open(target, breaker)
            breaker.state = Circuit.OPEN
            return breaker
        counted = self.table.update(
            BreakerRow(*breaker_key(target)),
            [
                BreakerRow.failures.add(more),
                BreakerRow.groups.set(breaker.groups),
                *_refused(breaker),
                BreakerRow.row.set(BreakerRow),
                BreakerRow.state.set(Circuit.CLOSED),
            ],
            BreakerRow.state.does_not_exist() | (BreakerRow.state == Circuit.CLOSED),
        )
        if not counted:
            breaker.state = Circuit.OPEN  # others have cut it off since the row was read
        return breaker

    def succeeded(self, target: str, row: Row | None) -> bool:
        """Forget earlier failures, as the target has answered properly; return whether there were any."""
        if not isinstance(row, BreakerRow) or row.state not in (Circuit.CLOSED, Circuit.TRIAL):
            return False  # a probe lets it in again, and only then is its mapping enabled
        if row.state == Circuit.CLOSED and not (row.failures or row.groups):
            return False
        if row.state == Circuit.TRIAL:
            self._announce(target, Circuit.CLOSED, int(row.since))
        self.table.update(
            BreakerRow(*breaker_key(target)),
            [
                BreakerRow.state.set(Circuit.CLOSED),
                BreakerRow.failures.set(0),
                BreakerRow.groups.set(""),
                BreakerRow.refused.set(""),
                BreakerRow.streak.add(1),
            ],
            BreakerRow.state == row.state,
        )
        return True

    def _open(self, target: str, breaker: BreakerRow) -> None:
        now = int(self.now().timestamp())
        opened = self.table.update(
            BreakerRow(*breaker_key(target)),
            [
                BreakerRow.state.set(Circuit.OPEN),
                BreakerRow.since.set(now),
                BreakerRow.next_probe.set(now + _FIRST_PROBE),
                BreakerRow.probes.set(0),
                *_refused(breaker),
                BreakerRow.row.set(BreakerRow),
            ],
            BreakerRow.state.does_not_exist() | (BreakerRow.state == Circuit.CLOSED),
        )
        if not opened:
            # Another worker opened it, or it is being probed: a second announcement could come too late.
            return
        self._announce(target, Circuit.OPEN, now)
        self.switch(target, False)

    def _open_again(self, target: str, breaker: BreakerRow) -> BreakerRow:
        """Cut a target off that failed on trial: since it first was, and with a longer pause each time."""
        now = int(self.now().timestamp())
        breaker.next_probe = now + _pause(int(breaker.probes))
        breaker.state = Circuit.OPEN
        opened = self.table.update(
            BreakerRow(*breaker_key(target)),
            [
                BreakerRow.state.set(Circuit.OPEN),
                BreakerRow.next_probe.set(breaker.next_probe),
                BreakerRow.refused.set(breaker.refused),
            ],
            BreakerRow.state == Circuit.TRIAL,
        )
        if opened:
            self.count("breaker_open", target=target)
            self.switch(target, False)
        return breaker

    def probe(self, target: str, row: BreakerRow, attempt: Callable[[], bool]) -> Circuit:
        """Try a target that is cut off, if it is time; return the breaker's state afterwards.

        A target that has refused everybody may answer a probe all the same. So its deliveries are let through
        on trial, and the first of them decides.
        """
        now = int(self.now().timestamp())
        if row.state in (Circuit.CLOSED, Circuit.TRIAL) or row.next_probe > now:
            return Circuit(row.state)
        probes = int(row.probes) + 1
        next_probe = now + _pause(probes)
        taken = self.table.update(
            BreakerRow(*breaker_key(target)),
            [
                BreakerRow.state.set(Circuit.HALF_OPEN),
                BreakerRow.next_probe.set(next_probe),
                BreakerRow.probes.set(probes),
            ],
            BreakerRow.next_probe == row.next_probe,
        )
        if not taken:
            return Circuit(row.state)
        if row.state == Circuit.OPEN:
            self._announce(target, Circuit.HALF_OPEN, int(row.since))
        # A later probe or a failed trial may have come between; and the SDK may carry a write out twice.
        ours = (BreakerRow.state == Circuit.HALF_OPEN) & (BreakerRow.next_probe == next_probe)
        if not attempt():
            if self._set(target, Circuit.OPEN, ours):
                self.switch(target, False)
            return Circuit.OPEN
        # The mapping first: if this worker dies before it sets the state, the next probe enables it again.
        self.switch(target, True)
        if row.refused:
            self._set(target, Circuit.TRIAL, ours)
            return Circuit.TRIAL
        self._announce(target, Circuit.CLOSED, int(row.since))
        self._set(target, Circuit.CLOSED, ours)
        return Circuit.CLOSED

    def let_go(self, target: str) -> None:
        """Let the deliveries of a target that left the stage run, for who receives them parks them."""
        self.switch(target, True)
        self._set(target, Circuit.CLOSED)

    def _set(self, target: str, state: Circuit, condition: Condition | None = None) -> bool:
        return self.table.update(
            BreakerRow(*breaker_key(target)),
            [BreakerRow.state.set(state), BreakerRow.failures.set(0), BreakerRow.groups.set("")],
            condition,
        )

    def _announce(self, target: str, state: Circuit, since: int) -> None:
        self.count(f"breaker_{state.replace('-', '_')}", target=target)
        self.emit(hub_events.breaker(target, state, since=since, now=self.now()))
