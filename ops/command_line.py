"""Gives every command of ops one manner: plain help, and one line on standard error for a mistake."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class _OneLine:
    """A command of Typer that says what was mistyped in one line, where Typer prints a box of five."""

    def main(self, *args: Any, standalone_mode: bool = True, **options: Any) -> Any:  # noqa: ANN401
        """Run it and end the process."""
        if not standalone_mode:
            return super().main(*args, standalone_mode=False, **options)  # type: ignore[misc]
        try:
            code = super().main(*args, standalone_mode=False, **options)  # type: ignore[misc]
        except typer.TyperException as mistake:
            typer.echo(_worded(mistake), err=True)
            sys.exit(mistake.exit_code)
        except typer.Abort:
            typer.echo("stopped, nothing was done", err=True)
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


class Command(_OneLine, TyperCommand):
    """A command."""


class Commands(_OneLine, TyperGroup):
    """A command with commands of its own."""


def commands(name: str = "", **about: Any) -> typer.Typer:  # noqa: ANN401 - Typer's own options
    """A program, or a part of one: functions are made its commands by `@….command()`."""
    return typer.Typer(
        name=name or None,
        add_completion=False,
        # Typer's boxes keep a docstring's line breaks and show flags as if they took a value.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **about,
    )


def run(name: str, function: Callable[..., None]) -> None:
    """Run a function as a program of that name, its parameters read from the command line."""
    program = commands()
    program.command(cls=Command)(function)
    program(prog_name=name)


def _worded(mistake: typer.TyperException) -> str:
    said = mistake.format_message()
    context = getattr(mistake, "ctx", None)
    if context is None or said.startswith("Usage:"):
        return said
    return f"{context.command_path}: {said} (see {context.command_path} --help)"
