"""The job that compares each person's load with the conversations that they own."""

from __future__ import annotations

from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline.clock.base import Clock
from chalicelib.pipeline.clock.people import loads_of

_MINUTE = 17
"""The minute of every hour in which the job is done."""


def recount(clock: Clock, configuration: Configuration) -> int:
    """Report, once an hour, how many loads differ from the number of conversations owned."""
    if clock.now().minute != _MINUTE:
        return 0
    loads = loads_of(clock.table, configuration.directory)
    wrong = sum(
        load != sum(1 for _ in clock.table.worklist(f"person#{person}")) for person, load in loads.items()
    )
    if wrong:
        clock.count("load_differs", wrong)
    return wrong
