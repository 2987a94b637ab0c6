"""What the platforms post: realistic webhook requests of fictional people, signed as each platform signs.

For `hub simulate`, the local run and the tests. Pure: time, ids and secrets are passed in. The signatures
are computed here from the platforms' documents and not by `chalicelib.signatures`, so that the two prove
each other.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from urllib.parse import urlencode

Json = dict[str, object]
Fields = dict[str, str]
SecretValues = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One HTTP request of a platform."""

    method: str = "POST"
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who does not exist.

    user_id: their number on Telegram. bsuid: their business-scoped id on WhatsApp.
    """

    first_name: str
    last_name: str
    phone: str
    user_id: int
    bsuid: str
    language: str = "fa"

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.first_name} {self.last_name}"

    @property
    def digits(self) -> str:
        """The phone as WhatsApp writes it."""
        return self.phone.removeprefix("+")


SARA = Person(
    first_name="سارا",
    last_name="رستمی",
    phone="+989120000001",
    user_id=700000001,
    bsuid="IR.1000000000000001",
)
OMID = Person(
    first_name="Omid",
    last_name="Karimi",
    phone="+989120000002",
    user_id=700000002,
    bsuid="IR.1000000000000002",
    language="en",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One thing that somebody does: what every builder is told.

    url: the webhook URL as the platform was told. account: our number or bot, by its id there.
    at: when it happens. number: makes its ids; the same number makes the same ids.
    target: the number of the earlier thing that it is about.
    """

    url: str
    account: str
    secrets: SecretValues
    at: datetime
    number: int
    person: Person = SARA
    text: str = ""
    target: int = 0

    @property
    def seconds(self) -> int:
        """The platform's clock."""
        return int(self.at.timestamp())


def sign_whatsapp(post: Post, secrets: SecretValues) -> Post:
    """Meta: HMAC-SHA256 of the body with the app secret."""
    digest = hmac.new(secrets["app_secret"][0].encode(), post.body, "sha256").hexdigest()
    return _with_header(post, "x-hub-signature-256", f"sha256={digest}")


def sign_telegram(post: Post, secrets: SecretValues) -> Post:
    """Telegram: the secret token itself."""
    return _with_header(post, "x-telegram-bot-api-secret-token", secrets["secret_token"][0])


def sign_twilio(post: Post, secrets: SecretValues, fields: Fields | None = None) -> Post:
    """Twilio: with a shared key (SHA-256) if there is one, else with the auth token (SHA-1).

    fields: what the body's form holds; None for a body that the URL's `bodySHA256` covers.
    """
    signed = post.url + "".join(f"{name}{value}" for name, value in sorted((fields or {}).items()))
    if shared := secrets.get("shared_key"):
        identifier, _, key = shared[0].partition("=")
        settings = f"key={identifier},algorithm=HMAC_SHA256"
        post = _with_header(post, "x-twilio-webhooks-signature-settings", settings)
        algorithm = "sha256"
    else:
        key, algorithm = secrets["auth_token"][0], "sha1"
    mac = hmac.new(key.encode(), signed.encode(), algorithm).digest()
    return _with_header(post, "x-twilio-signature", base64.b64encode(mac).decode())


