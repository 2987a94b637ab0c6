"""The rows of the one table, as PynamoDB models.

A row's docstring begins with its partition key `pk` and its sort key `sk`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pynamodb.attributes import BinaryAttribute, DiscriminatorAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.store.keys import Key
from chalicelib.store.packing import unpacker
from chalicelib.vocabulary.delivery import Absorbed, Circuit
from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.people import Consequence, Conversation, Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class _AbsorbedV1:
    """`Absorbed` until 2026-11-27, when the fields of `Consequence` were its own."""

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


def _from_v1(old: _AbsorbedV1) -> Absorbed:
    return Absorbed(
        event=old.event,
        profile=old.profile,
        seq=old.seq,
        index=old.index,
        committed_at=old.committed_at,
        consequence=Consequence(
            decision=old.decision,
            conversation=old.conversation,
            opened=old.opened,
            moved=old.moved,
            closed=old.closed,
        ),
        targets=old.targets,
    )


unpack_absorbed = unpacker(Absorbed, {1: (_AbsorbedV1, _from_v1)})
"""Unpacks the body of an event's row."""


class Row(Model):
    """Any row; reading gives an object of the class that wrote it.

    pk: the partition key.
    sk: the sort key.
    row: the discriminator of the class.
    ttl: Unix seconds after which DynamoDB deletes the row; None keeps it.
    """

    class Meta:
        table_name = "a table is named where it is opened"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    row = DiscriminatorAttribute()
    ttl = NumberAttribute(null=True)

    @property
    def key(self) -> Key:
        """Partition and sort key."""
        return self.pk, self.sk


class EventRow(Row, discriminator="event"):
    """`E#<event key>`, `EVENT`: an event, once.

    customer: the key of the customer's identity: the partition of the `timeline` index.
    at: when it occurred as 13 digits of milliseconds, then seq and index: the index's sort key.
    profile: the id of the profile that absorbed it.
    seq: the profile's `seq` of that commit.
    committed: Unix milliseconds of that commit.
    targets: JSON list of the names of the targets that are owed it.
    body: the packed `Absorbed`.
    """

    customer = UnicodeAttribute()
    at = UnicodeAttribute()
    profile = UnicodeAttribute()
    seq = NumberAttribute()
    committed = NumberAttribute()
    targets = UnicodeAttribute()
    body = BinaryAttribute(legacy_encoding=False)


class WordsRow(Row, discriminator="words"):
    """`T#<event key>`, `WORDS`: what an edited message says since its latest edit.

    digest: stands for its words and what is sent along.
    """

    digest = UnicodeAttribute()


class LedgerRow(Row, discriminator="ledger"):
    """`E#<event key>`, `D#<target>`: how far one delivery has come.

    state: a `State`.
    target: the target's name.
    profile: the id of the event's profile.
    version: rises by one with every write, which is conditional on it.
    body: the `Ledger` as JSON.
    """

    state = UnicodeAttribute()
    target = UnicodeAttribute()
    profile = UnicodeAttribute()
    version = NumberAttribute()
    body = UnicodeAttribute()


class IdentityRow(Row, discriminator="identity"):
    """`I#<channel>#<scope>#<id>`, `IDENTITY`: whose address it is.

    profile: the id of the profile that has it.
    """

    profile = UnicodeAttribute()


class KeyRow(Row, discriminator="key"):
    """`K#<kind>#<value>`, `KEY`: whose phone or e-mail address it is.

    profile: the id of the profile that has it.
    """

    profile = UnicodeAttribute()


class ProfileRow(Row, discriminator="profile"):
    """`P#<id>`, `PROFILE`: a customer, and the outbox from which `relay` learns what is owed to targets.

    seq: rises by one with every commit, which is conditional on it.
    fresh: JSON of the last commit's events and the targets that they are owed, `[[key, [target, …]], …]`.
    body: the `Profile` as JSON.
    due_shard: the partition of the `due` index; this and the next three only while a conversation is open.
    due_at: when the clock looks at the conversation, 13 digits of milliseconds.
    work_queue: the partition of the `worklist` index: `person#<id>`, or `waiting`.
    work_at: by when an answer is promised, or since when it is open; 13 digits of milliseconds.
    """

    seq = NumberAttribute()
    fresh = UnicodeAttribute()
    body = UnicodeAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)
    work_queue = UnicodeAttribute(null=True)
    work_at = UnicodeAttribute(null=True)


class ReferenceState(StrEnum):
    """Whether a customer is known at a CRM."""

    CREATING = "creating"
    """A step is about to create the contact, or its worker died."""
    READY = "ready"
    """The customer's id there is known."""


class ReferenceRow(Row, discriminator="reference"):
    """`P#<id>`, `R#<target>`: the customer at a CRM.

    state: a `ReferenceState`.
    remote: the customer's id at the target, empty until it is known.
    since: Unix seconds of the last write.
    """

    state = UnicodeAttribute()
    remote = UnicodeAttribute(default="")
    since = NumberAttribute()


class ClosedRow(Row, discriminator="closed"):
    """`P#<id>`, `C#<opened at, milliseconds>#<conversation>`: a conversation that has ended.

    body: the `Conversation` as JSON.
    """

    body = UnicodeAttribute()


class LoadRow(Row, discriminator="load"):
    """`W#<person>`, `LOAD`: how busy somebody is.

    open: how many open conversations they own.
    """

    open = NumberAttribute(default=0)
    work_queue = UnicodeAttribute(null=True)
    work_at = UnicodeAttribute(null=True)


class BreakerRow(Row, discriminator="breaker"):
    """`B#<target>`, `BREAKER`: a target's failures in a row, and whether it is cut off.

    state: a `Circuit`.
    failures: failed calls since the last success.
    groups: the profiles whose deliveries failed, at most two, joined by spaces.
    since: Unix seconds of the moment when it opened.
    next_probe: Unix seconds before which no probe is made.
    probes: how many probes were made since it opened.
    refused: the reason, if one of these failures was a refusal as by an endpoint that serves nobody.
    streak: how many rows of failures a success has ended.
    """

    state = UnicodeAttribute(default=Circuit.CLOSED.value)
    failures = NumberAttribute(default=0)
    groups = UnicodeAttribute(default="")
    since = NumberAttribute(default=0)
    next_probe = NumberAttribute(default=0)
    probes = NumberAttribute(default=0)
    refused = UnicodeAttribute(default="")
    streak = NumberAttribute(default=0)


class AccountsRow(Row, discriminator="accounts"):
    """`CONFIG`, `ACCOUNTS`: the accounts of the configuration in force, for the front door.

    version: the name of the pushed version.
    accounts: an `Accounts` as deflated JSON.
    """

    version = UnicodeAttribute()
    accounts = BinaryAttribute(legacy_encoding=False)


class ConfigRow(Row, discriminator="config"):
    """`CONFIG`, `CURRENT` or a version: a stage's configuration, each section as deflated JSON.

    version: the name of the pushed version.
    accounts: an `Accounts`.
    people: a `Directory`.
    routing: a `Routing`.
    crms: the targets.
    """

    version = UnicodeAttribute()
    accounts = BinaryAttribute(legacy_encoding=False)
    people = BinaryAttribute(legacy_encoding=False)
    routing = BinaryAttribute(legacy_encoding=False)
    crms = BinaryAttribute(legacy_encoding=False)
