"""`make run`: runs the whole hub on this machine and plays a story of two customers to it.

With `--once` it stops after the story, and the exit code says whether all was right: every event at both CRMs
once and in order, nothing changed by the same webhooks again, a forged request refused.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table as Sheet
from rich.text import Text

from ops.command_line import run
from ops.deploy.bundle import Failed
from ops.deploy.stack import NotDeployed
from ops.environments import NoEnvironment
from ops.local import ports
from ops.local.aws import LocalAwsError
from ops.local.folder import OWN, FolderRefused
from ops.local.hub import LocalHub
from ops.local.ports import PortTaken
from ops.local.scenario import Act, acts, send
from ops.local.tryton.database import TrytonError
from ops.local.verdict import Receipt, Verdict, judge
from ops.stages.faults import Faults

PORT, CRM_PORT, TRYTON_PORT = 4566, 8090, 8072

_PATIENCE = 120.0
_LOOK = 1.0


def _port(whose: str) -> Any:  # noqa: ANN401 - Typer's own type
    return typer.Option(parser=ports.port, metavar="PORT", help=whose)


def main(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Stop after the story. The exit code says whether all was right.")
    ] = False,
    port: Annotated[int, _port("Of the local AWS; 0 takes any free one.")] = PORT,
    crm_port: Annotated[int, _port("Of the stand-in CRM.")] = CRM_PORT,
    tryton_port: Annotated[int, _port("Of Tryton.")] = TRYTON_PORT,
    folder: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER",
            help="An empty folder to keep its state in. Left out, .local.",
            show_default=False,
        ),
    ] = OWN,
) -> None:
    """Run the whole hub on this machine and play a story to it: 17 webhooks of two customers, signed.

    It checks that every event reached both CRMs once and in order, that the same webhooks posted again change
    nothing, and that a forged one is refused. Then it stays up until Ctrl-C, or with --once stops.
    """
    # A terminated run stops what it started, as an interrupted one does.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    console = Console()
    hub = LocalHub(
        folder,
        port=port,
        crm_port=crm_port,
        tryton_port=tryton_port,
        afresh=True,
        say=lambda what: console.print(f"[dim]· {what}[/dim]"),
    )
    try:
        with _story(hub, console) as verdict:
            if once:
                sys.exit(0 if verdict.good else 1)
            _stay(hub, console)
    except (FolderRefused, PortTaken) as failure:
        sys.exit(f"make run: {failure}")
    except (LocalAwsError, TrytonError, NotDeployed, NoEnvironment, Failed, Faults) as failure:
        sys.exit(str(failure))
    except OSError as failure:
        sys.exit(f"the local run could not go on: {failure.strerror or failure}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _end(number: int, _: object) -> NoReturn:
    """End in order, once: whoever asks again meanwhile would leave servers behind."""
    for other in (signal.SIGINT, signal.SIGTERM):
        signal.signal(other, signal.SIG_IGN)
    # Not by `print`, which must not be entered while it is at work.
    os.write(sys.stderr.fileno(), b"\nstopping\n")
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


@contextmanager
def _story(hub: LocalHub, console: Console) -> Iterator[Verdict]:
    """Everything runs, the story is played, and what came of it is on the screen."""
    began = time.monotonic()
    with hub:
        console.print(f"up after {time.monotonic() - began:.0f} s; webhooks go to {hub.outputs.hub_url}")
        try:
            verdict = _told(hub, console)
        except (OSError, HTTPException, TrytonError):
            if deaths := hub.deaths():
                sys.exit("\n".join(deaths))
            raise
        yield verdict


def _told(hub: LocalHub, console: Console) -> Verdict:
    story = list(acts(hub.doors, start=datetime.now(UTC)))
    refusals = _tell(story, console, "Posting {} signed webhooks")
    verdict = judge(hub, story, patience=_PATIENCE)
    _show(hub, verdict, console)
    if verdict.good:
        refusals += _tell(story, console, "Posting the same {} webhooks again, as platforms do")
        verdict = judge(hub, story, patience=_PATIENCE, again=verdict)
    forged = replace(story[0].post, body=story[0].post.body + b" ")
    status = send(forged)
    console.print(f"a forged copy of the first webhook was answered with {status}")
    verdict = verdict.but(*refusals, *([] if status == 401 else [f"a forged webhook got {status}"]))
    _pronounce(verdict, console)
    return verdict


def _tell(story: list[Act], console: Console, what: str) -> list[str]:
    refusals = []
    with Progress(console=console, transient=not console.is_terminal) as progress:
        bar = progress.add_task(what.format(len(story)), total=len(story))
        for act in story:
            status = send(act.post)
            if status != 200:
                refusals.append(f"a genuine {act.door.account.channel} webhook got {status}")
            progress.advance(bar)
    return refusals


def _show(hub: LocalHub, verdict: Verdict, console: Console) -> None:
    names = {person.id: person.name for person in hub.configuration.directory.people}
    people = Sheet(title="Customers and their owners")
    for heading in ("customer", "channels", "events", "owner", "why", "party and lead in Tryton"):
        people.add_column(heading, overflow="fold")
    for customer in verdict.customers:
        people.add_row(
            Text(customer.name),
            ", ".join(customer.channels),
            str(customer.events),
            names.get(customer.owner, customer.owner or "nobody"),
            customer.rule,
            f"{customer.party} / {', '.join(customer.leads)}",
        )
    console.print(people)
    receipts = Sheet(title="What the CRMs received, in order")
    for heading in ("channel", "kind", "text", "stand-in", "Tryton note"):
        receipts.add_column(heading, overflow="fold")
    for receipt in verdict.receipts:
        receipts.add_row(receipt.channel, receipt.kind, Text(_said(receipt)), receipt.standin, receipt.note)
    console.print(receipts)


def _said(receipt: Receipt) -> str:
    """What a row shows of an event: its text, else what was attached."""
    return receipt.text or " ".join(f"[{kind}]" for kind in receipt.attachments) or f"[{receipt.kind}]"


def _pronounce(verdict: Verdict, console: Console) -> None:
    for fault in verdict.faults:
        console.print(f"[red]wrong:[/red] {fault}")
    if verdict.good:
        console.print(
            "[green]every event reached both CRMs once and in order; posting all again changed nothing"
        )


def _stay(hub: LocalHub, console: Console) -> None:
    """Stay up until somebody ends it, and say which server has ended by itself."""
    console.print(f"stand-in CRM: http://127.0.0.1:{hub.standin.port}/   Tryton: {hub.tryton.url}")
    console.print("try: ./hub simulate telegram --text سلام   ./hub waiting   (Ctrl-C stops everything)")
    said: set[str] = set()
    with suppress(KeyboardInterrupt):
        while True:
            for death in hub.deaths():
                if death not in said:
                    console.print(death, style="red", markup=False, soft_wrap=True)
                    said.add(death)
            time.sleep(_LOOK)


if __name__ == "__main__":
    run("make run", main)
