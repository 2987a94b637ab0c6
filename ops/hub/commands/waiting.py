"""hub waiting and hub parked: what has not come to its end."""

from __future__ import annotations

import typer

from ops.hub import push
from ops.hub.backlog import UNDER_WAY, Matter, Undelivered, overdue, undelivered, unowned
from ops.hub.exits import Code
from ops.hub.screen import JsonOption, StageOption, console, document, moment, state, table
from ops.hub.site import open_site


def waiting(*, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """Conversations without an owner, missed promises, and deliveries that will be tried again.

    Deliveries are found by reading the whole table. What no worker has tried yet has no row: hub status
    counts it in the queues. Exit code 0: nothing waits. 3: something does.
    """
    site = open_site(stage)
    configured = push.current(site)
    unanswered, late = unowned(site), overdue(site, configured)
    deliveries = undelivered(site, UNDER_WAY)
    if as_json:
        document({"unowned": unanswered, "overdue": late, "deliveries": deliveries})
    else:
        out = console()
        _print_matters("Conversations without an owner", unanswered)
        _print_matters("Promises missed", late)
        _print_deliveries("Deliveries that wait", deliveries)
        if not (unanswered or late or deliveries):
            out.print("nothing waits")
    raise typer.Exit(Code.WAITING if unanswered or late or deliveries else Code.GOOD)


def parked(*, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """Deliveries that will not be tried again by themselves, and why. hub redrive sends them again.

    They are found by reading the whole table. Exit code 0: nothing is parked. 4: something is.
    """
    site = open_site(stage)
    found = undelivered(site, ("parked",))
    if as_json:
        document({"deliveries": found})
    elif found:
        _print_deliveries("Parked deliveries", found)
    else:
        console().print("nothing is parked")
    raise typer.Exit(Code.PARKED if found else Code.GOOD)


def _print_matters(title: str, matters: list[Matter]) -> None:
    if not matters:
        return
    rows = [
        (
            matter.name,
            matter.profile,
            matter.channel,
            matter.owner or f"team {matter.team or '—'}",
            moment(matter.opened_at),
            moment(matter.respond_by),
        )
        for matter in matters
    ]
    out = console()
    out.print(table(("customer", "profile", "channel", "with", "since", "answer by"), rows, title=title))
    out.print()


def _print_deliveries(title: str, deliveries: list[Undelivered]) -> None:
    if not deliveries:
        return
    rows = [
        (
            each.event,
            each.target,
            state(each.state),
            str(each.attempts),
            moment(each.next_at),
            f"{each.reason}: {each.detail}" if each.detail else each.reason,
        )
        for each in deliveries
    ]
    console().print(table(("event", "target", "state", "failures", "again at", "why"), rows, title=title))
