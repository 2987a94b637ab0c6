"""Whoever waits is offered as soon as somebody fitting has room, and whoever is gone owns nothing.

From the history of every conversation and every load, and the judge's own reading of who is on duty: nothing
of the hub's routing is asked.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.configuration.stage import Configuration
from chalicelib.vocabulary.people import Conversation
from tests.simulation import duty
from tests.simulation.clock import START
from tests.simulation.found import Found
from tests.simulation.hub import Simulation, moment
from tests.simulation.ticks import WATCHED

_LONGEST = 330.0
"""Seconds: a minute until a stage is known, two ticks, and the way through the queue."""

_AFTER_THE_STORM = 1800.0


@dataclass(frozen=True, slots=True)
class _World:
    """stages and loads by the time at which they began to hold."""

    sim: Simulation
    stages: list[tuple[float, Configuration]]
    loads: dict[str, tuple[list[float], list[int]]]

    def stage(self, at: float) -> Configuration:
        return self.stages[max(0, bisect.bisect_right(self.stages, at, key=lambda one: one[0]) - 1)][1]

    def load(self, person: str, at: float) -> int:
        times, loads = self.loads.get(person, ([], []))
        place = bisect.bisect_right(times, at) - 1
        return loads[place] if place >= 0 else 0

    def trouble(self, talk: Conversation, last_owner: str, at: float) -> str:
        """Why somebody else should have it by now; empty if nobody should."""
        stage = self.stage(at)
        owner = stage.directory.person(talk.owner)
        if talk.owner and (owner is None or duty.is_away(owner, at)):
            return f"{talk.owner} is gone"
        if talk.owner and owner and (talk.respond_by is None or duty.on_duty(owner, stage, at)):
            return ""
        rule = next((rule for rule in stage.routing.rules if rule.name == talk.rule), None)
        if rule is None:
            return ""
        fitting = duty.fitting(rule, stage, talk.language, last_owner, at)
        free = [person.id for person in fitting if self.load(person.id, at) < person.capacity]
        return f"{free[0]} has room" if free else ""


def waiting(sim: Simulation, read: Found) -> Iterator[str]:
    """Nobody waits for minutes while somebody fitting has room."""
    del read
    weather = sim.weather
    storm = weather.rate or weather.deaths or any(o.service not in sim.crms for o in weather.outages)
    calm = max(
        START, weather.ends + _AFTER_THE_STORM if storm else 0, sim.script.deployment[1] + _AFTER_THE_STORM
    )
    loads: dict[str, tuple[list[float], list[int]]] = defaultdict(lambda: ([], []))
    for at, person, load in sim.watch.loads:
        loads[person][0].append(at)
        loads[person][1].append(load)
    world = _World(sim, sim.stages, loads)
    writes = [at for at, _, _ in sim.watch.loads] + [at for at, _ in sim.stages]
    ends = max([START, *writes, *(seen[-1].at for seen in sim.watch.profiles.values())]) + WATCHED
    changes = sorted({*writes, *(duty.moments(sim.configuration, START, ends))})
    for name, history in sim.watch.profiles.items():
        since = 0.0
        for place, seen in enumerate(history):
            talk = seen.conversation
            until = history[place + 1].at if place + 1 < len(history) else ends
            if talk is None or until <= calm:
                since = 0.0
                continue
            before = history[place - 1].conversation if place else None
            if before is None or before.id != talk.id:
                since = 0.0
            first = max(seen.at, calm)
            low, high = bisect.bisect_right(changes, first), bisect.bisect_left(changes, until)
            for begins, stops in itertools.pairwise([first, *changes[low:high], until]):
                trouble = world.trouble(talk, seen.last_owner, begins)
                since = (since or begins) if trouble else 0.0
                if trouble and stops - since > _LONGEST:
                    yield (
                        f"{name} waits with {talk.owner or 'nobody'} from {moment(since)} to {moment(stops)},"
                        f" though {trouble}"
                    )
                    return


def in_vain(sim: Simulation, read: Found) -> Iterator[str]:
    """What the clock offers, closes and feeds has an effect."""
    del read
    if sim.ticks.worst_offers > 30:
        yield f"the clock offered {sim.ticks.worst_offers} times in a row what changed nothing"
