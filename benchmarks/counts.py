"""Calls, units, bytes and CPU per event, for each way of loading the path.

python -m benchmarks.counts [--tiny]        prints them as JSON
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from benchmarks.meter import METER, reset
from benchmarks.path import LOADS, Crm, Load, Path, deployed_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What one load took, per event. By function, where it is a mapping.

    calls: those our functions make; polled: those that the pollers make for us, billed as ours.
    transactions count as one call. cpu: seconds; of this machine, without AWS's side.
    """

    load: str
    events: int
    calls: Mapping[str, Mapping[str, float]]
    polled: float
    sqs_requests: float
    read_units: float
    write_units: float
    index_units: float
    api_requests: float
    invocations: Mapping[str, float]
    cpu: Mapping[str, float]
    log_bytes: Mapping[str, float]
    crm_calls: float
    sent_bytes: float
    row_bytes: float

    @property
    def calls_per_event(self) -> float:
        """All calls that our functions make."""
        return sum(sum(of.values()) for of in self.calls.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """All loads; and what is not per event: a cold container's calls, and one minute of the clock."""

    loads: tuple[Counts, ...]
    cold: Mapping[str, Mapping[str, int]]
    tick_calls: Mapping[str, int]
    tick_read_units: float
    tick_cpu: float


def count(loads: tuple[Load, ...] = LOADS, tick: Callable[[], None] = lambda: None) -> Counted:
    """Deploy, have every known customer write once, and run each load; `tick` is called after each post."""
    with deployed_path() as (path, crm):
        reset()
        path.run(Load(name="cold", posts=1), tick)
        cold = {function: dict(calls) for function, calls in METER.calls.items() if function != "poller"}
        customers = max((load.posts * load.customers for load in loads if load.known), default=1)
        path.run(Load(name="warm-up", posts=-(-customers // 10), customers=10, together=True), tick)
        counted = tuple(_one(load, path, crm, tick) for load in loads)
        path.invoke("tick", {})
        reset()
        path.invoke("tick", {})
        return Counted(
            loads=counted,
            cold=cold,
            tick_calls=dict(METER.calls["tick"]),
            tick_read_units=METER.read["tick"],
            tick_cpu=METER.cpu["tick"],
        )


def _one(load: Load, path: Path, crm: Crm, tick: Callable[[], None]) -> Counts:
    reset()
    calls_before, bytes_before = crm.calls, crm.received
    rows_before = METER.units.stored
    path.run(load, tick)
    number = load.events
    if crm.calls - calls_before != number:
        raise AssertionError(f"{number} events were posted, {crm.calls - calls_before} arrived")
    polled = METER.calls.pop("poller")
    return Counts(
        load=load.name,
        events=number,
        calls={
            function: {call: times / number for call, times in calls.items()}
            for function, calls in METER.calls.items()
        },
        polled=sum(polled.values()) / number,
        sqs_requests=sum(METER.sqs_requests.values()) / number,
        read_units=sum(METER.read.values()) / number,
        write_units=sum(METER.written.values()) / number,
        index_units=sum(METER.indexed.values()) / number,
        api_requests=METER.invocations["webhooks"] / number,
        invocations=_each(METER.invocations, number),
        cpu=_each(METER.cpu, number),
        log_bytes=_each(METER.log_bytes, number),
        crm_calls=1.0,
        sent_bytes=(crm.received - bytes_before) / number,
        row_bytes=(METER.units.stored - rows_before) / number,
    )


def _each(counts: Mapping[str, float], number: int) -> dict[str, float]:
    return {function: value / number for function, value in counts.items() if function != "poller"}


def tiny() -> tuple[Load, ...]:
    """Loads that take a moment: enough to count by, too short to time."""
    return tuple(replace(load, posts=2) for load in LOADS)


if __name__ == "__main__":
    print(json.dumps(asdict(count(tiny() if "--tiny" in sys.argv else LOADS))))
