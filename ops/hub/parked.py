"""hub parked: lists the deliveries that are not retried, and those that no queue holds any more."""

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
    """List deliveries that will not be tried again by themselves.

    Parked ones are shown with what the target answered; forgotten ones are those that no queue holds any
    more, because it was too long ago or because their target has left the stage. hub redrive --all sends
    both again. It reads the whole table. Exit code 0: there is none. 4: there is one.
    """
    site = open_site(stage)
    deliveries, lost = backlog.parked(site), backlog.forgotten(site)
    if as_json:
        document({"deliveries": deliveries, "forgotten": lost})
    else:
        backlog.print_deliveries("Parked deliveries", deliveries, len(deliveries))
        backlog.print_deliveries("Forgotten deliveries: no queue holds them", lost, len(lost))
        if not (deliveries or lost):
            console().print("nothing is parked")
    raise typer.Exit(Code.PARKED if deliveries or lost else Code.GOOD)
