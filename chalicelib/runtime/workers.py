"""Puts the workers of one container together, each step of the pipeline when its function first runs.

The module of a step is imported only then, so that a function pays for no other function's imports.
"""

from __future__ import annotations

import functools
import os
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import botocore.session

from chalicelib import telemetry
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.clients import ONCE, WORKER, Clients, GetClient
from chalicelib.aws.mappings import switch
from chalicelib.aws.queues import Outgoing, hide, put_batch, send
from chalicelib.aws.secrets import Parameters, parameter
from chalicelib.configuration import stored
from chalicelib.configuration.cached import Cached
from chalicelib.configuration.environment import Environment, load
from chalicelib.pipeline.receive import outgoing
from chalicelib.pipeline.set_aside import UNDELIVERED
from chalicelib.runtime.front import CONFIGURATION_AGE, now
from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient
from chalicelib.vocabulary.messages import Change, Intake

if TYPE_CHECKING:
    from chalicelib.configuration.stage import Configuration
    from chalicelib.pipeline.breaker import Breaker
    from chalicelib.pipeline.deliver import Deliver
    from chalicelib.pipeline.process import Process
    from chalicelib.pipeline.relay import Relay
    from chalicelib.store.table import Table
    from chalicelib.vocabulary.delivery import Call, Reply, Target
    from chalicelib.vocabulary.event import Event


def _table(name: str) -> Table:
    from chalicelib.store.table import Table

    return Table(name, botocore.session.get_session().get_config_variable("region"))


def _sender() -> Callable[[Target, Call], Reply]:
    from chalicelib.crms.http.send import sender

    senders = {
        private: sender(private_network=private, connect_seconds=2, read_seconds=8)
        for private in (False, True)
    }
    return lambda target, call: senders[target.private_network](call)


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Where a worker touches the outside. The defaults are the real things; tests pass others.

    environ: the environment variables.
    client: makes AWS' clients.
    table: opens the table of a name.
    sender: makes the function that sends one call to a target.
    clock: seconds that only grow.
    now: the time, aware UTC.
    new_id: makes an id that no profile has.
    chance: draws a number from 0 to 1.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    client: GetClient = field(default_factory=Clients)
    table: Callable[[str], Table] = _table
    sender: Callable[[], Callable[[Target, Call], Reply]] = _sender
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = now
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex
    chance: Callable[[], float] = random.SystemRandom().random


