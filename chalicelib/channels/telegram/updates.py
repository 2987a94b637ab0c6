"""Turns Telegram's updates into events, by the sort of update; the table at the end lists the sorts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from chalicelib.channels.base import Parsed, readable
from chalicelib.channels.reading.payloads import decode
from chalicelib.channels.telegram.changes import (
    read_callback,
    read_deleted,
    read_membership,
    read_poll_answer,
    read_reaction,
)
from chalicelib.channels.telegram.messages import read_business_message, read_message, read_post
from chalicelib.channels.telegram.own_side import own_chats
from chalicelib.channels.telegram.scene import Update, ignored
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.event import Kind
from chalicelib.vocabulary.request import Request

_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ID = msgspec.json.Decoder(int)


def parse(request: Request, account: Account) -> Iterator[Parsed]:
    """The events of one update."""
    parts = decode(_PARTS, request.body)
    if "update_id" not in parts:
        raise Rejected("unexpected_shape", "`update_id` is missing")
    update = Update(
        number=decode(_ID, parts.pop("update_id")),
        account=account.id,
        own_chats=own_chats(account),
        received_at=request.received_at,
        body=request.body,
    )
    for name, fragment in parts.items():
        read = UPDATES.get(name)
        if read is None:
            yield ignored(name)
        else:
            yield from readable(name, request.body, partial(read, update, fragment))


UPDATES: dict[str, Callable[[Update, msgspec.Raw], Iterator[Parsed]]] = {
    "message": partial(read_message, kind=Kind.MESSAGE),
    "edited_message": partial(read_message, kind=Kind.EDIT),
    "channel_post": partial(read_post, kind=Kind.MESSAGE),
    "edited_channel_post": partial(read_post, kind=Kind.EDIT),
    "business_message": partial(read_business_message, kind=Kind.MESSAGE),
    "edited_business_message": partial(read_business_message, kind=Kind.EDIT),
    "deleted_business_messages": read_deleted,
    "callback_query": read_callback,
    "poll_answer": read_poll_answer,
    "message_reaction": read_reaction,
    "my_chat_member": read_membership,
}
