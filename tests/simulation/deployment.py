"""A deployment under way: some functions are newer already, and write a form that only they can read.

The newer code is played by the same code: a message or an event row that it writes gets a higher version
byte, which is put back once every function is new.
"""

from __future__ import annotations

import base64
import random
from typing import Any

from chalicelib.store.packing import pack
from tests.simulation.clock import Clock
from tests.simulation.dynamo import Dynamo

_OURS = pack(None)[0]
_NEWER = _OURS + 1


class Deployment:
    """From `begins` to `ends`, Unix seconds; never, if both are 0."""

    def __init__(self, clock: Clock, rng: random.Random, begins: float, ends: float) -> None:
        self._clock = clock
        self._rng = rng
        self._begins = begins
        self._ends = ends

    def sent(self, _queue: str, entry: dict[str, Any]) -> dict[str, Any]:
        """A message as it goes on a queue."""
        if not self._under_way() or self._rng.random() < 0.5:
            return entry
        return {**entry, "MessageBody": _with_version(entry["MessageBody"], _NEWER)}

    def stored(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A call to DynamoDB as it is carried out."""
        if "TransactItems" in asked and self._under_way() and self._rng.random() < 0.5:
            for part in asked["TransactItems"]:
                item = part.get("Put", {}).get("Item", {})
                if item.get("row") == {"S": "event"}:
                    item["body"] = {"B": bytes((_NEWER,)) + item["body"]["B"][1:]}
        return asked

    def received(self, body: str) -> str:
        """A message as a function gets it."""
        return body if self._under_way() else _with_version(body, _OURS)

    def complete(self, dynamo: Dynamo) -> None:
        """Every function is new now."""
        for item in dynamo.items.values():
            if item.get("row") == {"S": "event"}:
                item["body"] = {"B": bytes((_OURS,)) + item["body"]["B"][1:]}

    def _under_way(self) -> bool:
        return self._begins <= self._clock.now < self._ends


def _with_version(body: str, version: int) -> str:
    packed = base64.b64decode(body)
    return base64.b64encode(bytes((version,)) + packed[1:]).decode()
