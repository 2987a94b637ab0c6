"""The schedule of `tick`: every minute, but for the minutes in which it would find nothing to do.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html: a rule may be late and may run twice,
and with a reserved concurrency of one a second `tick` is refused while the first runs. The hub makes
up for no missed minute, so leaving out idle ones changes nothing but the time that a simulation takes. A
minute is idle if nothing was written since the last one that did nothing, nobody's duty began or ended,
nothing was pushed and nothing is due.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from chalicelib.pipeline.clock.tick import JOBS, WITHOUT_CONFIGURATION
from tests.simulation.clock import Clock
from tests.simulation.dynamo import Dynamo
from tests.simulation.faults import Weather
from tests.simulation.lambdas import Lambdas

WATCHED = 3 * 86_400.0
"""Seconds after the last change for which beginnings and ends of duty are looked at: they repeat."""

_CONFIGURATION_AGE = 120.0
_MOST_IN_VAIN = 60
_AFTER_THE_STORM = 1800.0


class Ticks:
    """When the clock's function is called next.

    edges: the next beginning or end of a duty after a time. in_vain: how often in a row it did something that
    changed nothing. worst_offers: the most offers and closings of which that was so, when nothing failed.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        rng: random.Random,
        weather: Weather,
        lambdas: Lambdas,
        dynamo: Dynamo,
        objects: dict[str, bytes],
        edges: Callable[[float], float],
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._weather = weather
        self._lambdas = lambdas
        self._dynamo = dynamo
        self._objects = objects
        self._edges = edges
        self._next = float("inf")
        self._ticking = False
        self._open: dict[str, bool] = {}
        self._due: dict[str, float] = {}
        self._probes: dict[str, float] = {}
        self.changed = clock.now
        self.in_vain = 0
        self._offers = 0
        self.worst_offers = 0
        clock.at(max(weather.ends, clock.now), self._storm_is_over)

    def _storm_is_over(self) -> None:
        """What was in vain because everything failed is looked at every minute again."""
        self.in_vain = self._offers = 0
        if any(self._open.values()):
            self.need(self._clock.now)

    def watch(self, key: tuple[str, str], _before: Any, after: Any) -> None:
        """A write that may give it something to do."""
        name, kind = key
        if kind == "PROFILE":
            self._open[name] = "work_queue" in after
            self._due.pop(name, None)
            if "due_at" in after:
                self._due[name] = int(after["due_at"]["S"]) / 1000
                self.need(self._due[name])
        elif kind == "BREAKER":
            self._probes.pop(name, None)
            if after.get("state", {}).get("S") not in (None, "closed"):
                self._probes[name] = int(after["next_probe"]["N"])
                self.need(self._probes[name])
        if kind in ("PROFILE", "LOAD") and (any(self._open.values())):
            self.changed = self._clock.now
            self.in_vain = self._offers = 0
            self.need(self._clock.now)

    def pushed(self) -> None:
        """A configuration was pushed; every container knows it within a minute or two."""
        self.changed = self._clock.now
        self.need(self._clock.now)
        self.need_later(self._clock.now + _CONFIGURATION_AGE)

    def need_later(self, when: float) -> None:
        """It has something to do at that time, whatever it does before."""
        self._clock.at(when, lambda: self.need(self._clock.now))

    def need(self, when: float) -> None:
        """It has something to do at that time: the next whole minute is not left out."""
        minute = (max(when, self._clock.now) // 60 + 1) * 60
        if minute < self._next:
            self._next = minute
            self._clock.at(minute, self._tick)

    def _tick(self) -> None:
        if self._clock.now < self._next:
            return
        self._next = float("inf")
        missed = self._ticking or self._weather.chance(0.05, self._clock.now)
        if not missed:
            self._ticking = True
            self._lambdas.invoke("tick", {}, self._ticked)
        else:
            self.need(self._clock.now)

    def _ticked(self, answer: Any, fine: bool) -> None:
        self._ticking = False
        # A job that was cut short is not in the answer: the next minute goes on with it. When a target is to
        # be probed next stands in its breaker's row.
        whole = fine and answer.keys() >= {*JOBS, *WITHOUT_CONFIGURATION}
        if not whole or any(count for did, count in answer.items() if did != "probed"):
            self.in_vain += 1
            self._offers += whole and bool(answer["offered"] or answer["closed"])
            if self._clock.now > self._weather.ends + _AFTER_THE_STORM:
                self.worst_offers = max(self.worst_offers, self._offers)
            # What has not helped so often is looked at more rarely, or a world would never end.
            self.need(self._clock.now + (0 if self.in_vain < _MOST_IN_VAIN else 6 * 3600))
        if any(key.startswith("undelivered/") for key in self._objects):
            self.need(self._clock.now)
        for when in (*self._due.values(), *self._probes.values()):
            self.need(when)
        if any(self._open.values()) and self._clock.now - self.changed < WATCHED:
            edge = self._edges(self._clock.now)
            if edge < float("inf"):
                self.need(edge)
