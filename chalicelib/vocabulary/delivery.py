"""What is owed to a target, how it is called there, and what it gave as proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.people import Conversation, Decision, Person, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where events go: one entry of `crms.yaml`.

    name: what this hub calls it; it names its queue. crm: the connector.
    kinds and directions: what it is owed. notices: whether events without a customer go there too.
    concurrency: how many deliveries it gets at once (2 … 1000).
    secret: the name of the parameter with its credentials.
    private_network: it may be at a private or loopback address.
    """

    name: str
    crm: str
    url: str
    secret: str = ""
    kinds: tuple[str, ...] = ()
    directions: tuple[str, ...] = ("inbound", "outbound", "internal")
    notices: bool = False
    concurrency: int = 2
    private_network: bool = False
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event owed to one target, with all a connector may need to tell it.

    conversation: as it was when the event was absorbed, None outside one.
    opened, moved, closed: what this event did to it.
    owner: the person who owns it now, None while nobody does.
    contact: the customer's id at this target, empty until there is one.
    lead: the id there of what was opened for the conversation, empty if nothing was.
    seq and index: the event's place among all of this profile's events.
    """

    event: Event
    profile: Profile
    decision: Decision
    conversation: Conversation | None = None
    opened: bool = False
    moved: bool = False
    closed: bool = False
    owner: Person | None = None
    contact: str = ""
    lead: str = ""
    seq: int = 0
    index: int = 0

    @property
    def phones(self) -> tuple[str, ...]:
        """Verified phones, E.164."""
        return self._keys("phone#")

    @property
    def emails(self) -> tuple[str, ...]:
        """Verified e-mail addresses."""
        return self._keys("email#")

    def _keys(self, prefix: str) -> tuple[str, ...]:
        return tuple(k.removeprefix(prefix) for k in self.profile.keys if k.startswith(prefix))


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbed:
    """An event with all that was decided about it when its customer's profile absorbed it.

    seq: the profile's `seq` of that commit; index: the event's place in the commit.
    targets: whom it is owed. conversation: as it was right after, or as it was closed.
    """

    event: Event
    profile: str
    seq: int
    index: int
    committed_at: datetime
    decision: Decision
    targets: tuple[str, ...] = ()
    conversation: Conversation | None = None
    opened: bool = False
    moved: bool = False
    closed: bool = False


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The target's proof: step name to the remote id it created or changed."""

    ids: Mapping[str, str] = field(default_factory=dict)


ANY_STEP = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """How far one delivery has come.

    state: `sending` (an attempt is, or was, under way), `waiting` (until `next_at`), `done`,
    `parked` (with its reason). steps: finished steps and their remote ids. doubtful: the step that
    may have been carried out without our knowing, `*` if it may be any that is not finished; it is
    looked up before it is written again.
    attempts: those that count. since: when this state began.
    """

    target: str
    event: str
    state: str
    attempts: int = 0
    steps: Mapping[str, str] = field(default_factory=dict)
    doubtful: str = ""
    version: int = 0
    since: datetime
    next_at: datetime | None = None
    reason: str = ""
    detail: str = ""
