"""The few ways the one table is read and written; its rows are in `rows.py`.

The front door reads its configuration row without this module, because importing PynamoDB is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pynamodb.exceptions import DoesNotExist, PutError, PynamoDBException, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.store.keys import Key
from chalicelib.store.rows import Due, Place, Row
from chalicelib.vocabulary.errors import Misconfigured, Transient


class Conflict(Transient):
    """A condition failed, or another write was in the way."""

    def __init__(self) -> None:
        super().__init__("conflict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One part of a transaction: a whole row put, or an update of the row with `key`."""

    row: Row
    condition: Condition | None = None
    actions: Sequence[Action] = field(default=())


P = TypeVar("P", bound=Place)
R = TypeVar("R", bound=Row)


_SETTINGS: dict[str, Any] = {
    "connect_timeout_seconds": 1,
    "read_timeout_seconds": 5,
    "max_retry_attempts": 2,
}
"""A call that hangs must not take the worker's whole batch with it: its queue tries again."""


class Table:
    """The table of one stage. Every method raises `Transient` when DynamoDB cannot serve it now."""

    def __init__(self, name: str, region: str, host: str | None = None) -> None:
        settings = {**_SETTINGS, "region": region, "host": host}
        for key, value in {**settings, "table_name": name}.items():
            setattr(Place.Meta, key, value)
        # One connection for all of them: each class would make a client of its own.
        Place._connection = None
        shared = Place._get_connection()
        models: list[type[Place]] = [Row, *Row.__subclasses__()]
        for model in models:
            model._connection = shared
        self._connection = shared.connection
        self._ahead: dict[Key, Row | None] = {}

    def ahead(self, keys: Iterable[Key]) -> dict[Key, Row]:
        """Read for a whole batch at once, and keep what was found for `read`; forget what was kept before.

        A row is kept until this worker writes it or loses to another writer. That it may be old by then is
        no danger: every write is conditional on what was read, and whoever loses reads from the table.
        """
        self._ahead.clear()
        return self.ahead_also(keys)

    def ahead_also(self, keys: Iterable[Key]) -> dict[Key, Row]:
        """The same once more, beside what is kept."""
        wanted = list(dict.fromkeys(keys))
        rows = self.read(wanted)
        self._ahead.update({key: rows.get(key) for key in wanted})
        return rows

    def read(self, keys: Iterable[Key]) -> dict[Key, Row]:
        """The rows that exist, consistently read unless they are kept; one call up to 100 keys."""
        wanted = list(dict.fromkeys(keys))
        if all(key in self._ahead for key in wanted):
            return {key: row for key in wanted if (row := self._ahead[key]) is not None}
        return _served(lambda: {row.key: row for row in Row.batch_get(wanted, consistent_read=True)})

    def get(self, kind: type[R], key: Key) -> R | None:
        """One row, consistently read."""
        try:
            return _served(lambda: kind.get(*key, consistent_read=True))
        except DoesNotExist:
            return None

    def transact(self, writes: Sequence[Write]) -> None:
        """All or nothing. Raises `Conflict` when a condition failed or another write was in the way."""

        def commit() -> None:
            with TransactWrite(connection=self._connection) as transaction:
                for write in writes:
                    if write.actions:
                        transaction.update(write.row, actions=list(write.actions), condition=write.condition)
                    else:
                        transaction.save(write.row, condition=write.condition)

        for write in writes:
            self._ahead.pop(write.row.key, None)
        try:
            _served(commit)
        except TransactWriteError as error:
            self._ahead.clear()
            codes = [reason.code if reason else "None" for reason in error.cancellation_reasons]
            if "ValidationError" in codes:
                # A row or the whole is too large or malformed: trying again cannot help.
                raise
            if "ConditionalCheckFailed" in codes or "TransactionConflict" in codes:
                raise Conflict from error
            raise _unserved(error) from error

    def put(self, row: Row, condition: Condition | None = None) -> bool:
        """Put one row; False if its condition does not hold."""

        self._ahead.pop(row.key, None)

        def save() -> bool:
            row.save(condition=condition)
            return True

        try:
            return _served(save)
        except PutError as error:
            if _code(error) == "ConditionalCheckFailedException":
                return False
            raise _unserved(error) from error

    def update(self, row: Row, actions: Sequence[Action], condition: Condition | None = None) -> bool:
        """Update one row; False if its condition does not hold."""

        self._ahead.pop(row.key, None)

        def save() -> bool:
            row.update(actions=list(actions), condition=condition)
            return True

        try:
            return _served(save)
        except UpdateError as error:
            if _code(error) == "ConditionalCheckFailedException":
                return False
            raise _unserved(error) from error

    def partition(self, pk: str, prefix: str = "") -> Iterator[Row]:
        """The rows of one partition whose sort key starts with `prefix`, in order."""
        condition = Row.sk.startswith(prefix) if prefix else None
        return _each(lambda: Row.query(pk, range_key_condition=condition, consistent_read=True))

    def timeline(self, identity: str) -> Iterator[Key]:
        """Keys of an identity's events, newest first."""
        return _keys(lambda: Place.timeline.query(identity, scan_index_forward=False))

    def due(self, shard: str, until: str) -> Iterator[Key]:
        """Keys of the profiles in a shard that are due by `until`."""
        return _keys(lambda: Place.due.query(shard, range_key_condition=Due.due_at <= until))

    def worklist(self, queue: str) -> Iterator[Key]:
        """Keys of the profiles in somebody's, or a team's, queue; soonest promise first."""
        return _keys(lambda: Place.worklist.query(queue))

    def scan(self, condition: Condition | None = None) -> Iterator[Row]:
        """Every row, for an operator's command only."""
        return _each(lambda: Row.scan(filter_condition=condition))


def _keys(query: Callable[[], Iterable[Place]]) -> Iterator[Key]:
    return (row.key for row in _each(query))


def _each(query: Callable[[], Iterable[P]]) -> Iterator[P]:
    rows = iter(_served(query))
    while (row := _served(lambda: next(rows, None))) is not None:
        yield row


_BUSY = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "ThrottlingError",
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionInProgressException",
    "TransactionConflictException",
    "TransactionCanceledException",
}
_WRONG = {"ResourceNotFoundException", "AccessDeniedException", "UnrecognizedClientException"}

V = TypeVar("V")


def _served(call: Callable[[], V]) -> V:
    """The call's value; what DynamoDB could not serve as `Transient`, our own mistakes as `Misconfigured`."""
    try:
        return call()
    except (TransactWriteError, PutError, UpdateError, DoesNotExist):
        raise
    except PynamoDBException as error:
        raise _unserved(error) from error


def _unserved(error: PynamoDBException) -> Exception:
    """What a PynamoDB exception means for the caller; a code we do not know is a bug and stays itself."""
    code = _code(error)
    if code is None or code in _BUSY:
        return Transient("table_busy", code or type(error).__name__)
    if code in _WRONG:
        return Misconfigured("table_refused", code)
    return error


def _code(error: PynamoDBException) -> str | None:
    """The code of DynamoDB's answer, None if none came.

    PynamoDB's `cause_response_code` breaks there: botocore's connection errors have a `response` of None.
    """
    answer = getattr(error.cause, "response", None) or {}
    code = answer.get("Error", {}).get("Code")
    return str(code) if code else None
