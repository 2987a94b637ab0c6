"""hub redrive and hub relay: what was owed and not delivered is sent again."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ops.hub.events import FORMS, find
from ops.hub.exits import Code, Stop
from ops.hub.redrive import Debt, Moved, debts, deliverable, never_tried, parked, resend, revive
from ops.hub.screen import JsonOption, StageOption, console, document, table, warn
from ops.hub.site import Site, open_site

_AGO = re.compile(r"(\d+)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def redrive(
    event: Annotated[str, typer.Argument(help=FORMS, show_default=False)] = "",
    *,
    target: Annotated[str, typer.Option("--target", help="Only what is owed to this target.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every parked delivery.")] = False,
    dead_letters: Annotated[
        bool,
        typer.Option("--dlq", help="Move dead letters back to their queues; --target events, or a target."),
    ] = False,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Send parked deliveries again, with all their attempts before them.

    With EVENT, whatever of it is not done is sent. What is done is never sent twice.
    """
    if (bool(event), everything, dead_letters).count(True) != 1:
        raise typer.BadParameter("name an event, or say --all or --dlq")
    site = open_site(stage)
    if dead_letters:
        _check_target(site, target, "events")
        _show_letters(revive(site, target), as_json)
        return
    _check_target(site, target)
    owed = debts(site, find(site, event)) if event else parked(site)
    _send(site, _only(owed, target), as_json, "every target has it" if event else "nothing is parked")


def relay(
    *,
    since: Annotated[str, typer.Option("--since", help="30m, 2h, 3d, or an ISO time.", show_default=False)],
    target: Annotated[str, typer.Option("--target", help="Only what is owed to this target.")] = "",
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Send what was committed since then and no worker has ever tried to deliver.

    For after a failure between the table and the queues. What still waits in a queue is sent once more,
    which does no harm: the ledger decides. It reads the whole table.
    """
    site = open_site(stage)
    _check_target(site, target)
    owed = never_tried(site, moment_of(since, site.now()))
    _send(site, _only(owed, target), as_json, "nothing is missing a ledger")


def moment_of(text: str, now: datetime) -> datetime:
    """The time that `2h` or an ISO time stands for; without an offset it is UTC."""
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is neither like 30m, 2h, 3d nor an ISO time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_target(site: Site, target: str, *others: str) -> None:
    known = [*others, *site.target_queues]
    if target and target not in known:
        raise Stop(Code.USAGE, f"{site.stage} has no target {target}: there are {', '.join(known)}")


def _only(owed: list[Debt], target: str) -> list[Debt]:
    return [debt for debt in owed if target in ("", debt[1])]


def _send(site: Site, owed: list[Debt], as_json: bool, nothing: str) -> None:
    owed, gone = deliverable(site, owed)
    for target in sorted({target for _, target in gone}):
        warn(f"target {target} has no queue: what it is owed stays until it is deployed again")
    resend(site, owed)
    counts: dict[str, int] = {}
    for _, target in owed:
        counts[target] = counts.get(target, 0) + 1
    if as_json:
        document({"sent": counts})
    elif counts:
        rows = [(target, str(number)) for target, number in counts.items()]
        console().print(table(("target", "sent again"), rows))
    else:
        console().print(nothing)


def _show_letters(moved: list[Moved], as_json: bool) -> None:
    if as_json:
        document({"queues": moved})
    else:
        rows = [(each.queue, str(each.moved), str(each.left)) for each in moved]
        console().print(table(("queue", "moved back", "left"), rows))
    if any(each.left for each in moved):
        raise typer.Exit(Code.UNREACHABLE)
