"""Where clients are built and the pipeline is put together: once per container, each when first needed.

Nothing below imports this. The front door's part imports neither PynamoDB nor any connector.
"""

from __future__ import annotations

import functools
import os
import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import botocore.session
from botocore.config import Config

from chalicelib import telemetry
from chalicelib.aws.errors import aws
from chalicelib.aws.queues import Outgoing, send
from chalicelib.aws.secrets import Held, Parameters
from chalicelib.configuration.cached import Cached
from chalicelib.configuration.environment import Environment, load
from chalicelib.configuration.register import Accounts, decode_accounts
from chalicelib.pipeline.receive import outgoing
from chalicelib.vocabulary.errors import Misconfigured, Transient
from chalicelib.vocabulary.messages import Intake

if TYPE_CHECKING:
    from chalicelib.configuration.stage import Stage
    from chalicelib.pipeline.breaker import Breaker
    from chalicelib.pipeline.deliver import Deliver
    from chalicelib.pipeline.process import Process
    from chalicelib.pipeline.relay import Relay
    from chalicelib.pipeline.tick import Tick
    from chalicelib.store.table import Table
    from chalicelib.vocabulary.delivery import Call, Reply, Target
    from chalicelib.vocabulary.event import Event

T = TypeVar("T")


def now() -> datetime:
    """The time, aware UTC."""
    return datetime.now(UTC)


@functools.cache
def environment() -> Environment:
    """What this deployment told its functions."""
    return load(os.environ)


@functools.cache
def client(service: str) -> Any:  # noqa: ANN401 - botocore's clients have no types
    """A client of an AWS service. Short timeouts: what does not answer soon is tried again by a queue."""
    settings = Config(connect_timeout=1, read_timeout=5, retries={"mode": "standard", "max_attempts": 2})
    return _session().create_client(service, config=settings)


@functools.cache
def _front(service: str, tries: int) -> Any:  # noqa: ANN401
    """The front door's own client: all it asks has to fit into a platform's patience, and its own timeout."""
    settings = Config(
        connect_timeout=0.5, read_timeout=1, retries={"mode": "standard", "total_max_attempts": tries}
    )
    return _session().create_client(service, config=settings)


