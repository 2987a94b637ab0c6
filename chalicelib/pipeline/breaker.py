"""Cutting a failing target off: nothing is received, in flight or counted while it is down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

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
"""So many failures in a row, of so many customers: one bad event alone is not the target's fault."""

_UNREACHABLE = 3
"""So many in a row without a connection, whoever's they are."""

_FIRST_PROBE = 15
_LONGEST_PROBE = 600
_HELD_BACK = 60.0
"""Seconds for which a message that was received all the same is put back."""


def _pause(probes: int) -> int:
    """Seconds until the next probe, after so many."""
    return int(min(_FIRST_PROBE << min(probes, 20), _LONGEST_PROBE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The breakers of all targets. switch: enables or disables a target's mapping. emit: a hub event."""

    table: Table
    switch: Callable[[str, bool], None]
    emit: Callable[[Event], None]
    now: Callable[[], datetime]
    count: Count

    def admit(self, target: str, row: Row | None) -> None:
        """Raises `Transient` while the target is cut off."""
        if isinstance(row, BreakerRow) and row.state != Circuit.CLOSED and not row.trial:
            raise Transient("breaker_open", f"{target} is cut off", retry_after=_HELD_BACK)

    def failed(
        self, target: str, row: Row | None, *, group: str, reason: str, refused: bool = False
    ) -> BreakerRow:
        """One more failure; too many cut the target off, on trial the first. The row as it is then.

        refused: it answered as an endpoint does that serves nobody.
        """
        known = row if isinstance(row, BreakerRow) else BreakerRow(*breaker_key(target))
        known.failures = int(known.failures) + 1
        known.refused = reason if refused else known.refused
        if known.trial:
            return self._open_again(target, known)
        groups = sorted({*str(known.groups).split(), group})[:_GROUPS]
        known.groups = " ".join(groups)
        unreachable = reason == "no_connection" and known.failures >= _UNREACHABLE
        if unreachable or (known.failures >= _FAILURES and len(groups) >= _GROUPS):
            self._open(target, known)
            known.state = Circuit.OPEN
            return known
        counted = self.table.update(
            BreakerRow(*breaker_key(target)),
            [
                BreakerRow.failures.add(1),
                BreakerRow.groups.set(known.groups),
                BreakerRow.refused.set(known.refused),
                BreakerRow.row.set(BreakerRow),
                BreakerRow.state.set(Circuit.CLOSED),
            ],
            BreakerRow.state.does_not_exist() | (BreakerRow.state == Circuit.CLOSED),
        )
        if not counted:
            known.state = Circuit.OPEN  # others have cut it off since the row was read
        return known

    def succeeded(self, target: str, row: Row | None) -> bool:
        """The target has answered properly: earlier failures no longer count. Whether there were any."""
        if not isinstance(row, BreakerRow) or not (row.failures or row.trial):
            return False
        state = BreakerRow.state == Circuit.CLOSED
        if row.trial:
            self._announce(target, Circuit.CLOSED, int(row.since))
            state = (BreakerRow.state == Circuit.HALF_OPEN) & (BreakerRow.trial == 1)
        self.table.update(
            BreakerRow(*breaker_key(target)),
            [
                BreakerRow.state.set(Circuit.CLOSED),
                BreakerRow.failures.set(0),
                BreakerRow.groups.set(""),
                BreakerRow.refused.set(""),
                BreakerRow.trial.set(0),
                BreakerRow.streak.add(1),
            ],
            state,
        )
        return True

    def _open(self, target: str, known: BreakerRow) -> None:
        now = int(self.now().timestamp())
        opened = self.table.update(
            BreakerRow(*breaker_key(target)),
            [
                BreakerRow.state.set(Circuit.OPEN),
                BreakerRow.since.set(now),
                BreakerRow.next_probe.set(now + _FIRST_PROBE),
                BreakerRow.probes.set(0),
                BreakerRow.refused.set(known.refused),
                BreakerRow.row.set(BreakerRow),
            ],
            BreakerRow.state.does_not_exist() | (BreakerRow.state == Circuit.CLOSED),
        )
        if not opened:
            # Somebody else opened it, or it is being probed: a second word could come after its closing.
            return
        self._announce(target, Circuit.OPEN, now)
        self.switch(target, False)

    def _open_again(self, target: str, known: BreakerRow) -> BreakerRow:
        """It failed on trial. It has been cut off since it first was, and is tried more and more seldom."""
        now = int(self.now().timestamp())
        known.next_probe = now + _pause(int(known.probes))
        known.state, known.trial = Circuit.OPEN, 0
        opened = self.table.update(
            BreakerRow(*breaker_key(target)),
            [
                BreakerRow.state.set(Circuit.OPEN),
                BreakerRow.trial.set(0),
                BreakerRow.next_probe.set(known.next_probe),
                BreakerRow.refused.set(known.refused),
            ],
            (BreakerRow.state == Circuit.HALF_OPEN) & (BreakerRow.trial == 1),
        )
        if opened:
            self.count("breaker_open", target=target)
            self.switch(target, False)
        return known

    def probe(self, target: str, row: BreakerRow, attempt: Callable[[], bool]) -> Circuit:
        """Try a cut-off target if it is time; its state afterwards.

        One that has refused everybody is not well because it answers a probe: deliveries are let through,
        and the first of them decides.
        """
        now = int(self.now().timestamp())
        if row.state == Circuit.CLOSED or row.trial or row.next_probe > now:
            return Circuit(row.state)
        probes = int(row.probes) + 1
        took = self.table.update(
            BreakerRow(*breaker_key(target)),
            [
                BreakerRow.state.set(Circuit.HALF_OPEN),
                BreakerRow.next_probe.set(now + _pause(probes)),
                BreakerRow.probes.set(probes),
            ],
            BreakerRow.next_probe == row.next_probe,
        )
        if not took:
            return Circuit(row.state)
        if row.state == Circuit.OPEN:
            self._announce(target, Circuit.HALF_OPEN, int(row.since))
        if not attempt():
            self.switch(target, False)
            self._set(target, Circuit.OPEN)
            return Circuit.OPEN
        # The mapping first: whoever dies in between probes again and finds it enabled.
        self.switch(target, True)
        if row.refused:
            self.table.update(BreakerRow(*breaker_key(target)), [BreakerRow.trial.set(1)])
            return Circuit.HALF_OPEN
        self._announce(target, Circuit.CLOSED, int(row.since))
        self._set(target, Circuit.CLOSED)
        return Circuit.CLOSED

    def _set(self, target: str, state: Circuit) -> None:
        self.table.update(
            BreakerRow(*breaker_key(target)),
            [BreakerRow.state.set(state), BreakerRow.failures.set(0), BreakerRow.groups.set("")],
        )

    def _announce(self, target: str, state: Circuit, since: int) -> None:
        self.count(f"breaker_{state.replace('-', '_')}", target=target)
        self.emit(hub_events.breaker(target, state, since=since, now=self.now()))
