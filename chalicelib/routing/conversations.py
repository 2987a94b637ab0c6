"""What an event does to its profile's conversation: opens it, keeps it, moves it, closes it.

Pure: the pipeline asks `turn` what the event calls for, has somebody chosen if need be, and takes the
consequence from here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.routing.candidates import Presence
from chalicelib.routing.rules import marks
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


def waits_for_us(conversation: Conversation) -> bool:
    """Whether the customer waits: for an owner, or for the answer that was promised."""
    return not conversation.owner or conversation.respond_by is not None


def idle_at(conversation: Conversation, routing: Routing) -> datetime | None:
    """From when on the conversation counts as over; None while it waits for us, however long that takes."""
    if waits_for_us(conversation):
        return None
    return conversation.last_event_at + timedelta(minutes=routing.idle)


def due_at(conversation: Conversation, routing: Routing) -> datetime | None:
    """When the clock should look at it: once it is idle, in steps of a 24th of the idle time, or never.

    Without steps every event would move the conversation in the index; so it moves once a step at most.
    """
    idle = idle_at(conversation, routing)
    if idle is None:
        return None
    step = timedelta(minutes=routing.idle) / 24
    steps = (idle - conversation.opened_at) // step + 1
    return conversation.opened_at + step * steps


def turn(profile: Profile, event: Event, routing: Routing, owner: Presence) -> Turn:
    """What the event calls for, given the profile's conversation; owner: whether its owner is there now."""
    conversation = profile.conversation
    if event.kind is Kind.CLOSE:
        return Turn.CLOSE if conversation and _should_close(conversation, event, routing) else Turn.DROP
    if event.kind is Kind.OFFER:
        open_still = conversation is not None and conversation.id == event.target_id
        return Turn.CHOOSE if open_still and conversation and is_free(conversation, owner) else Turn.DROP
    if profile.own or event.direction is Direction.INTERNAL:
        return Turn.NONE
    if opens(event, routing):
        kept_by_owner = conversation and conversation.owner and owner is Presence.HERE
        return Turn.KEEP if kept_by_owner else Turn.CHOOSE
    return Turn.KEEP if conversation else Turn.NONE


def is_free(conversation: Conversation, owner: Presence) -> bool:
    """Whether the conversation may be offered to others.

    It has no owner, or one who is gone, or one who is off duty while the customer waits for an answer.
    """
    if not conversation.owner or owner is Presence.GONE:
        return True
    return owner is Presence.OFF_DUTY and conversation.respond_by is not None


def is_over(conversation: Conversation, event: Event, routing: Routing) -> bool:
    """Whether the conversation had ended before this event, though nobody closed it yet."""
    idle = idle_at(conversation, routing)
    return event.kind not in _HUB_KINDS and idle is not None and idle <= event.received_at


def kept(
    conversation: Conversation | None,
    event: Event,
    routing: Routing,
    *,
    now: datetime,
    renewed: datetime | None = None,
    because: str = "",
) -> Consequence:
    """The consequence without a choice: the conversation goes on, or there is none.

    renewed: the promise if this event renews it. because: why the owner keeps it, if there was a choice.
    """
    if conversation is None:
        return Consequence(decision=Decision(outcome=Outcome.NONE, reason=_opens_nothing(event)))
    after = _touched(conversation, event, routing, now, renewed)
    staying = "the open conversation stays with its owner" if after.owner else "still waiting for an owner"
    decision = Decision(
        outcome=Outcome.KEPT,
        reason=f"{staying}: {because}" if because else staying,
        rule=after.rule,
        team=after.team,
        owner=after.owner,
        language=after.language,
        respond_by=after.respond_by,
        respond_within=after.respond_within,
    )
    return Consequence(decision=decision, conversation=after)


def chosen(
    conversation: Conversation | None, event: Event, decision: Decision, routing: Routing, *, now: datetime
) -> Consequence | None:
    """The consequence of a choice; None if an offer changes nothing and need not be kept."""
    if conversation is None:
        opened = Conversation(
            id=event.reference,
            opened_at=event.received_at,
            opened_by=event.key,
            owner=decision.owner,
            team=decision.team,
            rule=decision.rule,
            mark=_mark(decision, routing),
            language=decision.language,
            respond_by=decision.respond_by,
            respond_within=decision.respond_within,
            last_event_at=max(event.received_at, now),
            last_word_at=event.received_at,
            asked_at=_told_at(event),
            channel=event.channel,
            account=event.account,
        )
        return Consequence(decision=decision, conversation=opened, opened=True)
    offered = event.kind is Kind.OFFER
    moved = decision.owner != conversation.owner
    if offered and not moved and needs_as(decision, conversation, routing):
        return None
    after = replace(
        _touched(conversation, event, routing, now, decision.respond_by),
        owner=decision.owner,
        team=decision.team or conversation.team,
        rule=decision.rule,
        mark=_mark(decision, routing),
        language=decision.language,
        # An offer gives no new promise: what was answered stays answered, what was promised stays promised.
        respond_by=conversation.respond_by if offered else decision.respond_by or conversation.respond_by,
        respond_within=decision.respond_within,
    )
    return Consequence(
        decision=replace(decision, respond_by=after.respond_by), conversation=after, moved=moved
    )


