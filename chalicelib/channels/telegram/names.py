"""How Telegram's happenings are named: ids that are unique for ever, and addresses of earlier messages.

https://core.telegram.org/bots/api (read on 2026-11-27). An `update_id` alone names nothing: "If there are no
new updates for at least a week, then identifier of the next update will be chosen randomly instead of
sequentially", and another bot behind the same account counts on its own. So an id says what happened:

- a message or a post: chat, `message_id` ("unique message identifier inside this chat") and date. The date
  tells two bots apart, whose private chats with one person both begin at message 1.
- an edit, a reaction, a change of membership: what it is about, its own date and the `update_id`, because
  two of them may fall into one second.
- a pressed button: the query's own id ("unique identifier for this query").
- a vote: the poll's id ("unique poll identifier"), who votes for what, and the `update_id`.
- a deletion: business connection, chat and number, for a message is deleted once.

All of this is the same when Telegram sends the update again.
"""

from __future__ import annotations

from chalicelib.channels.telegram.shapes import Chat, Earlier, Message


def address(chat: Chat, number: int) -> str:
    """What names a message in its chat, for those who know no more of it (a reaction, a deletion)."""
    return f"{chat.id}:{number}"


def message_id(message: Message | Earlier) -> str:
    """The id of the event of that message; its address if Telegram keeps the date back by a 0."""
    place = address(message.chat, message.message_id)
    return f"{place}:{message.date}" if message.date else place


def change_id(about: str, date: int, update: int) -> str:
    """The id of a change of what `about` names."""
    return f"{about}:{date}:{update}"
