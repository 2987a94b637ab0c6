"""The real pipeline on one clock, a fresh table, and queues whose order and repetition a test commands."""

from __future__ import annotations

import itertools
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import msgspec
from moto import mock_aws

from chalicelib.aws.queues import Outgoing
from chalicelib.configuration.stage import Configuration
from chalicelib.crms.base import Credentials
from chalicelib.pipeline.breaker import Breaker
from chalicelib.pipeline.clock.base import Clock
from chalicelib.pipeline.clock.tick import tick
from chalicelib.pipeline.deliver import Deliver
from chalicelib.pipeline.parking import park
from chalicelib.pipeline.process import Process
from chalicelib.pipeline.receive import outgoing, receive
from chalicelib.pipeline.relay import Relay, owed
from chalicelib.store.packing import from_text, unpack_change, unpack_intake
from chalicelib.store.table import Table
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.delivery import Absorbed, Call, Reply, Target
from chalicelib.vocabulary.errors import Transient
from chalicelib.vocabulary.event import Direction, Event, Identity, Kind
from chalicelib.vocabulary.messages import Intake
from chalicelib.vocabulary.people import Directory, Hours, Person, Routing, Rule, Team
from chalicelib.vocabulary.request import Answer, Request
from infra.storage import table_definition
from tests.pipeline.kept import Kept, Register

EVENTS = "https://queue.example.org/events.fifo"
START = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
ALWAYS = Hours(week=dict.fromkeys(("sat", "sun", "mon", "tue", "wed", "thu", "fri"), (("00:00", "24:00"),)))

_tables = itertools.count()


def message(number: int | str = 1, *, sender: str | Identity = "989120000001", **changes: Any) -> Event:
    """A message by a fictional customer, on WhatsApp; `changes` are the event's own fields."""
    customer = sender if isinstance(sender, Identity) else Identity(channel="whatsapp", scope="*", id=sender)
    plain = Event(
        id=f"wamid.{number}",
        channel="whatsapp",
        account="100001",
        kind=Kind.MESSAGE,
        direction=Direction.INBOUND,
        customer=customer,
        sender=customer,
        occurred_at=START,
        received_at=START,
        text="سلام، اتاق دو تخته دارید؟",
        name="سارا رستمی",
    )
    return replace(plain, **changes)


def a_configuration(**changes: Any) -> Configuration:
    """A hotel with two people and one webhook target."""
    people = (
        Person(
            id="neda", name="ندا", languages={"fa": 5}, hours="always", capacity=2, user_ids={"crm": "11"}
        ),
        Person(
            id="reza", name="رضا", languages={"fa": 5}, hours="always", capacity=2, user_ids={"crm": "12"}
        ),
    )
    configuration = Configuration(
        version="v1",
        public_url="https://hub.example.org",
        accounts=(
            Account(channel="whatsapp", id="100001", secret="meta", language="fa"),
            Account(channel="whatsapp", id="100002", secret="meta", language="fa"),
            Account(channel="whatsapp", id="200001", secret="other", language="fa"),
            Account(channel="telegram", id="bot", secret="telegram", language="fa"),
            Account(channel="twilio", id="sms", secret="twilio", language="fa"),
        ),
        directory=Directory(
            people=people,
            teams=(Team(id="desk", name="پذیرش", members=("neda", "reza")),),
            hours={"always": ALWAYS},
        ),
        routing=Routing(rules=(Rule(name="everything", team="desk", respond_within=30),)),
        targets=(Target(name="crm", connector="receiver", url="https://crm.example.org/in", secret="crm"),),
    )
    return replace(configuration, **changes)


SECRETS = {
    "meta": {"app_secret": ("meta-secret",), "verify_token": ("verify-me",)},
    "other": {"app_secret": ("other-secret",), "verify_token": ("verify-other",)},
    "telegram": {"secret_token": ("telegram-secret",)},
    "twilio": {"auth_token": ("twilio-secret",)},
    "crm": {"signing_secret": ("whsec_c3dpdGNoYm9hcmQtdGVzdC1zZWNyZXQtMTIz",)},
}


