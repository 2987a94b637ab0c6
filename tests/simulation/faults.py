"""What goes wrong: drawn from the seed for every call that leaves a process, before or after its effect.

A world has a weather: how often calls are struck at random, and outages of one service for a while. When
the storm is over nothing fails any more, and what was promised must come true.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

AWS = ("throttled", "internal", "timeout", "reset", "unreachable", "slow", "again", "lands", "killed")
"""again: the answer is lost and the SDK sends the call a second time, as it does by itself.

lands: we stop waiting, and the call takes effect some seconds later.
"""

PARTS = {
    "dynamodb": ("due", "worklist", "E", "P", "I", "K", "W", "B", "CONFIG"),
    "sqs": ("events", "target-crm", "target-erp"),
    "s3": ("quarantine", "undelivered", "oversize"),
    "ssm": ("meta", "telegram", "crm", "erp"),
}
"""What of a service may fail alone: an index or the rows whose keys begin so, a queue, a prefix, a secret."""

TARGET = (
    "http_500",
    "http_502",
    "http_503",
    "http_429",
    "http_429_later",
    "http_401",
    "http_425",
    "garbled",
    "empty",
    "no_answer",
    "late",
    "reset",
    "no_connection",
    "slow",
    "killed",
)
"""late: the write takes effect after we have stopped waiting for its answer.

A call of a worker that is killed may take effect after its death.
"""

REFUSING = ("http_404", "http_403", "http_302", "http_405_writes")
"""How an endpoint that serves nobody answers; `_writes`: it answers probes all the same."""

_NEVER_DONE = {"http_429", "http_429_later", "http_401", "http_425", "no_connection"}
_ALWAYS_DONE = {"late", "slow"}

_DOWN = ("no_connection", "no_connection", "http_503", "http_500", "no_answer", "http_401")

_WRITES = {"PutItem", "UpdateItem", "TransactWriteItems"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One fault. done: whether the call took effect all the same. seconds: how long it takes.

    later: it takes effect only when whoever called is dead or has stopped waiting.
    """

    kind: str
    done: bool
    seconds: float
    later: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A service, or a target, that answers nothing but one fault for a while. part: only this of it."""

    service: str
    kind: str
    begins: float
    ends: float
    part: str = ""


@dataclass(slots=True, kw_only=True)
class Weather:
    """The faults of a world. rate: of calls to AWS, target_rate: of calls to a CRM; deaths: of all calls."""

    rng: random.Random
    rate: float = 0.0
    target_rate: float = 0.0
    deaths: float = 0.0
    outages: tuple[Outage, ...] = ()
    ends: float = 0.0
    struck: Counter[str] = field(default_factory=Counter)

    def aws(self, service: str, operation: str, now: float, parts: frozenset[str]) -> Strike | None:
        """What strikes a call to AWS that concerns these parts of the service."""
        if now >= self.ends:
            return None
        outage = self._outage(service, now, parts)
        if outage is not None and (outage.kind != "partial" or operation == "SendMessageBatch"):
            return self._say(service, Strike(kind=outage.kind, done=False, seconds=0.05))
        if self.rng.random() < self.deaths:
            return self._say(service, self._death(4.0))
        if self.rng.random() >= self.rate:
            return None
        kinds = [kind for kind in AWS if kind != "killed"]
        if service == "dynamodb" and operation in _WRITES:
            kinds += ["conflict", "conflict"]
        if service == "sqs" and operation == "SendMessageBatch":
            kinds += ["partial", "partial", "partial"]
        kind = self.rng.choice(kinds)
        done = kind in ("internal", "timeout", "reset") and self.rng.random() < 0.5
        return self._say(service, Strike(kind=kind, done=done, seconds=self.rng.uniform(0, 20)))

    def target(self, name: str, now: float, *, probe: bool) -> Strike | None:
        """What strikes a call to a CRM."""
        if now >= self.ends:
            return None
        outage = self._outage(name, now)
        if outage is not None and not (probe and outage.kind.endswith("_writes")):
            return self._say("target", Strike(kind=outage.kind, done=False, seconds=0.1))
        if self.rng.random() < self.deaths:
            return self._say("target", self._death(4.0))
        if self.rng.random() >= self.target_rate:
            return None
        kind = self.rng.choice([kind for kind in TARGET if kind != "killed"])
        done = kind not in _NEVER_DONE and (kind in _ALWAYS_DONE or self.rng.random() < 0.5)
        return self._say("target", Strike(kind=kind, done=done, seconds=self.rng.uniform(0, 9)))

    def _death(self, longest: float) -> Strike:
        done, later = self.rng.random() < 0.5, self.rng.random() < 0.3
        return Strike(
            kind="killed", done=done and not later, seconds=self.rng.uniform(0, longest), later=later
        )

    def chance(self, odds: float, now: float) -> bool:
        """Whether something else of those odds goes wrong."""
        return now < self.ends and bool(self.rate or self.deaths) and self.rng.random() < odds

    def _outage(self, service: str, now: float, parts: frozenset[str] = frozenset()) -> Outage | None:
        for one in self.outages:
            mine = one.service == service and (not one.part or one.part in parts)
            if mine and one.begins <= now < one.ends:
                return one
        return None

    def _say(self, service: str, strike: Strike) -> Strike:
        when = "after" if strike.done else "before"
        self.struck[f"{service} {strike.kind} {when}"] += 1
        return strike


def calm(rng: random.Random) -> Weather:
    """Nothing goes wrong."""
    return Weather(rng=rng)


def drawn(rng: random.Random, begins: float, ends: float, targets: tuple[str, ...]) -> Weather:
    """A weather from the seed."""
    weather = Weather(rng=rng, ends=ends)
    weather.rate = rng.choice((0.0, 0.005, 0.02, 0.05, 0.12))
    weather.target_rate = rng.choice((0.0, 0.02, 0.1, 0.25))
    weather.deaths = rng.choice((0.0, 0.002, 0.01, 0.03))
    outages = []
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        service = rng.choice(("dynamodb", "sqs", "sqs", "s3", "ssm", "lambda"))
        kind = rng.choice(("throttled", "internal", "unreachable"))
        since = rng.uniform(begins, ends)
        part = rng.choice(("", *PARTS[service])) if service in PARTS else ""
        lasts = rng.choice((20, 120, 600, 1800))
        outages.append(Outage(service=service, kind=kind, begins=since, ends=since + lasts, part=part))
    if rng.random() < 0.15:
        outages.append(Outage(service="sqs", kind="partial", begins=begins, ends=ends))
    for _ in range(rng.choice((0, 0, 1, 2))):
        kind = rng.choice((*_DOWN, *REFUSING))
        since = rng.uniform(begins, ends)
        lasts = rng.choice((60, 600, 3600, 6 * 3600, 30 * 3600))
        outages.append(Outage(service=rng.choice(targets), kind=kind, begins=since, ends=since + lasts))
    weather.outages = tuple(outages)
    return weather
