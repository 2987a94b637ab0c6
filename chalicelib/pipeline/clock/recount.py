"""The job that compares each person's load with the conversations that they own."""

from __future__ import annotations

from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline.clock.base import Clock
from chalicelib.store.keys import load_key
from chalicelib.store.rows import LoadRow

_MINUTE = 17
"""The minute of every hour in which the job is done."""


def recount(clock: Clock, configuration: Configuration) -> int:
    """Report, once an hour, how many loads differ from the number of conversations owned."""
    if clock.now().minute != _MINUTE:
        return 0
    wrong = 0
    for person in configuration.directory.people:
        row = clock.table.get(LoadRow, load_key(person.id))
        counted = sum(1 for _ in clock.table.worklist(f"person#{person.id}"))
        if (int(row.open) if row else 0) != counted:
            wrong += 1
    if wrong:
        clock.count("load_differs", wrong)
    return wrong
