"""Where a container touches the outside: what its `Front` or `Workers` is given, and what all share."""

from __future__ import annotations

import contextlib
import json
import random
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from pynamodb.connection import Connection

from chalicelib import telemetry
from chalicelib.aws.clients import Patience
from chalicelib.handlers import deliver, process, relay, tick, webhooks
from chalicelib.runtime.front import Front
from chalicelib.runtime.workers import Edges as WorkerEdges
from chalicelib.runtime.workers import Workers
from chalicelib.store.table import Table
from tests.simulation.aws import Aws, Client
from tests.simulation.clock import Clock
from tests.simulation.lambdas import Container
from tests.simulation.receivers import Network

_SERVICES = ("sqs", "s3", "ssm", "dynamodb", "lambda")


class Edges:
    """Replaces them all. told: hears what is logged as a warning or an error."""

    def __init__(
        self, *, aws: Aws, network: Network, clock: Clock, rng: random.Random, told: Callable[[str], None]
    ) -> None:
        self.logs: list[str] = []
        self.counts: Counter[str] = Counter()
        self._network = network
        self._clock = clock
        self._rng = rng
        self._told = told
        self._clients = {name: Client(aws, name) for name in _SERVICES}
        self._ids = 0

    def container(self, function: str) -> Container:
        """A container of a function that has built nothing yet."""
        targets = {
            name: f"https://sqs.example.org/123456789012/target-{name}.fifo" for name in self._network.answers
        }
        environ = {
            "HUB_STAGE": "simulated",
            "HUB_TABLE": "hub",
            "HUB_BUCKET": "simulated",
            "HUB_EVENTS_QUEUE": "https://sqs.example.org/123456789012/events.fifo",
            "HUB_SECRETS": "/switchboard/simulated",
            "HUB_TARGET_QUEUES": json.dumps(targets),
        }
        jitter = random.Random(self._rng.randrange(2**62))
        if function == "webhooks":
            return Front(
                environ=environ,
                client=self._client,
                clock=lambda: self._clock.now,
                now=lambda: self._clock.time,
            )
        return Workers(
            WorkerEdges(
                environ=environ,
                client=self._client,
                table=lambda name: Table(name, "eu-central-1"),
                sender=lambda: lambda _target, call: self._network.send(call),
                clock=lambda: self._clock.now,
                now=lambda: self._clock.time,
                new_id=self._new_id,
                chance=jitter.random,
            )
        )

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Replace what no container holds while a world runs in this process."""
        client = self._clients["dynamodb"]
        levels = ("info", "warning", "error", "exception", "debug")
        log = types.SimpleNamespace(**{level: self._logger(level) for level in levels})
        with contextlib.ExitStack() as stack:
            # A container puts its own there whenever it runs.
            stack.callback(setattr, webhooks, "front", vars(webhooks)["front"])
            for module in (deliver, process, relay, tick):
                stack.callback(setattr, module, "workers", module.workers)
            for holder, name, value in (
                (Connection, "client", property(lambda _: client)),
                (telemetry, "count", self._count),
                *((module, "log", log) for module in _loggers()),
            ):
                stack.callback(setattr, holder, name, holder.__dict__[name])
                setattr(holder, name, value)
            yield

    def _client(self, service: str, _patience: Patience) -> Client:
        return self._clients[service]

    def _new_id(self) -> str:
        self._ids += 1
        return f"p{self._ids}"

    def _logger(self, level: str) -> Callable[..., None]:
        def write(message: str, **about: Any) -> None:
            self.logs.append(f"{level} {message} {about}")
            if level in ("error", "warning"):
                self._told(f"log {level}: {message} {about}")

        return write

    def _count(self, name: str, value: int = 1, **about: str) -> None:
        self.counts[name] += value
        self.logs.append(f"count {name} {about}")


def _loggers() -> list[Any]:
    """The modules that hold the log by name."""
    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("chalicelib.") and "log" in vars(module)
    ]