class Workers:
    """The steps and the parts that they share. Every part is built when it is first needed."""

    def __init__(self, edges: Edges) -> None:
        self._edges = edges

    @functools.cached_property
    def process(self) -> Process:
        """The step from the events queue to the table."""
        from chalicelib.pipeline.process import Process

        return Process(
            table=self.table,
            configuration=self.configuration,
            fetch=self.bucket.fetch,
            store=self.bucket.store,
            now=self._edges.now,
            new_id=self._edges.new_id,
            count=telemetry.count,
        )

    @functools.cached_property
    def relay(self) -> Relay:
        """The step from the stream to the target queues."""
        from chalicelib.pipeline.relay import Relay

        return Relay(
            queues=self.environment.target_queues,
            # It counts its tries itself, so that one queue that hangs leaves time for the others.
            put=lambda url, entries: put_batch(self._edges.client("sqs", ONCE), url, entries),
            park=self._park,
            count=telemetry.count,
        )

    @functools.cached_property
    def deliver(self) -> Deliver:
        """The step from a target's queue to the target."""
        from chalicelib.pipeline.deliver import Deliver

        return Deliver(
            table=self.table,
            configuration=self.configuration,
            fresh_configuration=self._configurations.refresh,
            credentials=lambda target: self._secrets.get(target.secret),
            fresh_credentials=lambda target: self._secrets.fresh(target.secret),
            send=self._call,
            breaker=self._breaker,
            now=self._edges.now,
            jitter=self._edges.chance,
            count=telemetry.count,
        )

    @functools.cached_property
    def tick(self) -> Callable[[Callable[[], float]], dict[str, int]]:
        """One minute's round of the clock's jobs, in the time that is left; how much of each there was."""
        from chalicelib.pipeline.clock.base import Clock
        from chalicelib.pipeline.clock.tick import tick

        clock = Clock(
            table=self.table,
            configuration=self.configuration,
            send=lambda messages: send(self._put, self.environment.events_queue, messages, tries=2),
            emit=self._emit,
            undelivered=lambda: self.bucket.below(UNDELIVERED),
            fetch=self.bucket.fetch,
            store=self.bucket.store,
            forget=self.bucket.delete,
            breaker=self._breaker,
            call=self._call,
            credentials=lambda target: self._secrets.get(target.secret),
            queues=lambda: self.environment.target_queues,
            now=self._edges.now,
            count=telemetry.count,
        )
        return functools.partial(tick, clock)

    def hide(self, queue_arn: str, receipt: str, seconds: int) -> None:
        """Make a received message visible again after so many seconds.

        Raises `Transient`, or `Misconfigured` for a queue that this deployment does not name.
        """
        name = queue_arn.rsplit(":", 1)[-1]
        urls = (self.environment.events_queue, *self.environment.target_queues.values())
        url = next((url for url in urls if url.rsplit("/", 1)[-1] == name), None)
        if url is None:
            raise Misconfigured("no_queue", f"{name} is not in this function's environment")
        hide(self._client("sqs"), url, receipt, seconds)

    def chance(self) -> float:
        """A number from 0 to 1, for waits that should not end all at once."""
        return self._edges.chance()

    def seconds_since(self, moment: float | None) -> float:
        """How long ago that was, of Unix seconds; no time if it is not known."""
        return max(0.0, self._edges.now().timestamp() - moment) if moment else 0.0

    def configuration(self) -> Configuration:
        """The stage's configuration, at most a minute old."""
        return self._configurations.current()

    @functools.cached_property
    def environment(self) -> Environment:
        """The names and places of this deployment's resources."""
        return load(self._edges.environ)

    @functools.cached_property
    def table(self) -> Table:
        """The table."""
        return self._edges.table(self.environment.table)

    @functools.cached_property
    def bucket(self) -> Bucket:
        """The bucket."""
        return Bucket(name=self.environment.bucket, client=lambda: self._client("s3"))

    @functools.cached_property
    def _configurations(self) -> Cached[Configuration]:
        from chalicelib.configuration.stage import decode

        return Cached(
            read=lambda: decode(stored.read(self._client("dynamodb"), self.environment.table)),
            clock=self._edges.clock,
            max_age=CONFIGURATION_AGE,
        )

    @functools.cached_property
    def _secrets(self) -> Parameters:
        path = f"{self.environment.secrets}/targets"
        return Parameters(
            read=lambda name: parameter(self._client("ssm"), f"{path}/{name}"), clock=self._edges.clock
        )

    @functools.cached_property
    def _breaker(self) -> Breaker:
        from chalicelib.pipeline.breaker import Breaker

        return Breaker(
            table=self.table,
            switch=self._switch,
            emit=self._emit,
            now=self._edges.now,
            count=telemetry.count,
        )

    @functools.cached_property
    def _call(self) -> Callable[[Target, Call], Reply]:
        return self._edges.sender()

    def _client(self, service: str) -> Any:  # noqa: ANN401 - botocore's clients have no types
        return self._edges.client(service, WORKER)

    def _put(self, url: str, entries: Sequence[dict[str, Any]]) -> list[int]:
        return put_batch(self._client("sqs"), url, entries)

    def _park(self, change: Change, reason: HubError) -> int:
        """Imported on need: as long as every queue takes what it is given, `relay` touches no table."""
        from chalicelib.pipeline.parking import park

        return len(park(self.table, change, reason, self._edges.now()))

    def _emit(self, event: Event) -> None:
        """Put an event of the hub's own on the events queue. Raises `Transient`."""
        message: Outgoing = outgoing(Intake(customer=event.customer, events=(event,)), self.bucket.store)
        if send(self._put, self.environment.events_queue, [message], tries=3):
            raise Transient("queue_unavailable", "an event of the hub's own was not accepted")

    def _switch(self, target: str, enabled: bool) -> None:
        url = self.environment.target_queues.get(target)
        if url is None:
            raise Misconfigured("no_queue", f"target {target} has no queue; deploy the stage")
        switch(self._client("lambda"), url, enabled)


@functools.cache
def workers() -> Workers:
    """This container's workers."""
    return Workers(Edges())
