"""DynamoDB's one table in memory: what the calls do, at the instant at which they take effect.

Faults, latency and the loss of answers are added in front of it (`aws.py`).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.clock import Clock
from tests.simulation.expressions import Item, condition, plain, size_of, updated

Key = tuple[str, str]
Change = Callable[[Key, Item | None, Item], None]
"""Called with a key, its item before and after, when a write has taken effect."""

INDEXES = {
    "timeline": ("customer", "at"),
    "due": ("due_shard", "due_at"),
    "worklist": ("work_queue", "work_at"),
}

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
_LARGEST_ITEM = 400 * 1024
_LARGEST_TRANSACTION = 4 * 1024 * 1024
_MOST_IN_TRANSACTION = 100
_MOST_IN_BATCH_GET = 100

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html and
# .../developerguide/Query.Pagination.html
_LARGEST_BATCH = 16 * 1024 * 1024
_LARGEST_PAGE = 1024 * 1024

# "An eventually consistent read might not reflect the results of a recently completed write":
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
_READ_LAG = 1.0

# "Items are typically deleted within a few days of their expiration":
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
_DELETED_WITHIN = 2 * 86_400.0
_FAR_AWAY = 90 * 86_400.0

# Global secondary indexes are eventually consistent, "within a fraction of a second under normal conditions":
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
_INDEX_LAG = 1.0


def failure(code: str, operation: str, **more: Any) -> ClientError:
    """What botocore raises for an error that AWS answered."""
    response: Any = {"Error": {"Code": code, "Message": code}, **more}
    return ClientError(response, operation)


class Dynamo:
    """The table. watchers see every write that took effect, in order; expired: what time to live removed."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.items: dict[Key, Item] = {}
        self.expired: dict[Key, Item] = {}
        self.watchers: list[Change] = []
        self.commits: list[Callable[[list[tuple[Key, Item | None, Item]]], None]] = []
        self._clock = clock
        self._rng = rng
        self._tokens: dict[str, tuple[float, str]] = {}
        self._earlier: dict[Key, tuple[float, Item | None]] = {}
        self._in_index: dict[str, set[Key]] = {index: set() for index in INDEXES}

    def __call__(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Carry out one call."""
        carry_out: Callable[[dict[str, Any]], dict[str, Any]] = getattr(self, f"_{operation.lower()}")
        return carry_out(asked)

    @property
    def history(self) -> dict[Key, Item]:
        """All items, those with which time to live was done among them."""
        return {**self.expired, **self.items}

    def write(self, item: Item) -> None:
        """Put an item from outside the hub (an operator's push)."""
        self._store(item)

    def _getitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        item = self._seen(_key(asked["Key"]), asked)
        if item is None:
            return {}
        if projection := asked.get("ProjectionExpression"):
            names = [asked["ExpressionAttributeNames"][word.strip()] for word in projection.split(",")]
            item = {name: item[name] for name in names if name in item}
        return {"Item": dict(item)}

    def _batchgetitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        ((table, wanted),) = asked["RequestItems"].items()
        keys = wanted["Keys"]
        if len(keys) > _MOST_IN_BATCH_GET or len({_key(key) for key in keys}) != len(keys):
            raise failure("ValidationException", "BatchGetItem")
        # "If a partial result is returned, the operation returns a value for UnprocessedKeys":
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
        left: list[Any] = []
        if len(keys) > 1 and self._rng.random() < 0.02:
            keys, left = keys[: len(keys) // 2], keys[len(keys) // 2 :]
        found, size = [], 0
        for place, item in enumerate([self._seen(_key(key), wanted) for key in keys]):
            size += size_of(item) if item else 0
            if size > _LARGEST_BATCH:
                left = [*keys[place:], *left]
                break
            if item:
                found.append(dict(item))
        unprocessed = {table: {**wanted, "Keys": left}} if left else {}
        return {"Responses": {table: found}, "UnprocessedKeys": unprocessed}

    def _query(self, asked: dict[str, Any]) -> dict[str, Any]:
        names, values = asked.get("ExpressionAttributeNames", {}), asked["ExpressionAttributeValues"]
        holds = condition(asked["KeyConditionExpression"])
        if index := asked.get("IndexName"):
            found = [item for item in self._indexed(index) if holds(item, names, values)]
            hash_name, range_name = INDEXES[index]
            found.sort(key=lambda item: (plain(item[range_name]), *_key(item)))
            found = [_only(item, ("pk", "sk", hash_name, range_name)) for item in found]
        else:
            kept = [self._seen(key, asked) for key in sorted(self.items)]
            found = [dict(item) for item in kept if item and holds(item, names, values)]
        if asked.get("ScanIndexForward") is False:
            found.reverse()
        return self._page(found, asked)

    def _scan(self, asked: dict[str, Any]) -> dict[str, Any]:
        names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
        text = asked.get("FilterExpression")
        every = [dict(item) for _, item in sorted(self.items.items())]
        return self._page([i for i in every if not text or condition(text)(i, names, values)], asked)

    def _page(self, found: list[Item], asked: dict[str, Any]) -> dict[str, Any]:
        if start := asked.get("ExclusiveStartKey"):
            keys = [_key(item) for item in found]
            at = keys.index(_key(start)) + 1 if _key(start) in keys else 0
            found = found[at:]
        answer: dict[str, Any] = {"Items": found, "Count": len(found), "ScannedCount": len(found)}
        # A page ends at 1 MB, or wherever DynamoDB likes:
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
        sizes = list(itertools.accumulate(map(size_of, found)))
        most = next((n + 1 for n, size in enumerate(sizes) if size > _LARGEST_PAGE), len(found))
        if len(found) > 1 and self._rng.random() < 0.1:
            most = min(most, len(found) // 2)
        if most < len(found):
            page = found[:most]
            answer = {"Items": page, "Count": len(page), "ScannedCount": len(page)}
            answer["LastEvaluatedKey"] = _only(page[-1], ("pk", "sk"))
        return answer

    def _seen(self, key: Key, asked: dict[str, Any]) -> Item | None:
        """The item as this read sees it."""
        item = self.items.get(key)
        if not asked.get("ConsistentRead"):
            changed, before = self._earlier.get(key, (0.0, None))
            if changed > self._clock.now - _READ_LAG * self._rng.random():
                return before
        return item

    def _indexed(self, index: str) -> Iterator[Item]:
        since = self._clock.now - _INDEX_LAG * self._rng.random()
        hash_name, _ = INDEXES[index]
        for key in self._in_index[index]:
            changed, before = self._earlier.get(key, (0.0, None))
            seen = before if changed > since else self.items.get(key)
            if seen is not None and hash_name in seen:
                yield seen

    def _putitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        before = self.items.get(_key(asked["Item"]))
        if not _holds(before, asked):
            raise failure("ConditionalCheckFailedException", "PutItem")
        if size_of(asked["Item"]) > _LARGEST_ITEM:
            raise failure("ValidationException", "PutItem")
        self._committed([self._store(asked["Item"])])
        return {}

    def _updateitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        before = self.items.get(_key(asked["Key"]))
        if not _holds(before, asked):
            raise failure("ConditionalCheckFailedException", "UpdateItem")
        after = _after(before, asked)
        if size_of(after) > _LARGEST_ITEM:
            raise failure("ValidationException", "UpdateItem")
        change = self._store(after)
        self._committed([change])
        return {"Attributes": dict(change[2])}

    def _transactwriteitems(self, asked: dict[str, Any]) -> dict[str, Any]:
        # "Successive calls with the same client token ... are idempotent", for ten minutes:
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
        token = asked.get("ClientRequestToken", "")
        since, same = self._tokens.get(token, (-1e9, ""))
        if token and self._clock.now - since < 600:
            if same != repr(asked["TransactItems"]):
                raise failure("IdempotentParameterMismatchException", "TransactWriteItems")
            return {}
        parts = [next(iter(part.items())) for part in asked["TransactItems"]]
        keys = [_key(part["Item"] if verb == "Put" else part["Key"]) for verb, part in parts]
        after = [
            part["Item"] if verb == "Put" else _after(self.items.get(key), part)
            for key, (verb, part) in zip(keys, parts, strict=True)
        ]
        size = sum(map(size_of, after))
        if len(parts) > _MOST_IN_TRANSACTION or len(set(keys)) != len(keys) or size > _LARGEST_TRANSACTION:
            raise failure("ValidationException", "TransactWriteItems")
        codes = [
            "ConditionalCheckFailed"
            if not _holds(self.items.get(key), part)
            else "ValidationError"
            if size_of(item) > _LARGEST_ITEM
            else "None"
            for key, (_, part), item in zip(keys, parts, after, strict=True)
        ]
        if set(codes) != {"None"}:
            reasons = [{"Code": code} for code in codes]
            raise failure("TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons)
        if token:
            self._tokens[token] = self._clock.now, repr(asked["TransactItems"])
        self._committed([self._store(item) for item in after])
        return {}

    def _store(self, item: Item) -> tuple[Key, Item | None, Item]:
        key = _key(item)
        before = self.items.get(key)
        self._earlier[key] = (self._clock.now, before)
        self.items[key] = item
        for index, (hash_name, _) in INDEXES.items():
            # What has just left the index may still be seen there.
            if hash_name in item or (before and hash_name in before):
                self._in_index[index].add(key)
            else:
                self._in_index[index].discard(key)
        for watcher in self.watchers:
            watcher(key, before, item)
        if "ttl" in item and int(item["ttl"]["N"]) < self._clock.now + _FAR_AWAY:
            late = _DELETED_WITHIN * self._rng.random()
            self._clock.at(int(item["ttl"]["N"]) + late, lambda: self._expire(key))
        return key, before, item

    def _expire(self, key: Key) -> None:
        item = self.items.get(key)
        if item is not None and "ttl" in item and int(item["ttl"]["N"]) <= self._clock.now:
            self.expired[key] = self.items.pop(key)

    def forget(self) -> None:
        """Remove most of what is kept no more: DynamoDB takes its time with the rest."""
        for key in sorted(self.items):
            if self._rng.random() < 0.8:
                self._expire(key)

    def _committed(self, changes: list[tuple[Key, Item | None, Item]]) -> None:
        for told in self.commits:
            told(changes)


def _key(holder: Item) -> Key:
    return holder["pk"]["S"], holder["sk"]["S"]


def _only(item: Item, names: tuple[str, ...]) -> Item:
    return {name: item[name] for name in names}


def _holds(item: Item | None, asked: dict[str, Any]) -> bool:
    text = asked.get("ConditionExpression")
    if not text:
        return True
    names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
    return condition(text)(item or {}, names, values)


def _after(before: Item | None, asked: dict[str, Any]) -> Item:
    item = before if before is not None else dict(asked["Key"])
    return updated(
        item,
        asked["UpdateExpression"],
        asked["ExpressionAttributeNames"],
        asked.get("ExpressionAttributeValues", {}),
    )
