"""Decides whose an event is and who answers it, and writes both in one transaction.

A message's events are committed in chunks; a chunk is in the table whole or not at all. If another writer
changed a row meanwhile, the chunk is read and decided again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline import edits, hub_events
from chalicelib.pipeline.commit import Commit
from chalicelib.pipeline.repeats import quarantined, sort
from chalicelib.profiles import facts, identities
from chalicelib.routing import conversations
from chalicelib.routing.candidates import Presence, hours_of, presence, speaks
from chalicelib.routing.choice import considered, decide
from chalicelib.routing.conversations import Turn
from chalicelib.routing.facts import Question
from chalicelib.routing.hours import after
from chalicelib.routing.rules import rule_for
from chalicelib.store.keys import Key, event_key, load_key, profile_key
from chalicelib.store.packing import unpack_intake
from chalicelib.store.read_ahead import Ahead
from chalicelib.store.rows import EventRow, LoadRow, ProfileRow, Row, unpack_absorbed
from chalicelib.store.table import Conflict, Table
from chalicelib.telemetry import Count
from chalicelib.vocabulary.delivery import Absorbed
from chalicelib.vocabulary.event import Direction, Event, Kind
from chalicelib.vocabulary.messages import Intake
from chalicelib.vocabulary.people import Consequence, Conversation, Profile

_CHUNK_EVENTS = 40
_CHUNK_BYTES = 2 * 1024 * 1024
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """The step from the events queue to the table.

    table: the table.
    configuration: gives the stage's configuration, at most a minute old.
    fetch: gives the bytes under a key of the bucket.
    store: puts bytes into the bucket under a key.
    now: gives the time, aware UTC.
    new_id: makes an id for a new profile.
    count: counts what happened.
    """

    table: Table
    configuration: Callable[[], Configuration]
    fetch: Callable[[str], bytes]
    store: Callable[[str, bytes], None]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    count: Count

    def __call__(self, intake: Intake, ahead: Ahead | None = None) -> list[Absorbed]:
        """Absorb one message; return its events that were new. Raises `Transient` to have it come again.

        ahead: the rows that `ahead` has read for the message's batch.
        """
        ahead = ahead or Ahead(table=self.table)
        if intake.stored:
            intake = unpack_intake(self.fetch(intake.stored))
        configuration = self.configuration()
        absorbed: list[Absorbed] = []
        for chunk in _chunks(intake.events):
            absorbed += self._chunk(chunk, configuration, ahead)
        for each in absorbed:
            self.count("routed", channel=each.event.channel, outcome=each.consequence.decision.outcome)
        return absorbed

    def ahead(self, intakes: Sequence[Intake]) -> Ahead:
        """Read in two calls the rows that the work on each of these messages will first ask for."""
        ahead = Ahead(table=self.table)
        configuration = self.configuration()
        claims = [
            (_claim(i.events[:_CHUNK_EVENTS], configuration), i.events[:_CHUNK_EVENTS])
            for i in intakes
            if i.events
        ]
        rows = ahead.add(key for claim, events in claims for key in _lookups(claim, events))
        profiles = (identities.match(claim, rows).profile for claim, _ in claims)
        ahead.add(profile_key(profile) for profile in profiles if profile)
        return ahead

    def _chunk(self, events: Sequence[Event], configuration: Configuration, ahead: Ahead) -> list[Absorbed]:
        for attempt in range(_TRIES):
            commit = self._decided(events, configuration, ahead)
            for other in commit.repeats.others:
                set_aside = quarantined(other)
                self.store(set_aside.key, set_aside.packed)
            if not commit.absorbed:
                self._count(commit)
                return []
            writes = commit.writes()
            ahead.forget(write.row.key for write in writes)
            try:
                self.table.transact(writes)
            except Conflict:
                ahead.forget()
                if attempt == _TRIES - 1:
                    raise
                continue
            self._count(commit)
            return commit.absorbed
        return []

    def _count(self, commit: Commit) -> None:
        for event in commit.repeats.again:
            self.count("duplicate", channel=event.channel)
        for event in commit.repeats.others:
            self.count("duplicate_differs", channel=event.channel)
        for event in commit.unchanged:
            self.count("edit_unchanged", channel=event.channel)
        if commit.unread and commit.absorbed:
            self.count("phone_unread", commit.unread, channel=commit.absorbed[0].event.channel)

    def _decided(self, events: Sequence[Event], configuration: Configuration, ahead: Ahead) -> Commit:
        """Read the rows, and decide all that the events change."""
        claim = _claim(events, configuration)
        rows = ahead.read(_lookups(claim, events))
        repeats = sort(events, rows)
        match = identities.match(claim, rows)
        row = _profile_row(match.profile, ahead) if match.profile and repeats.unseen else None
        if row is None:
            profile = facts.new_profile(match.profile or self.new_id(), events[0])
        else:
            profile = msgspec.json.decode(row.body, type=Profile)
        commit = Commit(
            before=profile,
            profile=replace(facts.with_identities(profile, match), seq=profile.seq + 1),
            match=match,
            configuration=configuration,
            now=self.now(),
            store=self.store,
            repeats=repeats,
            unread=claim.unread,
        )
        for event in repeats.unseen.values():
            if _says_something(event, commit, rows):
                self._absorb(event, commit)
        return commit

    def _absorb(self, event: Event, commit: Commit) -> None:
        configuration, profile = commit.configuration, commit.profile
        # In a group that is one customer, `sender` is the person who spoke.
        if event.direction is Direction.INBOUND and commit.is_staff(event.sender or event.customer):
            event = replace(event, direction=Direction.INTERNAL)
        conversation = profile.conversation
        if conversation and conversations.is_over(conversation, event, configuration.routing):
            # An end that nobody told yet: the event that the clock would have emitted goes before this one.
            ended = hub_events.close(profile.id, conversation, reason="idle", by="hub", now=commit.now)
            commit.add(ended, conversations.closed(conversation, ended))
            conversation = None
        owner = _owner_is(conversation, commit)
        turn = conversations.turn(commit.profile, event, configuration.routing_of(event), owner)
        if turn is Turn.KEEP and conversation and commit.is_foreign(event, conversation):
            turn = Turn.CHOOSE
        consequence = self._consequence(turn, event, owner, commit)
        if consequence is not None:
            commit.add(event, consequence)

    def _consequence(self, turn: Turn, event: Event, owner: Presence, commit: Commit) -> Consequence | None:
        conversation = commit.profile.conversation
        if turn is Turn.DROP:
            return None
        if turn is Turn.CLOSE and conversation:
            return conversations.closed(conversation, event)
        if turn is Turn.CHOOSE:
            return self._choose(event, owner, commit)
        return _kept(event, commit, conversation)

    def _choose(self, event: Event, owner: Presence, commit: Commit) -> Consequence | None:
        profile, configuration = commit.profile, commit.configuration
        conversation = profile.conversation
        customer_event = event
        if conversation:
            # What the customer said when they came decides, not a later “?” nor the hub's reminder of it.
            customer_event = self._opening(conversation, commit) or event
        question = Question(
            event=customer_event,
            profile=replace(profile, language=commit.spoken(event)),
            account_language=configuration.account_language(customer_event),
        )
        ruling = rule_for(question, configuration.routing)
        mine = configuration.directory.person(conversation.owner) if conversation else None
        if owner is Presence.HERE and mine and speaks(mine, ruling.facts.language):
            return _kept(event, commit, conversation)
        loads = self._loads(considered(ruling, configuration.directory), commit)
        decision = decide(
            ruling,
            directory=configuration.directory,
            loads=loads,
            now=commit.now,
            config_version=configuration.version,
        )
        if conversation and not decision.owner and owner is not Presence.GONE:
            routing = configuration.routing
            if event.kind is Kind.OFFER and conversations.needs_as(decision, conversation, routing):
                return None
            conversation = conversations.filed_by(conversation, decision, routing)
            why = "off duty" if owner is Presence.OFF_DUTY else f"does not speak {decision.language}"
            return _kept(event, commit, conversation, because=f"{why}, but {decision.reason}")
        return conversations.chosen(conversation, event, decision, configuration.routing, now=commit.now)

    def _opening(self, conversation: Conversation, commit: Commit) -> Event | None:
        """The event that opened the conversation; None if it is kept no more."""
        for absorbed in commit.absorbed:
            if absorbed.event.key == conversation.opened_by:
                return absorbed.event
        row = self.table.get(EventRow, event_key(conversation.opened_by))
        return unpack_absorbed(row.body).event if row else None

    def _loads(self, people: Sequence[str], commit: Commit) -> dict[str, int]:
        unread = [person for person in people if person not in commit.loads]
        rows = self.table.read(load_key(person) for person in unread)
        for person in unread:
            row = rows.get(load_key(person))
            commit.loads[person] = int(row.open) if isinstance(row, LoadRow) else 0
        return {person: commit.load(person) for person in people}


def _claim(events: Sequence[Event], configuration: Configuration) -> identities.Claim:
    account = configuration.account(events[0].channel, events[0].account)
    return identities.claim_of(events, account.region if account else "IR")


def _profile_row(profile: str, ahead: Ahead) -> ProfileRow | None:
    row = ahead.read([profile_key(profile)]).get(profile_key(profile))
    return row if isinstance(row, ProfileRow) else None


def _lookups(claim: identities.Claim, events: Sequence[Event]) -> list[Key]:
    return [*claim.lookups, *(event_key(event.key) for event in events), *edits.lookups(events)]


def _says_something(event: Event, commit: Commit, rows: Mapping[Key, Row]) -> bool:
    """Whether an event is to be absorbed: an edit only if the message says something else by it."""
    if event.kind is not Kind.EDIT:
        return True
    message, digest = edits.original(event), edits.digest(event)
    here = {a.event.key: a.event for a in commit.absorbed}
    if message in commit.words:
        before = commit.words[message]
    else:
        before = edits.digest(here[message]) if message in here else edits.latest(event, rows)
    if digest and digest == before:
        commit.unchanged.append(event)
        return False
    commit.words[message] = digest
    return True


def _owner_is(conversation: Conversation | None, commit: Commit) -> Presence:
    if conversation is None or not conversation.owner:
        return Presence.GONE
    directory = commit.configuration.directory
    return presence(directory.person(conversation.owner), directory, commit.now)


def _kept(event: Event, commit: Commit, conversation: Conversation | None, because: str = "") -> Consequence:
    """The conversation stays as it is; a promise that is renewed falls into its owner's working time."""
    directory, now = commit.configuration.directory, commit.now
    renewed = None
    if conversation:
        minutes, since = conversation.respond_within, event.received_at
        renewed = since + timedelta(minutes=minutes)
        if owner := directory.person(conversation.owner):
            renewed = after(hours_of(owner, directory), since, minutes, away=owner.away) or renewed
    routing = commit.configuration.routing_of(event)
    return conversations.kept(conversation, event, routing, now=now, renewed=renewed, because=because)


def _chunks(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    start, size, rows = 0, 0, 0
    for index, event in enumerate(events):
        weight = len(event.raw) + 4 * len(event.text) + 1024
        needed = 2 if event.kind is Kind.EDIT else 1
        if index > start and (rows + needed > _CHUNK_EVENTS or size + weight > _CHUNK_BYTES):
            yield events[start:index]
            start, size, rows = index, 0, 0
        size += weight
        rows += needed
    yield events[start:]
