"""Makes the hub's own events, which go through the events queue like all others.

Their ids derive from their reason, so that an event made twice for one reason is one event.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.vocabulary.delivery import Circuit
from chalicelib.vocabulary.event import HUB, Direction, Event, Kind, own_account, profile_address
from chalicelib.vocabulary.people import Conversation


def close(profile: str, conversation: Conversation, *, reason: str, by: str, now: datetime) -> Event:
    """Asks to end a conversation; `reason` is `idle`, or the words of the person or CRM who asked.

    `seen` tells until when they had seen it: a word of the customer that is newer keeps it open.
    """
    last = int(conversation.last_event_at.timestamp() * 1000)
    return Event(
        id=f"{conversation.id}:{reason}:{last}",
        channel=HUB,
        account=HUB,
        kind=Kind.CLOSE,
        direction=Direction.INTERNAL,
        customer=profile_address(profile),
        occurred_at=now,
        received_at=now,
        target_id=conversation.id,
        extra={"reason": reason, "by": by, "seen": str(last)},
    )


def offer(profile: str, conversation: Conversation, *, now: datetime) -> Event:
    """Asks to look again for an owner of a conversation, at most once a minute."""
    return Event(
        id=f"{conversation.id}:offer:{int(now.timestamp() // 60)}",
        channel=HUB,
        account=HUB,
        kind=Kind.OFFER,
        direction=Direction.INTERNAL,
        customer=profile_address(profile),
        occurred_at=now,
        received_at=now,
        target_id=conversation.id,
        extra={"reason": "waiting"},
    )


def breaker(target: str, state: Circuit, *, since: int, now: datetime) -> Event:
    """Tells that a target is cut off, is being tried again, or works: `open`, `half-open`, `closed`."""
    return Event(
        id=f"breaker:{state}:{since}",
        channel=HUB,
        account=target,
        kind=Kind.NOTICE,
        direction=Direction.INTERNAL,
        customer=own_account(HUB, target),
        occurred_at=now,
        received_at=now,
        extra={"breaker": state},
    )
