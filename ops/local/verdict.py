"""Judges what came of a story: compares what the CRMs hold with what was posted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.vocabulary.event import Event
from ops.local.scenario import Act
from ops.local.standin.store import Arrival
from ops.local.tryton.server import Lead, Party

if TYPE_CHECKING:
    from ops.local.hub import LocalHub

_POLL = 0.3
_QUIET = 3.0
"""Seconds in which nothing more may arrive, after everything has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer as the CRMs have them."""

    name: str
    channels: tuple[str, ...]
    events: int
    owner: str
    rule: str
    party: int
    leads: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One event as the CRMs received it.

    attachments: kinds of what was attached.
    standin: its place in the stand-in CRM.
    note: the number of its note in Tryton.
    """

    channel: str
    kind: str
    text: str
    attachments: tuple[str, ...]
    standin: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is there, and everything that is wrong with it."""

    customers: tuple[Customer, ...]
    receipts: tuple[Receipt, ...]
    faults: tuple[str, ...]
    seen: tuple[object, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def but(self, *faults: str) -> Verdict:
        """The same with more that is wrong."""
        return replace(self, faults=(*self.faults, *faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Everything that the CRMs hold; `notes` are reference, number and party, in order."""

    arrivals: tuple[Arrival, ...]
    parties: tuple[Party, ...]
    notes: tuple[tuple[str, int, int], ...]
    leads: tuple[Lead, ...]


def judge(hub: LocalHub, story: Sequence[Act], *, patience: float, again: Verdict | None = None) -> Verdict:
    """Wait until both CRMs have the whole story and nothing more arrives; then judge.

    again: an earlier verdict; nothing may have changed since.
    """
    events = [event for act in story for event in act.events]
    held = _await(hub, events, patience)
    faults = [*_standin_faults(held, events), *_tryton_faults(hub, held, events)]
    seen = (held.arrivals, held.parties, held.notes, held.leads)
    if again is not None and again.seen != seen:
        faults.append("posting it again changed what the CRMs hold")
    return Verdict(
        customers=tuple(_customers(held, events)),
        receipts=tuple(_receipts(held, events)),
        faults=tuple(faults),
        seen=seen,
    )


def _await(hub: LocalHub, events: Sequence[Event], patience: float) -> _Held:
    missing = {event.reference for event in events}
    deadline = time.monotonic() + patience
    held = _look(hub)
    while time.monotonic() < deadline:
        there = {arrival.id for arrival in held.arrivals} & {reference for reference, _, _ in held.notes}
        if missing <= there:
            break
        time.sleep(_POLL)
        held = _look(hub)
    time.sleep(_QUIET)
    return _of_the_story(_look(hub), missing)


def _of_the_story(held: _Held, events: set[str]) -> _Held:
    """Only what the story's customers have: other customers may write meanwhile."""
    people = {arrival.subject for arrival in held.arrivals if arrival.id in events}
    parties = tuple(party for party in held.parties if party.code.removeprefix("hub:") in people)
    numbers = {party.id for party in parties}
    return _Held(
        arrivals=tuple(arrival for arrival in held.arrivals if arrival.subject in people),
        parties=parties,
        notes=tuple(note for note in held.notes if note[2] in numbers),
        leads=tuple(lead for lead in held.leads if lead.party in numbers),
    )


def _look(hub: LocalHub) -> _Held:
    notes = hub.tryton.records("ir.note", "resource", "message")
    return _Held(
        arrivals=tuple(hub.standin.store.events()),
        parties=tuple(hub.tryton.parties()),
        notes=tuple(
            (note["message"].rpartition("[hub:")[2].rstrip("]"), note["id"], _party(note["resource"]))
            for note in notes
        ),
        leads=tuple(hub.tryton.leads()),
    )


def _party(resource: object) -> int:
    """The number in `party.party,7`, however the server writes a reference."""
    return int(str(resource).rpartition(",")[2].strip(" ]'\""))


