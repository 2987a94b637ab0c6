"""Where a process touches the outside: the clients of a container's `runtime`, and what all of them share."""

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
from chalicelib.handlers import deliver, process, relay, tick, webhooks
from chalicelib.store.table import Table
from tests.simulation.aws import Aws, Client
from tests.simulation.clock import Clock
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

    def equip(self, runtime: Any) -> None:
        """Fit a fresh `runtime` into this world."""
        targets = {name: f"https://sqs.example.org/target-{name}.fifo" for name in self._network.answers}
        environ = {
            "HUB_STAGE": "simulated",
            "HUB_TABLE": "hub",
            "HUB_BUCKET": "simulated",
            "HUB_EVENTS_QUEUE": "https://sqs.example.org/events.fifo",
            "HUB_SECRETS": "/switchboard/simulated",
            "HUB_TARGET_QUEUES": json.dumps(targets),
        }
        jitter = random.Random(self._rng.randrange(2**62))
        runtime.client = self._clients.__getitem__
        runtime._front = lambda service, _tries: self._clients[service]
        runtime._sender = lambda _private: self._network.send
        table = Table("hub", "eu-central-1")
        runtime.table = lambda: table
        runtime.now = lambda: self._clock.time
        runtime.time = types.SimpleNamespace(monotonic=lambda: self._clock.now)
        runtime.uuid = types.SimpleNamespace(uuid4=self._uuid)
        runtime.random = types.SimpleNamespace(SystemRandom=lambda: jitter)
        runtime.os = types.SimpleNamespace(environ=environ)

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Replace what no runtime holds while a world runs in this process."""
        client = self._clients["dynamodb"]
        wait = random.Random(self._rng.randrange(2**62))
        levels = ("info", "warning", "error", "exception", "debug")
        log = types.SimpleNamespace(**{level: self._logger(level) for level in levels})
        with contextlib.ExitStack() as stack:
            # A container puts its own there whenever it runs.
            for module in (deliver, process, relay, tick, webhooks):
                stack.callback(setattr, module, "runtime", module.runtime)
            for holder, name, value in (
                (Connection, "client", property(lambda _: client)),
                (process, "random", types.SimpleNamespace(random=wait.random)),
                (telemetry, "count", self._count),
                *((module, "log", log) for module in _loggers()),
            ):
                stack.callback(setattr, holder, name, holder.__dict__[name])
                setattr(holder, name, value)
            yield

    def _uuid(self) -> Any:
        self._ids += 1
        return types.SimpleNamespace(hex=f"p{self._ids}")

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
