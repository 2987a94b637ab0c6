"""hub waiting and hub parked: what has not come to its end."""

from __future__ import annotations

from collections.abc import Collection

import typer

from ops.hub import backlog, push
from ops.hub.backlog import Matter, Undelivered
from ops.hub.exits import Code
from ops.hub.screen import (
    ROWS,
    JsonOption,
    StageOption,
    console,
    document,
    moment,
    more,
    print_rows,
    state,
)
from ops.hub.site import open_site


def waiting(*, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """Conversations without an owner, missed promises, and deliveries that will be tried again.

    Promises and deliveries are found by reading the whole table. What no worker has tried yet has no row:
    hub status counts it in the queues. Exit code 0: nothing waits. 3: something does.
    """
    site = open_site(stage)
    people = {person.id for person in push.current(site).directory.people}
    unowned = backlog.unowned(site)
    missed, deliveries = backlog.late(site)
    if as_json:
        document({"unowned": unowned, "overdue": missed, "deliveries": deliveries})
    else:
        _print_matters("Conversations without an owner", unowned, people)
        _print_matters("Promises missed", missed, people)
        _print_deliveries("Deliveries that wait", deliveries, ROWS)
        if not (unowned or missed or deliveries):
            console().print("nothing waits")
    raise typer.Exit(Code.WAITING if unowned or missed or deliveries else Code.GOOD)


def parked(*, stage: StageOption = "", as_json: JsonOption = False) -> None:
    """Deliveries that will not be tried again by themselves, and why. hub redrive sends them again.

    They are found by reading the whole table. Exit code 0: nothing is parked. 4: something is.
    """
    site = open_site(stage)
    found = backlog.parked(site)
    if as_json:
        document({"deliveries": found})
    elif found:
        _print_deliveries("Parked deliveries", found, len(found))
    else:
        console().print("nothing is parked")
    raise typer.Exit(Code.PARKED if found else Code.GOOD)


def _print_matters(title: str, matters: list[Matter], people: Collection[str]) -> None:
    if not matters:
        return
    rows = [
        (
            matter.name,
            matter.profile,
            matter.channel,
            _with(matter, people),
            moment(matter.opened_at),
            moment(matter.respond_by),
        )
        for matter in matters[:ROWS]
    ]
    print_rows(
        ("customer", "profile", "channel", "with", "since", "answer by"), rows, whole="profile", title=title
    )
    _end(len(matters) - ROWS)


def _with(matter: Matter, people: Collection[str]) -> str:
    if not matter.owner:
        return f"team {matter.team or '—'}"
    return matter.owner if matter.owner in people else f"{matter.owner}, who is not in people.yaml"


def _print_deliveries(title: str, deliveries: list[Undelivered], most: int) -> None:
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
        for each in deliveries[:most]
    ]
    print_rows(("event", "target", "state", "failures", "again at", "why"), rows, whole="event", title=title)
    _end(len(deliveries) - most)


def _end(left: int) -> None:
    console().print(f"{more(left)}\n" if left > 0 else "")