@dataclass
class World(Kept):
    """One stage under test. Faults are set as attributes; `run` drains what is in flight.

    rotated: secrets of targets that are others by now than those which the workers hold.
    """

    name: str = "p"
    configuration: Configuration = field(default_factory=a_configuration)
    now: datetime = START
    crm: Callable[[Call], Reply] = lambda call: Reply(status=204)
    calls: list[Call] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    bucket: dict[str, bytes] = field(default_factory=dict)
    queues: dict[str, deque[Outgoing]] = field(default_factory=lambda: defaultdict(deque))
    relayed: dict[str, int] = field(default_factory=dict)
    refuse_events: bool = False
    switched: list[tuple[str, bool]] = field(default_factory=list)
    rotated: dict[str, Credentials] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    waits: list[tuple[str, float | None]] = field(default_factory=list)

    def count(self, name: str, value: int = 1, **about: str) -> None:
        self.counts[name] += value

    def accept(self, messages: Iterable[Outgoing]) -> list[Outgoing]:
        messages = list(messages)
        if self.refuse_events:
            return messages
        self.queues["events"].extend(messages)
        return []

    def put(self, url: str, entries: Sequence[dict[str, Any]]) -> list[int]:
        for entry in entries:
            self.queues[url].append(
                Outgoing(
                    group=entry["MessageGroupId"],
                    dedup=entry["MessageDeduplicationId"],
                    body=entry["MessageBody"],
                )
            )
        return []

    def emit(self, event: Event) -> None:
        self.accept([outgoing(Intake(customer=event.customer, events=(event,)), self.bucket.__setitem__)])

    def send(self, target: Target, call: Call) -> Reply:
        self.calls.append(call)
        return self.crm(call)

    def post(self, channel: str, account: str, request: Request) -> Answer:
        return receive(
            request,
            channel,
            account,
            register=Register(lambda: self.configuration),
            secrets=lambda name: SECRETS.get(name, {}),
            renewed=lambda name: None,
            send=self.accept,
            store=self.bucket.__setitem__,
            count=self.count,
        )

    @property
    def process(self) -> Process:
        return Process(
            table=self.table,
            configuration=lambda: self.configuration,
            fetch=self.bucket.__getitem__,
            store=self.bucket.__setitem__,
            now=lambda: self.now,
            new_id=lambda: f"{self.name}{next(self.ids)}",
            count=self.count,
        )

    @property
    def breaker(self) -> Breaker:
        return Breaker(
            table=self.table,
            switch=lambda target, on: self.switched.append((target, on)),
            emit=self.emit,
            now=lambda: self.now,
            count=self.count,
        )

    @property
    def deliver(self) -> Deliver:
        return Deliver(
            table=self.table,
            configuration=lambda: self.configuration,
            fresh_configuration=lambda: self.configuration,
            credentials=lambda target: SECRETS.get(target.secret, {}),
            fresh_credentials=lambda target: {**SECRETS, **self.rotated}.get(target.secret, {}),
            send=self.send,
            breaker=self.breaker,
            now=lambda: self.now,
            jitter=lambda: 0.0,
            count=self.count,
        )

    @property
    def clock(self) -> Clock:
        return Clock(
            table=self.table,
            configuration=lambda: self.configuration,
            send=self.accept,
            emit=self.emit,
            undelivered=lambda: sorted(key for key in self.bucket if key.startswith("undelivered/")),
            fetch=self.bucket.__getitem__,
            store=self.bucket.__setitem__,
            forget=self.bucket.__delitem__,
            breaker=self.breaker,
            call=self.send,
            credentials=lambda target: SECRETS.get(target.secret, {}),
            queues=lambda: [t.name for t in a_configuration().targets],
            now=lambda: self.now,
            count=self.count,
        )

    def tick(self) -> dict[str, int]:
        ends = self.now + timedelta(seconds=55)

        def time_left() -> float:
            return (ends - self.now).total_seconds()

        return tick(self.clock, time_left)

    @property
    def relay(self) -> Relay:
        return Relay(
            queues={t.name: t.name for t in self.configuration.targets},
            put=self.put,
            park=lambda change, why: len(park(self.table, change, why, self.now)),
            count=self.count,
        )

    def absorb(self, *events: Event) -> list[Absorbed]:
        """Process events as one message and relay what came of it."""
        done = self.process(Intake(customer=events[0].customer, events=events))
        self._relay(done)
        return done

    def _relay(self, done: Sequence[Absorbed]) -> None:
        for profile, seq in sorted({(a.profile, a.seq) for a in done}):
            fresh = [[a.event.key, list(a.targets)] for a in done if (a.profile, a.seq) == (profile, seq)]
            self.relay(owed(profile, seq, msgspec.json.encode(fresh).decode()))

    def run(self) -> None:
        """Drain the events queue, then each target's queue; a group that waits keeps its followers back."""
        while self.queues["events"]:
            intake = unpack_intake(from_text(self.queues["events"].popleft().body))
            self._relay(self.process(intake))
        for target in self.configuration.targets:
            self.drain(target.name)

    def drain(self, target: str) -> None:
        kept: list[Outgoing] = []
        stuck: set[str] = set()
        queue = self.queues[target]
        while queue:
            item = queue.popleft()
            if item.group in stuck:
                kept.append(item)
                continue
            try:
                self.deliver(unpack_change(from_text(item.body)), lambda: 60.0)
            except Transient as error:
                self.waits.append((error.reason, error.retry_after))
                stuck.add(item.group)
                kept.append(item)
        queue.extend(kept)

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def last_wait(self) -> float:
        """The seconds that the worker last asked to wait."""
        seconds = self.waits[-1][1]
        assert seconds is not None, f"{self.waits[-1][0]} named no time"
        return seconds


@contextmanager
def world(**changes: Any) -> Iterator[World]:
    """A world with a table of its own."""
    with mock_aws():
        name = f"hub{next(_tables)}"
        boto3.client("dynamodb").create_table(TableName=name, **table_definition())
        yield World(table=Table(name, "eu-central-1"), **changes)
