"""Who speaks for us in a group: our own side is no customer.

https://core.telegram.org/bots/api#message (read on 2026-11-27), `sender_chat`: "the supergroup itself for
messages sent by its anonymous administrators", "a linked channel for messages automatically forwarded to the
channel's discussion group". Who else writes as a channel may be anybody; that a channel is ours is known

- if it answers below a post of its own, which Telegram repeated in the group that is linked to it;
- if the account's setting `own_chats` lists it.
"""

from __future__ import annotations

from chalicelib.channels.telegram.shapes import Chat, Earlier, Message
from chalicelib.vocabulary.account import Account

_TELEGRAM = 777000
"""The user in whose name Telegram repeats a channel's posts in the linked group."""


def own_chats(account: Account) -> frozenset[str]:
    """The ids of our own channels and groups, as the account's settings list them."""
    return frozenset(account.settings.get("own_chats", "").replace(",", " ").split())


def is_repeated_post(message: Message) -> bool:
    """Whether Telegram itself repeats a post of a channel, which came as `channel_post` already."""
    by_telegram = message.from_ is not None and message.from_.id == _TELEGRAM
    return message.is_automatic_forward or (by_telegram and message.sender_chat is not None)


def speaks_for_us(
    chat: Chat, speaker: Chat | None, ours: frozenset[str], earlier: Earlier | None = None
) -> bool:
    """Whether somebody who speaks as the chat `speaker` is our own side.

    chat: where they speak.
    earlier: the message that they answer.
    """
    if speaker is None:
        return False
    if speaker.id == chat.id or f"{speaker.id}" in ours:
        return True
    post = earlier if earlier and earlier.is_automatic_forward else None
    return post is not None and post.sender_chat is not None and post.sender_chat.id == speaker.id
