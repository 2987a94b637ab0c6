"""What the judge sees while a world runs: who owned what when, and how full everybody was."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib.configuration.stage import Configuration
from chalicelib.vocabulary.delivery import SETTLED
from chalicelib.vocabulary.people import Conversation, Profile
from tests.simulation.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A profile from that moment on."""

    at: float
    conversation: Conversation | None
    last_owner: str


@dataclass(slots=True, kw_only=True)
class Watch:
    """Every commit as it takes effect.

    stages: the configurations by which a function may act at a time.
    profiles: what they were from when.
    loads: what they were from when.
    overloads: what no configuration allows.
    opened: when a target was cut off.
    outages: how often it was, but for trials that failed.
    settled: when a delivery was done or parked first, by event and target.
    """

    clock: Clock
    stages: Callable[[float], list[Configuration]]
    profiles: dict[str, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    loads: list[tuple[float, str, int]] = field(default_factory=list)
    overloads: list[str] = field(default_factory=list)
    opened: list[tuple[float, str]] = field(default_factory=list)
    outages: Counter[str] = field(default_factory=Counter)
    settled: dict[tuple[str, str], float] = field(default_factory=dict)

    def commit(self, changes: list[Any]) -> None:
        """One commit."""
        for (pk, sk), before, after in changes:
            if sk == "LOAD":
                self._load(pk.removeprefix("W#"), before, after)
            elif sk == "PROFILE":
                profile = _PROFILE.decode(after["body"]["S"])
                seen = Seen(
                    at=self.clock.now, conversation=profile.conversation, last_owner=profile.last_owner
                )
                self.profiles[profile.id].append(seen)
            elif sk.startswith("D#") and after["state"]["S"] in SETTLED:
                self.settled.setdefault((pk.removeprefix("E#"), sk.removeprefix("D#")), self.clock.now)
            elif sk == "BREAKER":
                was, now = (item.get("state", {}).get("S") if item else None for item in (before, after))
                if now == "open" and was not in ("open", "half-open"):
                    self.opened.append((self.clock.now, pk.removeprefix("B#")))
                    if was != "trial":
                        self.outages[pk.removeprefix("B#")] += 1

    def _load(self, person: str, before: Any, after: Any) -> None:
        """Whether somebody has more than a configuration of the last minutes allows."""
        had, has = (int(item.get("open", {"N": "0"})["N"]) if item else 0 for item in (before, after))
        self.loads.append((self.clock.now, person, has))
        if has < 0:
            self.overloads.append(f"{person} has {has} conversations")
        if has > had:
            people = (p for stage in self.stages(self.clock.now) for p in stage.directory.people)
            allowed = max((p.capacity for p in people if p.id == person), default=0)
            if has > allowed:
                self.overloads.append(f"{person} was given {has} conversations, capacity is {allowed}")


_PROFILE = msgspec.json.Decoder(Profile)
