"""Reads and writes the one table; the shapes of its rows are in `rows.py`, their keys in `keys.py`.

PynamoDB's models encode the rows and its expressions state the conditions; its `TableConnection` makes the
calls, because a model's own calls need one client per class and a table name per process (decision 0009).
The front door reads its configuration row without this module, because importing PynamoDB is slow.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from pynamodb.connection import TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import PutError, PynamoDBException, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.aws.errors import meaning
from chalicelib.store.keys import INDEXES, Key
from chalicelib.store.rows import ProfileRow, Row
from chalicelib.vocabulary.errors import Transient

_TRIES = 3
"""Calls for one batch of keys, as long as DynamoDB leaves some of them unread."""

_KEYS_IN_A_CALL = 100


class Conflict(Transient):
    """A condition failed, or another write was in the way."""

    def __init__(self) -> None:
        super().__init__("conflict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One part of a transaction.

    row: the row that is put whole or, if there are actions, updated.
    condition: must hold of the stored row, else the whole transaction fails.
    actions: the updates of the row with this key.
    """

    row: Row
    condition: Condition | None = None
    actions: Sequence[Action] = field(default=())


R = TypeVar("R", bound=Row)
V = TypeVar("V")


class Table:
    """The table of one stage. Every method raises `Transient` when DynamoDB cannot serve it now."""

    def __init__(self, name: str, region: str, host: str | None = None) -> None:
        self.name = name
        self._check: Callable[[], None] = lambda: None
        self._unchecked = TableConnection(
            name,
            region=region,
            host=host,
            # A call that hangs must not take the worker's whole batch with it: its queue tries again.
            connect_timeout_seconds=1,
            read_timeout_seconds=5,
            max_retry_attempts=2,
            meta_table=_described(name),
        )

    def before_each_call(self, check: Callable[[], None]) -> Table:
        """The same table for somebody who may have to stop: `check` comes before each call, and may raise."""
        checked = copy.copy(self)
        checked._check = check
        return checked

    @property
    def _connection(self) -> TableConnection:
        self._check()
        return self._unchecked

    def read(self, keys: Iterable[Key]) -> dict[Key, Row]:
        """The rows that exist, consistently read: one call for each hundred keys."""
        unread = [{"pk": pk, "sk": sk} for pk, sk in dict.fromkeys(keys)]
        rows: dict[Key, Row] = {}
        while unread:
            batch, unread = unread[:_KEYS_IN_A_CALL], unread[_KEYS_IN_A_CALL:]
            for row in self._batch(batch):
                rows[row.key] = row
        return rows

    def _batch(self, keys: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
        for _ in range(_TRIES):
            answer = _served(lambda keys=keys: self._connection.batch_get_item(keys, consistent_read=True))  # type: ignore[misc]
            yield from map(Row.from_raw_data, answer["Responses"].get(self.name, []))
            keys = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            if not keys:
                return
        raise Transient("table_busy", f"{len(keys)} rows were left unread {_TRIES} times")

    def get(self, kind: type[R], key: Key) -> R | None:
        """One row, consistently read."""
        pk, sk = key
        answer = _served(lambda: self._connection.get_item(pk, range_key=sk, consistent_read=True))
        item = answer.get("Item")
        return kind.from_raw_data(item) if item else None

    def transact(self, writes: Sequence[Write]) -> None:
        """Write all rows or none. Raises `Conflict` if a condition failed or another write was in the way."""
        puts = [self._put_of(write.row, write.condition) for write in writes if not write.actions]
        updates = [
            self._connection.get_operation_kwargs(
                write.row.pk, range_key=write.row.sk, actions=list(write.actions), condition=write.condition
            )
            for write in writes
            if write.actions
        ]
        try:
            _served(
                lambda: self._connection.connection.transact_write_items(
                    condition_check_items=(), delete_items=(), put_items=puts, update_items=updates
                )
            )
        except TransactWriteError as error:
            codes = [reason.code if reason else "None" for reason in error.cancellation_reasons]
            if "ValidationError" in codes:
                # A row or the whole transaction is too large or malformed: trying again cannot help.
                raise
            if "ConditionalCheckFailed" in codes or "TransactionConflict" in codes:
                raise Conflict from error
            raise _unserved(error) from error

    def _put_of(self, row: Row, condition: Condition | None) -> dict[str, Any]:
        return self._connection.get_operation_kwargs(
            row.pk, range_key=row.sk, key="Item", attributes=row.serialize(), condition=condition
        )

    def put(self, row: Row, condition: Condition | None = None) -> bool:
        """Put one row; False if its condition does not hold."""
        return _holds(
            lambda: self._connection.put_item(
                row.pk, range_key=row.sk, attributes=row.serialize(), condition=condition
            )
        )

    def update(self, row: Row, actions: Sequence[Action], condition: Condition | None = None) -> bool:
        """Update the row with this one's key; False if its condition does not hold."""
        return _holds(
            lambda: self._connection.update_item(
                row.pk, range_key=row.sk, actions=list(actions), condition=condition
            )
        )

    def partition(self, pk: str, prefix: str = "") -> Iterator[Row]:
        """The rows of one partition whose sort key starts with `prefix`, in order."""
        condition = Row.sk.startswith(prefix) if prefix else None
        return _rows(self._query(pk, range_key_condition=condition, consistent_read=True))

    def timeline(self, identity: str) -> Iterator[Key]:
        """Keys of an identity's events, newest first."""
        return _keys(self._query(identity, index_name="timeline", scan_index_forward=False))

    def due(self, shard: str, until: str) -> Iterator[Key]:
        """Keys of the profiles in a shard that are due by `until`."""
        return _keys(self._query(shard, index_name="due", range_key_condition=ProfileRow.due_at <= until))

    def worklist(self, queue: str) -> Iterator[Key]:
        """Keys of the profiles in a person's queue or in the one that waits; soonest promise first."""
        return _keys(self._query(queue, index_name="worklist"))

    def work(self, queue: str) -> Iterator[tuple[str, Key]]:
        """The same, each with its place in the index (`store.worklist`)."""
        items = self._query(queue, index_name="worklist")
        return ((item["work_at"]["S"], (item["pk"]["S"], item["sk"]["S"])) for item in items)

    def scan(self, condition: Condition | None = None, only: Sequence[str] = ()) -> Iterator[Row]:
        """Every row, only for an operator's command; `only` these attributes, if any are named."""
        return _rows(
            _pages(
                lambda start: self._connection.scan(
                    condition, attributes_to_get=list(only) or None, exclusive_start_key=start
                )
            )
        )

    def _query(self, partition: str, **how: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - PynamoDB's own words
        return _pages(lambda start: self._connection.query(partition, exclusive_start_key=start, **how))


def _described(name: str) -> MetaTable:
    """The table's keys and indexes, in the form in which `DescribeTable` answers."""

    def schema(partition: str, sort: str) -> list[dict[str, str]]:
        roles = ((partition, "HASH"), (sort, "RANGE"))
        return [{"AttributeName": attribute, "KeyType": role} for attribute, role in roles]

    attributes = ("pk", "sk", *(attribute for index in INDEXES.values() for attribute in index))
    return MetaTable(
        {
            "TableName": name,
            "KeySchema": schema("pk", "sk"),
            "AttributeDefinitions": [{"AttributeName": a, "AttributeType": "S"} for a in attributes],
            "GlobalSecondaryIndexes": [
                {"IndexName": index, "KeySchema": schema(*pair)} for index, pair in INDEXES.items()
            ],
        }
    )


def _pages(ask: Callable[[Any], Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    start = None
    while True:
        page = _served(lambda start=start: ask(start))  # type: ignore[misc]
        yield from page["Items"]
        start = page.get("LastEvaluatedKey")
        if not start:
            return


def _rows(items: Iterator[Mapping[str, Any]]) -> Iterator[Row]:
    return (Row.from_raw_data(dict(item)) for item in items)


def _keys(items: Iterator[Mapping[str, Any]]) -> Iterator[Key]:
    return ((item["pk"]["S"], item["sk"]["S"]) for item in items)


def _holds(write: Callable[[], object]) -> bool:
    """Carry a conditional write out; False if its condition does not hold."""
    try:
        _served(write)
    except (PutError, UpdateError) as error:
        if _code(error) == "ConditionalCheckFailedException":
            return False
        raise _unserved(error) from error
    return True


def _served(call: Callable[[], V]) -> V:
    """The call's value. Refused writes are left to the caller; other refusals become the hub's errors."""
    try:
        return call()
    except (TransactWriteError, PutError, UpdateError):
        raise
    except PynamoDBException as error:
        raise _unserved(error) from error


def _unserved(error: PynamoDBException) -> Exception:
    """The hub's error for a PynamoDB exception; the exception itself if it is a bug of ours."""
    answer = _answer(error)
    if not answer:
        return Transient("aws_unreachable", type(error.cause or error).__name__)
    return meaning(answer) or error


def _code(error: PynamoDBException) -> str:
    return str(_answer(error).get("Error", {}).get("Code", ""))


def _answer(error: PynamoDBException) -> Mapping[str, Any]:
    """DynamoDB's answer, empty if none came.

    PynamoDB copies the error out of the answer and drops the rest, so the whole answer is taken from the
    exception behind the copy. PynamoDB's `cause_response_code` is no help: it raises where botocore's
    connection errors have a `response` of None.
    """
    copied = error.cause
    for kept in (copied.__cause__ if copied else None, copied):
        if isinstance(kept, ClientError):
            return kept.response
    return {}
