"""What the CRMs must hold: each event owed once and in order, on one contact, without waiting for others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from chalicelib.vocabulary.event import Kind
from tests.simulation.found import Found
from tests.simulation.hub import Simulation, moment

_PROMPT = 60.0
"""Seconds from commit to a target that is well, when nothing but another target fails."""


def once_at_crm(sim: Simulation, read: Found) -> Iterator[str]:
    """The webhook receiver holds each event owed, and no other, in the order of each profile."""
    owed = {absorbed.event.reference: absorbed for absorbed in read.owed("crm")}
    for reference, absorbed in owed.items():
        if read.state(absorbed, "crm") == "done" and reference not in sim.crm.arrivals:
            yield f"{absorbed.event.key} is said to be delivered, and is not at the CRM"
    last: dict[str, tuple[int, int]] = {}
    for reference, arrival in sim.crm.arrivals.items():
        known = owed.get(reference)
        if known is None:
            yield f"{reference} is at the CRM and is owed by nobody"
            continue
        place = known.seq, known.index
        if place < last.get(known.profile, (0, 0)):
            yield f"{known.event.key} came to the CRM at {moment(arrival.at)}, behind a later one"
        last[known.profile] = max(place, last.get(known.profile, (0, 0)))
    for reference, first, later in sim.crm.changed:
        if difference := _difference(first, later):
            yield f"{reference} was sent again with another body: {difference}"


def once_at_erp(sim: Simulation, read: Found) -> Iterator[str]:
    """The ERP holds one note per event owed, in order, on the one party of its profile."""
    notes = sim.erp.tables["ir.note"]
    by_marker = {note["message"].rpartition("[hub:")[2].rstrip("]"): note for note in notes}
    if len(by_marker) < len(notes):
        twice = Counter(note["message"].rpartition("[hub:")[2] for note in notes).most_common(1)
        yield f"an event has {twice[0][1]} notes: {twice[0][0]}"
    last: dict[str, int] = {}
    owed = read.owed("erp")
    for absorbed in owed:
        wish = absorbed.event.kind in (Kind.CLOSE, Kind.OFFER) and not (
            absorbed.consequence.moved or absorbed.consequence.closed
        )
        note = by_marker.pop(absorbed.event.reference, None)
        if read.state(absorbed, "erp") == "done" and note is None and not wish:
            yield f"{absorbed.event.key} is said to be delivered, and has no note"
        if note is None:
            continue
        party = read.references.get((absorbed.profile, "erp"), "")
        if note["resource"] != f"party.party,{party}":
            yield f"{absorbed.event.key} is noted on {note['resource']}, its profile is party {party}"
        if note["id"] < last.get(absorbed.profile, 0):
            yield f"{absorbed.event.key} was noted behind a later one"
        last[absorbed.profile] = max(note["id"], last.get(absorbed.profile, 0))
    for marker in by_marker:
        yield f"a note {marker} is owed by nobody"


def one_contact(sim: Simulation, read: Found) -> Iterator[str]:
    """One party per profile, and one lead per conversation, owned by who has it."""
    parties = sim.erp.tables["party.party"]
    codes = Counter(party["code"] for party in parties)
    yield from (f"{times} parties have the code {code}" for code, times in codes.items() if times > 1)
    used = Counter(remote for (_, target), remote in read.references.items() if target == "erp" and remote)
    yield from (f"party {remote} is {times} profiles" for remote, times in used.items() if times > 1)
    for party in parties:
        profile = str(party["code"]).removeprefix("hub:")
        if party["code"].startswith("hub:") and read.references.get((profile, "erp")) != str(party["id"]):
            yield f"party {party['id']} of profile {profile} is not the one that its notes go to"
    leads = Counter(lead["description"].rpartition("[hub:")[2] for lead in sim.erp.tables["sale.opportunity"])
    yield from (f"conversation {name} has {times} leads" for name, times in leads.items() if times > 1)
    for absorbed in read.owed("erp"):
        opened = absorbed.consequence.conversation if absorbed.consequence.opened else None
        if opened and read.state(absorbed, "erp") == "done" and f"{opened.id}]" not in leads:
            yield f"{absorbed.event.key} opened a conversation that has no lead"


def undelayed(sim: Simulation, read: Found) -> Iterator[str]:
    """While nothing fails but one target, the other has each event within a minute of its commit."""
    weather = sim.weather
    down = {outage.service for outage in weather.outages}
    if weather.rate or weather.target_rate or weather.deaths or down - {"crm", "erp"} or len(down) != 1:
        return
    if sim.script.deployment[1] or sim.script.key_changes or sim.script.flood:
        return
    arrived = {reference: arrival.at for reference, arrival in sim.crm.arrivals.items()}
    if "erp" not in down:
        arrived = {
            n["message"].rpartition("[hub:")[2].rstrip("]"): n["at"] for n in sim.erp.tables["ir.note"]
        }
    well = "crm" if "erp" in down else "erp"
    for absorbed in read.owed(well):
        at = arrived.get(absorbed.event.reference)
        lag = at - absorbed.committed_at.timestamp() if at else 0
        # A customer's own events wait for each other, and a long batch takes its time.
        if lag > _PROMPT + 3 * len([a for a in read.of(absorbed.profile) if a.seq <= absorbed.seq]):
            yield f"{absorbed.event.key} reached {well} after {lag:.0f} s, though only {down} failed"


def _difference(first: bytes, later: bytes) -> str:
    one, other = json.loads(first), json.loads(later)
    parts = [(name, one[name], other[name]) for name in one if name != "data"]
    parts += [(name, one["data"][name], other["data"][name]) for name in ("event", "decision")]
    return "; ".join(f"{name} {was} → {now}" for name, was, now in parts if was != now)
