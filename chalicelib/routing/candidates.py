"""Finds who could take a conversation, and what keeps each of the others from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from chalicelib.language import persian
from chalicelib.routing.hours import ALWAYS, away_until, local, next_on_duty, on_duty
from chalicelib.vocabulary.people import Directory, Hours, Person, Profile, Rule


class Presence(StrEnum):
    """Whether somebody can be expected to answer now."""

    HERE = "here"
    OFF_DUTY = "off_duty"
    """Out of their hours, but in the directory and not absent."""
    GONE = "gone"
    """No longer in the directory, or absent today."""


class Hurdle(IntEnum):
    """What keeps somebody from a conversation, in the order in which it is checked."""

    AWAY = 0
    OFF_DUTY = 1
    LANGUAGE = 2
    SKILL = 3
    ROOM = 4
    NONE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Whether one person could take the conversation.

    person: the person.
    hurdle: what keeps them from it.
    reason: half a sentence for the explanation.
    on_duty_at: from when they are on duty, UTC; None if they are not for two months.
    able: they speak the language and have the skills, whenever they are on duty.
    """

    person: Person
    hurdle: Hurdle
    reason: str
    on_duty_at: datetime | None
    able: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What the conversation needs of its owner, and who there is at that moment.

    rule: the rule that holds.
    language: the language to answer in, BCP 47 or `und`.
    directory: the people and teams.
    loads: open conversations by person.
    now: the time, aware UTC.
    """

    rule: Rule
    language: str
    directory: Directory
    loads: Mapping[str, int]
    now: datetime

    def load(self, person: Person) -> int:
        """Their open conversations."""
        return self.loads.get(person.id, 0)

    def level(self, person: Person) -> int:
        """How well they speak the language and know the skills, together."""
        skilled = sum(person.skills.get(skill, 0) for skill in self.rule.skills)
        return skilled + person.languages.get(persian.base(self.language), 0)


def sticky_owner(rule: Rule, profile: Profile | None) -> str:
    """The id of who answered the customer last; empty if the rule is not sticky, or names a person."""
    return profile.last_owner if profile and rule.sticky and not rule.person else ""


def candidates(
    rule: Rule, directory: Directory, profile: Profile | None, stands_in: Callable[[Person], bool]
) -> tuple[Person, ...]:
    """The people whom the rule calls for, the customer's last owner first.

    Behind each person for whom `stands_in` is true comes their stand-in, and behind a stand-in theirs.
    """
    people = {person.id: person for person in directory.people}
    team = next((team.members for team in directory.teams if team.id == rule.team), ())
    considered: dict[str, Person] = {}
    for name in (sticky_owner(rule, profile), rule.person, *team):
        person = people.get(name)
        while person is not None and person.id not in considered:
            considered[person.id] = person
            person = people.get(person.stand_in) if stands_in(person) else None
    return tuple(considered.values())


def vet(person: Person, need: Need) -> Finding:
    """What keeps this person from taking it, if anything does."""
    hours = hours_of(person, need.directory)
    since = next_on_duty(hours, need.now, away=person.away)
    hurdle, reason = _hurdle(person, need, hours, since)
    able = speaks(person, need.language) and not _lacking(person, need.rule)
    return Finding(person=person, hurdle=hurdle, reason=reason, on_duty_at=since, able=able)


def presence(person: Person | None, directory: Directory, now: datetime) -> Presence:
    """Whether this person, None for who left the directory, can be expected to answer now."""
    if person is None or is_away(person, directory, now):
        return Presence.GONE
    return Presence.HERE if on_duty(hours_of(person, directory), now) else Presence.OFF_DUTY


def is_away(person: Person, directory: Directory, now: datetime) -> bool:
    """Whether it is a day of their absence."""
    return away_until(hours_of(person, directory), now, person.away) is not None


def hours_of(person: Person, directory: Directory) -> Hours:
    """Their hours of duty; somebody without hours is always on duty."""
    return directory.hours.get(person.hours, ALWAYS)


def speaks(person: Person, language: str) -> bool:
    """Whether they speak the language, in any script; anybody can answer a text in no language."""
    return language == "und" or person.languages.get(persian.base(language), 0) > 0


def _lacking(person: Person, rule: Rule) -> str:
    """The first skill that the rule needs and the person lacks, in words; empty if they have all."""
    for skill, least in rule.skills.items():
        if person.skills.get(skill, 0) < least:
            return f"has {skill} at {person.skills.get(skill, 0)}, needed is {least}"
    return ""


def _hurdle(person: Person, need: Need, hours: Hours, since: datetime | None) -> tuple[Hurdle, str]:
    back = f"until {local(hours, since)}" if since else "for the next two months"
    if is_away(person, need.directory, need.now):
        replaced = f"; {person.stand_in} stands in" if person.stand_in else ""
        return Hurdle.AWAY, f"away {back}{replaced}"
    if not on_duty(hours, need.now):
        return Hurdle.OFF_DUTY, f"off duty {back}"
    if not speaks(person, need.language):
        return Hurdle.LANGUAGE, f"does not speak {need.language}"
    if lacking := _lacking(person, need.rule):
        return Hurdle.SKILL, lacking
    busy = f"{need.load(person)} of {person.capacity}"
    if need.load(person) >= person.capacity:
        return Hurdle.ROOM, f"full: {busy}"
    return Hurdle.NONE, busy
