"""AWS as the hub's clients see it: a call takes a while, takes effect at one instant, and may be struck."""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from tests.simulation.clock import Clock
from tests.simulation.dynamo import Dynamo, failure
from tests.simulation.faults import Strike, Weather
from tests.simulation.fifo import Fifo
from tests.simulation.lambdas import Lambdas, Mapping

_HOST = "https://aws.example.org"

_THROTTLED = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "sqs": "RequestThrottled",
    "s3": "SlowDown",
    "ssm": "ThrottlingException",
    "lambda": "TooManyRequestsException",
}
_INTERNAL = {"dynamodb": "InternalServerError", "sqs": "InternalFailure", "s3": "InternalError"}

# Why a transaction is cancelled that would have gone through at another moment:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_CANCELLED = (
    "TransactionConflict",
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
)

# Seconds until the SDK gives one attempt up: what `runtime` sets, and PynamoDB's own for its client.
_PATIENCE = {"webhooks": 1.0, "dynamodb": 30.0}
_USUAL_PATIENCE = 5.0


class Aws:
    """All services of one account. secrets: parameter name to its value."""

    def __init__(self, clock: Clock, rng: random.Random, weather: Weather, lambdas: Lambdas) -> None:
        self.clock = clock
        self.rng = rng
        self.weather = weather
        self.lambdas = lambdas
        self.dynamo = Dynamo(clock, rng)
        self.queues: dict[str, Fifo] = {}
        self.mappings: dict[str, Mapping] = {}
        self.objects: dict[str, bytes] = {}
        self.secrets: dict[str, dict[str, Any]] = {}
        self.put_aside: Callable[[], None] = lambda: None
        self.sent: Callable[[str, dict[str, Any]], dict[str, Any]] = lambda _queue, entry: entry
        self.stored: Callable[[dict[str, Any]], dict[str, Any]] = lambda asked: asked

    def call(self, service: str, operation: str, asked: dict[str, Any]) -> Any:
        """One call of an SDK client."""
        self.lambdas.pause(self.rng.uniform(0.001, 0.03))
        strike = self.weather.aws(service, operation, self.clock.now, parts(operation, asked))
        if strike is None:
            answer = self._effect(service, operation, asked)
            self.lambdas.pause(self.rng.uniform(0.001, 0.02))
            return answer
        return self._struck(strike, service, operation, asked)

    def _struck(self, strike: Strike, service: str, operation: str, asked: dict[str, Any]) -> Any:
        if strike.kind == "slow":
            self.lambdas.pause(strike.seconds)
            return self._effect(service, operation, asked)
        if strike.kind == "again":
            answer = self._effect(service, operation, asked)
            self.lambdas.pause(strike.seconds)
            # The SDK gives a transaction a token that makes its second sending harmless, and nothing else.
            return answer if operation == "TransactWriteItems" else self._effect(service, operation, asked)
        if strike.kind == "partial":
            return self._send(asked, failing=self.rng.random)
        if strike.done:
            self._effect(service, operation, asked)
        if strike.later or strike.kind == "lands":
            self.clock.after(strike.seconds, lambda: self._lands(service, operation, asked))
        if strike.kind == "killed":
            self.lambdas.kill(f"{'after' if strike.done else 'before'} {operation}")
        self._fail(strike.kind, service, operation, asked)
        raise AssertionError(strike.kind)

    def _fail(self, kind: str, service: str, operation: str, asked: dict[str, Any]) -> None:
        if kind == "throttled":
            raise failure(_THROTTLED[service], operation)
        if kind == "internal":
            raise failure(_INTERNAL.get(service, "InternalServerError"), operation)
        if kind == "conflict" and operation == "TransactWriteItems":
            codes = ["None"] * len(asked["TransactItems"])
            codes[self.rng.randrange(len(codes))] = self.rng.choice(_CANCELLED)
            reasons = [{"Code": code} for code in codes]
            raise failure("TransactionCanceledException", operation, CancellationReasons=reasons)
        if kind == "conflict":
            raise failure("TransactionConflictException", operation)
        if kind in ("timeout", "lands"):
            invocation = self.lambdas.invocation()
            function = invocation.function if invocation else ""
            patience = _PATIENCE.get(function) or _PATIENCE.get(service) or _USUAL_PATIENCE
            self.lambdas.pause(patience * 2)
            raise ReadTimeoutError(endpoint_url=_HOST)
        if kind == "unreachable":
            self.lambdas.pause(0.5)
            raise EndpointConnectionError(endpoint_url=_HOST)
        # A killed call of somebody who is no Lambda is as good as a lost one.
        raise ConnectionClosedError(endpoint_url=_HOST)

    def _lands(self, service: str, operation: str, asked: dict[str, Any]) -> None:
        """A call that nobody waits for takes effect, or is refused."""
        with contextlib.suppress(ClientError):
            self._effect(service, operation, asked)

    def _effect(self, service: str, operation: str, asked: dict[str, Any]) -> Any:
        if service == "dynamodb":
            return self.dynamo(operation, self.stored(asked))
        return getattr(self, f"_{operation.lower()}")(asked)

    def _sendmessagebatch(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self._send(asked, failing=lambda: 1.0)

    def _send(self, asked: dict[str, Any], failing: Callable[[], float]) -> dict[str, Any]:
        # "A request may partially succeed": API SendMessageBatch.
        queue = self._queue(asked["QueueUrl"])
        queue.check(asked["Entries"])
        failed = []
        for entry in asked["Entries"]:
            if failing() < 0.4:
                failed.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False})
            else:
                queue.send(self.sent(queue.name, entry))
        return {"Successful": [], "Failed": failed}

    def _changemessagevisibility(self, asked: dict[str, Any]) -> None:
        self._queue(asked["QueueUrl"]).hide(asked["ReceiptHandle"], asked["VisibilityTimeout"])

    def _queue(self, url: str) -> Fifo:
        return self.queues[url.rsplit("/", 1)[-1]]

    def _getparameter(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["Name"].rsplit("/", 1)[-1]
        if name not in self.secrets:
            raise failure("ParameterNotFound", "GetParameter")
        return {"Parameter": {"Value": json.dumps(self.secrets[name])}}

    def _putobject(self, asked: dict[str, Any]) -> None:
        self.objects[asked["Key"]] = bytes(asked["Body"])
        invocation = self.lambdas.invocation()
        if invocation is not None and asked["Key"].startswith("undelivered/"):
            invocation.kept_back = True
            self.put_aside()

    def _getobject(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["Key"] not in self.objects:
            raise failure("NoSuchKey", "GetObject")
        return {"Body": io.BytesIO(self.objects[asked["Key"]])}

    def _deleteobject(self, asked: dict[str, Any]) -> None:
        self.objects.pop(asked["Key"], None)

    def _listobjectsv2(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"Contents": [{"Key": k} for k in sorted(self.objects) if k.startswith(asked["Prefix"])]}

    def _listeventsourcemappings(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = [m for m in self.mappings.values() if m.queue.arn == asked["EventSourceArn"]]
        return {"EventSourceMappings": [{"UUID": m.uuid, "EventSourceArn": m.queue.arn} for m in found]}

    def _updateeventsourcemapping(self, asked: dict[str, Any]) -> None:
        # It is refused while an earlier update is under way: API UpdateEventSourceMapping,
        # ResourceInUseException.
        mapping = self.mappings[asked["UUID"]]
        if not mapping.switch(asked["Enabled"], self.rng.uniform(0.5, 8)):
            raise failure("ResourceInUseException", "UpdateEventSourceMapping")


def parts(operation: str, asked: dict[str, Any]) -> frozenset[str]:
    """What of its service a call concerns: see `faults.PARTS`."""
    if operation == "BatchGetItem":
        keys = next(iter(asked["RequestItems"].values()))["Keys"]
    elif operation == "TransactWriteItems":
        writes = [next(iter(part.values())) for part in asked["TransactItems"]]
        keys = [write.get("Item") or write["Key"] for write in writes]
    elif "QueueUrl" in asked:
        return frozenset({asked["QueueUrl"].rsplit("/", 1)[-1].removesuffix(".fifo")})
    elif "Name" in asked:
        return frozenset({asked["Name"].rsplit("/", 1)[-1]})
    elif "Bucket" in asked:
        return frozenset({(asked.get("Key") or asked.get("Prefix", "")).partition("/")[0]})
    elif "IndexName" in asked:
        return frozenset({asked["IndexName"]})
    else:
        keys = [asked.get("Item") or asked.get("Key") or {"pk": {"S": ""}}]
    return frozenset(key["pk"]["S"].partition("#")[0] for key in keys)


class Client:
    """What botocore makes for one service: a method per operation."""

    meta = SimpleNamespace(partition="aws", region_name="eu-central-1")

    def __init__(self, aws: Aws, service: str) -> None:
        self._aws = aws
        self._service = service

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = "".join(part.capitalize() for part in name.split("_"))
        return lambda **asked: self._aws.call(self._service, operation, asked)

    def get_paginator(self, name: str) -> _Paginator:
        """All pages of an operation."""
        return _Paginator(getattr(self, name))

    def _make_api_call(self, operation: str, asked: dict[str, Any]) -> Any:
        """What PynamoDB calls."""
        return self._aws.call(self._service, operation, asked)


class _Paginator:
    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def paginate(self, **asked: Any) -> Sequence[Any]:
        return _Pages(self._call, asked)


class _Pages(Sequence[Any]):
    """One page, asked for when it is looked at."""

    def __init__(self, call: Callable[..., Any], asked: dict[str, Any]) -> None:
        self._call = call
        self._asked = asked

    def __iter__(self) -> Any:
        yield self._call(**self._asked)

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: Any) -> Any:
        return [self._call(**self._asked)][index]
