"""One world, run: the real functions in simulated containers, from the first post to the last delivery."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import random
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from pynamodb.connection import Connection

import app
from chalicelib import hub_events, telemetry
from chalicelib.handlers import deliver, process, relay, tick
from chalicelib.messages import Intake
from chalicelib.people import Profile
from chalicelib.pipeline.receive import outgoing
from chalicelib.stage import Stage, encode
from chalicelib.table import Table
from infra.queues import EVENTS, target_queue
from tests.handlers.shelf import from_api
from tests.simulation import faults, script, worlds
from tests.simulation.aws import Aws, Client
from tests.simulation.clock import START, Clock
from tests.simulation.faults import Weather
from tests.simulation.fifo import Fifo
from tests.simulation.lambdas import TIMEOUTS, Lambdas, Mapping
from tests.simulation.posts import Posted
from tests.simulation.receivers import Network, Webhooks
from tests.simulation.stream import Stream
from tests.simulation.tryton import Tryton

TABLE = "hub"
EVENTS_URL = "https://sqs.example.org/events.fifo"
CRM_SECRET = "whsec_c3dpdGNoYm9hcmQtdGVzdC1zZWNyZXQtMTIz"
KEYS = ("erp-key-one", "erp-key-two")

_PATIENCE = {"whatsapp": 10.0, "telegram": 60.0, "twilio": 15.0}
_RESENDS = (5.0, 30.0, 300.0, 1800.0, 7200.0, 21_600.0, 43_200.0)
_NEWER = 2


@dataclass(slots=True, kw_only=True)
class Answered:
    """One request and what came of it. late: some of it took the way by the bucket."""

    posted: Posted
    sent_at: float
    status: int = 0
    answered_at: float = 0.0
    late: bool = False
    attempts: int = 1


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
    logs: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    answers: list[Answered] = field(default_factory=list)
    stages: list[tuple[float, Stage]] = field(default_factory=list)
    overloads: list[str] = field(default_factory=list)
    timed_out: bool = False
    lambdas: Lambdas = field(init=False)
    aws: Aws = field(init=False)
    stream: Stream = field(init=False)
    crm: Webhooks = field(init=False)
    erp: Tryton = field(init=False)
    network: Network = field(init=False)
    _ids: int = 0
    _tick_at: float = float("inf")
    _ticking: bool = False

    def __post_init__(self) -> None:
        seeded = self.rng.randrange
        self.lambdas = Lambdas(
            clock=self.clock,
            equip=self._equip,
            told=self.tell,
            entries={
                "webhooks": app.app,
                "process": process.process,
                "relay": relay.relay,
                "deliver": deliver.deliver,
                "tick": tick.tick,
            },
        )
        self.aws = Aws(self.clock, random.Random(seeded(2**62)), self.weather, self.lambdas)
        self.stream = Stream(
            self.clock,
            random.Random(seeded(2**62)),
            lambda event, done: self.lambdas.invoke("relay", event, lambda _, fine: done(fine)),
        )
        self.aws.dynamo.watchers += [self.stream.changed, self._watch]
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
        for fed in (EVENTS, *map(target_queue, self.world.stage.targets)):
            self._queue(fed.name, fed.function, fed.receives, fed.concurrency)
        self.aws.put_aside = lambda: self._need_tick(self.clock.now)
        self.aws.sent = self._maybe_newer
        self.aws.stored = self._maybe_newer_row
        self.push(self.world.stage)
        for number in self.world.by_hand:
            phone = "0" + self.world.humans[number].phone.removeprefix("+98")
            party = self.erp.create("party.party", name="entered by staff", code=f"hand{number}")
            self.erp.create("party.contact_mechanism", type="other", value=phone, party=party)

    def tell(self, what: str) -> None:
        """One line of the story."""
        self.story.append((self.clock.now, what))

    def push(self, stage: Stage) -> None:
        """What `hub push` stores."""
        sections = {name: {"B": section} for name, section in encode(stage).items()}
        row = {"pk": {"S": "CONFIG"}, "sk": {"S": "CURRENT"}, "row": {"S": "config"}}
        self.aws.dynamo.write({**row, "version": {"S": stage.version}, **sections})
        self.stages.append((self.clock.now, stage))
        self.tell(f"configuration {stage.version} is pushed")

    def run(self) -> None:
        """Everything, until nothing moves any more."""
        for at, posted in self.script.posts:
            self.clock.at(at, lambda p=posted: self._post(Answered(posted=p, sent_at=self.clock.now)))
        for number, at in enumerate(self.script.pushes):
            self.clock.at(at, lambda n=number: self.push(worlds.changed(self.stage, self.rng, n + 2)))
        for at in self.script.closes:
            self.clock.at(at, self._operator_closes)
        for begins, ends in self.script.key_changes:
            self.clock.at(begins, lambda: self._change_key())
            self.clock.at(ends, lambda: self.aws.secrets.__setitem__("erp", {"application_key": KEYS[1]}))
        if self.script.deployment[1]:
            self.clock.at(self.script.deployment[1], self._deployed)
        last = max([self.script.ends, *(at for at, _ in self.script.posts), self.weather.ends])
        limit = last + 40 * 86_400
        self.clock.run(limit)
        self.timed_out = self.clock.busy

    @property
    def stage(self) -> Stage:
        """What is configured now."""
        return self.stages[-1][1]

    def _queue(self, name: str, function: str, receives: int, concurrency: int) -> None:
        queue = Fifo(
            f"{name}.fifo",
            visibility=6 * TIMEOUTS[function],
            receives=receives,
            clock=self.clock,
            rng=self.aws.rng,
        )
        mapping = Mapping(
            uuid=name,
            queue=queue,
            function=function,
            concurrency=concurrency,
            clock=self.clock,
            lambdas=self.lambdas,
            slip=lambda: self.weather.chance(0.01, self.clock.now),
            busy=lambda: self.weather.chance(0.01, self.clock.now),
            rewritten=self._understood,
        )
        queue.wake = mapping.nudge
        self.aws.queues[queue.name] = queue
        self.aws.mappings[name] = mapping

    def _post(self, answered: Answered) -> None:
        posted = answered.posted
        self.answers.append(answered)
        self.tell(f"{posted.channel} posts {posted.words}" + (" (resent)" * (answered.attempts > 1)))

        def done(answer: Any, fine: bool) -> None:
            # API Gateway answers 502 for a function that gave no answer, and the platform waits so long.
            answered.status = answer["statusCode"] if fine else 502
            if self.clock.now - answered.sent_at > _PATIENCE[posted.channel]:
                answered.status = 504
            answered.answered_at = self.clock.now
            answered.late = self.lambdas.kept_back
            self.tell(f"answered {answered.status}: {posted.words}")
            if answered.status >= 500 and posted.channel != "twilio" and answered.attempts <= len(_RESENDS):
                again = Answered(posted=posted, sent_at=0.0, attempts=answered.attempts + 1)

                def resend() -> None:
                    again.sent_at = self.clock.now
                    self._post(again)

                self.clock.after(_RESENDS[answered.attempts - 1], resend)

        self.lambdas.invoke("webhooks", from_api(posted.post), done)

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

    def recent_stages(self, at: float) -> list[Stage]:
        """The configurations by which a function may have acted: a minute old, older if it could not be read."""
        weather = self.weather
        since = at - (7200 if weather.rate or weather.deaths or weather.outages else 150)
        before = [stage for when, stage in self.stages if when <= max(since, self.stages[0][0])]
        return [before[-1], *(stage for when, stage in self.stages if since < when <= at)]

    def _in_deployment(self) -> bool:
        begins, ends = self.script.deployment
        return begins <= self.clock.now < ends

    def _maybe_newer(self, _queue: str, entry: dict[str, Any]) -> dict[str, Any]:
        """While a deployment is under way, some functions are newer, and write a form only they can read."""
        if not self._in_deployment() or self.rng.random() < 0.5:
            return entry
        return {**entry, "MessageBody": _with_version(entry["MessageBody"], _NEWER)}

    def _maybe_newer_row(self, asked: dict[str, Any]) -> dict[str, Any]:
        if "TransactItems" in asked and self._in_deployment() and self.rng.random() < 0.5:
            for part in asked["TransactItems"]:
                item = part.get("Put", {}).get("Item", {})
                if item.get("row") == {"S": "event"}:
                    item["body"] = {"B": bytes((_NEWER,)) + item["body"]["B"][1:]}
        return asked

    def _understood(self, body: str) -> str:
        return body if self._in_deployment() else _with_version(body, 1)

    def _deployed(self) -> None:
        """All functions are new now: played by the old ones, with the byte put back."""
        for item in self.aws.dynamo.items.values():
            if item.get("row") == {"S": "event"}:
                item["body"] = {"B": b"\x01" + item["body"]["B"][1:]}
        for key, kept in self.aws.objects.items():
            if key.startswith("oversize/"):
                self.aws.objects[key] = b"\x01" + kept[1:]
        self.tell("the deployment is complete")

    def _watch(self, key: tuple[str, str], _before: Any, after: Any) -> None:
        """The clock's function is left out of minutes in which it would find nothing to do."""
        if key[1] == "PROFILE" and "due_at" in after:
            self._need_tick(int(after["due_at"]["S"]) / 1000)
            if after["work_queue"]["S"] == "waiting":
                self._need_tick(self.clock.now)
        elif key[1] == "BREAKER" and after.get("state", {}).get("S") != "closed":
            self._need_tick(int(after["next_probe"]["N"]))

    def _need_tick(self, when: float) -> None:
        minute = (max(when, self.clock.now) // 60 + 1) * 60
        if minute < self._tick_at:
            self._tick_at = minute
            self.clock.at(minute, self._tick)

    def _tick(self) -> None:
        if self.clock.now < self._tick_at:
            return
        self._tick_at = float("inf")
        missed = self._ticking or self.weather.chance(0.05, self.clock.now)
        if not missed:
            self._ticking = True
            self.lambdas.invoke("tick", {}, lambda _answer, _fine: self._ticked())
        else:
            self._plan_tick()

    def _ticked(self) -> None:
        self._ticking = False
        self._plan_tick()

    def _plan_tick(self) -> None:
        if any(key.startswith("undelivered/") for key in self.aws.objects):
            self._need_tick(self.clock.now)
        for key, item in self.aws.dynamo.items.items():
            if key[1] == "PROFILE" and "due_at" in item:
                self._need_tick(int(item["due_at"]["S"]) / 1000)
                if item["work_queue"]["S"] == "waiting":
                    self._need_tick(self.clock.now + self.rng.choice((1, 240, 900, 3600)))
            elif key[1] == "BREAKER" and item.get("state", {}).get("S") != "closed":
                self._need_tick(int(item["next_probe"]["N"]))

    def _equip(self, runtime: Any) -> None:
        """A container's `runtime`, with everything that reaches outside replaced."""
        clients = {name: Client(self.aws, name) for name in ("sqs", "s3", "ssm", "dynamodb", "lambda")}
        queues = {t.name: f"https://sqs.example.org/target-{t.name}.fifo" for t in self.world.stage.targets}
        environ = {
            "HUB_STAGE": "simulated",
            "HUB_TABLE": TABLE,
            "HUB_BUCKET": "simulated",
            "HUB_EVENTS_QUEUE": EVENTS_URL,
            "HUB_SECRETS": "/switchboard/simulated",
            "HUB_TARGET_QUEUES": json.dumps(queues),
        }
        jitter = random.Random(self.rng.randrange(2**62))
        runtime.client = clients.__getitem__
        runtime._front = lambda service, _tries: clients[service]
        runtime._sender = lambda _private: self.network.send
        runtime.table = lambda: _table
        runtime.now = lambda: self.clock.time
        runtime.time = types.SimpleNamespace(monotonic=lambda: self.clock.now)
        runtime.uuid = types.SimpleNamespace(uuid4=self._uuid)
        runtime.random = types.SimpleNamespace(SystemRandom=lambda: jitter)
        runtime.os = types.SimpleNamespace(environ=environ)

    def _uuid(self) -> Any:
        self._ids += 1
        return types.SimpleNamespace(hex=f"p{self._ids}")

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """The edges of the process that no runtime holds, replaced while this world runs."""
        client = Client(self.aws, "dynamodb")
        wait = random.Random(self.rng.randrange(2**62))
        log = types.SimpleNamespace(
            **{level: self._logger(level) for level in ("info", "warning", "error", "exception", "debug")}
        )
        with contextlib.ExitStack() as stack:
            for holder, name, value in (
                (Connection, "client", property(lambda _: client)),
                (process, "random", types.SimpleNamespace(random=wait.random)),
                (telemetry, "count", self._count),
                (telemetry, "log", log),
                *((module, "log", log) for module in _loggers()),
            ):
                stack.callback(setattr, holder, name, holder.__dict__[name])
                setattr(holder, name, value)
            try:
                yield
            finally:
                self.lambdas.closing = True
                self.clock.close()

    def _logger(self, level: str) -> Callable[..., None]:
        def write(message: str, **about: Any) -> None:
            self.logs.append(f"{level} {message} {about}")
            if level in ("error", "warning"):
                self.tell(f"log {level}: {message} {about}")

        return write

    def _count(self, name: str, value: int = 1, **about: str) -> None:
        self.counts[name] += value
        self.logs.append(f"count {name} {about}")


def _loggers() -> list[Any]:
    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("chalicelib.") and name != "chalicelib.telemetry" and "log" in vars(module)
    ]


def _with_version(body: str, version: int) -> str:
    packed = base64.b64decode(body)
    return base64.b64encode(bytes((version,)) + packed[1:]).decode()


_table = Table(TABLE, "eu-central-1")


def simulation(seed: int) -> Simulation:
    """The world of a seed, before anything has happened in it."""
    rng = random.Random(seed)
    world = worlds.drawn(rng)
    told = script.drawn(rng, world)
    targets = tuple(target.name for target in world.stage.targets)
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
