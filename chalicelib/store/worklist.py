"""Where a conversation stands in the `worklist` index, so that the clock can judge it without reading it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from chalicelib.store.keys import sortable
from chalicelib.vocabulary.people import Conversation

_LONGEST_LANGUAGE = 35


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place, read.

    owed: the customer waits for an answer.
    rule: the mark of the rule; language: what the owner has to speak.
    last_owner: the digest of the id of who answered the customer last.
    """

    owed: bool
    rule: str
    language: str
    last_owner: str


def place(conversation: Conversation, last_owner: str) -> str:
    """The place of an open conversation: soonest promise first, then what an owner would need."""
    moment = sortable(conversation.respond_by or conversation.opened_at)
    state = "owed" if conversation.respond_by else "answered"
    language = conversation.language[:_LONGEST_LANGUAGE].replace("#", "")
    return "#".join((moment, state, conversation.mark, language, digest(last_owner)))


def read(place: str) -> Place:
    """What a place says. One that earlier code wrote tells only when; it counts as owed, its rule unknown."""
    _, state, rule, language, last_owner, *_ = (*place.split("#"), *("",) * 4)
    return Place(owed=state != "answered", rule=rule, language=language, last_owner=last_owner)


def digest(name: str) -> str:
    """8 hex digits for a name of any length; empty for none."""
    return hashlib.sha256(name.encode()).hexdigest()[:8] if name else ""
