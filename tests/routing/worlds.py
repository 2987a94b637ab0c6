"""Small worlds to decide in: events, customers and staff with only what a test is about."""

from datetime import UTC, datetime

from chalicelib.routing.facts import Question
from chalicelib.vocabulary.event import Direction, Event, Identity, Kind
from chalicelib.vocabulary.people import Conversation, Directory, Hours, Person, Profile, Routing, Rule, Team

# A Wednesday, 11:30 in Tehran.
NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)

OFFICE = Hours(week=dict.fromkeys(("sat", "sun", "mon", "tue", "wed"), (("09:00", "17:00"),)))
NIGHT = Hours(week=dict.fromkeys(("sat", "sun", "mon", "tue", "wed", "thu", "fri"), (("22:00", "06:00"),)))
HOURS = {"office": OFFICE, "night": NIGHT, "never": Hours()}


def event(text="سلام", **given):
    defaults = {
        "id": "1",
        "channel": "telegram",
        "account": "bot",
        "kind": Kind.MESSAGE,
        "direction": Direction.INBOUND,
        "customer": Identity(channel="telegram", scope="*", id="700000001"),
        "occurred_at": NOW,
        "received_at": NOW,
    }
    return Event(**{**defaults, "text": text, **given})


def question(text="سلام", customer=None, account_language="", **given):
    return Question(
        event=event(text, **given), profile=customer or profile(), account_language=account_language
    )


def profile(**given):
    return Profile(**{"id": "p1", "first_seen": NOW, "last_seen": NOW, **given})


def conversation(**given):
    return Conversation(
        **{"id": "c1", "opened_at": NOW, "opened_by": "telegram#bot#message#1", "last_event_at": NOW, **given}
    )


def person(name, **given):
    return Person(**{"id": name, "name": name, "languages": {"fa": 5}, "hours": "office", **given})


def directory(*people, members=None):
    team = Team(id="desk", name="desk", members=tuple(members or (each.id for each in people)))
    return Directory(people=people, teams=(team,), hours=HOURS)


def routing(*rules):
    return Routing(rules=rules or (Rule(name="all", team="desk"),))
