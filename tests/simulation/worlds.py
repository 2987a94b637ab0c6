"""What a seed draws: customers, our people, accounts, CRMs and how all that is configured."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

from chalicelib.configuration.stage import Configuration
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.delivery import Target
from chalicelib.vocabulary.people import Directory, Hours, Person, Routing, Rule, Team
from ops import platforms

PUBLIC_URL = "https://hub.example.org"

SECRETS: dict[str, dict[str, tuple[str, ...]]] = {
    "meta": {"app_secret": ("meta-secret",), "verify_token": ("verify-me",)},
    "telegram": {"secret_token": ("telegram-secret",)},
    "twilio": {"auth_token": ("twilio-secret",)},
}

NEW_META_SECRET = "meta-secret-of-next-year"

ACCOUNTS = (
    Account(channel="whatsapp", id="100001", secret="meta", language="fa"),
    Account(channel="whatsapp", id="100002", secret="meta", language="fa", statuses=True),
    Account(channel="telegram", id="bot", secret="telegram", language="fa"),
    Account(channel="twilio", id="982100000009", secret="twilio", language="fa", trusts_claims=True),
    Account(channel="twilio", id="982100000019", secret="twilio", language="fa"),
)

_NAMES = ("neda", "reza", "mina", "amir")
_WEEK = ("sat", "sun", "mon", "tue", "wed", "thu", "fri")
_HOURS = {
    "always": Hours(week=dict.fromkeys(_WEEK, (("00:00", "24:00"),))),
    "day": Hours(week=dict.fromkeys(_WEEK, (("09:00", "17:00"),))),
    "night": Hours(week=dict.fromkeys(_WEEK, (("20:00", "06:00"),))),
    "week": Hours(week=dict.fromkeys(_WEEK[:5], (("08:30", "12:00"), ("13:00", "17:30")))),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One drawn world. by_hand: customers whom staff had entered into the ERP before."""

    humans: tuple[platforms.Person, ...]
    configuration: Configuration
    by_hand: tuple[int, ...] = ()


def human(number: int, *, refused: bool = False) -> platforms.Person:
    """Somebody; a refused phone is one that Tryton does not hold valid."""
    digits = f"989{'99' if refused else '12'}{number:07d}"
    return platforms.Person(
        first_name=f"مشتری{number}",
        last_name="آزمون",
        phone=f"+{digits}",
        user_id=700_000_000 + number,
        bsuid=f"IR.{1_000_000_000_000_000 + number}",
    )


def drawn(rng: random.Random) -> World:
    """A world from the seed."""
    humans = tuple(human(n, refused=rng.random() < 0.1) for n in range(1, rng.choice((1, 2, 2, 3, 4, 6)) + 1))
    names = _NAMES[: rng.choice((2, 2, 3, 4))]
    people = [
        Person(
            id=name,
            name=name.capitalize(),
            languages={"fa": 5, **({"en": 3} if rng.random() < 0.6 else {})},
            skills={"orders": 4} if rng.random() < 0.5 else {},
            hours="always"
            if index == 0 and rng.random() < 0.7
            else rng.choice(("always", "day", "night", "week", "")),
            capacity=rng.choice((1, 1, 2, 3, 8)),
            stand_in=rng.choice(("", names[index - 1])),
            away=(("2026-11-25", "2026-11-26"),) if rng.random() < 0.1 else (),
            user_ids={"erp": str(index + 1)},
        )
        for index, name in enumerate(names)
    ]
    # Whoever is in no team can still stand in for somebody.
    desk = names[:-1] if len(names) > 2 and rng.random() < 0.4 else names
    if rng.random() < 0.1:
        people[1] = replace(people[1], identities=(f"telegram:{humans[0].user_id}",))
    configuration = Configuration(
        version="1",
        public_url=PUBLIC_URL,
        accounts=ACCOUNTS,
        directory=Directory(
            people=tuple(people),
            teams=(Team(id="desk", name="پذیرش", members=desk),),
            hours=_HOURS,
        ),
        routing=Routing(
            rules=_rules(rng, people), idle=rng.choice((20, 60, 240, 24 * 60)), opens=Routing().opens
        ),
        targets=(
            Target(name="crm", connector="receiver", url="https://crm.example.org/in", secret="crm"),
            Target(name="erp", connector="tryton", url="https://erp.example.org/db", secret="erp"),
        ),
    )
    by_hand = tuple(n for n in range(len(humans)) if rng.random() < 0.15)
    return World(humans=humans, configuration=configuration, by_hand=by_hand)


def _rules(rng: random.Random, people: Iterable[Person]) -> tuple[Rule, ...]:
    rules = []
    if rng.random() < 0.3:
        rules.append(Rule(name="calls", kind=("call",), person=next(iter(people)).id, respond_within=5))
    if rng.random() < 0.4:
        kinds = rng.choice((("postback",), ("postback", "call")))
        rules.append(Rule(name="orders", kind=kinds, team="desk", skills={"orders": 3}, respond_within=90))
    if rng.random() < 0.3:
        skills = rng.choice(({}, {"orders": 3}))
        foreign = Rule(name="foreign", language=("en",), team="desk", skills=skills, respond_within=600)
        rules.append(foreign)
    rules.append(Rule(name="everything", team="desk", respond_within=30, sticky=rng.random() < 0.7))
    return tuple(rules)


def changed(configuration: Configuration, rng: random.Random, version: int) -> Configuration:
    """The stage after an operator changed something."""
    people = list(configuration.directory.people)
    one = rng.randrange(len(people))
    what = rng.choice(("capacity", "capacity", "gone", "away", "kinds", "idle"))
    if what == "capacity":
        people[one] = replace(people[one], capacity=rng.choice((1, 1, 2, 5)))
    elif what == "gone" and len(people) > 1:
        gone = people.pop(one).id
        people = [replace(person, stand_in=person.stand_in.replace(gone, "")) for person in people]
    elif what == "away":
        people[one] = replace(people[one], away=(("2026-11-25", "2026-11-26"),))
    elif what == "idle":
        configuration = replace(
            configuration, routing=replace(configuration.routing, idle=rng.choice((15, 90, 600)))
        )
    else:
        kinds = rng.choice(((), ("message", "postback", "call"), ("message",)))
        which = rng.randrange(len(configuration.targets))
        targets = tuple(
            replace(t, kinds=kinds) if place == which else t for place, t in enumerate(configuration.targets)
        )
        configuration = replace(configuration, targets=targets)
    known = {person.id for person in people}
    team = replace(
        configuration.directory.teams[0],
        members=tuple(m for m in configuration.directory.teams[0].members if m in known),
    )
    rules = tuple(
        rule if not rule.person or rule.person in known else replace(rule, person="", team="desk")
        for rule in configuration.routing.rules
    )
    return replace(
        configuration,
        version=str(version),
        directory=replace(configuration.directory, people=tuple(people), teams=(team,)),
        routing=replace(configuration.routing, rules=rules),
    )