def _standin_faults(held: _Held, events: Sequence[Event]) -> list[str]:
    order = [arrival.id for arrival in held.arrivals]
    faults = _order_faults("the stand-in", order, events)
    faults += [
        f"the stand-in was sent {a.id} {a.posts} times" for a in held.arrivals if a.posts > 1 or a.altered
    ]
    for subject in {arrival.subject for arrival in held.arrivals}:
        sequences = [a.sequence for a in held.arrivals if a.subject == subject]
        if sequences != sorted(sequences):
            faults.append(f"the stand-in got customer {subject} out of order")
    return faults


def _tryton_faults(hub: LocalHub, held: _Held, events: Sequence[Event]) -> list[str]:
    faults = _order_faults("Tryton", [reference for reference, _, _ in held.notes], events)
    people = {_profile(held, event) for event in events}
    if len(held.parties) != len(people):
        faults.append(f"Tryton holds {len(held.parties)} parties for {len(people)} customers")
    opened = {a.event["data"]["conversation"]["id"] for a in held.arrivals if a.event["data"]["conversation"]}
    if len(held.leads) != len(opened):
        faults.append(f"Tryton holds {len(held.leads)} leads for {len(opened)} conversations")
    employees = {person.id: person.user_ids.get("tryton") for person in hub.configuration.directory.people}
    for arrival in held.arrivals:
        conversation = arrival.event["data"]["conversation"]
        if not conversation:
            continue
        lead = next((lead for lead in held.leads if conversation["id"] in lead.description), None)
        if lead is None or str(lead.employee) != employees.get(conversation["owner"]):
            faults.append(f"the lead of conversation {conversation['id']} is not its owner's")
    return list(dict.fromkeys(faults))


def _order_faults(where: str, order: Sequence[str], events: Sequence[Event]) -> list[str]:
    faults = [
        f"{where} holds {event.channel} {event.kind} {event.id} {order.count(event.reference)} times"
        for event in events
        if order.count(event.reference) != 1
    ]
    for customer in {event.customer for event in events}:
        expected = [event.reference for event in events if event.customer == customer]
        if [reference for reference in order if reference in expected] != expected and not faults:
            faults.append(f"{where} holds the events of {customer.channel} {customer.id} out of order")
    return faults


def _profile(held: _Held, event: Event) -> str:
    return next((a.subject for a in held.arrivals if a.id == event.reference), "")


def _customers(held: _Held, events: Sequence[Event]) -> list[Customer]:
    customers = []
    for profile in dict.fromkeys(_profile(held, event) for event in events):
        arrivals = [a for a in held.arrivals if a.subject == profile]
        data = arrivals[-1].event["data"] if arrivals else {}
        party = next((p for p in held.parties if p.code == f"hub:{profile}"), None)
        leads = [lead for lead in held.leads if party and lead.party == party.id]
        customers.append(
            Customer(
                name=(data.get("profile") or {}).get("name", "?"),
                channels=tuple(dict.fromkeys(a.event["data"]["event"]["channel"] for a in arrivals)),
                events=len(arrivals),
                owner=(data.get("conversation") or {}).get("owner", ""),
                rule=next((r for a in arrivals if (r := a.event["data"]["decision"]["rule"])), ""),
                party=party.id if party else 0,
                leads=tuple(str(lead.id) for lead in leads),
            )
        )
    return customers


def _receipts(held: _Held, events: Sequence[Event]) -> list[Receipt]:
    notes = {reference: number for reference, number, _ in held.notes}
    places = {arrival.id: arrival.arrival for arrival in held.arrivals}
    return [
        Receipt(
            channel=event.channel,
            kind=str(event.kind),
            text=event.text,
            attachments=tuple(attachment.kind for attachment in event.attachments),
            standin=str(places.get(event.reference, "–")),
            note=str(notes.get(event.reference, "–")),
        )
        for event in sorted(events, key=lambda e: places.get(e.reference, 1 << 30))
    ]
