"""The job that probes targets which are cut off, and lets deliveries run again when they answer."""

from __future__ import annotations

from functools import partial

from chalicelib.configuration.stage import Configuration
from chalicelib.crms import CRMS
from chalicelib.pipeline.clock.base import Clock, rows_of
from chalicelib.store.keys import breaker_key
from chalicelib.store.rows import BreakerRow
from chalicelib.telemetry import log_bug
from chalicelib.vocabulary.delivery import Circuit, Target
from chalicelib.vocabulary.errors import HubError, Permanent


def probe(clock: Clock, configuration: Configuration) -> int:
    """Probe every target whose breaker is not closed. Raises the first failure after all were tried.

    One that left the stage while it was cut off is let go: nothing would ever receive its messages.
    """
    targets = {target.name: target for target in configuration.targets}
    names = [*targets, *(name for name in clock.queues() if name not in targets)]
    rows = rows_of(clock, [breaker_key(name) for name in names])
    cut_off = [
        (name, row)
        for name in names
        if isinstance(row := rows.get(breaker_key(name)), BreakerRow) and row.state != Circuit.CLOSED
    ]
    probed = 0
    failures: list[Exception] = []
    # Those whose turn was missed come first: one that hangs may take all of a minute's time.
    for name, row in sorted(cut_off, key=lambda each: int(each[1].next_probe)):
        if clock.time_left() <= 0:
            break
        try:
            if name in targets:
                clock.breaker.probe(name, row, partial(_answers, clock, targets[name]))
            else:
                clock.breaker.let_go(name)
            probed += 1
        except Exception as error:  # noqa: BLE001 - a bug too: the other targets stay cut off until they are probed
            if not isinstance(error, HubError):
                log_bug("tick", error, job="probed")
            failures.append(error)
    if failures:
        raise failures[0]
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
