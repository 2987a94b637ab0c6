"""What lies in the table when a world has come to rest, read once for all checks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import msgspec

from chalicelib.store.rows import unpack_absorbed
from chalicelib.vocabulary.delivery import Absorbed, Ledger
from chalicelib.vocabulary.people import Profile
from tests.simulation.hub import Simulation


@dataclass(slots=True, kw_only=True)
class Found:
    """What lies in the table when all is over."""

    events: dict[str, Absorbed] = field(default_factory=dict)
    ledgers: dict[tuple[str, str], Ledger] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    loads: dict[str, int] = field(default_factory=dict)
    closed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    references: dict[tuple[str, str], str] = field(default_factory=dict)
    breakers: dict[str, str] = field(default_factory=dict)

    def of(self, profile: str) -> list[Absorbed]:
        """A profile's events in the order in which it absorbed them."""
        mine = [absorbed for absorbed in self.events.values() if absorbed.profile == profile]
        return sorted(mine, key=lambda absorbed: (absorbed.seq, absorbed.index))

    def owed(self, target: str) -> list[Absorbed]:
        """Everything owed to a target, by profile and order."""
        every = [absorbed for absorbed in self.events.values() if target in absorbed.targets]
        return sorted(every, key=lambda absorbed: (absorbed.profile, absorbed.seq, absorbed.index))

    def state(self, absorbed: Absorbed, target: str) -> str:
        """How the delivery ended."""
        ledger = self.ledgers.get((absorbed.event.key, target))
        return ledger.state if ledger else "nothing"


def found(sim: Simulation) -> Found:
    """Read the table."""
    read = Found()
    for (pk, sk), item in sorted(sim.aws.dynamo.history.items()):
        name = pk.partition("#")[2]
        kind = item["row"]["S"]
        if kind == "event":
            read.events[name] = unpack_absorbed(item["body"]["B"])
        elif kind == "ledger":
            read.ledgers[name, sk.partition("#")[2]] = msgspec.json.decode(item["body"]["S"], type=Ledger)
        elif kind == "profile":
            read.profiles[name] = msgspec.json.decode(item["body"]["S"], type=Profile)
        elif kind == "identity":
            read.identities[name] = item["profile"]["S"]
        elif kind == "key":
            read.keys[name] = item["profile"]["S"]
        elif kind == "load":
            read.loads[name] = int(item["open"]["N"])
        elif kind == "closed":
            read.closed[name].append(sk)
        elif kind == "reference":
            read.references[name, sk.partition("#")[2]] = item.get("remote", {"S": ""})["S"]
        elif kind == "breaker":
            read.breakers[name] = item.get("state", {"S": "closed"})["S"]
    return read
