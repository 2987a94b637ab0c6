"""Builds what Meta posts for WhatsApp, signed as Meta signs."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from ops.platforms.scene import Builder, Json, Post, Scene, SecretValues, with_header


def sign_whatsapp(post: Post, secrets: SecretValues) -> Post:
    """Meta: HMAC-SHA256 of the body with the app secret."""
    digest = hmac.new(secrets["app_secret"][0].encode(), post.body, "sha256").hexdigest()
    return with_header(post, "x-hub-signature-256", f"sha256={digest}")


def meta_json(value: object) -> bytes:
    """JSON as Meta writes it: nothing but ASCII, and `/` escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def handshake(*, url: str, verify_token: str, challenge: str) -> Post:
    """Meta's request when somebody enters a webhook URL."""
    query = urlencode({"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": challenge})
    return Post(method="GET", url=f"{url}?{query}", headers={}, body=b"")


def _signed(change: Callable[[Scene], Json], **options: object) -> Post:
    scene = Scene(**options)  # type: ignore[arg-type]
    entry: Json = {"id": "100000000000001", "time": scene.seconds, "changes": [change(scene)]}
    body = meta_json({"object": "whatsapp_business_account", "entry": [entry]})
    return sign_whatsapp(
        Post(url=scene.url, headers={"content-type": "application/json"}, body=body), scene.secrets
    )


def _field(scene: Scene, field: str, **value: object) -> Json:
    metadata = {"display_phone_number": "982100000001", "phone_number_id": scene.account}
    return {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}


def _contact(scene: Scene) -> Json:
    person = scene.person
    return {"profile": {"name": person.name}, "wa_id": person.digits, "user_id": person.bsuid}


def _message(scene: Scene, *, type: str, **content: object) -> Json:
    message = {
        "from": scene.person.digits,
        "from_user_id": scene.person.bsuid,
        "id": f"wamid.{scene.number}",
        "timestamp": f"{scene.seconds}",
        "type": type,
        **content,
    }
    return _field(scene, "messages", contacts=[_contact(scene)], messages=[message])


def _text(scene: Scene) -> Json:
    return _message(scene, type="text", text={"body": scene.text or "سلام، قیمت چند است؟"})


def _reply(scene: Scene) -> Json:
    context = {"from": "982100000001", "id": f"wamid.{scene.target}"}
    return _message(scene, type="text", context=context, text={"body": scene.text or "بله"})


def _file(scene: Scene, *, type: str, mime: str, **facts: object) -> Json:
    file: Json = {
        "id": f"{800000000 + scene.number}",
        "mime_type": mime,
        "sha256": "47DEQpj8HBSa+/TI=",
        **facts,
    }
    if scene.text:
        file["caption"] = scene.text
    return _message(scene, type=type, **{type: file})


def _location(scene: Scene) -> Json:
    place = {"latitude": 35.6997, "longitude": 51.338, "name": "برج آزادی", "address": "تهران"}
    return _message(scene, type="location", location=place)


def _card(scene: Scene) -> Json:
    phone = {"phone": "+98 912 000 0003", "wa_id": "989120000003", "type": "CELL"}
    card = {"name": {"formatted_name": "Neda Moradi", "first_name": "Neda"}, "phones": [phone]}
    return _message(scene, type="contacts", contacts=[card])


def _reaction(scene: Scene, *, emoji: str) -> Json:
    reaction = {"message_id": f"wamid.{scene.target}", **({"emoji": emoji} if emoji else {})}
    return _message(scene, type="reaction", reaction=reaction)


def _postback(scene: Scene) -> Json:
    reply = {"id": "order_status", "title": scene.text or "وضعیت سفارش"}
    return _message(scene, type="interactive", interactive={"type": "button_reply", "button_reply": reply})


def _edit(scene: Scene) -> Json:
    inner = {"type": "text", "text": {"body": scene.text or "سلام، قیمت عمده چند است؟"}}
    edit = {"original_message_id": f"wamid.{scene.target}", "message": inner}
    return _message(scene, type="edit", edit=edit)


def _delete(scene: Scene) -> Json:
    return _message(scene, type="revoke", revoke={"original_message_id": f"wamid.{scene.target}"})


def _status(scene: Scene, *, status: str) -> Json:
    facts: Json = {
        "id": f"wamid.{scene.target}",
        "status": status,
        "timestamp": f"{scene.seconds}",
        "recipient_id": scene.person.digits,
        "recipient_user_id": scene.person.bsuid,
    }
    if status == "failed":
        facts["errors"] = [{"code": 131026, "title": "Message undeliverable"}]
    return _field(scene, "messages", statuses=[facts])


def _echo(scene: Scene) -> Json:
    echo = {
        "from": "982100000001",
        "to": scene.person.digits,
        "to_user_id": scene.person.bsuid,
        "id": f"wamid.{scene.number}",
        "timestamp": f"{scene.seconds}",
        "type": "text",
        "text": {"body": scene.text or "سلام، در خدمتم"},
    }
    contact = _contact(scene)
    return _field(scene, "smb_message_echoes", contacts=[contact], message_echoes=[echo])


def _identity_change(scene: Scene) -> Json:
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
    return _field(scene, "messages", messages=[message])


def _preference(scene: Scene, *, value: str) -> Json:
    preference = {
        "wa_id": scene.person.digits,
        "user_id": scene.person.bsuid,
        "detail": f"User requested to {value} marketing messages",
        "category": "marketing_messages",
        "value": value,
        "timestamp": scene.seconds,
    }
    contact = _contact(scene)
    return _field(scene, "user_preferences", contacts=[contact], user_preferences=[preference])


def _notice(scene: Scene) -> Json:  # noqa: ARG001 - a notice is about nobody
    return {"field": "account_update", "value": {"event": "ACCOUNT_RESTRICTION"}}


_BUILDERS: dict[str, Callable[[Scene], Json]] = {
    "message": _text,
    "reply": _reply,
    "image": partial(_file, type="image", mime="image/jpeg"),
    "document": partial(_file, type="document", mime="application/pdf", filename="invoice.pdf"),
    "voice": partial(_file, type="audio", mime="audio/ogg; codecs=opus", voice=True),
    "location": _location,
    "contact": _card,
    "reaction": partial(_reaction, emoji="👍"),
    "unreaction": partial(_reaction, emoji=""),
    "postback": _postback,
    "edit": _edit,
    "delete": _delete,
    "delivered": partial(_status, status="delivered"),
    "read": partial(_status, status="read"),
    "failed": partial(_status, status="failed"),
    "echo": _echo,
    "identity_change": _identity_change,
    "opt_out": partial(_preference, value="stop"),
    "opt_in": partial(_preference, value="resume"),
    "notice": _notice,
}

KINDS: dict[str, Builder] = {kind: partial(_signed, change) for kind, change in _BUILDERS.items()}
