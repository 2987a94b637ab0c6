"""A customer's journey: the timelines of all their identities as one, told as people would tell it.

An edit, a deletion, a reaction or a status is shown at what it is about, whichever came first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.store.keys import Key, ledger_key
from chalicelib.store.rows import EventRow, LedgerRow, unpack_absorbed
from chalicelib.vocabulary.delivery import Absorbed
from chalicelib.vocabulary.event import Event, Kind, profile_address
from chalicelib.vocabulary.people import Profile
from ops.hub.site import Site

_FOLDED = (Kind.EDIT, Kind.DELETE, Kind.REACTION, Kind.STATUS)
_WORST_FIRST = ("parked", "waiting", "sending", "queued", "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened, with what was later done to it.

    about: what it is about, if that is not in the journey. reactions: by who reacted. deliveries: target
    to the worst state among those of the event and of what was folded into it. whole: where the event lies
    in the bucket, if its row has a short form.
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


def journey(site: Site, profile: Profile, *, limit: int) -> list[Line]:
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
        for name in {event.id, event.extra.get("message", event.id)}:
            places[event.channel, event.account, name] = event.key
    for absorbed, deliveries in changes:
        event = absorbed.event
        place = places.get((event.channel, event.account, event.target_id))
        if place is None:
            lines[event.key] = replace(_line(absorbed, deliveries), about=event.target_id)
        else:
            lines[place] = _changed(lines[place], event, deliveries)
    return sorted(lines.values(), key=lambda line: line.at)


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
