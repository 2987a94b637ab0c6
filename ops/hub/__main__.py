"""Collects the commands of `./hub`, and turns their known failures into one line and an exit code."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

import typer

import ops.hub
from ops.command_line import Commands, commands
from ops.hub.exits import LEGEND, Stop, explained


class Explained(Commands):
    """Commands whose known failures are one line on standard error and an exit code."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer keeps click's types to itself
        """Run the command."""
        try:
            with explained():
                return super().invoke(ctx)
        except Stop as stop:
            typer.echo(stop.line, err=True)
            raise typer.Exit(stop.code) from stop


app = commands("hub", cls=Explained, epilog=LEGEND, no_args_is_help=True)


@app.callback()
def hub() -> None:
    """Inspect and repair a Switchboard stage."""


# A module of this folder that has an `app` is a command, or a group of them: nothing lists them.
for module in pkgutil.iter_modules(ops.hub.__path__):
    if module.name != "__main__" and (part := getattr(import_module(f"ops.hub.{module.name}"), "app", None)):
        app.add_typer(part)


if __name__ == "__main__":
    app(prog_name="hub")