def needs_as(decision: Decision, conversation: Conversation, routing: Routing) -> bool:
    """Whether the decision was made by the needs that the conversation is filed under.

    If not, they are filed anew, or the clock offers it every minute to those who fit the old ones.
    """
    needs = decision.rule, _mark(decision, routing), decision.language
    return needs == (conversation.rule, conversation.mark, conversation.language)


def filed_by(conversation: Conversation, decision: Decision, routing: Routing) -> Conversation:
    """The conversation filed under the needs by which the decision was made."""
    mark = _mark(decision, routing)
    return replace(conversation, rule=decision.rule, mark=mark, language=decision.language)


def _mark(decision: Decision, routing: Routing) -> str:
    return marks(routing).get(decision.rule, "")


def closed(conversation: Conversation, event: Event) -> Consequence:
    """The consequence of an event that ends the conversation."""
    decision = Decision(
        outcome=Outcome.CLOSED,
        reason=event.extra.get("reason", "closed"),
        team=conversation.team,
        owner=conversation.owner,
    )
    return Consequence(decision=decision, conversation=conversation, closed=True)


def answers(conversation: Conversation, event: Event) -> bool:
    """Whether the event answers the customer: a message of ours that somebody wrote after they asked.

    A greeting or an away message answers nobody. Nor does what was said before the customer's latest
    question: platforms send echoes again for days, and one can arrive long after that.
    """
    if event.kind is not Kind.MESSAGE or event.direction is not Direction.OUTBOUND:
        return False
    if event.extra.get("automatic"):
        return False
    said_at = _told_at(event)
    return said_at is None or conversation.asked_at is None or conversation.asked_at <= said_at


def renews(conversation: Conversation, event: Event, routing: Routing) -> bool:
    """Whether the event makes a new promise: it could open a conversation, and our side had answered."""
    return conversation.respond_by is None and opens(event, routing)


def opens(event: Event, routing: Routing) -> bool:
    """Whether the event opens a conversation where there is none.

    A call from a withheld number does not: nobody could call back, and each would fill a place for a day.
    """
    nobody = event.kind is Kind.CALL and not event.customer.linkable
    return event.direction is Direction.INBOUND and event.kind in routing.opens and not nobody


def _told_at(event: Event) -> datetime | None:
    """When the platform says that it happened; None if it gives no time."""
    return event.occurred_at if event.occurred_at != event.received_at else None


def _opens_nothing(event: Event) -> str:
    if event.direction is not Direction.INBOUND:
        return f"{event.direction} events open no conversation"
    if event.kind is Kind.CALL and not event.customer.linkable:
        return "a call from a withheld number opens no conversation"
    return f"{'an' if event.kind[0] in 'aeiou' else 'a'} {event.kind} opens no conversation"


def _touched(
    conversation: Conversation, event: Event, routing: Routing, now: datetime, renewed: datetime | None
) -> Conversation:
    """The conversation after one more event.

    Our reply clears `respond_by`; what could open a conversation sets it again.
    """
    if event.kind in _HUB_KINDS:
        return conversation
    respond_by, last_word_at, asked_at = (
        conversation.respond_by,
        conversation.last_word_at,
        conversation.asked_at,
    )
    if answers(conversation, event):
        respond_by = None
    elif renews(conversation, event, routing):
        respond_by = renewed
    if event.direction is Direction.INBOUND:
        last_word_at = max(last_word_at or event.received_at, event.received_at)
    if opens(event, routing) and (said_at := _told_at(event)):
        asked_at = max(asked_at or said_at, said_at)
    return replace(
        conversation,
        respond_by=respond_by,
        asked_at=asked_at,
        last_event_at=max(conversation.last_event_at, event.received_at, now),
        last_word_at=last_word_at,
    )


def _should_close(conversation: Conversation, event: Event, routing: Routing) -> bool:
    if conversation.id != event.target_id:
        return False
    if event.extra.get("reason") == "idle":
        idle = idle_at(conversation, routing)
        return idle is not None and idle <= event.occurred_at
    # Whoever closed it had not seen a word that came later.
    seen = int(event.extra.get("seen") or event.occurred_at.timestamp() * 1000)
    return conversation.last_word_at is None or int(conversation.last_word_at.timestamp() * 1000) <= seen
