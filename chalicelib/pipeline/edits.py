"""Tells an edit that says something new from one that does not.

Platforms also tell of changes that nobody reads: Telegram's `edited_message` "may at times be triggered by
changes to message fields that are either unavailable or not actively used by your bot"
(https://core.telegram.org/bots/api#update, read on 2026-11-28), such as buttons and the preview of a link.
An update holds the message as it is now, and not what changed; so it is compared with what the message said
last. What that was is kept in a row of its own once a message was edited.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from chalicelib.store.keys import Key, event_key, words_key
from chalicelib.store.rows import EventRow, Row, WordsRow, unpack_absorbed
from chalicelib.vocabulary.event import Event, Kind


def original(edit: Event) -> str:
    """The key of the event of the message that was edited."""
    return replace(edit, kind=Kind.MESSAGE, id=edit.target_id).key


def lookups(events: Iterable[Event]) -> list[Key]:
    """The keys of the rows that say what the edited ones of these messages said last."""
    keys = (original(event) for event in events if event.kind is Kind.EDIT)
    return [row for key in keys for row in (words_key(key), event_key(key))]


def latest(edit: Event, rows: Mapping[Key, Row]) -> str:
    """The digest of what the message said last; empty if that is not known."""
    words = rows.get(words_key(original(edit)))
    if isinstance(words, WordsRow):
        return str(words.digest)
    row = rows.get(event_key(original(edit)))
    return digest(unpack_absorbed(row.body).event) if isinstance(row, EventRow) else ""


def digest(event: Event) -> str:
    """What stands for all that a message says; empty if it says nothing that we can read."""
    if not event.text and not event.attachments:
        return ""
    sent = [(a.kind, a.ref, a.name, a.latitude, a.longitude) for a in event.attachments]
    return hashlib.sha256(repr((event.text, sent)).encode()).hexdigest()[:32]
