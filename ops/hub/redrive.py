"""hub redrive: sends parked and forgotten deliveries and dead letters again.

No target gets twice what it has: whoever receives the message looks into the ledger first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from chalicelib.aws.queues import Outgoing, digest, send
from chalicelib.store.keys import event_key, ledger_key
from chalicelib.store.rows import EventRow, LedgerRow
from ops.command_line import commands
from ops.hub.debts import Debt, check_target, is_redriven, send_again
from ops.hub.events import FORMS, find, key_in
from ops.hub.exits import Code
from ops.hub.forgotten import forgotten
from ops.hub.screen import JsonOption, StageOption, console, document, table
from ops.hub.site import Site, open_site

_HELD_SECONDS = 120
"""A dead letter is ours alone for this long: enough to send it and to delete it."""

_LONG_ENOUGH_TO_ASK_EVERYWHERE = 1
"""Seconds; without waiting SQS asks only some of its servers, and an empty answer proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Dead letters of one queue: how many were put back, how many could not be."""

    queue: str
    moved: int
    left: int


def debts(site: Site, row: EventRow) -> list[Debt]:
    """The targets that are owed this event and do not have it."""
    key = key_in(row)
    targets = list(json.loads(row.targets))
    ledgers = site.table.read(ledger_key(key, target) for target in targets)
    return [(row, target) for target in targets if _state(ledgers.get(ledger_key(key, target))) != "done"]


def parked(site: Site) -> list[Debt]:
    """Every parked or forgotten delivery whose event is still there. It reads the whole table.

    It includes what an earlier redrive sent and no worker has taken up yet: that one may have been cut short.
    """
    rows = [
        row
        for row in site.table.scan(LedgerRow.state.is_in("parked", "waiting"))
        if isinstance(row, LedgerRow) and (row.state == "parked" or is_redriven(row))
    ]
    events = site.table.read(event_key(key_in(row)) for row in rows)
    owed = [(events.get(event_key(key_in(row))), str(row.target)) for row in rows]
    chosen = {
        ledger_key(key_in(event), target): (event, target)
        for event, target in [*owed, *(one.debt for one in forgotten(site))]
        if isinstance(event, EventRow)
    }
    return list(chosen.values())


def revive(site: Site, only: str = "") -> list[Moved]:
    """Move dead letters back to their queues, with new deduplication ids.

    Each is sent before it is deleted. One that cannot be sent stays, and so do the later ones of its group.
    """
    live: Mapping[str, str] = {"events": site.events_queue, **site.target_queues}
    return [
        _revive(site, name, dead, live[name])
        for name, dead in site.dead_queues.items()
        if name in live and only in ("", name)
    ]


def _revive(site: Site, name: str, dead: str, live: str) -> Moved:
    moved, left = 0, 0
    while letters := _received(site, dead):
        going = {_again(letter).dedup: letter for letter in letters}
        unsent = {message.dedup for message in send(site.put, live, map(_again, letters), tries=3)}
        sent = [letter for dedup, letter in going.items() if dedup not in unsent]
        _delete(site, dead, sent)
        moved += len(sent)
        left += len(unsent)
        if unsent:
            break
    return Moved(queue=name, moved=moved, left=left)


def _received(site: Site, queue: str) -> list[dict[str, Any]]:
    answer = site.client("sqs").receive_message(
        QueueUrl=queue,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=_LONG_ENOUGH_TO_ASK_EVERYWHERE,
        VisibilityTimeout=_HELD_SECONDS,
        MessageSystemAttributeNames=["MessageGroupId"],
    )
    received: list[dict[str, Any]] = answer.get("Messages", [])
    return received


def _again(letter: dict[str, Any]) -> Outgoing:
    # From the letter's own id: whoever is interrupted before deleting it sends the same once more.
    return Outgoing(
        group=letter["Attributes"]["MessageGroupId"],
        dedup=digest("dead letter", letter["MessageId"]),
        body=letter["Body"],
    )


def _delete(site: Site, queue: str, letters: list[dict[str, Any]]) -> None:
    if letters:
        entries = [
            {"Id": str(index), "ReceiptHandle": letter["ReceiptHandle"]}
            for index, letter in enumerate(letters)
        ]
        site.client("sqs").delete_message_batch(QueueUrl=queue, Entries=entries)


def _state(row: object) -> str:
    return str(row.state) if isinstance(row, LedgerRow) else ""


app = commands()


@app.command()
def redrive(
    event: Annotated[str, typer.Argument(metavar="EVENT", help=FORMS, show_default=False)] = "",
    *,
    target: Annotated[
        str, typer.Option("--target", metavar="TARGET", help="Send only what this target is owed.")
    ] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Send every parked or forgotten delivery.")
    ] = False,
    dead_letters: Annotated[
        bool,
        typer.Option(
            "--dlq", help="Move dead letters back to their queues; --target names one of them, or events."
        ),
    ] = False,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Send parked and forgotten deliveries again.

    Each starts with all its attempts. With EVENT, everything of that event that is not done is sent. No
    target gets twice what it has.
    """
    if (bool(event), everything, dead_letters).count(True) != 1:
        raise typer.BadParameter("name an event, or say --all or --dlq")
    site = open_site(stage)
    if dead_letters:
        check_target(site, target, "events")
        _show_letters(revive(site, target), as_json)
        return
    check_target(site, target)
    owed = debts(site, find(site, event)) if event else parked(site)
    send_again(site, owed, target, as_json, "every target has it already" if event else "nothing is parked")


def _show_letters(moved: list[Moved], as_json: bool) -> None:
    if as_json:
        document({"queues": moved})
    else:
        rows = [(each.queue, str(each.moved), str(each.left)) for each in moved]
        console().print(table(("queue", "moved back", "left"), rows))
    if any(each.left for each in moved):
        raise typer.Exit(Code.UNREACHABLE)
