"""Whose the events of a group are, by the word of the account that is in it.

In a group many read along, and an answer is everybody's. If the account says so, the group itself is the
customer: it has the timeline and the one conversation, and who spoke is the event's `sender`. What the
platform tells of that person stays out of the group's profile: their phone is not the group's.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.event import Event, withheld

PEOPLE = "people"


def as_account_says(event: Event, account: Account) -> Event:
    """The event as it is, or as one of its group."""
    title = event.extra.get("group")
    if not title or account.groups == PEOPLE:
        return event
    return replace(
        event,
        customer=withheld(event.channel, event.chat),
        sender=event.sender or event.customer,
        contact_keys=(),
        name=title,
        extra={**event.extra, **({"speaker": event.name} if event.name else {})},
    )
