"""How many request units DynamoDB charges for what it is asked.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html (read 2026-11-25):
a consistent read takes one unit per 4 KB begun, an absent item as much as the smallest; a write one per KB
begun of the larger of old and new, in a transaction twice that. An index entry costs a write when it comes
or goes, two when its keys change, none when nothing projected changes. That an index's writes are not
doubled in a transaction is an assumption: they are made after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from infra.storage import INDEXES

Item = Mapping[str, Mapping[str, Any]]
Key = tuple[str, str]


def size(item: Item) -> int:
    """Bytes that an item counts for: names and values."""
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _value(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return ceil(len(content.lstrip("-")) / 2) + 1
    if kind == "B":
        return len(content)
    return 1


def key_of(item: Item) -> Key:
    """Partition and sort key."""
    return item["pk"]["S"], item["sk"]["S"]


class Units:
    """The units of one table. It remembers what was put, so that it knows what a write replaces."""

    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}
        self.read = 0.0
        self.written = 0.0
        self.indexed = 0.0

    @property
    def stored(self) -> int:
        """Bytes that lie in the table, with the 100 that each row is charged on top."""
        return sum(size(item) + 100 for item in self.items.values())

    def asked(self, operation: str, params: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """One call and its answer."""
        done = "Error" not in answer
        match operation:
            case "GetItem":
                self._reads([params["Key"]], consistent=params.get("ConsistentRead", False))
            case "BatchGetItem":
                for wanted in params["RequestItems"].values():
                    self._reads(wanted["Keys"], consistent=wanted.get("ConsistentRead", False))
            case "Query":
                total = sum(size(item) for item in answer.get("Items", ()))
                self.read += max(1, ceil(total / 4096)) * (1 if params.get("ConsistentRead") else 0.5)
            case "PutItem":
                self._writes(params["Item"], times=1, done=done)
            case "UpdateItem":
                self.written += 1
            case "TransactWriteItems":
                for part in params["TransactItems"]:
                    if "Put" in part:
                        self._writes(part["Put"]["Item"], times=2, done=done)
                    else:
                        # Loads: rows of a few bytes that no index knows.
                        self.written += 2
            case _:
                raise NotImplementedError(f"nobody knows what {operation} is charged")

    def _reads(self, keys: list[Item], *, consistent: bool) -> None:
        for key in keys:
            found = self.items.get(key_of(key))
            self.read += max(1, ceil(size(found) / 4096) if found else 1) * (1 if consistent else 0.5)

    def _writes(self, item: Item, *, times: int, done: bool) -> None:
        old = self.items.get(key_of(item))
        self.written += times * ceil(max(size(item), size(old) if old else 0) / 1024)
        if done:
            self.indexed += sum(_entries(old, item, tuple(keys)) for keys in INDEXES.values())
            self.items[key_of(item)] = item


def _entries(old: Item | None, new: Item, names: tuple[str, ...]) -> int:
    before, after = _entry(old, names), _entry(new, names)
    if before == after:
        return 0
    return (before is not None) + (after is not None)


def _entry(item: Item | None, names: tuple[str, ...]) -> tuple[str, ...] | None:
    if item is None or not all(name in item for name in names):
        return None
    return tuple(item[name]["S"] for name in names)
