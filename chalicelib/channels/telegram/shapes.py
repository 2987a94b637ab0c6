"""The parts of a Telegram message that we read, under Telegram's own names; `happenings` has the others.

https://core.telegram.org/bots/api#available-types, read on 2026-11-23. Ids are whole numbers of up to 52
bits today, and are read without a limit. Files named below lie in `tests/fixtures/channels/telegram/`.
"""

from __future__ import annotations

import msgspec


class User(msgspec.Struct):
    """A person or a bot: see `text.json`, `from_bot.json`."""

    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""

    @property
    def name(self) -> str:
        """What they call themselves."""
        return f"{self.first_name} {self.last_name}".strip()


class Chat(msgspec.Struct):
    """A private chat (its id is the person's), a group or a channel: see `text.json`, `group_reply.json`."""

    id: int
    type: str = ""
    title: str = ""
    first_name: str = ""
    last_name: str = ""

    @property
    def name(self) -> str:
        """Its title, or the person's name."""
        return self.title or f"{self.first_name} {self.last_name}".strip()


class File(msgspec.Struct):
    """A file that waits at Telegram under its id; a photo is several, one per size: see `photo.json`."""

    file_id: str
    mime_type: str = ""
    file_name: str = ""
    file_size: int = 0
    width: int = 0
    height: int = 0


class Location(msgspec.Struct):
    """A point on the map: see `location.json`.

    While somebody shares where they are, it has a `live_period` and moves: see `live_location_moved.json`.
    """

    latitude: float
    longitude: float
    live_period: int = 0


class Venue(msgspec.Struct):
    """A named place; the message fills `location` too: see `venue.json`."""

    location: Location
    title: str = ""
    address: str = ""


class Contact(msgspec.Struct):
    """A shared contact, `user_id` if they are on Telegram: see `own_contact.json`, `other_contact.json`."""

    phone_number: str
    first_name: str = ""
    last_name: str = ""
    user_id: int | None = None


class Line(msgspec.Struct):
    """An option of a poll, or a task of a checklist."""

    text: str = ""


class Poll(msgspec.Struct):
    """A question with options; whoever answers it is told of by its id: see `poll_sent.json`."""

    id: str = ""
    question: str = ""
    options: list[Line] = []


class Checklist(msgspec.Struct):
    """A list of tasks in a business chat: see `checklist.json`."""

    title: str = ""
    tasks: list[Line] = []


class Dice(msgspec.Struct):
    """An emoji that fell on a value: see `dice.json`."""

    emoji: str = ""
    value: int = 0


class Game(msgspec.Struct):
    """A game: see `game.json`."""

    title: str = ""
    description: str = ""


class WebAppData(msgspec.Struct):
    """The data that a web app of ours sent: see `web_app.json`."""

    data: str
    button_text: str = ""


class Origin(msgspec.Struct):
    """Where a forwarded message came from: see `document_forwarded.json`."""

    type: str = ""


class Earlier(msgspec.Struct):
    """An earlier message, which is answered or whose button was pressed: see `group_reply.json`.

    Its date is 0 if the bot can no longer see it.
    """

    message_id: int
    chat: Chat
    date: int = 0
    sender_chat: Chat | None = None
    is_automatic_forward: bool = False


class Message(msgspec.Struct):
    """A message, a channel's post, or a note of Telegram's: see `text.json`, `channel_post.json`.

    `is_from_offline` marks what nobody wrote just then, such as an away message: see `business_away.json`.
    """

    message_id: int
    date: int
    chat: Chat
    from_: User | None = msgspec.field(default=None, name="from")
    sender_chat: Chat | None = None
    is_automatic_forward: bool = False
    is_from_offline: bool = False
    business_connection_id: str = ""
    edit_date: int = 0
    text: str = ""
    caption: str = ""
    photo: list[File] = []
    animation: File | None = None
    audio: File | None = None
    document: File | None = None
    sticker: File | None = None
    video: File | None = None
    video_note: File | None = None
    voice: File | None = None
    location: Location | None = None
    venue: Venue | None = None
    contact: Contact | None = None
    poll: Poll | None = None
    checklist: Checklist | None = None
    dice: Dice | None = None
    game: Game | None = None
    web_app_data: WebAppData | None = None
    reply_to_message: Earlier | None = None
    forward_origin: Origin | None = None
    media_group_id: str = ""
