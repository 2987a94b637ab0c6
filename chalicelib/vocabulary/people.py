"""Customers, the staff who answer them, and the decision who does.

All times are aware UTC; hours of duty are local to their `timezone`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The open matter with a profile; at most one, across all channels.

    id: the reference of the event that opened it. opened_by: that event's key.
    owner: a person's id, or empty while it waits. team: whose queue it is in.
    respond_by: by when the owner should have answered; None once our side has. respond_within: the
        minutes the rule promises, for the next time the customer writes.
    last_event_at: when its latest event was received or committed, the later; it is idle from there.
    last_word_at: when we received the customer's latest word.
    rule: the name of the rule it was given by, or waits under.
    language: what its owner has to speak.
    """

    id: str
    opened_at: datetime
    opened_by: str
    owner: str = ""
    team: str = ""
    respond_by: datetime | None = None
    respond_within: int = 60
    last_event_at: datetime
    last_word_at: datetime | None = None
    rule: str = ""
    language: str = ""
    channel: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One customer.

    seq: rises by one with every commit. identities and keys: `Identity.key`s and `kind#value`s.
    counters: events by kind, and by `inbound`/`outbound`. last_owner: who answered last.
    own: this is the profile of one of our accounts, not of a customer.
    """

    id: str
    seq: int = 0
    own: bool = False
    name: str = ""
    language: str = ""
    identities: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    first_seen: datetime
    last_seen: datetime
    last_owner: str = ""
    conversation: Conversation | None = None
    collisions: tuple[str, ...] = ()
    """Other profiles that may be the same person; merging them is a human's decision."""

    @property
    def phones(self) -> tuple[str, ...]:
        """Verified phones, E.164."""
        return self._keys("phone#")

    @property
    def emails(self) -> tuple[str, ...]:
        """Verified e-mail addresses."""
        return self._keys("email#")

    def _keys(self, prefix: str) -> tuple[str, ...]:
        return tuple(key.removeprefix(prefix) for key in self.keys if key.startswith(prefix))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When somebody is on duty.

    week: weekday (`sat` … `fri`) to intervals `("09:00", "17:30")`, local time; a missing day is off.
    An interval whose end is not after its start runs past midnight. holidays: ISO dates off.
    """

    timezone: str = "Asia/Tehran"
    week: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    holidays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An employee who answers customers.

    languages and skills: name to level (1 knows a little … 5 native or expert).
    hours: a name in the directory's `hours`. capacity: open conversations at once.
    away: first and last day of absence, ISO dates. user_ids: target name to who they are there.
    identities: their own addresses, as `channel:id`, so that what they write is not a customer's.
    """

    id: str
    name: str
    languages: dict[str, int] = field(default_factory=dict)
    skills: dict[str, int] = field(default_factory=dict)
    hours: str = ""
    capacity: int = 10
    away: tuple[tuple[str, str], ...] = ()
    stand_in: str = ""
    user_ids: dict[str, str] = field(default_factory=dict)
    identities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A group of people who share a queue."""

    id: str
    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Everybody who answers."""

    people: tuple[Person, ...] = ()
    teams: tuple[Team, ...] = ()
    hours: dict[str, Hours] = field(default_factory=dict)

    def person(self, person: str) -> Person | None:
        """The person of that id."""
        return next((one for one in self.people if one.id == person), None)

    def team(self, team: str) -> Team | None:
        """The team of that id."""
        return next((one for one in self.teams if one.id == team), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """If every condition holds, the conversation goes to `team` or to `person`.

    An empty condition holds always; several values in one condition are alternatives. `words` are
    matched on the text after Persian normalisation, whole words. `profile` conditions are facts of
    the customer: `returning`, `new`, `known_phone`.
    skills: what the owner must have, name to least level. respond_within: minutes.
    """

    name: str
    channel: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    team: str = ""
    person: str = ""
    skills: dict[str, int] = field(default_factory=dict)
    respond_within: int = 60
    sticky: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """How conversations find their owner. `idle` is in minutes."""

    rules: tuple[Rule, ...] = ()
    opens: tuple[str, ...] = ("message", "postback", "call", "referral", "mention")
    idle: int = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who was considered, and why they were or were not chosen."""

    person: str
    chosen: bool
    reason: str


class Outcome(StrEnum):
    """What a decision came to."""

    ASSIGNED = "assigned"
    KEPT = "kept"
    """The owner of the open conversation keeps it, or it goes on waiting."""
    WAITING = "waiting"
    """Nobody can take it now."""
    CLOSED = "closed"
    NONE = "none"
    """The event needs no owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who answers, stored with the event; it explains itself.

    outcome: what it came to.
    reason: one sentence.
    rule: the name of the rule that held.
    team: whose queue the conversation is in.
    owner: a person's id, empty if it waits.
    language: what the owner has to speak.
    candidates: everybody who was considered.
    respond_by: by when the owner should have answered.
    respond_within: the minutes that the rule promises.
    config_version: the configuration that was in force.
    """

    outcome: Outcome
    reason: str
    rule: str = ""
    team: str = ""
    owner: str = ""
    language: str = ""
    candidates: tuple[Candidate, ...] = ()
    respond_by: datetime | None = None
    respond_within: int = 60
    config_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What an event did to its profile's conversation.

    decision: who answers, and why.
    conversation: as it was right after the event, or as it was closed; None outside one.
    opened: the event opened it.
    moved: the event changed its owner.
    closed: the event ended it.
    """

    decision: Decision
    conversation: Conversation | None = None
    opened: bool = False
    moved: bool = False
    closed: bool = False
