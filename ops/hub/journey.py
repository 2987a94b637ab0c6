"""hub journey: shows the timelines of all of a customer's identities as one.

An edit, a deletion, a reaction or a status stands at the message it is about, whichever came first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from chalicelib.configuration.stage import Configuration
from chalicelib.store.keys import Key, ledger_key, load_key
from chalicelib.store.rows import EventRow, LedgerRow, LoadRow, unpack_absorbed
from chalicelib.vocabulary.delivery import Absorbed
from chalicelib.vocabulary.event import Event, Kind, profile_address
from chalicelib.vocabulary.people import Conversation, Profile
from ops.command_line import commands
from ops.hub.configuration import current
from ops.hub.profiles import FORMS, find
from ops.hub.screen import (
    JsonOption,
    StageOption,
    console,
    cut,
    document,
    facts,
    moment,
    print_rows,
    short_clock,
)
from ops.hub.site import Site, open_site

_FOLDED = (Kind.EDIT, Kind.DELETE, Kind.REACTION, Kind.STATUS)
_WORST_FIRST = ("parked", "waiting", "sending", "queued", "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened, with what was later done to it.

    about: the id of what it is about, if that is not in the journey.
    reactions: emoji by who reacted.
    deliveries: for each target the worst state among the event's and those of what was folded into it.
    whole: where the event lies in the bucket, if its row has a short form.
    """

    event: str
    at: datetime
    channel: str
    account: str
    direction: str
    kind: str
    text: str
    attachments: tuple[str, ...] = ()
    owner: str = ""
    about: str = ""
    edited: bool = False
    deleted: bool = False
    reactions: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    deliveries: Mapping[str, str] = field(default_factory=dict)
    whole: str = ""


Told = tuple[Absorbed, Mapping[str, str]]
"""An event and the states of its deliveries by target."""


def lines_of(site: Site, profile: Profile, *, limit: int) -> list[Line]:
    """The newest `limit` events of a customer as lines, newest last."""
    timelines = [*profile.identities, profile_address(profile.id).key]
    keys = [key for timeline in timelines for key in _newest(site.table.timeline(timeline), limit)]
    rows = [row for row in site.table.read(keys).values() if isinstance(row, EventRow)]
    shown = sorted(rows, key=lambda row: str(row.at))[-limit:]
    return folded(_told(site, shown))


def folded(told: Iterable[Told]) -> list[Line]:
    """The events as lines, each change at what it changes; a change of what is not there stays a line."""
    changes: list[Told] = []
    lines: dict[str, Line] = {}
    places: dict[tuple[str, str, str], str] = {}
    for absorbed, deliveries in sorted(told, key=_order):
        event = absorbed.event
        if event.kind in _FOLDED:
            changes.append((absorbed, deliveries))
            continue
        lines[event.key] = _line(absorbed, deliveries)
        places |= dict.fromkeys(_named(event, event.id), event.key)
    for absorbed, deliveries in changes:
        event = absorbed.event
        place = next((places[name] for name in _named(event, event.target_id) if name in places), None)
        if place is None:
            lines[event.key] = replace(_line(absorbed, deliveries), about=event.target_id)
        else:
            lines[place] = _changed(lines[place], event, deliveries)
    return sorted(lines.values(), key=lambda line: line.at)


def _named(event: Event, id: str) -> list[tuple[str, str, str]]:
    """What an event names a message by: its id, or its address on platforms that have both."""
    return [(event.channel, event.account, name) for name in (id, event.extra.get("message", id))]


def _newest(keys: Iterable[Key], limit: int) -> list[Key]:
    return [key for key, _ in zip(keys, range(limit), strict=False)]


def _order(told: Told) -> tuple[datetime, int, int]:
    absorbed, _ = told
    return absorbed.event.occurred_at, absorbed.seq, absorbed.index


def _told(site: Site, rows: Sequence[EventRow]) -> list[Told]:
    owed = {str(row.pk): json.loads(row.targets) for row in rows}
    absorbed = {str(row.pk): unpack_absorbed(row.body) for row in rows}
    ledgers = site.table.read(
        ledger_key(absorbed[pk].event.key, target) for pk, targets in owed.items() for target in targets
    )
    told: list[Told] = []
    for pk, each in absorbed.items():
        states = {}
        for target in owed[pk]:
            ledger = ledgers.get(ledger_key(each.event.key, target))
            states[target] = str(ledger.state) if isinstance(ledger, LedgerRow) else "queued"
        told.append((each, states))
    return told


def _line(absorbed: Absorbed, deliveries: Mapping[str, str]) -> Line:
    event = absorbed.event
    owner = (
        absorbed.consequence.conversation.owner
        if absorbed.consequence.conversation
        else absorbed.consequence.decision.owner
    )
    return Line(
        event=event.key,
        at=event.occurred_at,
        channel=event.channel,
        account=event.account,
        direction=event.direction,
        kind=event.kind,
        text=event.text or event.extra.get("status", "") or event.extra.get("reason", ""),
        attachments=tuple(attachment.kind for attachment in event.attachments),
        owner=owner,
        deliveries=deliveries,
        whole=event.extra.get("whole", ""),
    )


