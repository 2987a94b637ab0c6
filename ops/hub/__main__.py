"""The hub command.

./hub --help
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from ops.hub.commands.close import close
from ops.hub.commands.explain import explain
from ops.hub.commands.journey import journey
from ops.hub.commands.proof import proof
from ops.hub.commands.push import push
from ops.hub.commands.quarantine import group as quarantine
from ops.hub.commands.redrive import redrive, relay
from ops.hub.commands.simulate import simulate
from ops.hub.commands.status import status
from ops.hub.commands.waiting import parked, waiting
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


for command in (
    push,
    simulate,
    proof,
    explain,
    journey,
    waiting,
    parked,
    redrive,
    relay,
    close,
    status,
):
    app.command(no_args_is_help=command in (proof, explain, journey, close))(command)
app.add_typer(quarantine, name="quarantine")


if __name__ == "__main__":
    app(prog_name="hub")
