"""Customers, the staff who answer them, and the decision who answers whom.

All times are aware UTC; only hours of duty are local, to their `timezone`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.vocabulary.numbering import current


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What a customer wants of us just now; a profile has at most one open, across all channels.

    id: the reference of the event that opened it.
    opened_at: when we received that event.
    opened_by: the key of that event.
    owner: the id of the person who answers, empty while the conversation waits.
    team: the id of the team whose queue it is in, empty if it is in none.
    respond_by: by when the owner should have answered; None once our side has.
    respond_within: the minutes that the rule promises, for the next time the customer writes.
    last_event_at: when its latest event was received or committed, the later; idle time counts from there.
    last_word_at: when we received the customer's latest word.
    asked_at: when the customer said the latest that calls for an answer, by the platform's clock; None if the
        platform gave no time.
    rule: the name of the rule it was given by, or waits under.
    mark: that rule's mark (`rules.marks`), empty from earlier code.
    language: what its owner has to speak.
    channel: the channel of the event that opened it.
    account: the account of the event that opened it; opaque.
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
    asked_at: datetime | None = None
    rule: str = ""
    mark: str = ""
    language: str = ""
    channel: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One customer, as all their events together describe them.

    id: the hub's own id of the profile; opaque.
    seq: rises by one with every commit.
    own: True for the profile of one of our accounts, which is no customer.
    name: what they called themselves last; not normalised.
    language: BCP 47 tag of what they wrote last, `fa-Latn` for Persian in Latin letters.
    identities: the `Identity.key`s of their addresses.
    keys: their verified contact keys as `kind#value`; normalised, phones in E.164.
    counters: how many events they have, by kind and by direction.
    first_seen: when we received their first event.
    last_seen: when we received their latest event.
    last_owner: the id of the person who answered them last, empty if nobody has.
    conversation: the open conversation, None if there is none.
    collisions: the ids of other profiles that may be the same person; merging them is a human's decision.
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

    @property
    def phones(self) -> tuple[str, ...]:
        """Verified phones, E.164; each as it is written today, and once."""
        return tuple(dict.fromkeys(map(current, self._keys("phone#"))))

    @property
    def emails(self) -> tuple[str, ...]:
        """Verified e-mail addresses."""
        return self._keys("email#")

    def _keys(self, prefix: str) -> tuple[str, ...]:
        return tuple(key.removeprefix(prefix) for key in self.keys if key.startswith(prefix))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When somebody is on duty.

    timezone: the IANA time zone of the times below.
    week: weekday (`sat` … `fri`) to intervals `("09:00", "17:30")`, local time; a missing day is off, and
        an interval whose end is not after its start runs past midnight.
    holidays: ISO dates of days off.
    """

    timezone: str = "Asia/Tehran"
    week: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    holidays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An employee who answers customers.

    id: what rules and teams call them.
    name: what colleagues and CRMs call them.
    languages: language (BCP 47, without script and country) to level, 1 knows a little … 5 native.
    skills: skill to level, 1 knows a little … 5 expert.
    hours: a name in the directory's `hours`; empty means always on duty.
    capacity: how many conversations they own at once, at most.
    away: first and last day of each absence, ISO dates.
    stand_in: the id of the person who takes their place while they are away, empty for nobody.
    user_ids: target name to their id there; opaque.
    identities: their own addresses as `channel:id`, so that what they write is not taken for a customer's.
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
    """A group of people who share a queue of conversations.

    id: what rules call it.
    name: what people call it.
    members: the ids of its people.
    """

    id: str
    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Everybody who answers customers.

    people: the employees.
    teams: the teams, whose members are among the people.
    hours: hours of duty by the name that people refer to.
    """

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

    An empty condition always holds; several values in one condition are alternatives.

    name: what the explanation of a decision calls it.
    channel: condition: the event's channel.
    account: condition: the id of our account.
    kind: condition: the event's kind.
    language: condition: the language to answer in; `fa` covers `fa-Latn`.
    words: condition: whole words or phrases of the text, both compared after Persian normalisation.
    profile: condition: a fact of the customer: `returning`, `new` or `known_phone`.
    team: the id of the team that the conversation goes to, empty if it goes to a person.
    person: the id of the person that it goes to, empty if it goes to a team.
    skills: what the owner must have, skill to least level.
    respond_within: minutes within which the customer is promised an answer.
    sticky: True if the person who answered the customer last is preferred.
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
    """How conversations find their owner.

    rules: in their order; the first that holds decides.
    opens: the kinds of inbound events that open a conversation.
    idle: minutes without an event after which a conversation ends.
    """

    rules: tuple[Rule, ...] = ()
    opens: tuple[str, ...] = ("message", "postback", "call", "referral", "mention")
    idle: int = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who was considered as the owner of a conversation.

    person: their id.
    chosen: True if they became the owner.
    reason: one sentence, why they were or were not chosen.
    """

    person: str
    chosen: bool
    reason: str


class Outcome(StrEnum):
    """The result of a decision."""

    ASSIGNED = "assigned"
    KEPT = "kept"
    """The owner of the open conversation keeps it, or it goes on waiting."""
    WAITING = "waiting"
    """Nobody can take the conversation now."""
    CLOSED = "closed"
    NONE = "none"
    """The event needs no owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who answers and why, stored with the event.

    outcome: the result.
    reason: one sentence, why.
    rule: the name of the rule that held, empty if none was asked.
    team: the id of the team whose queue the conversation is in.
    owner: the id of the person who answers, empty if the conversation waits.
    language: what the owner has to speak.
    candidates: everybody who was considered.
    respond_by: by when the owner should have answered; None if nobody has to.
    respond_within: the minutes that the rule promises.
    config_version: the version of the configuration that was in force.
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
    conversation: as it was right after the event, or when the event closed it; None if there is none.
    opened: True if the event opened it.
    moved: True if the event gave it an owner.
    closed: True if the event ended it.
    """

    decision: Decision
    conversation: Conversation | None = None
    opened: bool = False
    moved: bool = False
    closed: bool = False
