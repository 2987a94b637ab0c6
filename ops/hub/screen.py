"""How answers look: tables for people, one JSON document for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPED_WIDTH = 100
"""Columns where nobody watches: Rich would take 80, too few for an event's key."""

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
    "half-open": "yellow",
    "parked": "red",
    "open": "red",
}


def state(name: str) -> Text:
    """A state in its colour."""
    return Text(name, style=_STYLES.get(name, ""))


def moment(at: datetime | None) -> str:
    """A time to the second, UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""