def meta_json(value: object) -> bytes:
    """JSON as Meta writes it: nothing but ASCII, and `/` escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def _with_header(post: Post, name: str, value: str) -> Post:
    return replace(post, headers={**post.headers, name: value})


def _whatsapp(change: Callable[[Scene], Json], **options: object) -> Post:
    scene = Scene(**options)  # type: ignore[arg-type]
    entry: Json = {"id": "100000000000001", "time": scene.seconds, "changes": [change(scene)]}
    body = meta_json({"object": "whatsapp_business_account", "entry": [entry]})
    return sign_whatsapp(
        Post(url=scene.url, headers={"content-type": "application/json"}, body=body), scene.secrets
    )


def _whatsapp_field(scene: Scene, field: str, **value: object) -> Json:
    metadata = {"display_phone_number": "982100000001", "phone_number_id": scene.account}
    return {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}


def _whatsapp_contact(scene: Scene) -> Json:
    person = scene.person
    return {"profile": {"name": person.name}, "wa_id": person.digits, "user_id": person.bsuid}


def _whatsapp_message(scene: Scene, *, type: str, **content: object) -> Json:
    message = {
        "from": scene.person.digits,
        "from_user_id": scene.person.bsuid,
        "id": f"wamid.{scene.number}",
        "timestamp": f"{scene.seconds}",
        "type": type,
        **content,
    }
    return _whatsapp_field(scene, "messages", contacts=[_whatsapp_contact(scene)], messages=[message])


def _whatsapp_text(scene: Scene) -> Json:
    return _whatsapp_message(scene, type="text", text={"body": scene.text or "سلام، قیمت چند است؟"})


def _whatsapp_reply(scene: Scene) -> Json:
    context = {"from": "982100000001", "id": f"wamid.{scene.target}"}
    return _whatsapp_message(scene, type="text", context=context, text={"body": scene.text or "بله"})


def _whatsapp_file(scene: Scene, *, type: str, mime: str, **facts: object) -> Json:
    file: Json = {
        "id": f"{800000000 + scene.number}",
        "mime_type": mime,
        "sha256": "47DEQpj8HBSa+/TI=",
        **facts,
    }
    if scene.text:
        file["caption"] = scene.text
    return _whatsapp_message(scene, type=type, **{type: file})


def _whatsapp_location(scene: Scene) -> Json:
    place = {"latitude": 35.6997, "longitude": 51.338, "name": "برج آزادی", "address": "تهران"}
    return _whatsapp_message(scene, type="location", location=place)


def _whatsapp_card(scene: Scene) -> Json:
    phone = {"phone": "+98 912 000 0003", "wa_id": "989120000003", "type": "CELL"}
    card = {"name": {"formatted_name": "Neda Moradi", "first_name": "Neda"}, "phones": [phone]}
    return _whatsapp_message(scene, type="contacts", contacts=[card])


def _whatsapp_reaction(scene: Scene, *, emoji: str) -> Json:
    reaction = {"message_id": f"wamid.{scene.target}", **({"emoji": emoji} if emoji else {})}
    return _whatsapp_message(scene, type="reaction", reaction=reaction)


def _whatsapp_postback(scene: Scene) -> Json:
    reply = {"id": "order_status", "title": scene.text or "وضعیت سفارش"}
    return _whatsapp_message(
        scene, type="interactive", interactive={"type": "button_reply", "button_reply": reply}
    )


def _whatsapp_edit(scene: Scene) -> Json:
    inner = {"type": "text", "text": {"body": scene.text or "سلام، قیمت عمده چند است؟"}}
    edit = {"original_message_id": f"wamid.{scene.target}", "message": inner}
    return _whatsapp_message(scene, type="edit", edit=edit)


def _whatsapp_delete(scene: Scene) -> Json:
    return _whatsapp_message(scene, type="revoke", revoke={"original_message_id": f"wamid.{scene.target}"})


def _whatsapp_status(scene: Scene, *, status: str) -> Json:
    facts: Json = {
        "id": f"wamid.{scene.target}",
        "status": status,
        "timestamp": f"{scene.seconds}",
        "recipient_id": scene.person.digits,
        "recipient_user_id": scene.person.bsuid,
    }
    if status == "failed":
        facts["errors"] = [{"code": 131026, "title": "Message undeliverable"}]
    return _whatsapp_field(scene, "messages", statuses=[facts])


def _whatsapp_echo(scene: Scene) -> Json:
    echo = {
        "from": "982100000001",
        "to": scene.person.digits,
        "to_user_id": scene.person.bsuid,
        "id": f"wamid.{scene.number}",
        "timestamp": f"{scene.seconds}",
        "type": "text",
        "text": {"body": scene.text or "سلام، در خدمتم"},
    }
    contact = _whatsapp_contact(scene)
    return _whatsapp_field(scene, "smb_message_echoes", contacts=[contact], message_echoes=[echo])


def _whatsapp_identity_change(scene: Scene) -> Json:
    system = {
        "type": "user_changed_number",
        "body": "changed",
        "wa_id": "989120000009",
        "user_id": "IR.1000000000000009",
        "previous_user_id": scene.person.bsuid,
    }
    message = {
        "from": scene.person.digits,
        "id": f"wamid.{scene.number}",
        "timestamp": f"{scene.seconds}",
        "type": "system",
        "system": system,
    }
    return _whatsapp_field(scene, "messages", messages=[message])


def _whatsapp_preference(scene: Scene, *, value: str) -> Json:
    preference = {
        "wa_id": scene.person.digits,
        "user_id": scene.person.bsuid,
        "detail": f"User requested to {value} marketing messages",
        "category": "marketing_messages",
        "value": value,
        "timestamp": scene.seconds,
    }
    contact = _whatsapp_contact(scene)
    return _whatsapp_field(scene, "user_preferences", contacts=[contact], user_preferences=[preference])


def _whatsapp_notice(scene: Scene) -> Json:  # noqa: ARG001 - a notice is about nobody
    return {"field": "account_update", "value": {"event": "ACCOUNT_RESTRICTION"}}


def _telegram(update: Callable[[Scene], Json], **options: object) -> Post:
    scene = Scene(**options)  # type: ignore[arg-type]
    body = json.dumps({"update_id": 900000000 + scene.number, **update(scene)}).encode()
    return sign_telegram(
        Post(url=scene.url, headers={"content-type": "application/json"}, body=body), scene.secrets
    )


def _telegram_user(scene: Scene) -> Json:
    person = scene.person
    return {
        "id": person.user_id,
        "is_bot": False,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "language_code": person.language,
    }


def _telegram_chat(scene: Scene) -> Json:
    person = scene.person
    return {
        "id": person.user_id,
        "type": "private",
        "first_name": person.first_name,
        "last_name": person.last_name,
    }


def _telegram_message(scene: Scene, key: str = "message", /, **content: object) -> Json:
    message = {
        "message_id": scene.number,
        "from": _telegram_user(scene),
        "chat": _telegram_chat(scene),
        "date": scene.seconds,
        **content,
    }
    return {key: message}


def _telegram_text(scene: Scene) -> Json:
    return _telegram_message(scene, text=scene.text or "سلام، ساعت کاری شما چیست؟")


def _telegram_earlier(scene: Scene) -> Json:
    return {"message_id": scene.target, "chat": _telegram_chat(scene), "date": scene.seconds}


def _telegram_reply(scene: Scene) -> Json:
    return _telegram_message(scene, text=scene.text or "بله", reply_to_message=_telegram_earlier(scene))


def _telegram_edit(scene: Scene) -> Json:
    text = scene.text or "سلام، ساعت کاری جمعه چیست؟"
    return _telegram_message(
        replace(scene, number=scene.target), "edited_message", edit_date=scene.seconds, text=text
    )


def _telegram_photo(scene: Scene) -> Json:
    sizes = [
        {"file_id": f"photo-{scene.number}-{width}", "width": width, "height": width, "file_size": width * 20}
        for width in (90, 320, 1280)
    ]
    return _telegram_message(scene, photo=sizes, caption=scene.text)


def _telegram_file(scene: Scene, *, key: str, **facts: object) -> Json:
    file = {"file_id": f"{key}-{scene.number}", "file_size": 4096, **facts}
    return _telegram_message(scene, **{key: file, "caption": scene.text})


def _telegram_location(scene: Scene) -> Json:
    return _telegram_message(scene, location={"latitude": 35.6997, "longitude": 51.338})


def _telegram_contact(scene: Scene) -> Json:
    person = scene.person
    contact = {
        "phone_number": person.digits,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "user_id": person.user_id,
    }
    return _telegram_message(scene, contact=contact)


def _telegram_postback(scene: Scene) -> Json:
    pressed = {
        "id": f"{scene.number}",
        "from": _telegram_user(scene),
        "message": _telegram_earlier(scene),
        "chat_instance": "1",
        "data": scene.text or "order_status",
    }
    return {"callback_query": pressed}


def _telegram_reaction(scene: Scene, *, emoji: str) -> Json:
    reacted = {
        "chat": _telegram_chat(scene),
        "message_id": scene.target,
        "user": _telegram_user(scene),
        "date": scene.seconds,
        "old_reaction": [],
        "new_reaction": [{"type": "emoji", "emoji": emoji}] if emoji else [],
    }
    return {"message_reaction": reacted}


def _telegram_membership(scene: Scene, *, before: str, after: str) -> Json:
    bot = {"id": 800000001, "is_bot": True, "first_name": "Support"}
    change = {
        "chat": _telegram_chat(scene),
        "from": _telegram_user(scene),
        "date": scene.seconds,
        "old_chat_member": {"user": bot, "status": before},
        "new_chat_member": {"user": bot, "status": after},
    }
    return {"my_chat_member": change}


def _telegram_post(scene: Scene) -> Json:
    channel = {"id": -1000000000001, "type": "channel", "title": "فروشگاه"}
    post = {
        "message_id": scene.number,
        "sender_chat": channel,
        "chat": channel,
        "date": scene.seconds,
        "text": scene.text or "تخفیف این هفته",
    }
    return {"channel_post": post}


def _twilio(form: Callable[[Scene], Fields], **options: object) -> Post:
    scene = Scene(**options)  # type: ignore[arg-type]
    fields = {"AccountSid": f"AC{1:032x}", "ApiVersion": "2010-04-01", **form(scene)}
    headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    post = Post(url=scene.url, headers=headers, body=urlencode(fields).encode())
    return sign_twilio(post, scene.secrets, fields)


def _twilio_message(scene: Scene, **fields: str) -> Fields:
    sid = f"SM{scene.number:032x}"
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


def _twilio_image(scene: Scene) -> Fields:
    media = f"https://media.example.org/{scene.number}"
    return _twilio_message(scene, NumMedia="1", MediaUrl0=media, MediaContentType0="image/jpeg")


def _twilio_opt(scene: Scene, *, word: str) -> Fields:
    return _twilio_message(scene, Body=word, OptOutType=word)


def _twilio_whatsapp(scene: Scene, **fields: str) -> Fields:
    person = scene.person
    return _twilio_message(
        scene,
        From=f"whatsapp:{person.phone}",
        To=f"whatsapp:{scene.account}",
        ProfileName=person.name,
        WaId=person.digits,
        ExternalUserId=person.bsuid,
        **fields,
    )


def _twilio_status(scene: Scene, *, status: str) -> Fields:
    sid = f"SM{scene.target:032x}"
    fields = {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": status,
        "MessageStatus": status,
        "From": scene.account,
        "To": scene.person.phone,
    }
    return {**fields, "ErrorCode": "30003"} if status == "undelivered" else fields


def _twilio_call(scene: Scene, *, caller: str = "") -> Fields:
    return {
        "CallSid": f"CA{scene.number:032x}",
        "CallStatus": "completed",
        "Direction": "inbound",
        "From": caller or scene.person.phone,
        "To": scene.account,
        "CallDuration": "42",
        "Timestamp": f"{scene.at:%a, %d %b %Y %H:%M:%S} +0000",
        "SequenceNumber": "3",
        "CallbackSource": "call-progress-events",
    }


Builder = Callable[..., Post]

_WHATSAPP: dict[str, Callable[[Scene], Json]] = {
    "message": _whatsapp_text,
    "reply": _whatsapp_reply,
    "image": partial(_whatsapp_file, type="image", mime="image/jpeg"),
    "document": partial(_whatsapp_file, type="document", mime="application/pdf", filename="invoice.pdf"),
    "voice": partial(_whatsapp_file, type="audio", mime="audio/ogg; codecs=opus", voice=True),
    "location": _whatsapp_location,
    "contact": _whatsapp_card,
    "reaction": partial(_whatsapp_reaction, emoji="👍"),
    "unreaction": partial(_whatsapp_reaction, emoji=""),
    "postback": _whatsapp_postback,
    "edit": _whatsapp_edit,
    "delete": _whatsapp_delete,
    "delivered": partial(_whatsapp_status, status="delivered"),
    "read": partial(_whatsapp_status, status="read"),
    "failed": partial(_whatsapp_status, status="failed"),
    "echo": _whatsapp_echo,
    "identity_change": _whatsapp_identity_change,
    "opt_out": partial(_whatsapp_preference, value="stop"),
    "opt_in": partial(_whatsapp_preference, value="resume"),
    "notice": _whatsapp_notice,
}

_TELEGRAM: dict[str, Callable[[Scene], Json]] = {
    "message": _telegram_text,
    "reply": _telegram_reply,
    "image": _telegram_photo,
    "document": partial(_telegram_file, key="document", mime_type="application/pdf", file_name="list.pdf"),
    "voice": partial(_telegram_file, key="voice", mime_type="audio/ogg"),
    "location": _telegram_location,
    "contact": _telegram_contact,
    "reaction": partial(_telegram_reaction, emoji="👍"),
    "unreaction": partial(_telegram_reaction, emoji=""),
    "postback": _telegram_postback,
    "edit": _telegram_edit,
    "follow": partial(_telegram_membership, before="kicked", after="member"),
    "unfollow": partial(_telegram_membership, before="member", after="kicked"),
    "post": _telegram_post,
}

_TWILIO: dict[str, Callable[[Scene], Fields]] = {
    "message": _twilio_message,
    "image": _twilio_image,
    "whatsapp": _twilio_whatsapp,
    "location": partial(_twilio_whatsapp, Body="", Latitude="35.6997", Longitude="51.338", Label="برج آزادی"),
    "postback": partial(_twilio_whatsapp, ButtonText="وضعیت سفارش", ButtonPayload="order_status"),
    "delivered": partial(_twilio_status, status="delivered"),
    "read": partial(_twilio_status, status="read"),
    "failed": partial(_twilio_status, status="undelivered"),
    "opt_out": partial(_twilio_opt, word="STOP"),
    "opt_in": partial(_twilio_opt, word="START"),
    "call": _twilio_call,
    "hidden_call": partial(_twilio_call, caller="+266696687"),
}

KINDS: dict[str, dict[str, Builder]] = {
    "whatsapp": {kind: partial(_whatsapp, change) for kind, change in _WHATSAPP.items()},
    "telegram": {kind: partial(_telegram, update) for kind, update in _TELEGRAM.items()},
    "twilio": {kind: partial(_twilio, form) for kind, form in _TWILIO.items()},
}
"""`KINDS[channel][kind](**options)`: the signed request; the options are the fields of `Scene`."""


def handshake(*, url: str, verify_token: str, challenge: str) -> Post:
    """Meta's question when a webhook URL is entered."""
    query = urlencode({"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": challenge})
    return Post(method="GET", url=f"{url}?{query}", headers={}, body=b"")
