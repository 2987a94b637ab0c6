"""The hub command.

./hub --help
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from ops.hub.commands.push import push
from ops.hub.exits import LEGEND, Stop, explained


class OneLine(TyperGroup):
    """Commands whose known failures are one line on standard error and an exit code."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer keeps click's types to itself
        """Run the command."""
        try:
            with explained():
                return super().invoke(ctx)
        except Stop as stop:
            typer.echo(stop.line, err=True)
            raise typer.Exit(stop.code) from stop


app = typer.Typer(
    name="hub",
    cls=OneLine,
    help="What a stage of Switchboard holds, and what can be done about it.",
    epilog=LEGEND,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def hub() -> None:
    """What a stage of Switchboard holds, and what can be done about it."""


app.command()(push)


if __name__ == "__main__":
    app(prog_name="hub")
