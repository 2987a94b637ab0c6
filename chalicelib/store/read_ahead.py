"""Keeps rows that are read for a whole batch at once, before the work on its messages begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from chalicelib.store.keys import Key
from chalicelib.store.rows import Row
from chalicelib.store.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """The rows that one batch has read; they live as long as the batch and are shared with no other.

    A row may be old by the time it is used. Whoever decides by it makes their write conditional on what they
    read, and calls `forget` with the keys that they wrote, or lost to another writer. A decision without such
    a condition reads from the table itself.

    table: the table, from which all other rows are read.
    """

    table: Table
    _rows: dict[Key, Row | None] = field(default_factory=dict)

    def add(self, keys: Iterable[Key]) -> dict[Key, Row]:
        """Read the rows of these keys now and keep them for `read`; return those that exist."""
        distinct = list(dict.fromkeys(keys))
        rows = self.table.read(distinct)
        self._rows.update({key: rows.get(key) for key in distinct})
        return rows

    def read(self, keys: Iterable[Key]) -> dict[Key, Row]:
        """The rows that exist: as they were read ahead if all were, else all consistently read now."""
        distinct = list(dict.fromkeys(keys))
        if all(key in self._rows for key in distinct):
            return {key: row for key in distinct if (row := self._rows[key]) is not None}
        return self.table.read(distinct)

    def forget(self, keys: Iterable[Key] | None = None) -> None:
        """Drop the rows of these keys, because they have changed; all rows if no keys are given."""
        if keys is None:
            self._rows.clear()
            return
        for key in keys:
            self._rows.pop(key, None)
