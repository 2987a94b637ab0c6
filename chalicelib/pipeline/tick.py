"""What the clock does, once a minute: it emits events and switches things, and changes no profile."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from chalicelib.configuration.stage import Stage
from chalicelib.crms import CRMS
from chalicelib.crms.base import Credentials
from chalicelib.pipeline import hub_events
from chalicelib.pipeline.breaker import Breaker
from chalicelib.pipeline.receive import SendAll, from_undelivered
from chalicelib.routing import conversations, hours
from chalicelib.routing.candidates import hours_of
from chalicelib.routing.choice import decide
from chalicelib.store.keys import DUE_SHARDS, WAITING, Key, breaker_key, event_key, load_key
from chalicelib.store.rows import BreakerRow, EventRow, LoadRow, ProfileRow, unpack_absorbed
from chalicelib.store.table import Table
from chalicelib.telemetry import Count
from chalicelib.vocabulary.delivery import Call, Reply, Target
from chalicelib.vocabulary.errors import HubError, Permanent
from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.people import Conversation, Directory, Person, Profile

_AT_ONCE = 100
"""So many profiles are read in one batch."""

_CONSIDERED_AT_ONCE = 300
"""So many waiting conversations are looked at in a minute, the most urgent first."""

_FED_AT_ONCE = 200
"""So many undelivered messages are put on the queue in a minute."""

_RECOUNT_MINUTE = 17
"""Loads are recounted once an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The clock's errands. undelivered: keys and bytes in the bucket, oldest first; forget: deletes one."""

    table: Table
    stage: Callable[[], Stage]
    send: SendAll
    emit: Callable[[Event], None]
    undelivered: Callable[[], Iterable[tuple[str, bytes]]]
    forget: Callable[[str], None]
    breaker: Breaker
    call: Callable[[Target, Call], Reply]
    credentials: Callable[[Target], Credentials]
    now: Callable[[], datetime]
    count: Count

    def __call__(self) -> dict[str, int]:
        """Do all of it; how much of each there was. Raises the first failure after all were tried."""
        stage = self.stage()
        errands: dict[str, Callable[[], int]] = {
            "probed": lambda: self._probe(stage),
            "closed": lambda: self._close_idle(stage),
            "offered": lambda: self._offer(stage),
            "fed": self._feed,
        }
        if self.now().minute == _RECOUNT_MINUTE:
            errands["recounted"] = lambda: self._recount(stage)
        done: dict[str, int] = {}
        failed: list[HubError] = []
        for name, errand in errands.items():
            try:
                done[name] = errand()
            except HubError as error:
                self.count("errand_failed", reason=f"{name} {error.reason}")
                failed.append(error)
        if failed:
            raise failed[0]
        return done

    def _feed(self) -> int:
        """Put on the queue what the front door could not; stop at the first that still will not go."""
        fed = 0
        for key, kept in itertools.islice(self.undelivered(), _FED_AT_ONCE):
            if self.send([from_undelivered(kept)]):
                self.count("feed_stopped")
                break
            self.forget(key)
            fed += 1
        return fed

    def _probe(self, stage: Stage) -> int:
        rows = self.table.read(breaker_key(target.name) for target in stage.targets)
        probed = 0
        for target in stage.targets:
            row = rows.get(breaker_key(target.name))
            if isinstance(row, BreakerRow) and row.state != "closed":
                self.breaker.probe(target.name, row, lambda target=target: self._answers(target))  # type: ignore[misc]
                probed += 1
        return probed

    def _answers(self, target: Target) -> bool:
        crm = CRMS[target.crm]
        try:
            credentials = self.credentials(target)
            crm.read(self.call(target, crm.probe(target, credentials, int(self.now().timestamp()))))
        except Permanent:
            return True  # it refuses this request, so it is there
        except HubError:
            return False
        return True

    def _close_idle(self, stage: Stage) -> int:
        now = self.now()
        until = f"{int(now.timestamp() * 1000):013d}"
        due = (key for shard in range(DUE_SHARDS) for key in self.table.due(f"due#{shard}", until))
        closed = 0
        for profile, conversation in self._open(due):
            if conversations.idle_at(conversation, stage.routing) <= now:
                self.emit(hub_events.close(profile.id, conversation, reason="idle", by="hub", now=now))
                closed += 1
        return closed

    def _offer(self, stage: Stage) -> int:
        """Offer waiting conversations, the most urgent first, to whoever could take one now."""
        now = self.now()
        people = [person.id for person in stage.directory.people]
        rows = self.table.read(load_key(person) for person in people)
        loads = {
            person: int(row.open) if isinstance(row := rows.get(load_key(person)), LoadRow) else 0
            for person in people
        }
        if not any(_has_room(person, stage.directory, loads, now) for person in stage.directory.people):
            return 0
        offered = 0
        waiting = itertools.islice(self.table.worklist(WAITING), _CONSIDERED_AT_ONCE)
        for profile, conversation in self._open(waiting):
            owner = self._could_take(profile, conversation, stage, loads)
            if owner:
                loads[owner] += 1
                self.emit(hub_events.offer(profile.id, conversation, now=now))
                offered += 1
        return offered

    def _could_take(
        self, profile: Profile, conversation: Conversation, stage: Stage, loads: dict[str, int]
    ) -> str:
        opening = self.table.get(EventRow, event_key(conversation.opened_by))
        if opening is None:
            return ""
        event = unpack_absorbed(opening.body).event
        account = stage.account(event.channel, event.account)
        language = account.language if account else ""
        return decide(
            event,
            profile,
            routing=stage.routing,
            directory=stage.directory,
            loads=loads,
            now=self.now(),
            config_version=stage.version,
            language=language,
        ).owner

    def _recount(self, stage: Stage) -> int:
        """Report loads that differ from the conversations they count."""
        wrong = 0
        for person in stage.directory.people:
            row = self.table.get(LoadRow, load_key(person.id))
            counted = sum(1 for _ in self.table.worklist(f"person#{person.id}"))
            if (int(row.open) if row else 0) != counted:
                wrong += 1
        if wrong:
            self.count("load_differs", wrong)
        return wrong

    def _open(self, keys: Iterable[Key]) -> Iterator[tuple[Profile, Conversation]]:
        """The profiles of these keys that have an open conversation, read in batches."""
        for batch in _batches(keys):
            rows = self.table.read(batch)
            for key in batch:
                row = rows.get(key)
                if isinstance(row, ProfileRow):
                    profile = msgspec.json.decode(row.body, type=Profile)
                    if profile.conversation:
                        yield profile, profile.conversation


def _has_room(person: Person, directory: Directory, loads: Mapping[str, int], now: datetime) -> bool:
    on_duty = hours.on_duty(hours_of(person, directory), now, away=person.away)
    return on_duty and loads[person.id] < person.capacity


def _batches(keys: Iterable[Key]) -> Iterator[list[Key]]:
    batch: list[Key] = []
    for key in keys:
        batch.append(key)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
