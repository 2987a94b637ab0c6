"""Builds the transaction by which a profile absorbs events, with all the rows that are written in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec
from pynamodb.expressions.condition import Condition

from chalicelib.configuration.stage import Configuration
from chalicelib.crms import CRMS
from chalicelib.pipeline.repeats import Repeats
from chalicelib.profiles import facts
from chalicelib.profiles.identities import Match, addresses
from chalicelib.routing import conversations
from chalicelib.routing.candidates import speaks
from chalicelib.store import worklist
from chalicelib.store.keys import (
    LOADS,
    WAITING,
    contact_key,
    due_shard,
    event_key,
    identity_key,
    load_key,
    profile_key,
    sortable,
    words_key,
)
from chalicelib.store.packing import pack
from chalicelib.store.rows import ClosedRow, EventRow, IdentityRow, KeyRow, LoadRow, ProfileRow, Row, WordsRow
from chalicelib.store.table import Write
from chalicelib.vocabulary.delivery import Absorbed, Target
from chalicelib.vocabulary.event import LONGEST_TEXT, Attachment, Event, Identity
from chalicelib.vocabulary.people import Consequence, Conversation, Profile

RETENTION = timedelta(days=400)
"""How long events and their ledgers are kept; at least 30 days, because a platform may resend so long."""

_ROW_BYTES = 250 * 1024
_FIELD_KEPT = 1_000
_FIELDS_KEPT = 40
"""Characters of a field, and fields, that the row of a large event keeps; the bucket keeps all of it."""


@dataclass(slots=True, kw_only=True)
class Commit:
    """One transaction, which grows with every event that is added.

    before: the profile as it was read.
    profile: the profile after the events so far.
    match: whose events they are, and the identities and keys that the profile gains.
    configuration: the stage's configuration.
    now: the time of the commit, aware UTC.
    store: puts bytes into the bucket under a key.
    repeats: the message's events, sorted by whether they came before.
    unread: how many verified phones of theirs nobody can read.
    absorbed: the events so far.
    ended: the conversations that ended by them.
    unchanged: edits that say nothing new.
    words: the digests of what edited messages say after the events so far, by the key of the message.
    loads: open conversations by person, as far as they were read, before this commit.
    taken: the changes that this commit makes to loads, by person.
    staff: the addresses of our own people, as `channel:id`.
    """

    before: Profile
    profile: Profile
    match: Match
    configuration: Configuration
    now: datetime
    store: Callable[[str, bytes], None]
    repeats: Repeats
    unread: int
    absorbed: list[Absorbed] = field(default_factory=list)
    ended: list[Conversation] = field(default_factory=list)
    unchanged: list[Event] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    loads: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    staff: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        people = self.configuration.directory.people
        self.staff = frozenset(address for person in people for address in person.identities)

    def is_staff(self, customer: Identity) -> bool:
        """Whether the customer is one of our own people."""
        return bool(self.staff) and not self.staff.isdisjoint(addresses(customer, self.profile))

    def is_foreign(self, event: Event, conversation: Conversation) -> bool:
        """Whether the owner is asked for something in a language that they do not speak."""
        owner = self.configuration.directory.person(conversation.owner)
        asks = conversations.opens(event, self.configuration.routing_of(event))
        return asks and owner is not None and not speaks(owner, self.spoken(event) or "und")

    def spoken(self, event: Event) -> str:
        """The customer's language, as this event tells it or those before."""
        default = self.configuration.account_language(event)
        return facts.after_event(self.profile, event, default).language

    def add(self, event: Event, consequence: Consequence) -> None:
        """Absorb one more event, with what it did to the conversation."""
        before, after = self.profile.conversation, consequence.conversation
        if consequence.closed and before:
            self.end(before)
        else:
            self._move(before.owner if before else "", after.owner if after else "")
            self.profile = replace(
                self.profile,
                conversation=after,
                last_owner=(after.owner if after else "") or self.profile.last_owner,
            )
        self.profile = facts.after_event(self.profile, event, self.configuration.account_language(event))
        self.absorbed.append(
            Absorbed(
                event=event,
                profile=self.profile.id,
                seq=self.profile.seq,
                index=len(self.absorbed),
                committed_at=self.now,
                consequence=consequence,
                targets=tuple(t.name for t in self.configuration.targets if owes(t, event)),
            )
        )

    def end(self, conversation: Conversation) -> None:
        """End the open conversation."""
        self.ended.append(conversation)
        self._move(conversation.owner, "")
        self.profile = replace(self.profile, conversation=None)

    def _move(self, old: str, new: str) -> None:
        if old == new:
            return
        for person, change in ((old, -1), (new, 1)):
            if person:
                self.taken[person] = self.taken.get(person, 0) + change

    def load(self, person: str) -> int:
        """Their open conversations after the events so far; their load must have been read."""
        return self.loads[person] + self.taken.get(person, 0)

    def writes(self) -> list[Write]:
        """All writes of the transaction, with the conditions under which it may be made."""
        pid = self.profile.id
        writes = [Write(row=self._profile_row(), condition=self._unchanged())]
        writes += [Write(row=self._event_row(a), condition=Row.pk.does_not_exist()) for a in self.absorbed]
        for message, digest in self.words.items():
            words = WordsRow(*words_key(message), digest=digest, ttl=_ttl(self.now))
            writes.append(Write(row=words))
        for identity in self.match.identities:
            pk, sk = identity_key(identity)
            writes.append(Write(row=IdentityRow(pk, sk, profile=pid), condition=Row.pk.does_not_exist()))
        for key in self.match.keys:
            pk, sk = contact_key(key)
            writes.append(Write(row=KeyRow(pk, sk, profile=pid), condition=Row.pk.does_not_exist()))
        for conversation in self.ended:
            sk = f"C#{sortable(conversation.opened_at)}#{conversation.id}"
            body = msgspec.json.encode(conversation).decode()
            writes.append(Write(row=ClosedRow(f"P#{pid}", sk, body=body, ttl=_ttl(self.now))))
        return writes + [self._load(person, change) for person, change in self.taken.items() if change]

    def _unchanged(self) -> Condition:
        if self.before.seq == 0:
            return Row.pk.does_not_exist()
        return ProfileRow.seq == self.before.seq

    def _load(self, person: str, change: int) -> Write:
        employee = self.configuration.directory.person(person)
        capacity = employee.capacity if employee else 0
        condition = None
        if change > 0:
            condition = LoadRow.open.does_not_exist() | (LoadRow.open <= capacity - change)
        actions = [
            LoadRow.open.add(change),
            LoadRow.row.set(LoadRow),
            # So that the clock finds everybody who has a load, whoever has left the directory too.
            LoadRow.work_queue.set(LOADS),
            LoadRow.work_at.set(person),
        ]
        return Write(row=LoadRow(*load_key(person)), condition=condition, actions=actions)

    def _profile_row(self) -> ProfileRow:
        pk, sk = profile_key(self.profile.id)
        row = ProfileRow(
            pk,
            sk,
            seq=self.profile.seq,
            fresh=json.dumps([[a.event.key, list(a.targets)] for a in self.absorbed]),
            body=msgspec.json.encode(self.profile).decode(),
        )
        if conversation := self.profile.conversation:
            row.work_queue = f"person#{conversation.owner}" if conversation.owner else WAITING
            row.work_at = worklist.place(conversation, self.profile.last_owner)
            if due := conversations.due_at(conversation, self.configuration.routing):
                row.due_shard = due_shard(self.profile.id)
                row.due_at = sortable(due)
        return row

    def _event_row(self, absorbed: Absorbed) -> EventRow:
        event = absorbed.event
        body = pack(absorbed)
        if len(body) > _ROW_BYTES or len(event.text) > LONGEST_TEXT:
            whole = f"oversize/event-{event.reference}"
            self.store(whole, body)
            extra = {k: v[:_FIELD_KEPT] for k, v in list(event.extra.items())[:_FIELDS_KEPT]}
            short = replace(
                event,
                raw=b"",
                text=_shown(event),
                name=event.name[:_FIELD_KEPT],
                attachments=tuple(_shortened(a) for a in event.attachments[:_FIELDS_KEPT]),
                contact_keys=event.contact_keys[:_FIELDS_KEPT],
                extra={**extra, "whole": whole},
            )
            body = pack(replace(absorbed, event=short))
        pk, sk = event_key(event.key)
        return EventRow(
            pk,
            sk,
            customer=event.customer.key,
            at=f"{sortable(event.occurred_at)}#{absorbed.seq:08d}#{absorbed.index:03d}",
            profile=absorbed.profile,
            seq=absorbed.seq,
            committed=int(absorbed.committed_at.timestamp() * 1000),
            targets=json.dumps(absorbed.targets),
            body=body,
            ttl=_ttl(self.now),
        )


def _shown(event: Event) -> str:
    return event.text if event.text == event.excerpt else f"{event.excerpt}…"


def _shortened(attachment: Attachment) -> Attachment:
    return replace(attachment, name=attachment.name[:_FIELD_KEPT], ref=attachment.ref[:_FIELD_KEPT], mime="")


def owes(target: Target, event: Event) -> bool:
    """Whether the target is owed the event."""
    kinds = target.kinds or CRMS[target.connector].kinds
    if event.customer.own and not target.notices:
        return False
    return (not kinds or event.kind in kinds) and event.direction in target.directions


def _ttl(now: datetime) -> int:
    return int((now + RETENTION).timestamp())
