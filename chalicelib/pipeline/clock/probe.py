"""The job that probes targets which are cut off, and lets deliveries run again when they answer."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.configuration.stage import Configuration
from chalicelib.crms import CRMS
from chalicelib.pipeline.clock.base import Clock
from chalicelib.store.keys import breaker_key
from chalicelib.store.rows import BreakerRow
from chalicelib.vocabulary.delivery import Circuit, Target
from chalicelib.vocabulary.errors import HubError, Permanent

_LONGEST = timedelta(seconds=20)
"""Targets that hang may take so much of the clock's minute; the other jobs need theirs."""


def probe(clock: Clock, configuration: Configuration) -> int:
    """Probe every target whose breaker is not closed, whoever has waited longest first.

    What there is no time for comes first in the next minute.
    """
    begun = clock.now()
    rows = clock.table.read(breaker_key(target.name) for target in configuration.targets)
    cut_off = [
        (row, target)
        for target in configuration.targets
        if isinstance(row := rows.get(breaker_key(target.name)), BreakerRow) and row.state != Circuit.CLOSED
    ]
    probed = 0
    for row, target in sorted(cut_off, key=lambda one: one[0].next_probe):
        if clock.now() - begun > _LONGEST:
            break
        clock.breaker.probe(target.name, row, lambda target=target: _answers(clock, target))  # type: ignore[misc]
        probed += 1
    return probed


def _answers(clock: Clock, target: Target) -> bool:
    crm = CRMS[target.connector]
    try:
        credentials = clock.credentials(target)
        crm.read(clock.call(target, crm.probe(target, credentials, int(clock.now().timestamp()))))
    except Permanent:
        return True  # the target refuses this request, so it is there
    except HubError:
        return False
    return True
