"""Offering waiting conversations to whoever could take one now."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import datetime

from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline import hub_events
from chalicelib.pipeline.clock.base import Clock, open_conversations
from chalicelib.routing import hours
from chalicelib.routing.candidates import hours_of
from chalicelib.routing.choice import decide
from chalicelib.routing.facts import Question
from chalicelib.routing.rules import rule_for
from chalicelib.store.keys import WAITING, event_key, load_key
from chalicelib.store.rows import EventRow, LoadRow, unpack_absorbed
from chalicelib.vocabulary.people import Conversation, Directory, Person, Profile

_CONSIDERED_AT_ONCE = 300
"""So many waiting conversations are looked at in a minute, the most urgent first."""


def offer(clock: Clock, configuration: Configuration) -> int:
    """Emit an `offer` for each conversation that somebody could take, the most urgent first."""
    now = clock.now()
    people = configuration.directory.people
    rows = clock.table.read(load_key(person.id) for person in people)
    loads = {
        person.id: int(row.open) if isinstance(row := rows.get(load_key(person.id)), LoadRow) else 0
        for person in people
    }
    if not any(_has_room(person, configuration.directory, loads, now) for person in people):
        return 0
    offered = 0
    waiting = itertools.islice(clock.table.worklist(WAITING), _CONSIDERED_AT_ONCE)
    for profile, conversation in open_conversations(clock, waiting):
        owner = _could_take(clock, configuration, profile, conversation, loads)
        if owner:
            loads[owner] += 1
            clock.emit(hub_events.offer(profile.id, conversation, now=now))
            offered += 1
    return offered


def _could_take(
    clock: Clock,
    configuration: Configuration,
    profile: Profile,
    conversation: Conversation,
    loads: Mapping[str, int],
) -> str:
    opening = clock.table.get(EventRow, event_key(conversation.opened_by))
    if opening is None:
        return ""
    event = unpack_absorbed(opening.body).event
    question = Question(event=event, profile=profile, account_language=configuration.account_language(event))
    return decide(
        rule_for(question, configuration.routing),
        directory=configuration.directory,
        loads=loads,
        now=clock.now(),
        config_version=configuration.version,
    ).owner


def _has_room(person: Person, directory: Directory, loads: Mapping[str, int], now: datetime) -> bool:
    on_duty = hours.on_duty(hours_of(person, directory), now, away=person.away)
    return on_duty and loads[person.id] < person.capacity
