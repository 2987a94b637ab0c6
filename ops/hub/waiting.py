"""hub waiting: lists conversations that wait for a person, and deliveries that will be tried again."""

from __future__ import annotations

from collections.abc import Collection

import typer

from ops.command_line import commands
from ops.hub import backlog
from ops.hub.backlog import Matter
from ops.hub.configuration import current
from ops.hub.exits import Code
from ops.hub.forgotten import is_forgotten
from ops.hub.screen import (
    ROWS,
    JsonOption,
    StageOption,
    clock,
    console,
    document,
    print_rows,
    typed,
)
from ops.hub.site import open_site

app = commands()


@app.command()
def waiting(*, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """List unowned conversations, missed promises, late deliveries.

    Promises and deliveries are found by reading the whole table. A delivery that no worker has tried yet is
    not among them: hub status counts it in the queues, and hub parked finds it when no queue holds it any
    more. Exit code 0: nothing waits. 3: something does.
    """
    site = open_site(stage)
    people = {person.id for person in current(site).directory.people}
    unowned = backlog.unowned(site)
    missed, deliveries = backlog.late(site)
    lost = [each for each in deliveries if is_forgotten(site, each.ledger)]
    if as_json:
        document({"unowned": unowned, "overdue": missed, "deliveries": deliveries, "forgotten": lost})
    else:
        _print_matters("Conversations without an owner", unowned, people)
        _print_matters("Promises missed", missed, people)
        backlog.print_deliveries("Deliveries that will be tried again", deliveries, ROWS)
        if lost:
            again = typed("redrive", "--all", stage=stage)
            line = f"{len(lost)} of them are in no queue any more, and come again only by {again}"
            console().print(line, style="red", markup=False)
        if not (unowned or missed or deliveries):
            console().print("nothing waits")
    raise typer.Exit(Code.WAITING if unowned or missed or deliveries else Code.GOOD)


def _print_matters(title: str, matters: list[Matter], people: Collection[str]) -> None:
    if not matters:
        return
    rows = [
        (
            matter.name,
            matter.profile,
            matter.channel,
            _with(matter, people),
            clock(matter.opened_at),
            clock(matter.respond_by),
        )
        for matter in matters[:ROWS]
    ]
    print_rows(
        ("customer", "profile", "channel", "with", "since (UTC)", "answer by (UTC)"),
        rows,
        key="profile",
        title=title,
    )
    backlog.print_rest(len(matters) - ROWS)


def _with(matter: Matter, people: Collection[str]) -> str:
    if not matter.owner:
        return f"team {matter.team or '—'}"
    return matter.owner if matter.owner in people else f"{matter.owner}, who is not in people.yaml"