def _changed(line: Line, event: Event, deliveries: Mapping[str, str]) -> Line:
    line = replace(line, deliveries=_worst(line.deliveries, deliveries))
    if event.kind is Kind.EDIT:
        edited = replace(line, text=event.text, whole=event.extra.get("whole", "")) if event.text else line
        return replace(edited, edited=True)
    if event.kind is Kind.DELETE:
        return replace(line, deleted=True)
    if event.kind is Kind.STATUS:
        return replace(line, status=event.extra.get("status", ""))
    who = (event.sender or event.customer).key
    others = {someone: emoji for someone, emoji in line.reactions.items() if someone != who}
    return replace(line, reactions={**others, who: event.text} if event.text else others)


def _worst(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    return {
        target: min(
            (states[target] for states in (one, other) if target in states),
            key=lambda state: _WORST_FIRST.index(state) if state in _WORST_FIRST else 0,
        )
        for target in {**one, **other}
    }


_ARROWS = {"inbound": "→", "outbound": "←", "internal": "·"}
_MARKS = {"done": ("✓", "green"), "parked": ("✗", "red")}
_UNDER_WAY = ("…", "yellow")


app = commands()


@app.command(no_args_is_help=True)
def journey(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help=FORMS, show_default=False)],
    *,
    limit: Annotated[
        int,
        typer.Option("--limit", metavar="NUMBER", help="Show at most this many events, the newest.", min=1),
    ] = 50,
    stage: StageOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show what a customer did on all channels, newest last.

    Edits, deletions, reactions and statuses stand at the message they are about. → came from the customer,
    ← from our side, · from staff or the hub. Deliveries: ✓ done, … under way, ✗ parked.
    """
    site = open_site(stage)
    customer, configured = find(site, profile), current(site)
    lines = lines_of(site, customer, limit=limit)
    owner = customer.conversation.owner if customer.conversation else ""
    load = _load(site, owner)
    if as_json:
        document({"profile": customer, "owner_load": load if owner else None, "events": lines})
        return
    _print_header(customer, configured, load)
    _print_lines(lines, configured, site.now())


def _load(site: Site, person: str) -> int:
    row = site.table.get(LoadRow, load_key(person)) if person else None
    return int(row.open) if row else 0


def _print_header(profile: Profile, configuration: Configuration, load: int) -> None:
    out = console()
    out.print(
        facts(
            [
                ("customer", profile.name or "no name given"),
                ("profile", profile.id),
                ("language", profile.language),
                ("keys", "  ".join(key.replace("#", " ", 1) for key in profile.keys)),
                ("identities", "\n".join(profile.identities)),
                ("counted", "  ".join(f"{name} {number}" for name, number in profile.counters.items())),
                ("seen", f"{moment(profile.first_seen)} to {moment(profile.last_seen)}"),
                ("conversation", _conversation(profile.conversation, configuration, load)),
                ("may also be", "  ".join(profile.collisions)),
            ]
        )
    )
    out.print()


def _conversation(conversation: Conversation | None, configuration: Configuration, load: int) -> str:
    if conversation is None:
        return "none open"
    person = next((p for p in configuration.directory.people if p.id == conversation.owner), None)
    if person:
        owner = f"{person.name} ({person.id}), who has {load} of {person.capacity}"
    else:
        owner = conversation.owner or f"nobody yet, in the queue of {conversation.team or 'no team'}"
    promise = f"; answer by {moment(conversation.respond_by)}" if conversation.respond_by else "; answered"
    return f"since {moment(conversation.opened_at)}, with {owner}{promise}"


def _print_lines(lines: list[Line], configuration: Configuration, now: datetime) -> None:
    names = {person.id: person.name for person in configuration.directory.people}
    rows = [
        (
            short_clock(line.at, now),
            line.channel,
            _ARROWS[line.direction],
            line.kind,
            _text(line),
            names.get(line.owner, line.owner),
            _marks(line),
        )
        for line in lines
    ]
    print_rows(
        ("at (UTC)", "channel", "", "kind", "text", "owner", "delivered"), rows, key="at (UTC)", text="text"
    )


def _text(line: Line) -> Text:
    sent = "".join(f"[{kind}] " for kind in line.attachments)
    said = Text(f"{sent}{cut(line.text)}", style="strike dim" if line.deleted else "")
    notes = [
        "deleted" if line.deleted else "",
        "edited" if line.edited else "",
        " ".join(line.reactions.values()),
        line.status,
        f"about {line.about}, which is not shown" if line.about else "",
        f"a short form: whole in the bucket as {line.whole}" if line.whole else "",
    ]
    if beside := ", ".join(note for note in notes if note):
        said.append(f" ({beside})", style="dim")
    return said


def _marks(line: Line) -> Text:
    marks = []
    for target, reached in line.deliveries.items():
        mark, style = _MARKS.get(reached, _UNDER_WAY)
        marks.append(Text(f"{mark} {target}", style=style))
    return Text(" ").join(marks)
