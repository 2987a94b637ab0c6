"""What our own side does in a world: closes conversations, replaces keys and secrets."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from chalicelib.pipeline import hub_events
from chalicelib.pipeline.receive import outgoing
from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.messages import Intake
from chalicelib.vocabulary.people import Conversation, Profile
from tests.simulation import worlds

if TYPE_CHECKING:
    from tests.simulation.hub import Simulation

CRM_SECRET = "whsec_c3dpdGNoYm9hcmQtdGVzdC1zZWNyZXQtMTIz"
NEW_CRM_SECRET = "whsec_c3dpdGNoYm9hcmQtbmV4dC1zZWNyZXQtNDU2"
KEYS = ("erp-key-one", "erp-key-two")


def plan(sim: Simulation) -> None:
    """Put all of the script's acts on the clock."""
    for seen, closed in sim.script.closes:
        sim.clock.at(seen, partial(_looks, sim, closed))
    for begins, ends in sim.script.key_changes:
        sim.clock.at(begins, partial(_change_key, sim))
        sim.clock.at(ends, lambda: sim.aws.secrets.__setitem__("erp", {"application_key": KEYS[1]}))
    if begins := sim.script.rotation[0]:
        old = sim.aws.secrets["meta"]
        sim.aws.secrets["meta"] = {**old, "app_secret": [worlds.NEW_META_SECRET, *old["app_secret"]]}
        sim.aws.secrets["crm"] = {"signing_secret": [CRM_SECRET, NEW_CRM_SECRET]}
        sim.clock.at(begins, partial(_rotate, sim))
        sim.clock.at(sim.script.rotation[1], partial(_forget, sim))


def close_all(sim: Simulation) -> None:
    """Somebody tidies up at last: conversations that nobody answers are handed on for ever."""
    for profile in _talking(sim):
        assert profile.conversation is not None
        event = hub_events.close(
            profile.id, profile.conversation, reason="answered", by="operator", now=sim.clock.time
        )
        _closes(sim, profile.id, event, sim.clock.now)


def close_ended(sim: Simulation) -> None:
    """A CRM closes what has ended long ago, though it has seen all that was said: nothing may end by that."""
    ended = {
        pk.removeprefix("P#"): msgspec.json.decode(item["body"]["S"], type=Conversation)
        for (pk, sk), item in sorted(sim.aws.dynamo.items.items())
        if sk.startswith("C#")
    }
    for profile in _talking(sim):
        if earlier := ended.get(profile.id):
            event = hub_events.close(profile.id, earlier, reason="late", by="crm", now=sim.clock.time)
            seen = str(int(sim.clock.now * 1000))
            _closes(sim, profile.id, replace(event, extra={**event.extra, "seen": seen}), sim.clock.now)


def _talking(sim: Simulation) -> list[Profile]:
    profiles = [
        msgspec.json.decode(item["body"]["S"], type=Profile)
        for (_, sk), item in sorted(sim.aws.dynamo.items.items())
        if sk == "PROFILE"
    ]
    return [profile for profile in profiles if profile.conversation]


def _looks(sim: Simulation, closes_at: float) -> None:
    """An operator looks at somebody's conversation, and closes it a while later."""
    talking = _talking(sim)
    if not talking:
        return
    profile = sim.rng.choice(talking)
    assert profile.conversation is not None
    event = hub_events.close(
        profile.id, profile.conversation, reason="answered", by="operator", now=sim.clock.time
    )
    sim.clock.at(closes_at, partial(_closes, sim, profile.id, event, sim.clock.now))


def _closes(sim: Simulation, profile: str, event: Event, seen: float) -> None:
    message = outgoing(Intake(customer=event.customer, events=(event,)), sim.aws.objects.__setitem__)
    entry = {"Id": "0", "MessageBody": message.body, "MessageGroupId": message.group}
    sim.aws.queues["events.fifo"].send({**entry, "MessageDeduplicationId": message.dedup})
    sim.closings[event.key] = seen
    sim.tell(f"an operator closes the conversation of profile {profile}")


def _change_key(sim: Simulation) -> None:
    sim.erp.keys = {KEYS[1]}
    sim.tell("the ERP's key is replaced")


def _rotate(sim: Simulation) -> None:
    """Meta signs with the new secret, and the receiver takes nothing else; we hold both."""
    sim.platforms.meta_secret = worlds.NEW_META_SECRET
    sim.crm.secrets = {NEW_CRM_SECRET}
    sim.tell("Meta and the receiver use their new secrets")


def _forget(sim: Simulation) -> None:
    sim.aws.secrets["meta"] = {**worlds.SECRETS["meta"], "app_secret": [worlds.NEW_META_SECRET]}
    sim.aws.secrets["crm"] = {"signing_secret": NEW_CRM_SECRET}
    sim.tell("the old secrets are forgotten")
