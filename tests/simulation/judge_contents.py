"""What was posted against what stands in the event's row, in the CloudEvent and in the note."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from chalicelib.store.rows import unpack_absorbed
from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.people import Profile
from tests.simulation.clock import START
from tests.simulation.dues import Due, Sent
from tests.simulation.found import Found
from tests.simulation.hub import Simulation

_CUT = 20_000
"""Characters that stand in a row or go to a CRM of a text that is longer."""

_LATITUDE, _LONGITUDE = 35.6997, 51.338
_RETENTION = 400 * 86_400


def _dues(sim: Simulation) -> dict[str, list[Due]]:
    """All that was posted as one event: it may have been shown differently each time."""
    dues: dict[str, list[Due]] = defaultdict(list)
    for answered in sim.platforms.answers:
        for due in answered.posted.due:
            if due not in dues[due.key]:
                dues[due.key].append(due)
    return dues


def rows(sim: Simulation, read: Found) -> Iterator[str]:
    """Each event's row says what was posted, and so does what lies whole in the bucket."""
    dues = _dues(sim)
    for key, absorbed in read.events.items():
        if key.startswith("hub#"):
            continue
        event = absorbed.event
        if whole := event.extra.get("whole"):
            kept = sim.aws.objects.get(whole)
            if kept is None:
                yield f"{key} should lie whole at {whole}"
                continue
            longer = unpack_absorbed(bytes((sim.packed_as,)) + kept[1:]).event
            if not longer.text.startswith(event.text.removesuffix("…")) or event.raw:
                yield f"{key} says in its row what it does not say in the bucket"
            event = longer
        wrong = [_differs(event, due, sim, read.profiles[absorbed.profile]) for due in dues[key]]
        if all(wrong):
            yield f"{key} {wrong[0] if wrong else 'was posted by nobody'}"
    for (pk, sk), item in sim.aws.dynamo.history.items():
        if sk == "EVENT" or sk.startswith(("D#", "C#")):
            since = read.events[pk.removeprefix("E#")].committed_at.timestamp() if pk[0] == "E" else START
            kept_for = int(item["ttl"]["N"]) - since
            if kept_for < _RETENTION - 60:
                yield f"{pk} {sk} is kept for {kept_for / 86_400:.0f} days"


def _differs(event: Event, due: Due, sim: Simulation, profile: Profile) -> str:
    said = due.said
    # Whoever is linked to an address of the directory is one of us on every channel.
    addresses = {":".join(key.split("#")[::2]) for key in profile.identities}
    staff = event.direction == "internal" and any(
        not addresses.isdisjoint(person.identities)
        for _, stage in sim.stages
        for person in stage.directory.people
    )
    pairs: list[tuple[str, object, object]] = [
        ("kind", event.kind.value, due.kind),
        ("direction", due.direction if staff else event.direction.value, due.direction),
        ("customer", event.customer.key, due.identity),
        ("text", event.text, said.text),
        ("name", event.name, said.name),
        ("attachments", _sent(event), said.sent),
        ("target_id", event.target_id, said.about),
        ("reply_to", event.reply_to, said.answers),
        ("previous", event.previous.key if event.previous else "", due.previous),
        ("raw", said.raw in event.raw, True),
        ("phone", {k.value for k in event.contact_keys if k.verified}, {due.phone} - {""}),
        ("place", _place(event), (_LATITUDE, _LONGITUDE) if said.place else None),
        ("chat", event.chat if said.chat else "", said.chat),
    ]
    for name, found, wanted in pairs:
        if found != wanted:
            return f"has the {name} {str(found)[:80]!r}, not {str(wanted)[:80]!r}"
    return ""


def _sent(event: Event) -> tuple[Sent, ...]:
    return tuple((sent.kind, sent.ref, sent.name) for sent in event.attachments)


def _place(event: Event) -> tuple[float | None, float | None] | None:
    places = [(sent.latitude, sent.longitude) for sent in event.attachments if sent.kind == "location"]
    return places[0] if places else None


