"""Turns into events what happens to messages and chats: deletions, presses, reactions, blocking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from chalicelib.channels.base import Parsed, with_extra
from chalicelib.channels.reading.payloads import decode, present
from chalicelib.channels.reading.times import from_seconds
from chalicelib.channels.telegram.happenings import Callback, Deleted, Membership, PollAnswer, Reacted
from chalicelib.channels.telegram.names import address, change_id, message_id
from chalicelib.channels.telegram.own_side import speaks_for_us
from chalicelib.channels.telegram.scene import CHANNEL, Update, in_chat, person, speaker, with_speaker
from chalicelib.vocabulary.event import Direction, Kind, own_account, withheld

_CALLBACK = msgspec.json.Decoder(Callback)
_REACTED = msgspec.json.Decoder(Reacted)
_MEMBERSHIP = msgspec.json.Decoder(Membership)
_POLL_ANSWER = msgspec.json.Decoder(PollAnswer)
_DELETED = msgspec.json.Decoder(Deleted)

_FOLLOWING = {"member": Kind.FOLLOW, "kicked": Kind.UNFOLLOW}


def read_deleted(update: Update, fragment: msgspec.Raw) -> Iterator[Parsed]:
    """Messages that were deleted from a business chat."""
    deleted = decode(_DELETED, fragment)
    for number in deleted.message_ids:
        place = address(deleted.chat, number)
        event = update.event(
            Kind.DELETE,
            person(deleted.chat),
            update.received_at,
            id=f"{deleted.business_connection_id}:{place}",
        )
        event = replace(event, chat=f"{deleted.chat.id}", target_id=place)
        yield with_extra(event, business=deleted.business_connection_id)


def read_callback(update: Update, fragment: msgspec.Raw) -> Iterator[Parsed]:
    """A pressed button under a message of ours."""
    pressed = decode(_CALLBACK, fragment)
    payload = pressed.data or pressed.game_short_name
    query = present(pressed.id or None, "id")
    event = update.event(Kind.POSTBACK, person(pressed.from_), update.received_at, id=query)
    event = replace(with_speaker(event, pressed.from_), text=payload)
    if pressed.message:
        event = in_chat(replace(event, target_id=message_id(pressed.message)), pressed.message.chat)
    # Telegram shows the button as waiting until the callback is answered by its own id.
    yield with_extra(event, payload=payload, callback=pressed.id)


def read_poll_answer(update: Update, fragment: msgspec.Raw) -> Iterator[Parsed]:
    """Somebody's vote in a poll that the bot sent."""
    vote = decode(_POLL_ANSWER, fragment)
    # Whoever votes as a chat has a user as well, who stands for all of those.
    in_name_of = vote.voter_chat
    voter = withheld(CHANNEL, f"{in_name_of.id}") if in_name_of else person(present(vote.user, "user"))
    poll = present(vote.poll_id or None, "poll_id")
    chosen = ",".join(map(str, vote.option_ids))
    name = f"{poll}:{voter.id}:{chosen}:{update.number}"
    event = update.event(Kind.POSTBACK, voter, update.received_at, id=name)
    event = replace(with_speaker(event, None if in_name_of else vote.user), text=chosen)
    yield with_extra(event, poll=poll, payload=chosen, removed="" if vote.option_ids else "true")


def read_reaction(update: Update, fragment: msgspec.Raw) -> Iterator[Parsed]:
    """A change of somebody's reactions to a message."""
    reacted = decode(_REACTED, fragment)
    ours = speaks_for_us(reacted.chat, reacted.actor_chat, update.own_chats)
    place = address(reacted.chat, reacted.message_id)
    event = update.event(
        Kind.REACTION,
        own_account(CHANNEL, update.account)
        if ours
        else speaker(reacted.chat, reacted.actor_chat, reacted.user),
        from_seconds(reacted.date),
        id=change_id(place, reacted.date, update.number),
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
    )
    event = replace(
        with_speaker(event, reacted.user),
        text="".join(
            "⭐" if reaction.type == "paid" else reaction.emoji for reaction in reacted.new_reaction
        ),
        target_id=place,
    )
    custom = [reaction.custom_emoji_id for reaction in reacted.new_reaction if reaction.custom_emoji_id]
    event = in_chat(event, reacted.chat)
    yield with_extra(event, removed="" if reacted.new_reaction else "true", custom_emoji=",".join(custom))


def read_membership(update: Update, fragment: msgspec.Raw) -> Iterator[Parsed]:
    """The bot was blocked, unblocked, or let into a chat or out of it."""
    change = decode(_MEMBERSHIP, fragment)
    status, occurred_at = change.new_chat_member.status, from_seconds(change.date)
    name = change_id(f"{change.chat.id}", change.date, update.number)
    following = _FOLLOWING.get(status) if change.chat.type == "private" else None
    if following:
        event = update.event(following, person(change.from_), occurred_at, id=name)
        yield replace(with_speaker(event, change.from_), chat=f"{change.chat.id}")
        return
    event = update.event(Kind.NOTICE, own_account(CHANNEL, update.account), occurred_at, id=name)
    yield with_extra(replace(event, chat=f"{change.chat.id}", text=status), title=change.chat.title)
