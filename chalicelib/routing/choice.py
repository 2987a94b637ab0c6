"""Decides who gets a conversation, with a reason for everybody who was considered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from chalicelib.routing.candidates import (
    Finding,
    Hurdle,
    Need,
    candidates,
    hours_of,
    is_away,
    sticky_owner,
    vet,
)
from chalicelib.routing.hours import after, local
from chalicelib.routing.rules import Ruling
from chalicelib.vocabulary.people import Candidate, Decision, Directory, Outcome, Person, Profile, Rule


def considered(ruling: Ruling, directory: Directory) -> tuple[str, ...]:
    """The ids of everybody whom the decision may consider, so that their loads can be read first."""
    if ruling.rule is None:
        return ()
    profile = ruling.question.profile
    return tuple(person.id for person in candidates(ruling.rule, directory, profile, lambda _: True))


def decide(
    ruling: Ruling,
    *,
    directory: Directory,
    loads: Mapping[str, int],
    now: datetime,
    config_version: str = "",
) -> Decision:
    """Who gets the profile's conversation, or why it waits.

    The promise counts the working minutes of whoever takes it, else of the first who can answer (speaks the
    language, has the skills) and comes on duty; a promise that was given and not yet kept stands. The caller
    decides again, with new loads, if somebody's last place was taken meanwhile.

    loads: open conversations by person, 0 for people whom it does not name.
    """
    rule, profile = ruling.rule, ruling.question.profile
    if rule is None:
        # The last rule of a validated configuration holds for everything.
        reason = "no rule holds, so it is in no team's queue"
        return Decision(outcome=Outcome.WAITING, reason=reason, config_version=config_version)
    need = Need(
        rule=rule,
        language=ruling.facts.language,
        directory=directory,
        loads=loads,
        now=now,
    )
    people = candidates(rule, directory, profile, lambda person: is_away(person, directory, now))
    findings = [vet(person, need) for person in people]
    free = _ranked([f for f in findings if f.hurdle is Hurdle.NONE], need, profile)
    barred = [f for f in findings if f.hurdle is not Hurdle.NONE]
    promised = profile.conversation.respond_by if profile.conversation else None
    outcome = f"{free[0].person.id} takes it" if free else _why_nobody(findings, need)
    return Decision(
        outcome=Outcome.ASSIGNED if free else Outcome.WAITING,
        reason=f"rule “{rule.name}”: {ruling.because}; {outcome}",
        rule=rule.name,
        team=rule.team or _team_of(rule.person, directory),
        owner=free[0].person.id if free else "",
        language=need.language,
        candidates=(
            *_explained(free, need, profile),
            *(Candidate(person=f.person.id, chosen=False, reason=f.reason) for f in barred),
        ),
        respond_by=promised or promise([f.person for f in free[:1] or _answerers(findings)], need),
        respond_within=rule.respond_within,
        config_version=config_version,
    )


def taker(
    rule: Rule,
    language: str,
    last_owner: str,
    *,
    directory: Directory,
    loads: Mapping[str, int],
    now: datetime,
) -> str:
    """Who would take a conversation that waits under this rule; empty if nobody can now.

    It tells the clock for whom an offer is worth making, without a look at the conversation.
    """
    profile = Profile(id="", first_seen=now, last_seen=now, last_owner=last_owner)
    need = Need(rule=rule, language=language, directory=directory, loads=loads, now=now)
    people = candidates(rule, directory, profile, lambda person: is_away(person, directory, now))
    free = [finding for finding in (vet(person, need) for person in people) if finding.hurdle is Hurdle.NONE]
    return _ranked(free, need, profile)[0].person.id if free else ""


def promise(people: Sequence[Person], need: Need) -> datetime:
    """The first moment by which one of these people will have been on duty as long as the rule promises."""
    minutes = need.rule.respond_within
    moments = (
        after(hours_of(person, need.directory), need.now, minutes, away=person.away) for person in people
    )
    # Nobody is on duty for two months: then plain minutes, so that it is seen as missed and not as kept.
    return min((moment for moment in moments if moment), default=need.now + timedelta(minutes=minutes))


def _answerers(findings: Sequence[Finding]) -> list[Finding]:
    """Those who can answer, whenever they are on duty; all who were asked if nobody can."""
    return [finding for finding in findings if finding.able] or list(findings)


def _team_of(person: str, directory: Directory) -> str:
    return next((team.id for team in directory.teams if person in team.members), "")


def _ranked(free: Sequence[Finding], need: Need, profile: Profile) -> list[Finding]:
    """The best first: the last owner, the least busy for their capacity, the most able, then by lot."""
    last_owner = sticky_owner(need.rule, profile)

    def rank(finding: Finding) -> tuple[bool, float, int, str]:
        person = finding.person
        # The lot is drawn anew for each customer and always the same for one of them.
        lot = hashlib.sha256(f"{profile.id}#{person.id}".encode()).hexdigest()
        return person.id != last_owner, _busy(person, need), -need.level(person), lot

    return sorted(free, key=rank)


def _explained(free: Sequence[Finding], need: Need, profile: Profile) -> Iterator[Candidate]:
    for place, finding in enumerate(free):
        first, person, busy = free[0].person, finding.person, finding.reason
        answered_last = first.id == sticky_owner(need.rule, profile)
        if place == 0:
            reason = (
                f"answered this customer last, and has room: {busy}"
                if answered_last
                else f"the least busy: {busy}"
            )
        elif answered_last:
            reason = f"could take it ({busy}), but {first.id} answered this customer last"
        elif _busy(person, need) > _busy(first, need):
            reason = f"busier: {busy}"
        elif need.level(person) < need.level(first):
            reason = f"as busy ({busy}), but less able: {need.level(person)} to {need.level(first)}"
        else:
            reason = f"as busy ({busy}) and as able; the lot fell on {first.id}"
        yield Candidate(person=person.id, chosen=place == 0, reason=reason)


def _busy(person: Person, need: Need) -> float:
    return need.load(person) / person.capacity


def _why_nobody(findings: Sequence[Finding], need: Need) -> str:
    if not findings:
        return _empty(need.rule)
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


def _empty(rule: Rule) -> str:
    return f"there is no person {rule.person}" if rule.person else f"team {rule.team} has no members"
