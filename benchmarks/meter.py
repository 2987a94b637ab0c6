"""What AWS is asked, call by call: counted at botocore, whoever makes the client."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import botocore

from benchmarks.units import Units

_SQS_CHUNK = 64 * 1024


@dataclass
class Meter:
    """Counts by function; what happens outside `of` is not counted, but what it writes is remembered.

    cpu: seconds of this thread in a function, less those that moto spent playing AWS.
    """

    units: Units = field(default_factory=Units)
    calls: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    read: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    written: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    indexed: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    sqs_requests: Counter[str] = field(default_factory=Counter)
    invocations: Counter[str] = field(default_factory=Counter)
    cpu: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    log_bytes: Counter[str] = field(default_factory=Counter)
    profiles: list[Mapping[str, Any]] = field(default_factory=list)
    _function: str = ""
    _params: Mapping[str, Any] = field(default_factory=dict)
    _left: float = 0.0
    _away: float = 0.0

    @contextmanager
    def of(self, function: str) -> Iterator[None]:
        """What is done inside is that function's."""
        self._function, self._away = function, 0.0
        started = time.thread_time()
        try:
            yield
        finally:
            self.cpu[function] += time.thread_time() - started - self._away
            self._function = ""

    def take_profiles(self) -> list[Mapping[str, Any]]:
        """The new images of profile rows since the last time: what the stream would show."""
        taken, self.profiles = self.profiles, []
        return taken

    def asked(self, params: Mapping[str, Any], **_: object) -> None:
        self._params = params

    def leaves(self, **_: object) -> None:
        self._left = time.thread_time()

    def returns(self, **_: object) -> None:
        self._away += time.thread_time() - self._left

    def answered(self, parsed: Mapping[str, Any], model: Any, **_: object) -> None:
        service, operation = model.service_model.service_name, model.name
        if service == "dynamodb" and operation not in ("CreateTable", "Scan"):
            self._dynamodb(operation, parsed)
        if not self._function:
            return
        self.calls[self._function][f"{service}.{operation}"] += 1
        if service == "sqs":
            self.sqs_requests[self._function] += max(1, ceil(self._payload(parsed) / _SQS_CHUNK))

    def _dynamodb(self, operation: str, answer: Mapping[str, Any]) -> None:
        before = self.units.read, self.units.written, self.units.indexed
        self.units.asked(operation, self._params, answer)
        self.read[self._function] += self.units.read - before[0]
        self.written[self._function] += self.units.written - before[1]
        self.indexed[self._function] += self.units.indexed - before[2]
        if operation == "TransactWriteItems" and "Error" not in answer:
            puts = [part["Put"]["Item"] for part in self._params["TransactItems"] if "Put" in part]
            self.profiles += [item for item in puts if item["sk"]["S"] == "PROFILE"]

    def _payload(self, answer: Mapping[str, Any]) -> int:
        sent = sum(len(entry.get("MessageBody", "")) for entry in self._params.get("Entries", ()))
        return sent + sum(len(message["Body"]) for message in answer.get("Messages", ()))


METER = Meter()


def reset() -> None:
    """Count from zero; what lies in the table stays known."""
    fresh = Meter(units=METER.units)
    METER.__dict__.update(fresh.__dict__)


def _watch(session: Any) -> None:
    events = session.get_component("event_emitter")
    events.register_first("provide-client-params", METER.asked)
    events.register_first("before-send", METER.leaves)
    events.register_last("before-send", METER.returns)
    events.register_last("after-call", METER.answered)


def watch() -> None:
    """Count what every session that this process makes from now on is used for."""
    botocore.register_initializer(_watch)
