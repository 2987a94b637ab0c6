"""Tells what comes again from what is something else under a used id.

Platforms send an event again and queues deliver a message again: that is the rule, and has no second effect.
But an id may name another happening one day (Telegram's update ids begin anew at random, a new bot behind the
same account counts on its own), which must not be dropped unseen.

What a redelivery brings may differ from what is stored, without being another happening: the other events
of its request, the sender's name and contact, their phone instead of their business-scoped id, a link to the
same picture that is signed anew, and, when a quarantined request is read again, whatever today's parser reads
otherwise. So two events are one happening if their raw fragments are equal; else if words, sorts of
attachments and the platform's time agree, or the customer where the platform gives no time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.pipeline.set_aside import Quarantined
from chalicelib.store.keys import Key, event_key
from chalicelib.store.rows import EventRow, Row, unpack_absorbed
from chalicelib.vocabulary.event import HUB, Event, Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """The events of one message, sorted.

    unseen: those whose id was not used before, by their key.
    again: those that are in the table already.
    others: those whose id is used for something else.
    """

    unseen: Mapping[str, Event]
    again: tuple[Event, ...]
    others: tuple[Event, ...]


def sort(events: Sequence[Event], rows: Mapping[Key, Row]) -> Repeats:
    """Sort a message's events by what is in the table, and by what came before them in the message."""
    unseen: dict[str, Event] = {}
    again: list[Event] = []
    others: list[Event] = []
    for event in events:
        row = rows.get(event_key(event.key))
        first = unpack_absorbed(row.body).event if isinstance(row, EventRow) else unseen.get(event.key)
        if first is None:
            unseen[event.key] = event
        else:
            (again if is_repeat(event, first) else others).append(event)
    return Repeats(unseen=unseen, again=tuple(again), others=tuple(others))


def is_repeat(event: Event, first: Event) -> bool:
    """Whether an event is the same happening as the first that came under its id."""
    if event.channel == HUB or (event.raw and event.raw == first.raw):
        return True
    if _without_time(event) or _without_time(first):
        same_occasion = event.customer == first.customer
    else:
        same_occasion = event.occurred_at == first.occurred_at
    return (
        same_occasion
        and _same_words(event.text, first)
        and [a.kind for a in event.attachments] == [a.kind for a in first.attachments]
    )


def quarantined(event: Event) -> Quarantined:
    """Another happening under a used id, as it is set aside for a person to read."""
    fragment = Unreadable(reason="duplicate_differs", where=event.key, fragment=event.raw)
    return Quarantined(
        channel=event.channel, account=event.account, content_type="", body=event.raw, fragments=(fragment,)
    )


def _same_words(text: str, first: Event) -> bool:
    if "whole" in first.extra:
        # Its row has the beginning of the text; the whole event lies in the bucket.
        return text.startswith(first.text.removesuffix("…"))
    return text == first.text


def _without_time(event: Event) -> bool:
    return event.occurred_at == event.received_at