def cloud_events(sim: Simulation, read: Found) -> Iterator[str]:
    """The receiver was told what was posted and decided."""
    dues = _dues(sim)
    by_reference = {absorbed.event.reference: key for key, absorbed in read.events.items()}
    for reference, arrival in sim.crm.arrivals.items():
        key = by_reference.get(reference, "")
        if key not in read.events:
            continue
        absorbed = read.events[key]
        body = json.loads(arrival.body)
        event, decision, talk = (body["data"][name] for name in ("event", "decision", "conversation"))
        consequence = absorbed.consequence
        after = consequence.conversation
        pairs = [
            ("id", body["id"], reference),
            ("type", body["type"], f"switchboard.{absorbed.event.kind}"),
            ("subject", body["subject"], absorbed.profile),
            ("sequence", body["sequence"], f"{absorbed.seq:012d}.{absorbed.index:03d}"),
            ("owner", decision["owner"], consequence.decision.owner),
            ("outcome", decision["outcome"], consequence.decision.outcome),
            ("conversation", talk["id"] if talk else "", after.id if after else ""),
            ("its owner", talk["owner"] if talk else "", after.owner if after else ""),
            ("closed", bool(talk and talk["closed"]), consequence.closed),
            ("opened", bool(talk and talk["opened"]), consequence.opened),
            ("moved", bool(talk and talk["moved"]), consequence.moved),
        ]
        wrong = [f"{name} is {found}, not {wanted}" for name, found, wanted in pairs if found != wanted]
        if key in dues and all(_told_wrong(event, due) for due in dues[key]):
            wrong.append(_told_wrong(event, dues[key][0]))
        if wrong:
            yield f"the receiver was told of {key}: {wrong[0]}"


def _told_wrong(event: dict[str, Any], due: Due) -> str:
    said = due.said
    customer = event["customer"]
    long = len(said.text) > _CUT
    pairs = [
        ("kind", event["kind"], due.kind),
        (
            "direction",
            due.direction if event["direction"] == "internal" else event["direction"],
            due.direction,
        ),
        ("customer", f"{customer['channel']}#{customer['scope']}#{customer['id']}", due.identity),
        ("text", event["text"][:_CUT], said.text[:_CUT]),
        ("whole text", bool(event["text"][_CUT:].strip("…")), long and not event["extra"].get("whole")),
        ("name", event["name"], said.name),
        ("attachments", tuple((a["kind"], a["ref"], a["name"]) for a in event["attachments"]), said.sent),
        ("target_id", event["target_id"], said.about),
    ]
    for name, found, wanted in pairs:
        if found != wanted:
            return f"the {name} is {str(found)[:80]!r}, not {str(wanted)[:80]!r}"
    return ""


_DEEDS = {
    "message": ("wrote", "sent"),
    "edit": ("changed an earlier message to",),
    "delete": ("deleted an earlier message",),
    "reaction": ("reacted with",),
    "postback": ("pressed",),
    "call": ("called",),
    "follow": ("began to follow",),
    "identity_change": ("has a new address",),
}
_WHO = {"inbound": ("customer", "hub"), "outbound": ("our side",)}


def notes(sim: Simulation, read: Found) -> Iterator[str]:
    """The note in the ERP says who did what on which account, in their words."""
    dues = _dues(sim)
    by_reference = {absorbed.event.reference: key for key, absorbed in read.events.items()}
    for note in sim.erp.tables["ir.note"]:
        text, _, marker = note["message"].rpartition("\n[hub:")
        key = by_reference.get(marker.rstrip("]"), "")
        if key not in read.events:
            continue
        # What the hub says itself nobody posted.
        wrong = [_noted_wrong(text, due) for due in dues.get(key, ())]
        if wrong and all(wrong):
            yield f"the note of {key} {wrong[0]}"
        consequence = read.events[key].consequence
        for did, words in (
            (consequence.opened, "Conversation opened: "),
            (consequence.moved and not consequence.opened, "Conversation moved: "),
            (consequence.closed, "Conversation closed: "),
        ):
            if did != (f"\n{words}" in text):
                yield f"the note of {key} should {'' if did else 'not '}say {words}"


def _noted_wrong(text: str, due: Due) -> str:
    first, _, rest = text.partition("\n")
    channel, account, *_ = due.key.split("#")
    if not first.startswith(f"{channel} {account} · "):
        return f"does not begin with {channel} {account}: {first[:60]!r}"
    deed = first.rpartition(" · ")[2]
    did = any(deed.startswith(f"{who} {what}") for who in _WHO[due.direction] for what in _DEEDS[due.kind])
    if not did:
        return f"says {deed!r} of a {due.direction} {due.kind}"
    if due.said.text and not rest.startswith(due.said.text[:_CUT]):
        return f"says {rest[:60]!r}, not {due.said.text[:60]!r}"
    if rest.count("📎 ") != len(due.said.sent) or any(
        f"📎 {kind}" not in rest for kind, _, _ in due.said.sent
    ):
        return f"does not name {due.said.sent}"
    return ""
