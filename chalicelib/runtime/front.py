"""Puts the front door of one container together: clients, register of accounts, secrets and `receive`.

It imports neither PynamoDB nor any connector, because every cold start pays for the imports here.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib import telemetry
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.clients import FRONT_DOOR, FRONT_DOOR_QUEUE, WORKER, Clients, GetClient
from chalicelib.aws.queues import Outgoing, put_batch, send
from chalicelib.aws.secrets import Parameters, parameter
from chalicelib.configuration import stored
from chalicelib.configuration.accounts import Accounts, Register, decode_accounts
from chalicelib.configuration.cached import Cached
from chalicelib.configuration.environment import Environment, load
from chalicelib.pipeline.receive import receive
from chalicelib.vocabulary.errors import Misconfigured, Transient
from chalicelib.vocabulary.request import Answer, Request

CONFIGURATION_AGE = 60.0
"""Seconds for which a container uses its copy of the configuration."""


class Front:
    """The front door. Every part is built when it is first needed.

    environ: the environment variables.
    client: makes AWS' clients.
    clock: seconds that only grow.
    now: the time, aware UTC.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        client: GetClient,
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self.now = now
        self._environ = environ
        self._client = client
        self._clock = clock

    def receive(self, request: Request, channel: str, account: str) -> Answer:
        """Answer a platform's request. Raises `Transient` or `Misconfigured` when we cannot serve it."""
        return receive(
            request,
            channel,
            account,
            register=self.register,
            secrets=self.secrets.get,
            renewed=self.secrets.renewed,
            send=self.accept,
            store=self.bucket.store,
            count=telemetry.count,
        )

    @functools.cached_property
    def environment(self) -> Environment:
        """The names and places of this deployment's resources."""
        return load(self._environ)

    @functools.cached_property
    def register(self) -> Register:
        """The register of our accounts, at most a minute old."""

        def read() -> Accounts:
            dynamodb = self._client("dynamodb", FRONT_DOOR)
            return decode_accounts(stored.read_accounts(dynamodb, self.environment.table))

        def copy() -> Accounts:
            bucket = Bucket(name=self.environment.bucket, client=lambda: self._client("s3", FRONT_DOOR))
            accounts = decode_accounts({"accounts": bucket.fetch(stored.COPY)})
            telemetry.count("register_copied")
            return accounts

        accounts = Cached(read=read, copy=copy, clock=self._clock, max_age=CONFIGURATION_AGE)
        return Register(accounts, self._clock)

    @functools.cached_property
    def secrets(self) -> Parameters:
        """The accounts' secrets."""
        path = f"{self.environment.secrets}/accounts"
        return Parameters(
            read=lambda name: parameter(self._client("ssm", FRONT_DOOR), f"{path}/{name}"), clock=self._clock
        )

    @functools.cached_property
    def bucket(self) -> Bucket:
        """The bucket, with a worker's patience: it is the last place where a message can go."""
        return Bucket(name=self.environment.bucket, client=lambda: self._client("s3", WORKER))

    def accept(self, messages: Iterable[Outgoing]) -> list[Outgoing]:
        """Put messages on the events queue; return those that could not be put."""
        return send(self._put, self.environment.events_queue, messages, tries=3)

    def _put(self, url: str, entries: Sequence[dict[str, Any]]) -> list[int]:
        try:
            return put_batch(self._client("sqs", FRONT_DOOR_QUEUE), url, entries)
        except Misconfigured as error:
            # Treated as busy, so that the message goes to the bucket: a platform that never sends again must
            # not lose it by our mistake.
            telemetry.log.error(
                "misconfigured", function="webhooks", reason=error.reason, detail=error.detail
            )
            raise Transient(error.reason, error.detail) from error


def now() -> datetime:
    """The time, aware UTC."""
    return datetime.now(UTC)


@functools.cache
def front() -> Front:
    """This container's front door."""
    return Front(environ=os.environ, client=Clients(), clock=time.monotonic, now=now)
