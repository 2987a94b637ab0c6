"""Telegram Bot API: one update per request, to the webhook of one bot.

https://core.telegram.org/bots/api#update (read on 2026-11-23). The body does not name the bot: the URL says
which one it is. User ids are the same for all bots. Nothing is signed: Telegram repeats a secret that we
chose in a header, and TLS protects the body.

`names` says what the id of an event is. A reaction or a deletion knows an earlier message by chat and number
only: therefore every event of a message has this address, `chat:number`, as `extra["message"]`, and
`target_id` and `reply_to` hold the id of the earlier event where the update tells its date, else the address.

A phone is the sender's own only if the shared contact carries the sender's user id, which Telegram fills
in. Whoever speaks as a chat has no id of their own: they are our own side (`own_side`), or else count as that
chat's unnamed speaker. Telegram sends no receipts, and deletions for business chats only. A live location is
one message and the place where it ended; the moves between are counted. Whoever opens the bot by a link with
a payload sends `/start payload`, a referral. A vote names poll and options by id and number, and comes only
of polls that the bot sent; a poll that somebody sends is words.

The answer is an empty 200: Telegram would carry out a JSON body as an API call. Unconfirmed: that the date
is 0 in a message that the bot can no longer see (no such message is read).
"""

from __future__ import annotations

from chalicelib.channels.base import Channel
from chalicelib.channels.signatures.shared_token import SharedToken
from chalicelib.channels.telegram.scene import CHANNEL
from chalicelib.channels.telegram.updates import parse

TELEGRAM = Channel(
    name=CHANNEL,
    verify=SharedToken(header="x-telegram-bot-api-secret-token", keys="secret_token"),
    parse=parse,
    scope="channel",
    secrets=("secret_token",),
    settings=("own_chats",),
    setup=(
        "Choose a `secret_token` of 1 to 256 letters, digits, `_` and `-`, and call setWebhook of the bot"
        " with url={url}, secret_token, and allowed_updates=[message, edited_message, channel_post,"
        " edited_channel_post, business_message, edited_business_message, deleted_business_messages,"
        " message_reaction, callback_query, poll_answer, my_chat_member]. If a channel of ours writes in"
        " groups under its own name, list its id (-100…) under the account's settings as `own_chats`, several"
        " with commas."
    ),
)
