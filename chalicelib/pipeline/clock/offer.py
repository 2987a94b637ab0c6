"""Offering conversations to whoever could take one now: those that wait, and those of who is not there.

What an owner would need stands in the index beside each conversation, so a need that nobody can meet costs
one look, however many wait with it: they hold nobody else back.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator
from datetime import datetime

from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline import hub_events
from chalicelib.pipeline.clock.base import Clock, open_conversations
from chalicelib.pipeline.clock.people import loads_of
from chalicelib.routing.candidates import Presence, presence
from chalicelib.routing.choice import taker
from chalicelib.routing.rules import marks
from chalicelib.store import worklist
from chalicelib.store.keys import WAITING, Key

_OFFERED_AT_ONCE = 500
"""So many offers are made in a minute, the most urgent first; each is a message."""

_UNKNOWN_AT_ONCE = 100
"""So many of them are of conversations whose rule may be another today: `process` finds which."""


def offer(clock: Clock, configuration: Configuration) -> int:
    """Emit an `offer` for each conversation that somebody could take, the most urgent first."""
    now = clock.now()
    loads = loads_of(clock.table, configuration.directory)
    needs = _Needs(configuration=configuration, loads=loads, now=now)
    directory = configuration.directory
    there = {person: presence(directory.person(person), directory, now) for person in loads}
    queues = [
        _entries(clock, f"person#{person}", there[person], owned=True)
        for person, load in loads.items()
        if load > 0 and there[person] is not Presence.HERE
    ]
    if any(there[p.id] is Presence.HERE and loads[p.id] < p.capacity for p in directory.people):
        queues.append(_entries(clock, WAITING, Presence.GONE, owned=False))
    keys = itertools.islice(needs.worth_offering(heapq.merge(*queues)), _OFFERED_AT_ONCE)
    offered = 0
    for profile, conversation in open_conversations(clock, keys):
        clock.emit(hub_events.offer(profile.id, conversation, now=now))
        offered += 1
    return offered


Entry = tuple[str, Key, Presence, bool]
"""A place in the index, whose profile it is, whether the owner is there, and whether there is one."""


def _entries(clock: Clock, queue: str, there: Presence, *, owned: bool) -> Iterator[Entry]:
    return ((place, key, there, owned) for place, key in clock.table.work(queue))


class _Needs:
    """Which needs can be met now; who is given something is busier for the next."""

    def __init__(self, *, configuration: Configuration, loads: dict[str, int], now: datetime) -> None:
        self._directory = configuration.directory
        self._loads = loads
        self._now = now
        routing = configuration.routing
        marked = marks(routing)
        self._rules = {marked[rule.name]: rule for rule in routing.rules}
        self._people = {worklist.digest(person.id): person.id for person in self._directory.people}
        self._unmet: set[tuple[str, str, str]] = set()
        self._unknown = 0

    def worth_offering(self, entries: Iterable[Entry]) -> Iterator[Key]:
        """The profiles whose conversation somebody could take, or whose owner is gone."""
        for place, key, there, owned in entries:
            need = worklist.read(place)
            if there is Presence.OFF_DUTY and not need.owed:
                continue
            if need.rule not in self._rules:
                self._unknown += 1
                if self._unknown <= _UNKNOWN_AT_ONCE:
                    yield key
                continue
            # Whoever is gone owns nothing, even if nobody can take it yet.
            if self._is_met(need) or (owned and there is Presence.GONE):
                yield key

    def _is_met(self, need: worklist.Place) -> bool:
        kind = (need.rule, need.language, need.last_owner)
        if kind in self._unmet:
            return False
        who = taker(
            self._rules[need.rule],
            need.language,
            self._people.get(need.last_owner, ""),
            directory=self._directory,
            loads=self._loads,
            now=self._now,
        )
        if not who:
            self._unmet.add(kind)
            return False
        self._loads[who] = self._loads.get(who, 0) + 1
        return True
