"""The right person, now: every decision judged anew, and everybody who waits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime

from chalicelib.configuration.stage import Configuration
from chalicelib.vocabulary.delivery import Absorbed
from chalicelib.vocabulary.event import Event, Kind
from chalicelib.vocabulary.people import Conversation, Outcome, Rule
from tests.simulation import dues, duty
from tests.simulation.found import Found
from tests.simulation.hub import Simulation, moment

_HUB_KINDS = (Kind.CLOSE, Kind.OFFER)


def decisions(sim: Simulation, read: Found) -> Iterator[str]:
    """Whoever was given a conversation can answer it; the rule and the promise are right."""
    for name, profile in read.profiles.items():
        if profile.own:
            continue
        before: Absorbed | None = None
        last_owner = ""
        for absorbed in read.of(name):
            at = absorbed.committed_at.timestamp()
            stages = sim.recent_stages(at)
            faults = [_decided(absorbed, before, last_owner, stage, read) for stage in stages]
            if all(faults):
                yield f"{absorbed.event.key} at {moment(at)}: {faults[-1]}"
            consequence = absorbed.consequence
            before = absorbed
            if consequence.conversation and consequence.conversation.owner and not consequence.closed:
                last_owner = consequence.conversation.owner


def _decided(
    absorbed: Absorbed, before: Absorbed | None, last_owner: str, stage: Configuration, read: Found
) -> str:
    """What is wrong with it if that stage was in force; empty if nothing is."""
    decision, at = absorbed.consequence.decision, absorbed.committed_at.timestamp()
    given = _promised_before(before)
    if decision.outcome == Outcome.KEPT and decision.respond_by and given is None:
        owner = stage.directory.person(decision.owner)
        if owner is None:
            return ""
        times = (absorbed.event.received_at.timestamp(), at)
        return _late(
            decision.respond_by, [duty.worked(owner, stage, t, decision.respond_within) for t in times]
        )
    if decision.outcome not in (Outcome.ASSIGNED, Outcome.WAITING):
        return ""
    rule = next((rule for rule in stage.routing.rules if rule.name == decision.rule), None)
    if rule is None or rule.respond_within != decision.respond_within:
        return f"there is no rule {decision.rule} for {decision.respond_within} minutes"
    if wrong := _wrong_rule(absorbed, rule, stage, read):
        return wrong
    asked = duty.asked(rule, stage, last_owner, at)
    if decision.outcome == Outcome.ASSIGNED:
        fitting = duty.fitting(rule, stage, decision.language, last_owner, at)
        owner = next((person for person in fitting if person.id == decision.owner), None)
        if owner is None:
            return f"{decision.owner} is not one of {[person.id for person in fitting]} who can answer now"
        owes = [owner]
    else:
        owes = [person for person in asked if duty.able(person, rule, decision.language)] or asked
    if given is not None:
        return "" if decision.respond_by == given else f"promised {given}, and now {decision.respond_by}"
    if absorbed.event.kind is Kind.OFFER:
        return f"an offer promises {decision.respond_by}" if decision.respond_by else ""
    worked = [duty.worked(person, stage, at, rule.respond_within) for person in owes]
    soonest = min((when for when in worked if when), default=at + rule.respond_within * 60)
    return _late(decision.respond_by, [soonest])


def _late(respond_by: datetime | None, right: list[float | None]) -> str:
    if respond_by is None:
        return "nothing is promised"
    if any(when is None or abs(respond_by.timestamp() - when) < 2 for when in right):
        return ""
    return f"promised for {respond_by}, not for {[moment(when) for when in right if when]}"


def _promised_before(before: Absorbed | None) -> datetime | None:
    if before is None or before.consequence.closed or before.consequence.conversation is None:
        return None
    return before.consequence.conversation.respond_by


def _wrong_rule(absorbed: Absorbed, rule: Rule, stage: Configuration, read: Found) -> str:
    """The opening event decides the rule, and its words the language."""
    talk = absorbed.consequence.conversation
    opening = (read.events[talk.opened_by] if talk else absorbed).event
    language = absorbed.consequence.decision.language
    said = dues.language(opening.text)
    if said and opening.kind is Kind.MESSAGE and language.partition("-")[0] != said:
        return f"{opening.key} is in {said}, and whoever speaks {language} was looked for"
    right = duty.rule_for(stage, opening.kind, language)
    return "" if right is rule else f"it falls under the rule {rule.name}, not {right and right.name}"


def owed(sim: Simulation, read: Found) -> Iterator[str]:
    """After each event the conversation promises an answer if, and only if, the customer waits for one."""
    del sim
    opens = {"message", "postback", "call", "referral", "mention"}
    for name, profile in read.profiles.items():
        waits = False
        asked = 0.0
        for absorbed in read.of(name):
            event, consequence = absorbed.event, absorbed.consequence
            talk = consequence.conversation
            if talk is None or profile.own:
                continue
            inbound = event.direction == "inbound" and event.kind in opens
            if inbound and not (event.kind is Kind.CALL and event.customer.scope == "@once"):
                waits = True
                # A conversation that ended takes its questions along.
                asked = max(0.0 if consequence.opened else asked, _told_at(event) or 0.0)
            elif event.direction == "outbound" and event.kind is Kind.MESSAGE:
                # What was said before the question, and comes after it, answers nothing.
                said = _told_at(event)
                waits = waits and said is not None and said < asked
            if not consequence.closed and waits != (talk.respond_by is not None):
                yield f"{event.key} leaves a promise of {talk.respond_by}; the customer waits: {waits}"


def _told_at(event: Event) -> float | None:
    return event.occurred_at.timestamp() if event.occurred_at != event.received_at else None


def ends(sim: Simulation, read: Found) -> Iterator[str]:
    """A conversation ends when it is idle and owes nothing, or somebody closed it who had seen all of it."""
    for name in read.profiles:
        mine = read.of(name)
        talks: dict[str, list[Absorbed]] = {}
        for absorbed in mine:
            talk = absorbed.consequence.conversation
            if talk is None:
                continue
            if not absorbed.consequence.closed:
                if absorbed.event.kind not in _HUB_KINDS:
                    talks.setdefault(talk.id, []).append(absorbed)
                continue
            if absorbed.event.kind is not Kind.CLOSE or absorbed.event.target_id != talk.id:
                yield f"{absorbed.event.key} ended {talk.id}, which it is not about"
            if fault := _ended_wrong(absorbed, talk, talks.get(talk.id, []), sim):
                yield f"{absorbed.event.key} {fault}"


def _ended_wrong(close: Absorbed, talk: Conversation, earlier: list[Absorbed], sim: Simulation) -> str:
    at = close.committed_at.timestamp()
    if close.event.extra.get("reason") != "idle":
        seen = sim.closings.get(close.event.key)
        if seen is None:
            return "was asked for by nobody"
        words = [a.event for a in earlier if a.event.direction == "inbound"]
        newer = [e.key for e in words if e.received_at.timestamp() > seen + 0.002]
        return f"was asked for before {newer[0]} came" if newer else ""
    if not talk.owner or talk.respond_by is not None:
        return "ends as idle what waits for us"
    last = max((max(a.event.received_at, a.committed_at).timestamp() for a in earlier), default=0.0)
    idle = min(stage.routing.idle for stage in sim.recent_stages(at)) * 60
    if close.event.occurred_at.timestamp() < last + idle - 1:
        return f"ends as idle what had an event {close.event.occurred_at.timestamp() - last:.0f} s before"
    return ""


def leads(sim: Simulation, read: Found) -> Iterator[str]:
    """Each lead in the ERP belongs to whom the conversation was given last, as far as the ERP is told."""
    employee: dict[str, tuple[str, Absorbed]] = {}
    for name in read.profiles:
        for absorbed in read.of(name):
            talk, told = absorbed.consequence.conversation, "erp" in absorbed.targets
            changed = absorbed.consequence.opened or absorbed.consequence.moved
            if talk and changed and told and read.state(absorbed, "erp") == "done":
                employee[talk.id] = (talk.owner, absorbed)
    numbers = {p.id: p.user_ids["erp"] for _, stage in sim.stages for p in stage.directory.people}
    gone = {p for p in numbers if sim.configuration.directory.person(p) is None}
    for lead in sim.erp.tables["sale.opportunity"]:
        talk_id = lead["description"].rpartition("[hub:")[2].rstrip("]")
        if talk_id not in employee:
            continue
        owner, absorbed = employee[talk_id]
        wanted = int(numbers[owner]) if owner else None
        # Who has left the directory meanwhile has no number to write.
        if lead.get("employee") != wanted and not (owner in gone and lead.get("employee") is None):
            given = f"{absorbed.event.key} gave it to {owner or 'nobody'}"
            yield f"the lead of {talk_id} is {lead.get('employee')}'s, {given}"


def remembered(sim: Simulation, read: Found) -> Iterator[str]:
    """Who answered a customer last stays known until somebody else has answered."""
    del read
    for name, history in sim.watch.profiles.items():
        for before, after in itertools.pairwise(history):
            owner = after.conversation.owner if after.conversation else ""
            if (before.last_owner and not after.last_owner) or (owner and owner != after.last_owner):
                yield f"{name} was with {owner or before.last_owner}, forgotten at {moment(after.at)}"
