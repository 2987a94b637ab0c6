"""hub proof: shows what became of an event, from the platform's id to the records in the CRMs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from chalicelib.pipeline.delivery_ledger import contents
from chalicelib.store.keys import breaker_key, reference_key
from chalicelib.store.rows import BreakerRow, EventRow, LedgerRow, ReferenceRow, Row, unpack_absorbed
from chalicelib.vocabulary.delivery import Circuit, Ledger
from ops.command_line import commands
from ops.hub.events import FORMS, find, key_in
from ops.hub.exits import Code, Stop
from ops.hub.screen import (
    JsonOption,
    StageOption,
    because,
    clock,
    console,
    document,
    facts,
    moment,
    state,
    table,
    typed,
)
from ops.hub.site import Site, open_site


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One delivery of the event.

    target: the target's name.
    state: the ledger's; before the first attempt `queued`, or `unsent` if the target has no queue.
    ledger: how far the delivery has come; None before the first attempt.
    contact: the customer's id at the target.
    cut_off: whether the target's breaker is open, so that nothing is sent to it now.
    no_queue: whether the target was taken out of the stage, or is not deployed yet.
    """

    target: str
    state: str
    ledger: Ledger | None
    contact: str
    cut_off: bool
    no_queue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """When the event came, and how far each of its deliveries has come."""

    event: str
    reference: str
    profile: str
    seq: int
    occurred_at: datetime
    received_at: datetime
    committed_at: datetime
    owed: tuple[Owed, ...]

    @property
    def code(self) -> Code:
        """The exit code: the worst of the deliveries' states decides."""
        states = {owed.state for owed in self.owed}
        if states & {"parked", "unsent"}:
            return Code.PARKED
        return Code.GOOD if states <= {"done"} else Code.WAITING


def prove(site: Site, row: EventRow) -> Proof:
    """The proof of a stored event."""
    absorbed = unpack_absorbed(row.body)
    ledgers = {str(each.target): contents(each) for each in _ledgers(site, row)}
    targets = list(dict.fromkeys([*json.loads(row.targets), *ledgers]))
    beside = site.table.read(
        key for name in targets for key in (reference_key(row.profile, name), breaker_key(name))
    )
    return Proof(
        event=key_in(row),
        reference=absorbed.event.reference,
        profile=absorbed.profile,
        seq=absorbed.seq,
        occurred_at=absorbed.event.occurred_at,
        received_at=absorbed.event.received_at,
        committed_at=absorbed.committed_at,
        owed=tuple(
            _owed(
                name,
                ledgers.get(name),
                beside.get(reference_key(row.profile, name)),
                beside.get(breaker_key(name)),
                no_queue=name not in site.target_queues,
            )
            for name in targets
        ),
    )


def _ledgers(site: Site, row: EventRow) -> list[LedgerRow]:
    return [each for each in site.table.partition(row.pk, "D#") if isinstance(each, LedgerRow)]


def _owed(
    target: str, ledger: Ledger | None, reference: Row | None, breaker: Row | None, *, no_queue: bool
) -> Owed:
    return Owed(
        target=target,
        state=ledger.state if ledger else "unsent" if no_queue else "queued",
        ledger=ledger,
        contact=reference.remote if isinstance(reference, ReferenceRow) else "",
        cut_off=isinstance(breaker, BreakerRow) and breaker.state != Circuit.CLOSED,
        no_queue=no_queue,
    )


_BETWEEN_LOOKS = 0.5


app = commands()


@app.command(no_args_is_help=True)
def proof(
    event: Annotated[str, typer.Argument(metavar="EVENT", help=FORMS, show_default=False)],
    *,
    wait: Annotated[
        float,
        typer.Option(
            "--wait",
            metavar="SECONDS",
            help="Look again for up to this many seconds, until nothing waits.",
            min=0,
            show_default=False,
        ),
    ] = 0,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show what became of an event at each target.

    Each target is shown with its state and the records made there. Exit code 0: every target has the event.
    3: a delivery waits. 4: a delivery is parked, or unsent because its target has no queue. 5: there is no
    such event.
    """
    site = open_site(stage)
    evidence = awaited(site, event, wait)
    if as_json:
        document({**_plain(evidence), "code": int(evidence.code)})
    else:
        _print(evidence, stage)
    raise typer.Exit(evidence.code)


def awaited(site: Site, event: str, wait: float, pause: Callable[[float], None] = time.sleep) -> Proof:
    """The proof as soon as nothing waits, or when the time is over. Raises `Stop`."""
    deadline = time.monotonic() + wait
    while True:
        over = time.monotonic() >= deadline
        try:
            evidence = prove(site, find(site, event))
        except Stop as stop:
            if over or stop.code is not Code.NOT_FOUND:
                raise
        else:
            if over or evidence.code is not Code.WAITING:
                return evidence
        pause(_BETWEEN_LOOKS)


def _plain(evidence: Proof) -> dict[str, object]:
    return {name: getattr(evidence, name) for name in Proof.__dataclass_fields__}


def _print(evidence: Proof, stage: str) -> None:
    out = console()
    out.print(
        facts(
            [
                ("event", evidence.event),
                ("reference", evidence.reference),
                ("occurred", moment(evidence.occurred_at)),
                ("received", moment(evidence.received_at)),
                ("committed", f"{moment(evidence.committed_at)}  as change {evidence.seq} of its profile"),
                ("profile", evidence.profile),
            ]
        )
    )
    out.print()
    if not evidence.owed:
        out.print("owed to no target")
        return
    rows = [
        (
            owed.target,
            state(owed.state),
            str(owed.ledger.attempts if owed.ledger else 0),
            clock(owed.ledger.since if owed.ledger else None),
            _records(owed),
            _why(owed, evidence, stage),
        )
        for owed in evidence.owed
    ]
    out.print(table(("target", "state", "failures", "since (UTC)", "records there", "why"), rows))


def _records(owed: Owed) -> str:
    contact = {"contact": owed.contact} if owed.contact else {}
    steps = owed.ledger.steps if owed.ledger else {}
    return "\n".join(f"{step} {remote or '✓'}" for step, remote in {**contact, **steps}.items())


def _why(owed: Owed, proof: Proof, stage: str) -> str:
    lines = []
    if owed.ledger:
        lines.append(because(owed.ledger))
        if owed.ledger.next_at:
            lines.append(f"again at {moment(owed.ledger.next_at)}")
    if owed.state != "done" and owed.no_queue:
        lines.append(_no_queue(proof, stage))
    if owed.state != "done" and owed.cut_off:
        lines.append("cut off: nothing is sent to it now")
    return "\n".join(line for line in lines if line)


def _no_queue(evidence: Proof, stage: str) -> str:
    since = f"{evidence.committed_at:%Y-%m-%dT%H:%M:%S}"
    again = typed("relay", "--since", since, stage=stage)
    return f"the target has no queue here: after it is deployed again, {again}"
