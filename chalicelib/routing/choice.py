"""Who owns the conversation: the decision, with a reason for everybody who was considered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.event import Direction, Event, Kind
from chalicelib.people import Candidate, Conversation, Decision, Directory, Person, Profile, Routing, Rule
from chalicelib.routing.candidates import (
    Finding,
    Hurdle,
    Need,
    asked,
    hours_of,
    is_away,
    sticky_owner,
    vet,
)
from chalicelib.routing.facts import language_of
from chalicelib.routing.hours import local, next_on_duty
from chalicelib.routing.rules import rule_for


def considered(rule: Rule, directory: Directory, profile: Profile | None = None) -> tuple[str, ...]:
    """Everybody whom a decision by this rule may look at: theirs are the loads it has to know."""
    return tuple(person.id for person in asked(rule, directory, profile, lambda _: True))


def asks_for_owner(event: Event, profile: Profile, routing: Routing) -> bool:
    """Whether the event wants somebody to answer: if not, it changes no owner and gives no promise."""
    if profile.own:
        return False
    if event.kind is Kind.OFFER:
        return profile.conversation is not None and not profile.conversation.owner
    return event.direction is Direction.INBOUND and str(event.kind) in routing.opens


def decide(
    event: Event,
    profile: Profile,
    *,
    routing: Routing,
    directory: Directory,
    loads: Mapping[str, int],
    now: datetime,
    config_version: str = "",
    language: str = "",
) -> Decision:
    """Who owns the profile's conversation once this event is absorbed.

    profile: as it is before that. loads: open conversations by person, 0 where it names none. language:
    the account's. Call it again with new loads when somebody's last place was taken meanwhile. To offer
    a waiting conversation again, pass the event that opened it: its words chose the rule.

    The promise counts plain minutes from when its owner is on duty, or somebody would be; one that was
    given and not yet kept stands.
    """
    question = _Question(event, profile, routing, directory, loads, now, language)
    return replace(_decided(question), config_version=config_version)


@dataclass(frozen=True, slots=True)
class _Question:
    event: Event
    profile: Profile
    routing: Routing
    directory: Directory
    loads: Mapping[str, int]
    now: datetime
    language: str


def _decided(question: _Question) -> Decision:
    conversation, event = question.profile.conversation, question.event
    asks = asks_for_owner(event, question.profile, question.routing)
    if question.profile.own:
        return Decision(outcome="none", reason="it is about one of our own accounts")
    if event.kind is Kind.CLOSE and conversation is not None:
        return Decision(outcome="closed", reason="somebody wished it closed", team=conversation.team)
    if conversation is None and not asks:
        return Decision(outcome="none", reason=f"{event.direction} {event.kind} opens no conversation")
    if conversation is not None:
        unchanged = _unchanged(question, conversation) if not asks else _kept(question, conversation)
        if unchanged is not None:
            return unchanged
    rule, because = rule_for(event, question.profile, question.routing, language=question.language)
    if rule is None:
        # The last rule of a validated configuration holds for everything.
        return Decision(outcome="waiting", reason="no rule holds, so it is in no team's queue")
    return _searched(question, rule, because)


def _unchanged(question: _Question, conversation: Conversation) -> Decision:
    return Decision(
        outcome="kept" if conversation.owner else "waiting",
        reason=f"{question.event.direction} {question.event.kind} asks for nobody",
        team=conversation.team,
        owner=conversation.owner,
        respond_by=conversation.respond_by,
        respond_within=conversation.respond_within,
    )


def _kept(question: _Question, conversation: Conversation) -> Decision | None:
    """The open conversation stays with its owner, unless they have left or are away for the day."""
    owner = next((p for p in question.directory.people if p.id == conversation.owner), None)
    if owner is None or is_away(owner, question.directory, question.now):
        return None
    hours = hours_of(owner, question.directory)
    since = next_on_duty(hours, question.now, away=owner.away)
    off_duty = f", who is off duty until {local(hours, since)}" if since and since > question.now else ""
    return Decision(
        outcome="kept",
        reason=f"the open conversation is {owner.id}'s{off_duty}",
        team=conversation.team,
        owner=owner.id,
        respond_by=_promise(question, conversation.respond_within, since),
        respond_within=conversation.respond_within,
    )


def _searched(question: _Question, rule: Rule, because: str) -> Decision:
    need = _need(question, rule)
    people = asked(
        rule, question.directory, question.profile, lambda person: is_away(person, need.directory, need.now)
    )
    findings = [vet(person, need) for person in people]
    free = [finding for finding in findings if finding.hurdle is Hurdle.NONE]
    barred = [finding for finding in findings if finding.hurdle is not Hurdle.NONE]
    team = rule.team or _team_of(rule.person, question.directory)
    refused = tuple(Candidate(person=f.person.id, chosen=False, reason=f.reason) for f in barred)
    if not free:
        since = min((f.on_duty_at for f in findings if f.on_duty_at), default=None)
        return Decision(
            outcome="waiting",
            reason=f"rule “{rule.name}”: {because}; {_why_nobody(findings, need)}",
            rule=rule.name,
            team=team,
            candidates=refused,
            respond_by=_promise(question, rule.respond_within, since),
            respond_within=rule.respond_within,
        )
    ranked = _ranked(free, need, question.profile)
    winner = ranked[0].person
    return Decision(
        outcome="assigned",
        reason=f"rule “{rule.name}”: {because}; {winner.id} takes it",
        rule=rule.name,
        team=team,
        owner=winner.id,
        candidates=(*_explained(ranked, need, question.profile), *refused),
        respond_by=_promise(question, rule.respond_within, question.now),
        respond_within=rule.respond_within,
    )


def _need(question: _Question, rule: Rule) -> Need:
    return Need(
        rule=rule,
        language=language_of(question.event, question.profile, language=question.language),
        directory=question.directory,
        loads=question.loads,
        now=question.now,
    )


def _promise(question: _Question, minutes: int, since: datetime | None) -> datetime:
    given = question.profile.conversation.respond_by if question.profile.conversation else None
    return given or (since or question.now) + timedelta(minutes=minutes)


def _team_of(person: str, directory: Directory) -> str:
    return next((team.id for team in directory.teams if person in team.members), "")


def _ranked(free: Sequence[Finding], need: Need, profile: Profile) -> list[Finding]:
    """The last owner, then the least busy for their capacity, then the most able, then by lot."""
    known = sticky_owner(need.rule, profile)

    def rank(finding: Finding) -> tuple[bool, float, int, str]:
        person = finding.person
        # The lot is drawn anew for each customer and always the same for one of them.
        lot = hashlib.sha256(f"{profile.id}#{person.id}".encode()).hexdigest()
        return person.id != known, _busy(person, need), -need.level(person), lot

    return sorted(free, key=rank)


def _explained(ranked: Sequence[Finding], need: Need, profile: Profile) -> list[Candidate]:
    first = ranked[0].person
    if first.id == sticky_owner(need.rule, profile):
        why = f"answered this customer last, and has room: {ranked[0].reason}"
    else:
        why = f"the least busy who can take it: {ranked[0].reason}"
    explained = [Candidate(person=first.id, chosen=True, reason=why)]
    for finding in ranked[1:]:
        person = finding.person
        if first.id == sticky_owner(need.rule, profile):
            reason = f"could take it ({finding.reason}), but {first.id} answered this customer last"
        elif _busy(person, need) > _busy(first, need):
            reason = f"busier: {finding.reason}"
        elif need.level(person) < need.level(first):
            reason = f"as busy ({finding.reason}), but less able: {need.level(person)} to {need.level(first)}"
        else:
            reason = f"as busy ({finding.reason}) and as able; the lot fell on {first.id}"
        explained.append(Candidate(person=person.id, chosen=False, reason=reason))
    return explained


def _busy(person: Person, need: Need) -> float:
    return need.load(person) / person.capacity


def _why_nobody(findings: Sequence[Finding], need: Need) -> str:
    if not findings:
        return f"{need.rule.person or need.rule.team} is nobody"
    furthest = max(finding.hurdle for finding in findings)
    stopped = [finding for finding in findings if finding.hurdle is furthest]
    if furthest is Hurdle.ROOM:
        return f"all {len(stopped)} who could take it are full"
    if furthest is Hurdle.SKILL:
        skills = ", ".join(f"{skill} ≥ {least}" for skill, least in need.rule.skills.items())
        return f"nobody on duty who speaks {need.language} has {skills}"
    if furthest is Hurdle.LANGUAGE:
        return f"nobody on duty speaks {need.language}"
    first = min((f for f in findings if f.on_duty_at), key=lambda f: f.on_duty_at or need.now, default=None)
    if first is None or first.on_duty_at is None:
        return "nobody is on duty for the next two months"
    return f"nobody is on duty until {local(hours_of(first.person, need.directory), first.on_duty_at)}"
