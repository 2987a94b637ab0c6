"""One world, run: the real functions in simulated containers, from the first post to the last delivery."""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

import app
from chalicelib.configuration.stage import Configuration, encode
from chalicelib.configuration.stored import COPY
from chalicelib.handlers import deliver, process, relay, tick
from chalicelib.pipeline import hub_events
from chalicelib.pipeline.receive import outgoing
from chalicelib.vocabulary.messages import Intake
from chalicelib.vocabulary.people import Profile
from infra.queues import EVENTS, target_queue, visibility
from tests.simulation import faults, script, worlds
from tests.simulation.aws import Aws
from tests.simulation.clock import START, Clock
from tests.simulation.deployment import Deployment
from tests.simulation.edges import Edges
from tests.simulation.faults import Weather
from tests.simulation.fifo import Fifo
from tests.simulation.lambdas import Container, Lambdas, Mapping
from tests.simulation.platforms import Platforms
from tests.simulation.receivers import Network, Webhooks
from tests.simulation.stream import Stream
from tests.simulation.ticks import Ticks
from tests.simulation.tryton import Tryton

CRM_SECRET = "whsec_c3dpdGNoYm9hcmQtdGVzdC1zZWNyZXQtMTIz"
KEYS = ("erp-key-one", "erp-key-two")


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
    overloads: list[str] = field(default_factory=list)
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
        )
        self.ticks = Ticks(
            clock=self.clock,
            rng=random.Random(seeded(2**62)),
            weather=self.weather,
            lambdas=self.lambdas,
            dynamo=self.aws.dynamo,
            objects=self.aws.objects,
        )
        self.aws.dynamo.watchers += [self.stream.changed, self.ticks.watch]
        self.aws.dynamo.commits.append(self._capacity)
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
        self.tell(f"configuration {configuration.version} is pushed")

    def run(self) -> None:
        """Everything, until nothing moves any more."""
        for at, posted in self.script.posts:
            self.clock.at(at, partial(self.platforms.post, posted))
        for number, at in enumerate(self.script.pushes):
            self.clock.at(at, partial(self._change_stage, number + 2))
        for at in self.script.closes:
            self.clock.at(at, self._operator_closes)
        for begins, ends in self.script.key_changes:
            self.clock.at(begins, self._change_key)
            self.clock.at(ends, lambda: self.aws.secrets.__setitem__("erp", {"application_key": KEYS[1]}))
        if self.script.deployment[1]:
            self.clock.at(self.script.deployment[1], lambda: self.deployment.complete(self.aws.dynamo))
        last = max([self.script.ends, *(at for at, _ in self.script.posts), self.weather.ends])
        limit = last + 40 * 86_400
        self.clock.run(limit)
        self.timed_out = self.clock.busy

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

    def _operator_closes(self) -> None:
        profiles = [
            msgspec.json.decode(item["body"]["S"], type=Profile)
            for (_, sk), item in sorted(self.aws.dynamo.items.items())
            if sk == "PROFILE"
        ]
        talking = [profile for profile in profiles if profile.conversation]
        if not talking:
            return
        profile = self.rng.choice(talking)
        assert profile.conversation is not None
        event = hub_events.close(
            profile.id, profile.conversation, reason="answered", by="operator", now=self.clock.time
        )
        message = outgoing(Intake(customer=event.customer, events=(event,)), self.aws.objects.__setitem__)
        entry = {"Id": "0", "MessageBody": message.body, "MessageGroupId": message.group}
        self.aws.queues["events.fifo"].send({**entry, "MessageDeduplicationId": message.dedup})
        self.tell(f"an operator closes the conversation of profile {profile.id}")

    def _change_key(self) -> None:
        self.erp.keys = {KEYS[1]}
        self.tell("the ERP's key is replaced")

    def _capacity(self, changes: list[Any]) -> None:
        """Whether a commit took somebody beyond what a configuration of the last minutes allows."""
        for (pk, sk), before, after in changes:
            if sk != "LOAD":
                continue
            had, has = (int(item.get("open", {"N": "0"})["N"]) if item else 0 for item in (before, after))
            person = pk.removeprefix("W#")
            recent = self.recent_stages(self.clock.now)
            allowed = max(
                (p.capacity for s in recent for p in s.directory.people if p.id == person), default=0
            )
            if has > had and has > allowed:
                self.overloads.append(f"{person} was given {has} conversations, capacity is {allowed}")
            if has < 0:
                self.overloads.append(f"{person} has {has} conversations")

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
    return Simulation(seed, rng, world, told, weather)


def one_down(rng: random.Random, told: script.Script, targets: tuple[str, ...]) -> Weather:
    """Nothing fails but one target, for hours: what is owed to the others must not wait for it."""
    told.deployment, told.key_changes = (0.0, 0.0), []
    kind = rng.choice(("no_connection", "http_503", "no_answer"))
    outage = faults.Outage(service=rng.choice(targets), kind=kind, begins=START, ends=told.ends + 7200)
    return dataclasses.replace(faults.calm(rng), outages=(outage,), ends=told.ends + 7200)


def moment(at: float) -> str:
    """A time as the story writes it."""
    return f"{datetime.fromtimestamp(at, UTC):%d %H:%M:%S}.{int(at * 1000) % 1000:03d}"
