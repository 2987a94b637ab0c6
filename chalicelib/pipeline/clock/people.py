"""Everybody who has, or may have, open conversations: the directory, and whoever has left it."""

from __future__ import annotations

from chalicelib.store.keys import LOADS, load_key
from chalicelib.store.rows import LoadRow
from chalicelib.store.table import Table
from chalicelib.vocabulary.people import Directory


def loads_of(table: Table, directory: Directory) -> dict[str, int]:
    """Open conversations by person."""
    keys = [load_key(person.id) for person in directory.people]
    rows = table.read([*keys, *table.worklist(LOADS)])
    loads = {person.id: 0 for person in directory.people}
    for (pk, _), row in rows.items():
        if isinstance(row, LoadRow):
            loads[pk.removeprefix("W#")] = int(row.open)
    return loads
