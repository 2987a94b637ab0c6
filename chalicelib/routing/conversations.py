"""What an event does to its profile's conversation: opens it, keeps it, moves it, closes it.

Pure: the pipeline asks `turn` what the event calls for, has somebody chosen if need be, and takes the
consequence from here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.vocabulary.event import Direction, Event, Kind
from chalicelib.vocabulary.people import Consequence, Conversation, Decision, Outcome, Profile, Routing

_HUB_KINDS = (Kind.CLOSE, Kind.OFFER)


class Turn(StrEnum):
    """What an event calls for."""

    DROP = "drop"
    """Nothing, and it need not be kept: the hub's own event whose reason no longer holds."""
    NONE = "none"
    """Nothing: it needs no owner."""
    KEEP = "keep"
    """The open conversation goes on with its owner."""
    CHOOSE = "choose"
    """Somebody must be chosen."""
    CLOSE = "close"
    """The conversation ends."""


def idle_at(conversation: Conversation, routing: Routing) -> datetime:
    """The time from which the conversation counts as over."""
    return conversation.last_event_at + timedelta(minutes=routing.idle)


def due_at(conversation: Conversation, routing: Routing) -> datetime:
    """When the clock should look at the conversation: after it is idle, in steps of a 24th of the idle time.

    Without steps every event would move the conversation in the index; so it moves once a step at most.
    """
    step = timedelta(minutes=routing.idle) / 24
    steps = (idle_at(conversation, routing) - conversation.opened_at) // step + 1
    return conversation.opened_at + step * steps


def turn(profile: Profile, event: Event, routing: Routing, *, owner_is_here: bool) -> Turn:
    """What the event calls for, given the profile's conversation.

    owner_is_here: whether its owner is still in the directory and not away for the day.
    """
    conversation = profile.conversation
    if event.kind is Kind.CLOSE:
        return Turn.CLOSE if conversation and _should_close(conversation, event, routing) else Turn.DROP
    if event.kind is Kind.OFFER:
        waiting = conversation and not conversation.owner and conversation.id == event.target_id
        return Turn.CHOOSE if waiting else Turn.DROP
    if profile.own or event.direction is Direction.INTERNAL:
        return Turn.NONE
    if event.direction is Direction.INBOUND and event.kind in routing.opens:
        return Turn.KEEP if conversation and conversation.owner and owner_is_here else Turn.CHOOSE
    return Turn.KEEP if conversation else Turn.NONE


def is_over(conversation: Conversation, event: Event, routing: Routing) -> bool:
    """Whether the conversation had ended before this event, though nobody closed it yet."""
    return event.kind not in _HUB_KINDS and idle_at(conversation, routing) <= event.received_at


def kept(conversation: Conversation | None, event: Event) -> Consequence:
    """The consequence without a choice: the conversation goes on, or there is none."""
    if conversation is None:
        reason = (
            f"{'an' if event.kind[0] in 'aeiou' else 'a'} {event.kind} opens no conversation"
            if event.direction is Direction.INBOUND
            else (f"{event.direction} events open no conversation")
        )
        return Consequence(decision=Decision(outcome=Outcome.NONE, reason=reason), conversation=None)
    after = _touched(conversation, event)
    decision = Decision(
        outcome=Outcome.KEPT,
        reason="the open conversation stays with its owner" if after.owner else "still waiting for an owner",
        team=after.team,
        owner=after.owner,
        respond_by=after.respond_by,
        respond_within=after.respond_within,
    )
    return Consequence(decision=decision, conversation=after)


def chosen(conversation: Conversation | None, event: Event, decision: Decision) -> Consequence | None:
    """The consequence of a choice; None if an offer found nobody, changes nothing and need not be kept."""
    if event.kind is Kind.OFFER and not decision.owner:
        return None
    if conversation is None:
        opened = Conversation(
            id=event.reference,
            opened_at=event.received_at,
            opened_by=event.key,
            owner=decision.owner,
            team=decision.team,
            respond_by=decision.respond_by,
            respond_within=decision.respond_within,
            last_event_at=event.received_at,
            channel=event.channel,
            account=event.account,
        )
        return Consequence(decision=decision, conversation=opened, opened=True)
    after = replace(
        _touched(conversation, event),
        owner=decision.owner,
        team=decision.team or conversation.team,
        respond_by=decision.respond_by or conversation.respond_by,
        respond_within=decision.respond_within,
    )
    return Consequence(decision=decision, conversation=after, moved=bool(decision.owner))


def closed(conversation: Conversation, event: Event) -> Consequence:
    """The consequence of an event that ends the conversation."""
    decision = Decision(
        outcome=Outcome.CLOSED,
        reason=event.extra.get("reason", "closed"),
        team=conversation.team,
        owner=conversation.owner,
    )
    return Consequence(decision=decision, conversation=conversation, closed=True)


def _touched(conversation: Conversation, event: Event) -> Conversation:
    """The conversation after one more event.

    Our reply clears `respond_by`; the customer's next message sets it again.
    """
    if event.kind in _HUB_KINDS:
        return conversation
    respond_by = conversation.respond_by
    if event.kind is Kind.MESSAGE and event.direction is Direction.OUTBOUND:
        respond_by = None
    elif event.kind is Kind.MESSAGE and event.direction is Direction.INBOUND and respond_by is None:
        respond_by = event.received_at + timedelta(minutes=conversation.respond_within)
    return replace(
        conversation,
        respond_by=respond_by,
        last_event_at=max(conversation.last_event_at, event.received_at),
    )


def _should_close(conversation: Conversation, event: Event, routing: Routing) -> bool:
    if conversation.id != event.target_id:
        return False
    if event.extra.get("reason") == "idle":
        return idle_at(conversation, routing) <= event.occurred_at
    return True
