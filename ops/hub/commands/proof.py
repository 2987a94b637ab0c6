"""hub proof: what became of one event."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

import typer

from ops.hub.events import FORMS, find
from ops.hub.exits import Code, Stop
from ops.hub.proof import Owed, Proof
from ops.hub.proof import proof as prove
from ops.hub.screen import JsonOption, StageOption, console, document, facts, moment, state, table, typed
from ops.hub.site import Site, open_site

_BETWEEN_LOOKS = 0.5


def proof(
    event: Annotated[str, typer.Argument(help=FORMS, show_default=False)],
    *,
    wait: Annotated[
        float, typer.Option("--wait", help="Look again for so many seconds until all is done.", min=0)
    ] = 0,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """From a platform's id to the records in the CRMs.

    Exit code 0: every target it is owed to has it. 3: one still waits. 4: one is parked, or unsent
    because its target has no queue. 5: no such event.
    """
    site = open_site(stage)
    found = awaited(site, event, wait)
    if as_json:
        document({**_plain(found), "code": int(found.code)})
    else:
        _print(found, stage)
    raise typer.Exit(found.code)


def awaited(site: Site, event: str, wait: float, pause: Callable[[float], None] = time.sleep) -> Proof:
    """The proof when there is nothing more to wait for, or the time is over. Raises `Stop`."""
    deadline = time.monotonic() + wait
    while True:
        over = time.monotonic() >= deadline
        try:
            found = prove(site, find(site, event))
        except Stop as stop:
            if over or stop.code is not Code.NOT_FOUND:
                raise
        else:
            if over or found.code is not Code.WAITING:
                return found
        pause(_BETWEEN_LOOKS)


def _plain(found: Proof) -> dict[str, object]:
    return {name: getattr(found, name) for name in Proof.__dataclass_fields__}


def _print(found: Proof, stage: str) -> None:
    out = console()
    out.print(
        facts(
            [
                ("event", found.event),
                ("reference", found.reference),
                ("occurred", moment(found.occurred_at)),
                ("received", moment(found.received_at)),
                ("committed", f"{moment(found.committed_at)}  as change {found.seq} of its profile"),
                ("profile", found.profile),
            ]
        )
    )
    out.print()
    if not found.owed:
        out.print("owed to no target")
        return
    rows = [
        (
            owed.target,
            state(owed.state),
            str(owed.attempts),
            moment(owed.since),
            _records(owed),
            _said(owed, found, stage),
        )
        for owed in found.owed
    ]
    out.print(table(("target", "state", "failures", "since", "records there", "why"), rows))


def _records(owed: Owed) -> str:
    contact = {"contact": owed.contact} if owed.contact else {}
    return "\n".join(f"{step} {remote or '✓'}" for step, remote in {**contact, **owed.steps}.items())


def _said(owed: Owed, found: Proof, stage: str) -> str:
    lines = [
        f"{owed.reason}: {owed.detail}" if owed.detail else owed.reason,
        f"again at {moment(owed.next_at)}" if owed.next_at else "",
        _no_queue(found, stage) if owed.no_queue and owed.state != "done" else "",
        "cut off: nothing is sent to it now" if owed.cut_off and owed.state != "done" else "",
    ]
    return "\n".join(line for line in lines if line)


def _no_queue(found: Proof, stage: str) -> str:
    since = f"{found.committed_at:%Y-%m-%dT%H:%M:%S}"
    again = typed("relay", "--since", since, stage=stage)
    return f"the target has no queue here: after it is deployed again, {again}"
