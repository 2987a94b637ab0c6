"""Targets, the deliveries that they are owed, and the ledger of how far a delivery has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.people import Consequence, Person, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where events go: one entry of `crms.yaml`.

    name: what the hub calls it; its queue is named after it.
    connector: the name of the connector that speaks to it.
    url: where its connector calls it.
    secret: the name of the parameter with its credentials.
    kinds: the kinds of events that it is owed; none means those that the connector declares.
    directions: the directions of events that it is owed.
    notices: True if events of our own accounts, which have no customer, are owed to it too.
    concurrency: how many deliveries it gets at once (2 … 1000).
    private_network: True if its URL may lead to a private or loopback address.
    settings: what the connector asks for beyond secrets, by name.
    """

    name: str
    connector: str
    url: str
    secret: str = ""
    kinds: tuple[str, ...] = ()
    directions: tuple[str, ...] = ("inbound", "outbound", "internal")
    notices: bool = False
    concurrency: int = 2
    private_network: bool = False
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbed:
    """An event with all that was decided about it when its customer's profile absorbed it.

    event: what happened.
    profile: the id of the profile.
    seq: the profile's `seq` of that commit.
    index: the event's place in the commit, from 0.
    committed_at: when the commit was made, aware UTC.
    consequence: what became of the conversation.
    targets: the names of the targets that are owed the event.
    """

    event: Event
    profile: str
    seq: int
    index: int
    committed_at: datetime
    consequence: Consequence
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event that a target is owed, with all that its connector may need to write there.

    absorbed: the event, its place among the profile's events, and what became of the conversation.
    profile: the customer as they are now.
    owner: the person who owned the conversation after the event, None while nobody does.
    contact: the customer's id at this target, empty until there is one.
    lead: the id at this target of what was opened for the conversation, empty if nothing was.
    """

    absorbed: Absorbed
    profile: Profile
    owner: Person | None = None
    contact: str = ""
    lead: str = ""

    @property
    def event(self) -> Event:
        """What happened."""
        return self.absorbed.event

    @property
    def consequence(self) -> Consequence:
        """What became of the conversation."""
        return self.absorbed.consequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request to a target.

    method: the HTTP method, in capitals.
    url: the whole URL; never logged, because it may hold a token or a phone.
    headers: header names to values, some of them secret.
    body: the bytes to send.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A target's answer to one call.

    status: the HTTP status.
    headers: header names, in lower case, to values.
    body: the bytes of the answer, cut at a million.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


class State(StrEnum):
    """How far a delivery has come."""

    SENDING = "sending"
    """An attempt is under way, or its worker died."""
    WAITING = "waiting"
    """The next attempt is made at `Ledger.next_at`."""
    DONE = "done"
    PARKED = "parked"
    """No attempt is made until a person asks for one."""


SETTLED = (State.DONE, State.PARKED)
"""The states in which the hub makes no further attempt by itself."""

ANY_STEP = "*"
"""`Ledger.doubtful` when every step that is not finished is in doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """How far one delivery has come.

    target: the target's name.
    event: the event's key.
    state: where it stands.
    attempts: how many failed, without those that throttling, our own mistakes or lack of time ended.
    steps: the name of each finished step to its remote id: the target's receipt.
    doubtful: the step that may have been carried out without our knowing, `*` if any unfinished one may
        have been; it is looked up before it is written again.
    version: rises by one with every write.
    since: when the ledger was last written, aware UTC.
    next_at: when the next attempt is made, aware UTC; None unless the delivery waits.
    reason: the short code of the last failure, empty if there was none.
    detail: the sentence of the last failure, for people.
    refusals: how often in a row the target refused it as an endpoint does that serves nobody.
    streak: the breaker's `streak` at the last of these.
    """

    target: str
    event: str
    state: State
    attempts: int = 0
    steps: Mapping[str, str] = field(default_factory=dict)
    doubtful: str = ""
    version: int = 0
    since: datetime
    next_at: datetime | None = None
    reason: str = ""
    detail: str = ""
    refusals: int = 0
    streak: int = 0


class Circuit(StrEnum):
    """Whether a target's deliveries run."""

    CLOSED = "closed"
    """Deliveries run; failures in a row are counted."""
    OPEN = "open"
    """Deliveries wait: the queue's mapping is disabled, and the clock probes the target now and then."""
    HALF_OPEN = "half-open"
    """Deliveries wait while a probe is under way."""
    TRIAL = "trial"
    """Deliveries run after a target had refused everybody; the first one decides (decision 0015)."""
