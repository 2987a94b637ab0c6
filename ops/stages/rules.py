"""Checks across a stage's four files that every name one of them uses is defined in another.

A file that cannot be read makes no faults in the others; an entry that its schema refuses is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.channels.base import Channel
from chalicelib.crms.base import Crm
from chalicelib.language import persian
from chalicelib.vocabulary.people import Routing
from ops.stages.documents import Document, Spot
from ops.stages.wording import looks_secret, nearest, one_of, secret_here

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The four files, and the channels and connectors of this hub."""

    accounts: Document
    people: Document
    routing: Document
    crms: Document
    channels: Mapping[str, Channel]
    connectors: Mapping[str, Crm]

    @property
    def documents(self) -> tuple[Document, ...]:
        """All four."""
        return (self.accounts, self.people, self.routing, self.crms)


def check(files: Files) -> None:
    """Report every contradiction between the files."""
    _accounts(files)
    _hours(files.people)
    _people(files)
    _teams(files.people)
    _rules(files)
    _targets(files)


def _accounts(files: Files) -> None:
    document = files.accounts
    seen: dict[tuple[Any, Any], int] = {}
    owners: dict[str, str] = {}
    for spot, entry in document.entries("accounts"):
        channel, secret = entry.get("channel", ""), entry.get("secret", "")
        first = seen.setdefault((channel, entry.get("id")), document.line(spot))
        if first != document.line(spot):
            problem = f"{channel} account {entry.get('id')} is here twice"
            document.fault(spot, problem, f"keep one of them (the first is on line {first})")
        if isinstance(secret, str) and owners.setdefault(secret, channel) != channel:
            problem = f"secret {secret} is {owners[secret]}'s"
            remedy = "only accounts of one platform application share a secret: name another"
            document.fault((*spot, "secret"), problem, remedy)
        if channel not in files.channels:
            problem = f"there is no channel {channel}"
            if channel:
                document.fault((*spot, "channel"), problem, one_of(str(channel), sorted(files.channels)))
            continue
        known = files.channels[channel].settings
        _settings(document, spot, required=(), known=known)


def _settings(document: Document, spot: Spot, *, required: tuple[str, ...], known: tuple[str, ...]) -> None:
    given = dict(document.pairs(*spot, "settings"))
    for key in given:
        if key in known:
            continue
        place = (*spot, "settings", key)
        if looks_secret(key):
            document.fault(place, *secret_here(key))
        else:
            remedy = one_of(key, known) if known else "delete it: nothing is set here"
            document.fault(place, f"{key} is no setting of this", remedy)
    for key in required:
        if not given.get(key):
            document.fault(spot, f"the setting {key} is missing", f"add it under settings: {key}")


def _hours(document: Document) -> None:
    for name, hours in document.pairs("hours"):
        if not isinstance(hours, dict):
            continue
        for spot, zone in document.texts("hours", name, "timezone"):
            try:
                ZoneInfo(zone)
            except (ValueError, KeyError, OSError):
                document.fault(spot, f"there is no time zone {zone!r}", "write one such as Asia/Tehran")
        for spot, day in document.texts("hours", name, "holidays"):
            _is_date(document, spot, day)
        for day, _ in document.pairs("hours", name, "week"):
            for spot, interval in document.texts("hours", name, "week", day):
                begin, _, finish = interval.partition("-")
                if begin == finish != "00:00":
                    document.fault(
                        spot, f"{interval} begins when it ends", "write 00:00-24:00 for a whole day"
                    )


def _people(files: Files) -> None:
    document = files.people
    ids = _unique(document, "people", "id")
    hours = {name for name, _ in document.pairs("hours")}
    targets = {
        name for _, entry in files.crms.entries("targets") if isinstance(name := entry.get("name"), str)
    }
    stand_ins: dict[Any, Any] = {}
    for _, person in document.entries("people"):
        stand_ins.setdefault(person.get("id"), person.get("stand_in"))
    for spot, person in document.entries("people"):
        _refers(document, (*spot, "hours"), hours, "hours")
        _refers(document, (*spot, "stand_in"), ids, "person")
        if person.get("stand_in") and _circular(person.get("id"), stand_ins):
            problem = f"standing in leads back to {person.get('id')}"
            document.fault((*spot, "stand_in"), problem, "let somebody outside the circle stand in")
        for target, _ in document.pairs(*spot, "user_ids"):
            if files.crms.value is not None and target not in targets:
                remedy = nearest(target, targets, "add it to crms.yaml, or delete this key")
                document.fault((*spot, "user_ids", target), f"there is no target {target}", remedy)
        for place, address in document.texts(*spot, "identities"):
            channel, colon, _ = address.partition(":")
            if colon and channel not in files.channels:
                document.fault(
                    place, f"there is no channel {channel}", one_of(channel, sorted(files.channels))
                )
        for place, _ in document.entries(*spot, "away"):
            ends = [
                day
                for end in ("from", "to")
                for at, day in document.texts(*place, end)
                if _is_date(document, at, day)
            ]
            if ends != sorted(ends):
                document.fault(place, "the absence ends before it begins", "exchange from and to")


def _teams(document: Document) -> None:
    people = _ids(document, "people")
    _unique(document, "teams", "id")
    for spot, _ in document.entries("teams"):
        seen = set()
        for place, member in document.texts(*spot, "members"):
            _refers(document, place, people, "person")
            if member in seen:
                document.fault(place, f"{member} is in this team twice", "delete one of them")
            seen.add(member)


