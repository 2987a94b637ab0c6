"""Who can answer when: the judge's own reading of the directory, which shares no code with the hub's.

Everybody of a world lives in Tehran, which has had no daylight saving time since 2022.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone

from chalicelib.configuration.stage import Configuration
from chalicelib.vocabulary.people import Person, Rule

_TEHRAN = timezone(timedelta(hours=3, minutes=30))
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 86_400.0
_ALL_DAY = ("00:00", "24:00")


def is_away(person: Person, at: float) -> bool:
    """Whether it is a day of their absence."""
    day = datetime.fromtimestamp(at, _TEHRAN).date().isoformat()
    return any(first <= day <= last for first, last in person.away)


def on_duty(person: Person, stage: Configuration, at: float) -> bool:
    """Whether they are expected to answer at that time."""
    if is_away(person, at):
        return False
    hours = stage.directory.hours.get(person.hours)
    if hours is None:
        return True
    return any(begins <= at < ends for begins, ends in _shifts(hours.week, at))


def _shifts(week: dict[str, tuple[tuple[str, str], ...]], at: float) -> Iterator[tuple[float, float]]:
    """Those that began on this day or the one before."""
    midnight = _midnight(at)
    for day in (midnight - _DAY, midnight):
        for begin, end in week.get(_DAYS[datetime.fromtimestamp(day, _TEHRAN).weekday()], ()):
            first, last = _seconds(begin), _seconds(end)
            yield day + first, day + (last if last > first else last + _DAY)


def _midnight(at: float) -> float:
    return datetime.fromtimestamp(at, _TEHRAN).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _seconds(clock: str) -> float:
    hour, minute = clock.split(":")
    return int(hour) * 3600.0 + int(minute) * 60.0


def moments(stage: Configuration, since: float, until: float) -> list[float]:
    """When somebody's duty may begin or end between two times, both included."""
    people = stage.directory.people
    used = {person.hours for person in people} & stage.directory.hours.keys()
    days_of = (day for name in used for day in stage.directory.hours[name].week.values())
    clocks = {_seconds(c) % _DAY for day in days_of for pair in day for c in pair if pair != _ALL_DAY}
    if any(person.away for person in people):
        clocks.add(0.0)
    days = range(int((until - since) // _DAY) + 2)
    first = _midnight(since)
    found = (first + day * _DAY + clock for day in days for clock in clocks)
    return sorted(moment for moment in found if since <= moment <= until)


def edges(stages: Sequence[tuple[float, Configuration]], after: float) -> float:
    """The first moment after that one at which somebody's duty may begin or end, as is configured now."""
    coming = moments(stages[-1][1], after, after + 8 * _DAY)
    return next((moment for moment in coming if moment > after), float("inf"))


def worked(person: Person, stage: Configuration, since: float, minutes: float) -> float | None:
    """When they will have been on duty for so many minutes from then on; None if not within two months."""
    if person.hours not in stage.directory.hours and not person.away:
        return since + minutes * 60
    left, reached = minutes * 60, since
    for moment in moments(stage, since, since + 62 * _DAY):
        if moment <= reached:
            continue
        if on_duty(person, stage, reached):
            if left <= moment - reached:
                return reached + left
            left -= moment - reached
        reached = moment
    return reached + left if on_duty(person, stage, reached) else None


def able(person: Person, rule: Rule, language: str) -> bool:
    """Whether they speak the language and have the skills."""
    tongue = language.partition("-")[0]
    speaks = tongue in ("", "und") or person.languages.get(tongue, 0) > 0
    return speaks and all(person.skills.get(skill, 0) >= least for skill, least in rule.skills.items())


def asked(rule: Rule, stage: Configuration, last_owner: str, at: float) -> list[Person]:
    """Whom the rule asks: its person, its team, who answered last, and who stands in for those away."""
    people = {person.id: person for person in stage.directory.people}
    names = (
        [rule.person]
        if rule.person
        else [m for t in stage.directory.teams if t.id == rule.team for m in t.members]
    )
    if rule.sticky and not rule.person:
        names.append(last_owner)
    found: dict[str, Person] = {}
    while names:
        person = people.get(names.pop())
        if person is None or person.id in found:
            continue
        found[person.id] = person
        if is_away(person, at):
            names.append(person.stand_in)
    return list(found.values())


def fitting(rule: Rule, stage: Configuration, language: str, last_owner: str, at: float) -> list[Person]:
    """Who of them is on duty and can answer."""
    return [
        person
        for person in asked(rule, stage, last_owner, at)
        if on_duty(person, stage, at) and able(person, rule, language)
    ]


def rule_for(stage: Configuration, kind: str, language: str) -> Rule | None:
    """The first rule of the stage that holds; a world's rules ask for nothing but kind and language."""
    for rule in stage.routing.rules:
        if (not rule.kind or kind in rule.kind) and (not rule.language or language in rule.language):
            return rule
    return None


def utc(moment: datetime) -> float:
    """Unix seconds."""
    return moment.astimezone(UTC).timestamp()
