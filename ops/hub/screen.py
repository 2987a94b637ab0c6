"""Prints answers: tables for people, one JSON document for programs."""

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
"""Tables show this many characters of what somebody wrote; JSON has all."""

_NARROW = 12
"""A column of what somebody wrote may be folded down to this many columns of the screen."""

_GAP = 2

ROWS = 20
"""Where an answer has several parts, tables show this many rows of each."""

StageOption = Annotated[
    str,
    typer.Option(
        "--stage", metavar="STAGE", help="A deployed stage. Left out, the local run.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def console() -> Console:
    """The screen that people read."""
    return Console(highlight=False, width=_width())


def _width() -> int | None:
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        return None
    return _PIPED_WIDTH


def document(value: object) -> None:
    """Print the one JSON document."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def warn(line: str) -> None:
    """Print a line on standard error, beside the answer."""
    typer.echo(line, err=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, title: str = "") -> Table:
    """Rows under headings. What is too wide is folded, never cut off."""
    made = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return made


def print_rows(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    key: str,
    text: str = "",
    title: str = "",
) -> None:
    """Print rows under headings, and break no word, id or path, so that each can be copied.

    Only the column `text`, which holds what somebody wrote, is folded anywhere. Where the window is too
    narrow for that, each row is printed as a paragraph under its `key`.
    """
    out, every = console(), [list(row) for row in rows]
    widths = _widths(columns, every, text, out.width)
    if widths:
        made = table(columns, every, title=title)
        for column, width in zip(made.columns, widths, strict=True):
            column.width = width
        out.print(made)
        return
    if title:
        out.print(title, style="italic")
    place = columns.index(key)
    for row in every:
        out.print(row[place], markup=False, soft_wrap=True)
        others = [(name, cell) for name, cell in zip(columns, row, strict=True) if name != key]
        out.print(Padding(facts(others), (0, 0, 0, 2)))


def _widths(
    columns: Sequence[str], rows: Sequence[Sequence[str | Text]], text: str, available: int
) -> list[int]:
    """How wide each column may be for the window; empty if a word would have to be broken."""
    least, whole = [], []
    for index, name in enumerate(columns):
        lines = [line for row in rows for line in str(row[index]).splitlines()]
        longest_word = max((cell_len(word) for line in lines for word in line.split()), default=0)
        least.append(max(cell_len(name), min(longest_word, _NARROW) if name == text else longest_word))
        whole.append(max(map(cell_len, [name, *lines])))
    spare = available - _GAP * (len(columns) - 1) - sum(least)
    if spare < 0:
        return []
    widths = list(least)
    by_need = sorted(range(len(columns)), key=lambda index: whole[index] - least[index])
    for served, index in enumerate(by_need):
        more_room = min(whole[index] - least[index], spare // (len(columns) - served))
        widths[index] += more_room
        spare -= more_room
    return widths


def cut(text: str) -> str:
    """The beginning of a long text, and how long all of it is."""
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}… ({len(text):,} characters)"


def more(left: int) -> str:
    """How many rows are not shown; empty if all are."""
    return f"and {left} more (--json shows all)" if left > 0 else ""


def typed(*words: str, stage: str = "") -> str:
    """A command of the hub that can be pasted, for the stage that this one was for."""
    return f"./hub {shlex.join([*words, *(['--stage', stage] if stage else [])])}"


def facts(pairs: Iterable[tuple[str, str | Text]]) -> Table:
    """Names and their values; a name without a value is left out."""
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
    "trial": "yellow",
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
    """A time to the second with its zone; empty for none."""
    return f"{clock(at)} UTC" if at else ""


def clock(at: datetime | None) -> str:
    """The same without its zone, for a column whose heading says (UTC)."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


def short_clock(at: datetime, now: datetime) -> str:
    """A time to the minute for a narrow column headed (UTC), with the year if it is another one than now."""
    return f"{at:%d %b %H:%M}" if at.year == now.year else f"{at:%d %b %Y %H:%M}"