def _rules(files: Files) -> None:
    document = files.routing
    rules = document.entries("rules")
    _unique(document, "rules", "name")
    opens = [kind for _, kind in document.texts("opens")] or list(Routing().opens)
    for spot, rule in rules:
        _destination(files, spot, rule)
        _conditions(files, spot, opens)
    for spot, rule in rules[:-1]:
        if not rule.get("when"):
            document.fault(
                spot, "no rule after this one is ever reached", "give it a when:, or move it to the end"
            )
    if rules and rules[-1][1].get("when"):
        problem = "the last rule has conditions, so some conversations fall under none"
        document.fault(rules[-1][0], problem, "add a last rule without when:")


def _destination(files: Files, spot: Spot, rule: Mapping[str, Any]) -> None:
    document = files.routing
    if bool(rule.get("team")) == bool(rule.get("person")):
        problem = "the rule names both a team and a person" if rule.get("team") else "the rule names nobody"
        document.fault(spot, problem, "give it either team: or person:")
    if files.people.value is None:
        return
    _refers(document, (*spot, "team"), _ids(files.people, "teams"), "team")
    _refers(document, (*spot, "person"), _ids(files.people, "people"), "person")
    asked = {rule.get("person"), *_members(files.people, rule.get("team"))}
    skills = [p.get("skills") for _, p in files.people.entries("people") if p.get("id") in asked]
    for skill, least in document.pairs(*spot, "skills"):
        levels = [known.get(skill, 0) for known in skills if isinstance(known, dict)]
        if isinstance(least, int) and not any(isinstance(level, int) and level >= least for level in levels):
            problem = f"nobody whom the rule asks has {skill} at {least}"
            document.fault(
                (*spot, "skills", skill), problem, "lower it, or raise somebody's level in people.yaml"
            )


def _conditions(files: Files, spot: Spot, opens: list[str]) -> None:
    document = files.routing
    for place, channel in document.texts(*spot, "when", "channel"):
        if channel not in files.channels:
            document.fault(place, f"there is no channel {channel}", one_of(channel, sorted(files.channels)))
    if files.accounts.value is not None:
        for place, _ in document.texts(*spot, "when", "account"):
            _refers(document, place, _ids(files.accounts, "accounts"), "account")
    for place, kind in document.texts(*spot, "when", "kind"):
        if kind not in opens:
            problem = f"{kind} opens no conversation, so the rule never sees it"
            document.fault(place, problem, f"add {kind} to opens:, or delete it here")
    for place, phrase in document.texts(*spot, "when", "words"):
        if not persian.words(phrase):
            document.fault(place, f"{phrase!r} has no letters or digits", "write a word")


def _targets(files: Files) -> None:
    document = files.crms
    _unique(document, "targets", "name")
    for spot, target in document.entries("targets"):
        name, url = target.get("connector"), target.get("url")
        if isinstance(url, str) and url.startswith("http://") and target.get("private_network") is not True:
            document.fault(
                (*spot, "url"), "the address is not https", "use https, or set private_network: true"
            )
        if not isinstance(name, str) or name not in files.connectors:
            if name:
                remedy = one_of(str(name), sorted(files.connectors))
                document.fault((*spot, "connector"), f"there is no connector {name}", remedy)
            continue
        fields = files.connectors[name].fields
        if any(field.secret and field.required for field in fields) and not target.get("secret"):
            wanted = ", ".join(field.name for field in fields if field.secret)
            remedy = f"name the parameter that holds {wanted}"
            document.fault(spot, f"a {name} target needs secret:", remedy)
        open_fields = [field for field in fields if not field.secret]
        _settings(
            document,
            spot,
            required=tuple(field.name for field in open_fields if field.required),
            known=tuple(field.name for field in open_fields),
        )


def _ids(document: Document, kind: str) -> set[str]:
    return {entry["id"] for _, entry in document.entries(kind) if isinstance(entry.get("id"), str)}


def _unique(document: Document, kind: str, key: str) -> set[str]:
    seen: dict[str, int] = {}
    for spot, entry in document.entries(kind):
        name = entry.get(key)
        if not isinstance(name, str) or not name:
            continue
        if name in seen:
            remedy = f"give it another {key} (the first is on line {seen[name]})"
            document.fault((*spot, key), f"{name} is here twice", remedy)
        seen.setdefault(name, document.line((*spot, key)))
    return set(seen)


def _refers(document: Document, spot: Spot, known: set[str], what: str) -> None:
    for place, name in document.texts(*spot):
        if name and name not in known:
            document.fault(
                place, f"there is no {what} {name}", nearest(name, known, "define it, or correct this name")
            )


def _members(people: Document, team: object) -> Iterator[str]:
    for spot, entry in people.entries("teams"):
        if entry.get("id") == team:
            yield from (member for _, member in people.texts(*spot, "members"))


def _circular(person: object, stand_ins: Mapping[Any, Any]) -> bool:
    seen = set()
    following = stand_ins.get(person)
    while isinstance(following, str) and following not in seen:
        if following == person:
            return True
        seen.add(following)
        following = stand_ins.get(following)
    return False


def _is_date(document: Document, spot: Spot, day: str) -> bool:
    if not _DATE.fullmatch(day):
        return False
    try:
        date.fromisoformat(day)
    except ValueError:
        document.fault(spot, f"{day} is no date", "write one such as 2026-03-21")
        return False
    return True
