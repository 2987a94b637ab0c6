"""The table's stream and the mapping that feeds `relay` from it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html: "for each item that is
modified ... the stream records appear in the same sequence as the actual modifications to the item"; records
are kept 24 hours. https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchnotify.html: a batch that
failed is sent again whole until it succeeds, and its shard waits. Lambda invokes "at least once".
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from typing import Any

from tests.simulation.clock import Clock
from tests.simulation.dynamo import Key
from tests.simulation.expressions import Item

_SHARDS = 2
_BATCH = 100
_DEPTH = 24 * 3600.0
_LATENCY = 0.3
_AGAIN = (1.0, 2.0, 5.0, 15.0, 60.0)

Invoke = Callable[[dict[str, Any], Callable[[bool], None]], None]
"""Invoke the function with an event; then call back with whether it succeeded."""


class Stream:
    """All shards of it. lost: records that were older than a day when their turn came.

    flooded: one shard, read so rarely that its batches are full.
    """

    def __init__(self, clock: Clock, rng: random.Random, invoke: Invoke, *, flooded: bool = False) -> None:
        self._clock = clock
        self._rng = rng
        self.lost: list[Item] = []
        number, latency = (1, 60.0) if flooded else (_SHARDS, _LATENCY)
        self._shards = [_Shard(clock, rng, invoke, self.lost, latency) for _ in range(number)]

    def changed(self, key: Key, before: Item | None, after: Item) -> None:
        """One write. The mapping's filter lets only profile rows through."""
        if key[1] == "PROFILE":
            self._shards[zlib.crc32(key[0].encode()) % len(self._shards)].add(key, before, after)

    @property
    def waiting(self) -> int:
        """How many records have not been worked through."""
        return sum(shard.waiting for shard in self._shards)


class _Shard:
    def __init__(
        self, clock: Clock, rng: random.Random, invoke: Invoke, lost: list[Item], latency: float
    ) -> None:
        self._latency = latency
        self._clock = clock
        self._rng = rng
        self._invoke = invoke
        self._lost = lost
        self._records: list[tuple[float, Key, dict[str, Any]]] = []
        self._batch: list[dict[str, Any]] = []
        self._before: list[dict[str, Any]] = []
        self._tries = 0
        self._busy = False

    @property
    def waiting(self) -> int:
        return len(self._records) + len(self._batch)

    def add(self, key: Key, before: Item | None, after: Item) -> None:
        record = {
            "eventName": "MODIFY" if before else "INSERT",
            "dynamodb": {"Keys": {"pk": after["pk"], "sk": after["sk"]}, "NewImage": after},
        }
        self._records.append((self._clock.now, key, record))
        self._wake(self._latency)

    def _wake(self, seconds: float) -> None:
        if not self._busy:
            self._busy = True
            self._clock.after(seconds * (0.5 + self._rng.random()), self._go)

    def _go(self) -> None:
        if not self._batch:
            self._batch = self._next()
        if not self._batch:
            self._busy = False
            return
        self._invoke({"Records": self._batch}, self._done)

    def _next(self) -> list[dict[str, Any]]:
        """Records in an order of which only that of each item is the true one."""
        while self._records and self._clock.now - self._records[0][0] > _DEPTH:
            self._lost.append(self._records.pop(0)[2]["dynamodb"]["NewImage"])
        taken: list[dict[str, Any]] = []
        most = _BATCH if self._latency > _LATENCY else self._rng.choice((1, 3, _BATCH))
        while self._records and len(taken) < most:
            pick = self._rng.randrange(min(len(self._records), 4))
            key = self._records[pick][1]
            first = next(at for at, record in enumerate(self._records) if record[1] == key)
            taken.append(self._records.pop(first)[2])
        return taken

    def _done(self, succeeded: bool) -> None:
        if succeeded:
            self._tries = 0
            self._before, self._batch = self._batch, []
            if self._rng.random() < 0.03:
                self._batch = self._before  # the answer was lost on its way: once more, whole
            pause = self._latency
        else:
            pause = _AGAIN[min(self._tries, len(_AGAIN) - 1)]
            self._tries += 1
        self._busy = False
        if self._batch or self._records:
            self._wake(pause)
