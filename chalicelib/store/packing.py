"""Packs what travels on queues and lies in rows: encoded, compressed, with a version.

A packed form is one version byte and the deflated MessagePack of a type; on a queue it is base64,
because SQS alters or refuses some characters. Messages are in flight during a deployment, and rows lie for
400 days: every version ever written stays readable, and one newer than this code raises `Transient`, so
that it waits for the new code.
"""

from __future__ import annotations

import base64
import functools
import zlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from chalicelib.vocabulary.errors import Misconfigured, Transient
from chalicelib.vocabulary.messages import Change, Intake

_VERSION = 2
_OLDEST = 1
_LARGEST = 64 * 1024 * 1024

T = TypeVar("T")


def _packer() -> Callable[[object], bytes]:
    encoder = msgspec.msgpack.Encoder()

    def pack(value: object) -> bytes:
        return bytes((_VERSION,)) + zlib.compress(encoder.encode(value), 6)

    return pack


def unpacker(
    kind: type[T], older: Mapping[int, tuple[type[Any], Callable[[Any], T]]] | None = None
) -> Callable[[bytes], T]:
    """Makes the function that unpacks a type. It raises `Transient` for a newer version than this code's, and
    `Misconfigured` for bytes that are no packed form.

    older: for each version that had another shape, that shape and the function that makes today's of it.
    """
    shapes = older or {}

    @functools.cache
    def decoder(version: int) -> msgspec.msgpack.Decoder[Any]:
        # Made when first used: the front door only packs, and its cold starts would pay for the decoders.
        return msgspec.msgpack.Decoder(shapes[version][0] if version in shapes else kind)

    def unpack(packed: bytes) -> T:
        if packed[:1] and packed[0] > _VERSION:
            raise Transient("newer_version", "written by newer code than this; waiting for it")
        if not packed[:1] or packed[0] < _OLDEST:
            raise Misconfigured("unreadable_message", "no version this code knows")
        try:
            inflate = zlib.decompressobj()
            plain = inflate.decompress(packed[1:], _LARGEST)
            value = decoder(packed[0]).decode(plain)
        except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Misconfigured("unreadable_message", type(error).__name__) from error
        return shapes[packed[0]][1](value) if packed[0] in shapes else value

    return unpack


pack = _packer()
unpack_intake = unpacker(Intake)
unpack_change = unpacker(Change)


def text(packed: bytes) -> str:
    """Packed bytes as a text that a queue takes."""
    return base64.b64encode(packed).decode("ascii")


def from_text(body: str) -> bytes:
    """The packed bytes of a queue message. Raises `Misconfigured` if the message is not one of ours."""
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise Misconfigured("unreadable_message", "not base64") from error
