"""Builds what Twilio posts: forms, signed in one of its two ways."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from ops.platforms.scene import Builder, Fields, Post, Scene, SecretValues, with_header


def sign_twilio(post: Post, secrets: SecretValues, fields: Fields | None = None) -> Post:
    """Twilio: with a shared key (SHA-256) if there is one, else with the auth token (SHA-1).

    fields: what the body's form holds; None for a body that the URL's `bodySHA256` covers.
    """
    signed = post.url + "".join(f"{name}{value}" for name, value in sorted((fields or {}).items()))
    if shared := secrets.get("shared_key"):
        identifier, _, key = shared[0].partition("=")
        settings = f"key={identifier},algorithm=HMAC_SHA256"
        post = with_header(post, "x-twilio-webhooks-signature-settings", settings)
        algorithm = "sha256"
    else:
        key, algorithm = secrets["auth_token"][0], "sha1"
    # Bytes that are not UTF-8 are signed as they are sent.
    mac = hmac.new(key.encode(), signed.encode("utf-8", "surrogateescape"), algorithm).digest()
    return with_header(post, "x-twilio-signature", base64.b64encode(mac).decode())


def _signed(form: Callable[[Scene], Fields], **options: object) -> Post:
    scene = Scene(**options)  # type: ignore[arg-type]
    fields = {"AccountSid": _sid("AC", 1), "ApiVersion": "2010-04-01", **form(scene)}
    headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    post = Post(url=scene.url, headers=headers, body=urlencode(fields).encode())
    return sign_twilio(post, scene.secrets, fields)


def _sid(what: str, number: int) -> str:
    """Twilio writes 32 hexadecimal digits; these are decimal ones, so that a person can tell the number."""
    return f"{what}{number:032d}"


def _message(scene: Scene, **fields: str) -> Fields:
    sid = _sid("SM", scene.number)
    return {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsMessageSid": sid,
        "SmsStatus": "received",
        "From": scene.person.phone,
        "To": scene.account,
        "Body": scene.text or "سلام",
        "NumMedia": "0",
        "NumSegments": "1",
        "FromCountry": "IR",
        "FromCity": "",
        **fields,
    }


def _image(scene: Scene) -> Fields:
    media = f"https://media.example.org/{scene.number}"
    return _message(scene, NumMedia="1", MediaUrl0=media, MediaContentType0="image/jpeg")


def _opt(scene: Scene, *, word: str) -> Fields:
    return _message(scene, Body=word, OptOutType=word)


def _whatsapp(scene: Scene, **fields: str) -> Fields:
    person = scene.person
    return _message(
        scene,
        From=f"whatsapp:{person.phone}",
        To=f"whatsapp:{scene.account}",
        ProfileName=person.name,
        WaId=person.digits,
        ExternalUserId=person.bsuid,
        **fields,
    )


def _status(scene: Scene, *, status: str) -> Fields:
    sid = _sid("SM", scene.target)
    fields = {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": status,
        "MessageStatus": status,
        "From": scene.account,
        "To": scene.person.phone,
    }
    return {**fields, "ErrorCode": "30003"} if status == "undelivered" else fields


def _call(scene: Scene, *, caller: str = "", **fields: str) -> Fields:
    return {
        "CallSid": _sid("CA", scene.number),
        "CallStatus": "completed",
        "Direction": "inbound",
        "From": caller or scene.person.phone,
        "To": scene.account,
        "CallDuration": "42",
        "Timestamp": f"{scene.at:%a, %d %b %Y %H:%M:%S} +0000",
        "SequenceNumber": "3",
        "CallbackSource": "call-progress-events",
        **fields,
    }


_BUILDERS: dict[str, Callable[[Scene], Fields]] = {
    "message": _message,
    "image": _image,
    "whatsapp": _whatsapp,
    "location": partial(_whatsapp, Body="", Latitude="35.6997", Longitude="51.338", Label="برج آزادی"),
    "postback": partial(
        _whatsapp, Body="وضعیت سفارش", ButtonText="وضعیت سفارش", ButtonPayload="order_status"
    ),
    "delivered": partial(_status, status="delivered"),
    "read": partial(_status, status="read"),
    "failed": partial(_status, status="undelivered"),
    "opt_out": partial(_opt, word="STOP"),
    "opt_in": partial(_opt, word="START"),
    "call": _call,
    "attested_call": partial(_call, StirVerstat="TN-Validation-Passed-A"),
    "hidden_call": partial(_call, caller="+266696687"),
}

KINDS: dict[str, Builder] = {kind: partial(_signed, form) for kind, form in _BUILDERS.items()}
