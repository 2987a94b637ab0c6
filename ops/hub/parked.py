"""hub parked: lists the deliveries that are not retried."""

from __future__ import annotations

import typer

from ops.command_line import commands
from ops.hub import backlog
from ops.hub.exits import Code
from ops.hub.screen import JsonOption, StageOption, console, document
from ops.hub.site import open_site

app = commands()


@app.command()
def parked(*, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """List parked deliveries: they are not retried.

    Each is shown with what the target answered; hub redrive sends it again. It reads the whole table. Exit
    code 0: nothing is parked. 4: something is.
    """
    site = open_site(stage)
    deliveries = backlog.parked(site)
    if as_json:
        document({"deliveries": deliveries})
    elif deliveries:
        backlog.print_deliveries("Parked deliveries", deliveries, len(deliveries))
    else:
        console().print("nothing is parked")
    raise typer.Exit(Code.PARKED if deliveries else Code.GOOD)
