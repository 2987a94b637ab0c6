"""The parts of Telegram's updates about messages and chats that we read, under Telegram's own names.

The source, and where the files lie that are named below: see `shapes`.
"""

from __future__ import annotations

import msgspec

from chalicelib.channels.telegram.shapes import Chat, Earlier, User


class Callback(msgspec.Struct):
    """A pressed button under a message of ours: see `callback.json`, `callback_inline.json`."""

    id: str
    from_: User = msgspec.field(name="from")
    message: Earlier | None = None
    data: str = ""
    game_short_name: str = ""


class Reaction(msgspec.Struct):
    """One reaction: an emoji, one of Telegram's own, or a paid star: see `reaction_custom.json`."""

    type: str
    emoji: str = ""
    custom_emoji_id: str = ""


class Reacted(msgspec.Struct):
    """A change of somebody's reactions: see `reaction.json`, `reaction_anonymous.json` (`actor_chat`)."""

    chat: Chat
    message_id: int
    date: int
    new_reaction: list[Reaction]
    user: User | None = None
    actor_chat: Chat | None = None


class Member(msgspec.Struct):
    """The status of the bot in a chat: `kicked` in a private one means that the person blocked it."""

    status: str


class Membership(msgspec.Struct):
    """A change of the bot's status in a chat: see `blocked.json`, `added_to_group.json`."""

    chat: Chat
    from_: User = msgspec.field(name="from")
    date: int
    new_chat_member: Member


class Deleted(msgspec.Struct):
    """Messages that were deleted from a business chat: see `business_deleted.json`."""

    chat: Chat
    message_ids: list[int]
    business_connection_id: str = ""


class PollAnswer(msgspec.Struct):
    """Somebody's vote in a poll of the bot: see `poll_answer.json`; none takes it back.

    Options are numbers from 0, in the order of the poll. Who votes as a chat has a `voter_chat`.
    """

    poll_id: str
    option_ids: list[int]
    user: User | None = None
    voter_chat: Chat | None = None
