"""What the platforms post: realistic webhook requests of fictional people, signed as each platform signs.

For `hub simulate`, the local run and the tests. Pure: time, ids and secrets are passed in. The signatures
are computed here from the platforms' documents and not by `chalicelib.channels.signatures`, so that the two
prove each other.
"""

from __future__ import annotations

from ops.platforms import telegram, twilio, whatsapp
from ops.platforms.scene import OMID, SARA, Builder, Person, Post, Scene, SecretValues
from ops.platforms.telegram import sign_telegram
from ops.platforms.twilio import sign_twilio
from ops.platforms.whatsapp import handshake, meta_json, sign_whatsapp

__all__ = [
    "KINDS",
    "OMID",
    "SARA",
    "Builder",
    "Person",
    "Post",
    "Scene",
    "SecretValues",
    "handshake",
    "meta_json",
    "sign_telegram",
    "sign_twilio",
    "sign_whatsapp",
]

KINDS: dict[str, dict[str, Builder]] = {
    "whatsapp": whatsapp.KINDS,
    "telegram": telegram.KINDS,
    "twilio": twilio.KINDS,
}
"""`KINDS[channel][kind](**options)`: the signed request; the options are the fields of `Scene`."""
