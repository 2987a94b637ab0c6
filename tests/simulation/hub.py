"""One world, run: the real functions in simulated containers, from the first post to the last delivery."""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import app
from chalicelib.configuration.stage import Configuration, encode
from chalicelib.configuration.stored import COPY
from chalicelib.handlers import deliver, process, relay, tick
from chalicelib.store.packing import pack
from infra.queues import EVENTS, target_queue, visibility
from tests.simulation import duty, faults, operators, script, worlds
from tests.simulation.aws import Aws
from tests.simulation.clock import START, Clock
from tests.simulation.deployment import Deployment
from tests.simulation.edges import Edges
from tests.simulation.faults import Weather
from tests.simulation.fifo import Fifo
from tests.simulation.lambdas import Container, Lambdas, Mapping
from tests.simulation.operators import CRM_SECRET, KEYS
from tests.simulation.platforms import Platforms
from tests.simulation.receivers import Network, Webhooks
from tests.simulation.stream import Stream
from tests.simulation.ticks import WATCHED, Ticks
from tests.simulation.tryton import Tryton
from tests.simulation.watch import Watch


@dataclass(slots=True)
class Simulation:
    """A world in motion."""

    seed: int
    rng: random.Random
    world: worlds.World
    script: script.Script
    weather: Weather
    clock: Clock = field(default_factory=Clock)
    story: list[tuple[float, str]] = field(default_factory=list)
    stages: list[tuple[float, Configuration]] = field(default_factory=list)
    closings: dict[str, float] = field(default_factory=dict)
    """Of an operator's closing, by its event's key: when they had looked."""
    timed_out: bool = False
    lambdas: Lambdas = field(init=False)
    aws: Aws = field(init=False)
    stream: Stream = field(init=False)
    ticks: Ticks = field(init=False)
    crm: Webhooks = field(init=False)
    erp: Tryton = field(init=False)
    network: Network = field(init=False)
    platforms: Platforms = field(init=False)
    edges: Edges = field(init=False)
    deployment: Deployment = field(init=False)
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        seeded = self.rng.randrange
        self.lambdas = Lambdas(
            clock=self.clock,
            cold=self._cold,
            told=self.tell,
            entries={
                "webhooks": app.app,
                "process": process.process,
                "relay": relay.relay,
                "deliver": deliver.deliver,
                "tick": tick.tick,
            },
        )
        self.platforms = Platforms(clock=self.clock, lambdas=self.lambdas, told=self.tell)
        self.aws = Aws(self.clock, random.Random(seeded(2**62)), self.weather, self.lambdas)
        self.stream = Stream(
            self.clock,
            random.Random(seeded(2**62)),
            lambda event, done: self.lambdas.invoke("relay", event, lambda _, fine: done(fine)),
            flooded=bool(self.script.flood),
        )
        self.ticks = Ticks(
            clock=self.clock,
            rng=random.Random(seeded(2**62)),
            weather=self.weather,
            lambdas=self.lambdas,
            dynamo=self.aws.dynamo,
            objects=self.aws.objects,
            edges=lambda after: duty.edges(self.stages, after),
        )
        self.watch = Watch(clock=self.clock, stages=self.recent_stages)
        self.aws.dynamo.watchers += [self.stream.changed, self.ticks.watch]
        self.aws.dynamo.commits.append(self.watch.commit)
        self.crm = Webhooks(secrets={CRM_SECRET}, now=lambda: self.clock.now)
        self.erp = Tryton(keys={KEYS[0]}, now=lambda: self.clock.now)
        self.aws.secrets = {**worlds.SECRETS, "crm": {"signing_secret": CRM_SECRET}}
        self.aws.secrets["erp"] = {"application_key": KEYS[0]}
        latency = random.Random(seeded(2**62))
        self.network = Network(
            clock=self.clock,
            weather=self.weather,
            lambdas=self.lambdas,
            told=self.tell,
            answers={"crm": self.crm.answer, "erp": self.erp.answer},
            latency=lambda: latency.uniform(0.01, 0.4),
        )
        self.aws.put_aside = lambda: self.ticks.need(self.clock.now)
        self.edges = Edges(aws=self.aws, network=self.network, clock=self.clock, rng=self.rng, told=self.tell)
        self.deployment = Deployment(self.clock, self.rng, *self.script.deployment)
        self.aws.sent, self.aws.stored = self.deployment.sent, self.deployment.stored
        for fed in (EVENTS, *map(target_queue, self.world.configuration.targets)):
            self._queue(fed.name, fed.function, fed.receives, fed.concurrency)
        self.push(self.world.configuration)
        for number in self.world.by_hand:
            phone = "0" + self.world.humans[number].phone.removeprefix("+98")
            party = self.erp.create("party.party", name="entered by staff", code=f"hand{number}")
            self.erp.create("party.contact_mechanism", type="other", value=phone, party=party)

    def tell(self, what: str) -> None:
        """One line of the story."""
        self.story.append((self.clock.now, what))

    def push(self, configuration: Configuration) -> None:
        """What `hub push` stores."""
        sections = encode(configuration)
        row = {"pk": {"S": "CONFIG"}, "version": {"S": configuration.version}}
        values = {name: {"B": section} for name, section in sections.items()}
        accounts = {"accounts": values["accounts"]}
        self.aws.dynamo.write({**row, "sk": {"S": "CURRENT"}, "row": {"S": "config"}, **values})
        self.aws.dynamo.write({**row, "sk": {"S": "ACCOUNTS"}, "row": {"S": "accounts"}, **accounts})
        self.aws.objects[COPY] = sections["accounts"]
        self.stages.append((self.clock.now, configuration))
        self.ticks.pushed()
        self.tell(f"configuration {configuration.version} is pushed")

    def run(self) -> None:
        """Everything, until nothing moves any more."""
        for at, posted in self.script.posts:
            self.clock.at(at, partial(self.platforms.post, posted))
        for number, at in enumerate(self.script.pushes):
            self.clock.at(at, partial(self._change_stage, number + 2))
        operators.plan(self)
        if self.script.forgotten:
            self.clock.at(self.script.forgotten, self.aws.dynamo.forget)
        if self.script.deployment[1]:
            self.clock.at(self.script.deployment[1], lambda: self.deployment.complete(self.aws.dynamo))
        last = max([self.script.ends, *(at for at, _ in self.script.posts), self.weather.ends])
        for quiet in sorted({max(self.script.ends, self.weather.ends), last}):
            self.clock.at(quiet + WATCHED - 3600, partial(operators.close_ended, self))
            self.clock.at(quiet + WATCHED, partial(operators.close_all, self))
        limit = last + 40 * 86_400
        self.clock.run(limit)
        self.timed_out = self.clock.busy

    @property
    def crms(self) -> set[str]:
        """The targets' names."""
        return set(self.network.answers)

    @property
    def packed_as(self) -> int:
        """The version of what is packed, whatever a deployment made of it."""
        return pack(None)[0]

    @property
    def configuration(self) -> Configuration:
        """What is configured now."""
        return self.stages[-1][1]

    def _queue(self, name: str, function: str, receives: int, concurrency: int) -> None:
        queue = Fifo(
            f"{name}.fifo",
            visibility=visibility(function),
            receives=receives,
            clock=self.clock,
            rng=self.aws.rng,
        )
        room = random.Random(name)
        mapping = Mapping(
            uuid=name,
            queue=queue,
            function=function,
            concurrency=concurrency,
            clock=self.clock,
            lambdas=self.lambdas,
            slip=lambda: self.weather.chance(0.01, self.clock.now),
            held=lambda: (
                room.uniform(0, 1.2 * queue.visibility) if self.weather.chance(0.01, self.clock.now) else 0
            ),
            rewritten=self.deployment.received,
        )
        queue.wake = mapping.nudge
        self.aws.queues[queue.name] = queue
        self.aws.mappings[name] = mapping

    def _change_stage(self, number: int) -> None:
        self.push(worlds.changed(self.configuration, self.rng, number))

    def _cold(self, function: str) -> Container:
        return self.edges.container(function)

    def recent_stages(self, at: float) -> list[Configuration]:
        """The configurations by which a function may have acted: a minute old, or unread for longer."""
        weather = self.weather
        since = at - (7200 if weather.rate or weather.deaths or weather.outages else 150)
        before = [
            configuration for when, configuration in self.stages if when <= max(since, self.stages[0][0])
        ]
        return [before[-1], *(configuration for when, configuration in self.stages if since < when <= at)]

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Be the world that this process runs in."""
        with self.edges.installed():
            try:
                yield
            finally:
                self.lambdas.closing = True
                self.clock.close()


def simulation(seed: int) -> Simulation:
    """The world of a seed, before anything has happened in it."""
    rng = random.Random(seed)
    world = worlds.drawn(rng)
    told = script.drawn(rng, world)
    targets = tuple(target.name for target in world.configuration.targets)
    weather = faults.drawn(random.Random(rng.randrange(2**62)), START, told.ends, targets)
    if rng.random() < 0.15:
        weather = one_down(rng, told, targets)
    elif told.flood:
        # A full batch goes through whole or not at all: refusals for hours would never let it.
        weather.outages = tuple(outage for outage in weather.outages if outage.kind != "partial")
    return Simulation(seed, rng, world, told, weather)


def one_down(rng: random.Random, told: script.Script, targets: tuple[str, ...]) -> Weather:
    """Nothing fails but one target, for hours: what is owed to the others must not wait for it."""
    told.deployment, told.key_changes = (0.0, 0.0), []
    kind = rng.choice(("no_connection", "http_503", "no_answer", "http_429_later", "http_401"))
    # Some are down for longer than a delivery is tried.
    ends = told.ends + rng.choice((7200, 7200, 7200, 110 * 3600))
    outage = faults.Outage(service=rng.choice(targets), kind=kind, begins=START, ends=ends)
    return dataclasses.replace(faults.calm(rng), outages=(outage,), ends=ends)


def moment(at: float) -> str:
    """A time as the story writes it."""
    return f"{datetime.fromtimestamp(at, UTC):%d %H:%M:%S}.{int(at * 1000) % 1000:03d}"
