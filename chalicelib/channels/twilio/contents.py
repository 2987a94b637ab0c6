"""Reads what a message of Twilio holds beside its words: files, cards and places."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from chalicelib.channels.twilio.post import Post
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.event import Attachment

_MEDIA = {"image": "image", "video": "video", "audio": "audio"}
_CARDS = {"text/vcard", "text/x-vcard"}


def attachments(post: Post) -> tuple[Attachment, ...]:
    """Everything that was sent along."""
    return (*_media(post), *_place(post))


def _media(post: Post) -> Iterator[Attachment]:
    number = 0
    while url := post[f"MediaUrl{number}"]:
        mime = post[f"MediaContentType{number}"]
        kind = "contact" if mime in _CARDS else _MEDIA.get(mime.partition("/")[0], "document")
        yield Attachment(kind=kind, ref=url, mime=mime)
        number += 1


def _place(post: Post) -> Iterator[Attachment]:
    if post["Latitude"] and post["Longitude"]:
        named = ", ".join(part for part in (post["Label"], post["Address"]) if part)
        yield Attachment(
            kind="location",
            name=named,
            latitude=_coordinate(post["Latitude"]),
            longitude=_coordinate(post["Longitude"]),
        )


def _coordinate(text: str) -> float:
    try:
        degrees = float(text)
    except ValueError as error:
        raise Rejected("unexpected_shape", "a coordinate is no number") from error
    if not isfinite(degrees):
        raise Rejected("unexpected_shape", "a coordinate is no number")
    return degrees
