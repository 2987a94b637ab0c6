"""How answers look: tables for people, one JSON document for programs."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chalicelib.vocabulary.delivery import Ledger

_PIPED_WIDTH = 100
"""Columns where nobody watches: Rich would take 80, too few for an event's key."""

_TEXT = 300
"""So many characters of what somebody wrote are shown to people; JSON has all."""

_NARROW = 10
"""Columns that a folded cell can do with: a date, a short word."""

_GAP = 2

ROWS = 20
"""So many rows of each part are shown to people where there are several parts."""

StageOption = Annotated[
    str, typer.Option("--stage", help="A deployed stage; the local run if left out.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def console() -> Console:
    """Where people read."""
    return Console(highlight=False, width=_width())


def _width() -> int | None:
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        return None
    return _PIPED_WIDTH


def document(value: object) -> None:
    """Print the one JSON document."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def warn(line: str) -> None:
    """Say something beside the answer."""
    typer.echo(line, err=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, title: str = "") -> Table:
    """Rows under headings. Keys are folded, never cut: they are there to be copied."""
    made = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return made


def print_rows(
    columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, whole: str, title: str = ""
) -> None:
    """Rows under headings, the column `whole` in one piece so that it can be copied.

    Where that leaves the others no room, each row is a paragraph under what must stay in one piece.
    """
    out, every = console(), [list(row) for row in rows]
    place = columns.index(whole)
    if _least_width(columns, every, place) <= out.width:
        made = table(columns, every, title=title)
        made.columns[place].no_wrap = True
        out.print(made)
        return
    if title:
        out.print(title, style="italic")
    for row in every:
        out.print(row[place], markup=False, soft_wrap=True)
        others = [(name, cell) for name, cell in zip(columns, row, strict=True) if name != whole]
        out.print(Padding(facts(others), (0, 0, 0, 2)))


def _least_width(columns: Sequence[str], rows: Sequence[Sequence[str | Text]], whole: int) -> int:
    """What the table needs when one column keeps its width and the others fold."""
    widths = []
    for index, name in enumerate(columns):
        longest = max((cell_len(line) for row in rows for line in str(row[index]).splitlines()), default=0)
        width = max(cell_len(name), longest if index == whole else min(longest, _NARROW))
        widths.append(width)
    return sum(widths) + _GAP * (len(widths) - 1)


def cut(text: str) -> str:
    """What somebody wrote, as far as people want to read it in a table."""
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}… ({len(text):,} characters)"


def more(left: int) -> str:
    """What stands under a part of which not all is shown; empty if all is."""
    return f"and {left} more (--json shows all)" if left > 0 else ""


def typed(*words: str, stage: str = "") -> str:
    """A command of the hub as it can be pasted, for the stage that this one was for."""
    return f"./hub {shlex.join([*words, *(['--stage', stage] if stage else [])])}"


def facts(pairs: Iterable[tuple[str, str | Text]]) -> Table:
    """Names and what they stand for; those without a value are left out."""
    made = Table(show_header=False, box=None, pad_edge=False)
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        if value:
            made.add_row(name, Text(value) if isinstance(value, str) else value)
    return made


_STYLES = {
    "done": "green",
    "closed": "green",
    "waiting": "yellow",
    "sending": "yellow",
    "queued": "yellow",
    "unsent": "red",
    "half-open": "yellow",
    "parked": "red",
    "open": "red",
}


def state(name: str) -> Text:
    """A state in its colour."""
    return Text(name, style=_STYLES.get(name, ""))


def because(ledger: Ledger) -> str:
    """Why a delivery is not done, in one line; empty if nothing went wrong."""
    return f"{ledger.reason}: {ledger.detail}" if ledger.detail else ledger.reason


def moment(at: datetime | None) -> str:
    """A time to the second, UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""
