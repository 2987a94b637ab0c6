"""What is owed to a target, how it is called there, and what it gave as proof."""

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

    name: what this hub calls it; it names its queue.
    connector: the name of the connector that speaks to it.
    url: where its connector calls it.
    secret: the name of the parameter with its credentials.
    kinds, directions: what it is owed; no kinds means those that the connector declares.
    notices: whether events without a customer go there too.
    concurrency: how many deliveries it gets at once (2 … 1000).
    private_network: it may be at a private or loopback address.
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
    index: the event's place in the commit.
    committed_at: when that was, aware UTC.
    consequence: what became of the conversation.
    targets: the names of those whom the event is owed.
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
    """One event owed to one target, with all a connector may need to tell it.

    absorbed: the event, its place among the profile's events, and what became of the conversation.
    profile: the customer as they are now.
    owner: the person who owned the conversation after the event, None while nobody does.
    contact: the customer's id at this target, empty until there is one.
    lead: the id there of what was opened for the conversation, empty if nothing was.
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
    """One HTTP request to a target."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Its answer. Header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


class State(StrEnum):
    """How far a delivery has come."""

    SENDING = "sending"
    """An attempt is under way, or its worker died."""
    WAITING = "waiting"
    """It will be tried again at `Ledger.next_at`."""
    DONE = "done"
    PARKED = "parked"
    """It will not be tried again by itself."""


SETTLED = (State.DONE, State.PARKED)
"""Nothing more happens to these by itself."""

ANY_STEP = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """How far one delivery has come.

    target: the target's name.
    event: the event's key.
    attempts: those that count.
    steps: finished steps and their remote ids: the target's receipt.
    doubtful: the step that may have been carried out without our knowing, `*` if it may be any that is not
        finished; it is looked up before it is written again.
    version: rises by one with every write.
    since: when this state began.
    next_at: when it is tried again, if it waits.
    reason, detail: of the last failure, a code and a sentence.
    refusals: how often the endpoint refused it as one that serves nobody.
    streak: the target's row of failures in which that was.
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
    """They run; failures in a row are counted."""
    OPEN = "open"
    """They wait: the queue's mapping is disabled, and the clock probes the target now and then."""
    HALF_OPEN = "half-open"
    """They wait while a probe is under way, or some run, to show whether it serves (decision 0012)."""
