"""One transaction in the making: a profile as it absorbs events, and all that is written beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec
from pynamodb.expressions.condition import Condition

from chalicelib.configuration.stage import Configuration
from chalicelib.crms import CRMS
from chalicelib.profiles import facts
from chalicelib.profiles.identities import Match
from chalicelib.routing import conversations
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
)
from chalicelib.store.packing import pack
from chalicelib.store.rows import ClosedRow, EventRow, IdentityRow, KeyRow, LoadRow, ProfileRow, Row
from chalicelib.store.table import Write
from chalicelib.vocabulary.delivery import Absorbed, Target
from chalicelib.vocabulary.event import LONGEST_TEXT, Attachment, Event
from chalicelib.vocabulary.people import Consequence, Conversation, Profile

RETENTION = timedelta(days=400)
"""How long events and their ledgers are kept; at least 30 days, because a platform may resend so long."""

_ROW_BYTES = 250 * 1024
_FIELD_KEPT = 1_000
_FIELDS_KEPT = 40
"""Of an event that is too large for a row, which lies whole in the bucket."""


@dataclass(slots=True, kw_only=True)
class Commit:
    """One transaction in the making: the profile as it grows, and what is written beside it.

    loads: open conversations by person, this commit's own included. taken: what it adds to them.
    staff: addresses of our own people, `channel:id`.
    """

    before: Profile
    profile: Profile
    match: Match
    configuration: Configuration
    now: datetime
    store: Callable[[str, bytes], None]
    absorbed: list[Absorbed] = field(default_factory=list)
    ended: list[Conversation] = field(default_factory=list)
    loads: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    staff: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        people = self.configuration.directory.people
        self.staff = frozenset(address for person in people for address in person.identities)

    def add(self, event: Event, consequence: Consequence) -> None:
        """One more event, and what became of the conversation by it."""
        had = self.profile.conversation
        if consequence.closed and had:
            self.end(had)
        else:
            now_has = consequence.conversation
            self._move(had.owner if had else "", now_has.owner if now_has else "")
            self.profile = replace(
                self.profile,
                conversation=now_has,
                last_owner=(now_has.owner if now_has else "") or self.profile.last_owner,
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
        """The conversation is over."""
        self.ended.append(conversation)
        self._move(conversation.owner, "")
        self.profile = replace(self.profile, conversation=None)

    def _move(self, old: str, new: str) -> None:
        if old == new:
            return
        for person, change in ((old, -1), (new, 1)):
            if person:
                self.taken[person] = self.taken.get(person, 0) + change
                self.loads[person] = self.loads.get(person, 0) + change

    def writes(self) -> list[Write]:
        """All of it, with the conditions that make it true only once."""
        pid = self.profile.id
        writes = [Write(row=self._profile_row(), condition=self._unchanged())]
        writes += [Write(row=self._event_row(a), condition=Row.pk.does_not_exist()) for a in self.absorbed]
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
        if open_now := self.profile.conversation:
            row.work_queue = f"person#{open_now.owner}" if open_now.owner else WAITING
            row.work_at = worklist.place(open_now, self.profile.last_owner)
            if due := conversations.due_at(open_now, self.configuration.routing):
                row.due_shard = due_shard(self.profile.id)
                row.due_at = sortable(due)
        return row

    def _event_row(self, absorbed: Absorbed) -> EventRow:
        event = absorbed.event
        body = pack(absorbed)
        if len(body) > _ROW_BYTES or len(event.text) > LONGEST_TEXT:
            kept = f"oversize/event-{event.reference}"
            self.store(kept, body)
            facts_kept = {k: v[:_FIELD_KEPT] for k, v in list(event.extra.items())[:_FIELDS_KEPT]}
            short = replace(
                event,
                raw=b"",
                text=_shown(event),
                name=event.name[:_FIELD_KEPT],
                attachments=tuple(_shortened(a) for a in event.attachments[:_FIELDS_KEPT]),
                contact_keys=event.contact_keys[:_FIELDS_KEPT],
                extra={**facts_kept, "whole": kept},
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
    """Whether the target is to be told of the event."""
    kinds = target.kinds or CRMS[target.connector].kinds
    if event.customer.own and not target.notices:
        return False
    return (not kinds or event.kind in kinds) and event.direction in target.directions


def _ttl(now: datetime) -> int:
    return int((now + RETENTION).timestamp())