@functools.cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def _stored_configuration(dynamodb: Any, sections: tuple[str, ...]) -> Mapping[str, bytes] | None:  # noqa: ANN401
    names = {f"#{index}": name for index, name in enumerate(sections)}
    found = aws(
        lambda: dynamodb.get_item(
            TableName=environment().table,
            Key={"pk": {"S": "CONFIG"}, "sk": {"S": "CURRENT"}},
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
    )
    item = found.get("Item")
    return {name: value["B"] for name, value in item.items()} if item else None


@functools.cache
def register() -> Cached[Accounts]:
    """The accounts, kept fresh."""
    return Cached(
        read=lambda: _stored_configuration(_front("dynamodb", 2), ("accounts",)),
        decode=decode_accounts,
        clock=time.monotonic,
    )


@functools.cache
def _stages() -> Cached[Stage]:
    from chalicelib.configuration.stage import decode

    return Cached(
        read=lambda: _stored_configuration(client("dynamodb"), ("accounts", "people", "routing", "crms")),
        decode=decode,
        clock=time.monotonic,
    )


def stage() -> Stage:
    """The stage's configuration, at most a minute old."""
    return _stages().current()


@functools.cache
def _secrets(kind: str) -> Parameters:
    """The secrets of `accounts`, which the front door asks for in a hurry, or of `targets`."""
    ssm = _front("ssm", 2) if kind == "accounts" else client("ssm")

    def read(name: str) -> str:
        path = f"{environment().secrets}/{kind}/{name}"
        found = aws(lambda: ssm.get_parameter(Name=path, WithDecryption=True))
        return str(found["Parameter"]["Value"])

    return Parameters(read=read, clock=time.monotonic)


def account_secrets(name: str) -> Held:
    """An account's secrets."""
    return _secrets("accounts").get(name)


def store(key: str, body: bytes) -> None:
    """Put bytes into the bucket."""
    aws(lambda: client("s3").put_object(Bucket=environment().bucket, Key=key, Body=body))


def fetch(key: str) -> bytes:
    """Get bytes from the bucket."""
    found = aws(lambda: client("s3").get_object(Bucket=environment().bucket, Key=key))
    return aws(lambda: bytes(found["Body"].read()))


def _put(queue: Any, url: str, entries: Sequence[dict[str, Any]]) -> list[int]:  # noqa: ANN401
    answer = aws(lambda: queue.send_message_batch(QueueUrl=url, Entries=list(entries)))
    return [int(failed["Id"]) for failed in answer.get("Failed", [])]


def _put_at_the_front(url: str, entries: Sequence[dict[str, Any]]) -> list[int]:
    try:
        return _put(_front("sqs", 1), url, entries)
    except Misconfigured as error:
        # As good as busy: a platform that never sends again must not lose its message for our mistake.
        telemetry.log.error("misconfigured", function="webhooks", reason=error.reason, detail=error.detail)
        raise Transient(error.reason, error.detail) from error


def accept(messages: Iterable[Outgoing]) -> list[Outgoing]:
    """The front door's way to the events queue; returns what could not be put."""
    return send(_put_at_the_front, environment().events_queue, messages, tries=3)


def put(url: str, entries: Sequence[dict[str, Any]]) -> list[int]:
    """A worker's way to any queue; the indexes that failed."""
    return _put(client("sqs"), url, entries)


def emit(event: Event) -> None:
    """Put an event of the hub's own on the events queue. Raises `Transient`."""
    message = outgoing(Intake(customer=event.customer, events=(event,)), store)
    if send(put, environment().events_queue, [message], tries=3):
        raise Transient("queue_unavailable", "an event of the hub's own was not accepted")


@functools.cache
def table() -> Table:
    """The table."""
    from chalicelib.store.table import Table

    return Table(environment().table, _session().get_config_variable("region"))


@functools.cache
def process() -> Process:
    """The step from the events queue to the table."""
    from chalicelib.pipeline.process import Process

    return Process(
        table=table(),
        stage=stage,
        fetch=fetch,
        store=store,
        now=now,
        new_id=lambda: uuid.uuid4().hex,
        count=telemetry.count,
    )


@functools.cache
def relay() -> Relay:
    """The step from the stream to the target queues."""
    from chalicelib.pipeline.relay import Relay

    return Relay(queues=environment().target_queues, put=put, count=telemetry.count)


@functools.cache
def _breaker() -> Breaker:
    from chalicelib.pipeline.breaker import Breaker

    return Breaker(table=table(), switch=switch, emit=emit, now=now, count=telemetry.count)


def switch(target: str, enabled: bool) -> None:
    """Enable or disable the mapping from a target's queue to its worker."""
    url = environment().target_queues.get(target)
    if url is None:
        raise Misconfigured("no_queue", f"target {target} has no queue; deploy the stage")
    name = url.rsplit("/", 1)[-1]
    lambdas = client("lambda")
    pages = lambdas.get_paginator("list_event_source_mappings").paginate()
    for page in aws(lambda: list(pages)):
        for mapping in page["EventSourceMappings"]:
            if mapping.get("EventSourceArn", "").rsplit(":", 1)[-1] == name:
                aws(
                    lambda uuid=mapping["UUID"]: lambdas.update_event_source_mapping(  # type: ignore[misc]
                        UUID=uuid, Enabled=enabled
                    )
                )


@functools.cache
def _sender(private_network: bool) -> Callable[[Call], Reply]:
    from chalicelib.crms.http.send import sender

    return sender(private_network=private_network, connect_seconds=2, read_seconds=8)


def call(target: Target, request: Call) -> Reply:
    """One request to a target."""
    return _sender(target.private_network)(request)


@functools.cache
def deliver() -> Deliver:
    """The step from a target's queue to the target."""
    from chalicelib.pipeline.deliver import Deliver

    return Deliver(
        table=table(),
        stage=stage,
        credentials=lambda target: _secrets("targets").get(target.secret),
        fresh_credentials=lambda target: _secrets("targets").fresh(target.secret),
        send=call,
        breaker=_breaker(),
        now=now,
        jitter=random.SystemRandom().random,
        count=telemetry.count,
    )


def _undelivered() -> Iterator[tuple[str, bytes]]:
    pages = client("s3").get_paginator("list_objects_v2")
    listed = pages.paginate(Bucket=environment().bucket, Prefix="undelivered/")
    for page in aws(lambda: list(listed)):
        for entry in page.get("Contents", []):
            yield entry["Key"], fetch(entry["Key"])


@functools.cache
def tick() -> Tick:
    """The clock's errands."""
    from chalicelib.pipeline.tick import Tick

    return Tick(
        table=table(),
        stage=stage,
        send=lambda messages: send(put, environment().events_queue, messages, tries=2),
        emit=emit,
        undelivered=_undelivered,
        forget=lambda key: aws(lambda: client("s3").delete_object(Bucket=environment().bucket, Key=key)),
        breaker=_breaker(),
        call=call,
        credentials=lambda target: _secrets("targets").get(target.secret),
        now=now,
        count=telemetry.count,
    )


def visibility(queue_arn: str, receipt: str, seconds: int) -> None:
    """Make a received message visible again after so many seconds. Raises `Transient`."""
    name = queue_arn.rsplit(":", 1)[-1]
    known = (environment().events_queue, *environment().target_queues.values())
    url = next((url for url in known if url.rsplit("/", 1)[-1] == name), None)
    if url is None:
        raise Misconfigured("no_queue", f"{name} is not in this function's environment")
    aws(
        lambda: client("sqs").change_message_visibility(
            QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=seconds
        )
    )
