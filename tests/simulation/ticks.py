"""The schedule of `tick`: every minute, but for the minutes in which it would find nothing to do.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html: a rule may be late and may run twice,
and with a reserved concurrency of one a second `tick` is refused while the first runs. The hub makes
up for no missed minute, so leaving out idle ones changes nothing but the time that a simulation takes.
"""

from __future__ import annotations

import random
from typing import Any

from tests.simulation.clock import Clock
from tests.simulation.dynamo import Dynamo
from tests.simulation.faults import Weather
from tests.simulation.lambdas import Lambdas


class Ticks:
    """When the clock's function is called next."""

    def __init__(
        self,
        *,
        clock: Clock,
        rng: random.Random,
        weather: Weather,
        lambdas: Lambdas,
        dynamo: Dynamo,
        objects: dict[str, bytes],
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._weather = weather
        self._lambdas = lambdas
        self._dynamo = dynamo
        self._objects = objects
        self._next = float("inf")
        self._ticking = False

    def watch(self, key: tuple[str, str], _before: Any, after: Any) -> None:
        """A write that gives it something to do."""
        if key[1] == "PROFILE" and "due_at" in after:
            self.need(int(after["due_at"]["S"]) / 1000)
            if after["work_queue"]["S"] == "waiting":
                self.need(self._clock.now)
        elif key[1] == "BREAKER" and after.get("state", {}).get("S") != "closed":
            self.need(int(after["next_probe"]["N"]))

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
            self._lambdas.invoke("tick", {}, lambda _answer, _fine: self._ticked())
        else:
            self._plan_tick()

    def _ticked(self) -> None:
        self._ticking = False
        self._plan_tick()

    def _plan_tick(self) -> None:
        if any(key.startswith("undelivered/") for key in self._objects):
            self.need(self._clock.now)
        for key, item in self._dynamo.items.items():
            if key[1] == "PROFILE" and "due_at" in item:
                self.need(int(item["due_at"]["S"]) / 1000)
                if item["work_queue"]["S"] == "waiting":
                    self.need(self._clock.now + self._rng.choice((1, 240, 900, 3600)))
            elif key[1] == "BREAKER" and item.get("state", {}).get("S") != "closed":
                self.need(int(item["next_probe"]["N"]))
