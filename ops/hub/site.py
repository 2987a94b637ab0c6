"""Knows where a stage's queues, table and bucket are, and builds the clients to reach them.

A stage is either the local run, which describes itself in `.local/hub.json`, or a deployed one, which
its stack's outputs describe.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, NoRegionError

from chalicelib.store.table import Table
from chalicelib.vocabulary.errors import Transient
from ops.environments import ROOT
from ops.hub.exits import Code, Stop

LOCAL = ROOT / ".local" / "hub.json"

_NOBODY = "test"
"""The local AWS takes anything for a credential."""

_DESCRIBED = {"stage", "hub_url", "region", "table", "bucket", "events_queue", "target_queues", "secrets"}
"""What the file of a local run must say."""

_PATIENCE = Config(connect_timeout=3, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A stage that can be reached.

    hub_url: platforms post to `<hub_url>/webhooks/…`.
    target_queues: queue URLs by target.
    dead_queues: the same for dead-letter queues, `events` among them.
    secrets: the parameter path of its secrets.
    variables: values of `${NAME}` in the stage's files.
    client: the client of an AWS service, by the service's name.
    """

    stage: str
    hub_url: str
    bucket: str
    events_queue: str
    target_queues: Mapping[str, str]
    dead_queues: Mapping[str, str]
    secrets: str
    variables: Mapping[str, str]
    table: Table
    client: Callable[[str], Any]
    now: Callable[[], datetime]

    @classmethod
    def local(cls, file: Path = LOCAL) -> Site:
        """The local run, from the file in which it describes itself.

        The `endpoint_url` in it also becomes this process's AWS: its environment is changed, so that no
        client can reach for the operator's real account by mistake. Raises `Stop`.
        """
        described = _described(file)
        endpoint = str(described.get("endpoint_url") or "")
        region = str(described["region"])
        if endpoint:
            _answers(endpoint)
            _become_local(endpoint, region)
        queues = dict(described["target_queues"])
        dead = {name: _dead(url) for name, url in {"events": described["events_queue"], **queues}.items()}
        return cls(
            stage=described["stage"],
            hub_url=described["hub_url"],
            bucket=described["bucket"],
            events_queue=described["events_queue"],
            target_queues=queues,
            dead_queues=described.get("dead_queues") or dead,
            secrets=described["secrets"],
            variables={"PUBLIC_URL": described["hub_url"], **described.get("variables", {})},
            table=Table(described["table"], region, endpoint or None),
            client=_clients(region, endpoint),
            now=_now,
        )

    @classmethod
    def deployed(cls, stage: str) -> Site:
        """A deployed stage, from its stack's outputs, with the operator's own credentials. Raises `Stop`."""
        from ops.deploy.stack import outputs, stack_name  # noqa: PLC0415 - packaging's imports are slow

        region = boto3.Session().region_name
        if not region:
            raise NoRegionError
        client = _clients(region, os.environ.get("AWS_ENDPOINT_URL", ""))
        try:
            parts = outputs(client("cloudformation"), stage)
        except ClientError as error:
            if "does not exist" not in error.response["Error"]["Message"]:
                raise
            where = f"in {region} of this account"
            line = f"there is no stack {stack_name(stage)} {where}: make deploy STAGE={stage}"
            raise Stop(Code.UNREACHABLE, line) from error
        return cls(
            stage=stage,
            hub_url=parts.hub_url,
            bucket=parts.bucket,
            events_queue=parts.events_queue,
            target_queues=parts.target_queues,
            dead_queues=parts.dead_queues,
            secrets=f"/switchboard/{stage}",
            variables={"PUBLIC_URL": parts.hub_url},
            table=Table(parts.table, region),
            client=client,
            now=_now,
        )

    def put(self, queue: str, entries: Sequence[dict[str, Any]]) -> list[int]:
        """Send a batch to a queue; the indexes that failed. Raises `Transient`, as senders expect."""
        try:
            answer = self.client("sqs").send_message_batch(QueueUrl=queue, Entries=list(entries))
        except ClientError as error:
            raise Transient("queue_refused", error.response["Error"]["Code"]) from error
        return [int(failed["Id"]) for failed in answer.get("Failed", [])]

    def store(self, key: str, body: bytes) -> None:
        """Put bytes into the bucket."""
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)

    def fetch(self, key: str) -> bytes:
        """Get bytes from the bucket."""
        return bytes(self.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())


def open_site(stage: str = "") -> Site:
    """The stage of that name; without a name the local run. Raises `Stop` if it cannot be reached.

    `HUB_JSON` in the environment names the file of a local run that keeps its state elsewhere.
    """
    if stage in ("", "local"):
        return Site.local(Path(os.environ.get("HUB_JSON") or LOCAL))
    return Site.deployed(stage)


def _described(file: Path) -> Mapping[str, Any]:
    try:
        described: dict[str, Any] = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        line = "nothing runs on this machine: start it with `make run`, or name a deployed stage with --stage"
        raise Stop(Code.UNREACHABLE, line) from error
    except ValueError as error:
        line = f"{file} cannot be read: stop the local run and start it again with `make run`"
        raise Stop(Code.UNREACHABLE, line) from error
    if missing := sorted(_DESCRIBED - described.keys()):
        line = f"{file} has no {', no '.join(missing)}: stop the local run and start it again with `make run`"
        raise Stop(Code.UNREACHABLE, line)
    return described


def _answers(endpoint: str) -> None:
    """Raise `Stop` if nothing listens: sooner, and said better, than a client's own tries."""
    parts = urlsplit(endpoint)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 80), timeout=3).close()
    except OSError as error:
        line = f"the local run has ended: nothing answers at {endpoint}; start it again with `make run`"
        raise Stop(Code.UNREACHABLE, line) from error


def _become_local(endpoint: str, region: str) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    os.environ.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_DEFAULT_REGION=region,
        AWS_REGION=region,
        AWS_ACCESS_KEY_ID=_NOBODY,
        AWS_SECRET_ACCESS_KEY=_NOBODY,
    )


def _dead(queue: str) -> str:
    # As infra/queues.py names them; the local run's file need not say it again.
    return f"{queue.removesuffix('.fifo')}-dead.fifo"


def _clients(region: str, endpoint: str) -> Callable[[str], Any]:
    return lambda service: _client(service, region, endpoint)


@cache
def _client(service: str, region: str, endpoint: str) -> Any:  # noqa: ANN401 - boto3 makes its types at run time
    """One of each: it takes a quarter of a second to build."""
    return boto3.client(service, region_name=region, endpoint_url=endpoint or None, config=_PATIENCE)


def _now() -> datetime:
    return datetime.now(UTC)
