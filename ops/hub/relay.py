"""hub relay: sends what was committed and is not settled."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from chalicelib.store.keys import ledger_key
from chalicelib.store.rows import EventRow, LedgerRow
from chalicelib.vocabulary.delivery import SETTLED
from ops.command_line import commands
from ops.hub.debts import Debt, check_target, send_again
from ops.hub.events import key_in
from ops.hub.screen import JsonOption, StageOption
from ops.hub.site import Site, open_site

_AGO = re.compile(r"(\d+)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def unsettled(site: Site, since: datetime) -> list[Debt]:
    """Deliveries of events committed since then, neither done nor parked. It reads the whole table."""
    committed = EventRow.committed >= int(since.timestamp() * 1000)
    rows = [row for row in site.table.scan(committed) if isinstance(row, EventRow)]
    owed = [(row, target) for row in rows for target in json.loads(row.targets)]
    ledgers = site.table.read(ledger_key(key_in(row), target) for row, target in owed)
    return [
        (row, target) for row, target in owed if not _settled(ledgers.get(ledger_key(key_in(row), target)))
    ]


def _settled(row: object) -> bool:
    return isinstance(row, LedgerRow) and row.state in SETTLED


app = commands()


@app.command()
def relay(
    *,
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="TIME", help="30m, 2h or 3d ago, or an ISO time.", show_default=False
        ),
    ],
    target: Annotated[
        str, typer.Option("--target", metavar="TARGET", help="Send only what this target is owed.")
    ] = "",
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Send what was committed and is neither delivered nor parked.

    Use it after a failure between the table and the queues, or when a queue has lost what it held. What is
    still queued is sent twice; the ledger drops the second. It reads the whole table.
    """
    site = open_site(stage)
    check_target(site, target)
    owed = unsettled(site, moment_of(since, site.now()))
    send_again(site, owed, target, as_json, "everything committed since then was tried")


def moment_of(text: str, now: datetime) -> datetime:
    """The time that `2h` or an ISO time stands for; without an offset it is UTC."""
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is neither like 30m, 2h, 3d nor an ISO time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
