"""The rows of the one table, as PynamoDB models.

Every row has a partition key `pk` and a sort key `sk`; what stands there is in each row's docstring.
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
    """`Absorbed` until 2026-11-27: without a `consequence` of its own."""

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
"""Reads the body of an event's row."""


class Row(Model):
    """Any row; reading gives the class that wrote it.

    pk and sk: partition and sort key.
    row: the name of the class.
    ttl: Unix seconds after which DynamoDB deletes it; None keeps it.
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
    """`E#<event key>`, `EVENT`: an event, once. `body` is a packed `Absorbed`.

    customer and at (13 digits of milliseconds, then seq and index) place it on its identity's timeline.
    """

    customer = UnicodeAttribute()
    at = UnicodeAttribute()
    profile = UnicodeAttribute()
    seq = NumberAttribute()
    committed = NumberAttribute()
    targets = UnicodeAttribute()
    body = BinaryAttribute(legacy_encoding=False)


class LedgerRow(Row, discriminator="ledger"):
    """`E#<event key>`, `D#<target>`: how far one delivery has come. `body` is a `Ledger` as JSON."""

    state = UnicodeAttribute()
    target = UnicodeAttribute()
    profile = UnicodeAttribute()
    version = NumberAttribute()
    body = UnicodeAttribute()


class IdentityRow(Row, discriminator="identity"):
    """`I#<channel>#<scope>#<id>`, `IDENTITY`: whose address it is."""

    profile = UnicodeAttribute()


class KeyRow(Row, discriminator="key"):
    """`K#<kind>#<value>`, `KEY`: whose phone or e-mail it is."""

    profile = UnicodeAttribute()


class ProfileRow(Row, discriminator="profile"):
    """`P#<id>`, `PROFILE`: a customer, and the outbox.

    seq rises by one with every commit; fresh names that commit's events and whom they are owed to,
    `[[event key, [target, …]], …]`. body is the `Profile` as JSON. The index attributes are there
    only while a conversation is open.
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


class ReferenceRow(Row, discriminator="reference"):
    """`P#<id>`, `R#<target>`: the customer at a CRM. `remote` is their id there."""

    state = UnicodeAttribute()
    remote = UnicodeAttribute(default="")
    since = NumberAttribute()


class ClosedRow(Row, discriminator="closed"):
    """`P#<id>`, `C#<opened at, milliseconds>`: a conversation that was. `body` is JSON."""

    body = UnicodeAttribute()


class LoadRow(Row, discriminator="load"):
    """`W#<person>`, `LOAD`: how many open conversations somebody has."""

    open = NumberAttribute(default=0)


class BreakerRow(Row, discriminator="breaker"):
    """`B#<target>`, `BREAKER`: a target's failures in a row, and whether it is cut off.

    state: a `Circuit`. groups: who failed, joined by spaces. since and next_probe:
    Unix seconds.
    refused: why, if the endpoint has refused in this row of failures as one that serves nobody.
    trial: 1 while deliveries run again to show whether it serves. streak: rises when a row of failures ends.
    """

    state = UnicodeAttribute(default=Circuit.CLOSED.value)
    failures = NumberAttribute(default=0)
    groups = UnicodeAttribute(default="")
    since = NumberAttribute(default=0)
    next_probe = NumberAttribute(default=0)
    probes = NumberAttribute(default=0)
    refused = UnicodeAttribute(default="")
    trial = NumberAttribute(default=0)
    streak = NumberAttribute(default=0)


class ConfigRow(Row, discriminator="config"):
    """`CONFIG`, `CURRENT` or a version: a stage's configuration, each section deflated JSON."""

    version = UnicodeAttribute()
    accounts = BinaryAttribute(legacy_encoding=False)
    people = BinaryAttribute(legacy_encoding=False)
    routing = BinaryAttribute(legacy_encoding=False)
    crms = BinaryAttribute(legacy_encoding=False)
