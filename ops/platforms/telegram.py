"""Builds what Telegram posts, with the secret token that proves it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ops.platforms.scene import Builder, Json, Post, Scene, SecretValues, with_header


def sign_telegram(post: Post, secrets: SecretValues) -> Post:
    """Telegram: the secret token itself."""
    return with_header(post, "x-telegram-bot-api-secret-token", secrets["secret_token"][0])


def _signed(update: Callable[[Scene], Json], **options: object) -> Post:
    scene = Scene(**options)  # type: ignore[arg-type]
    body = json.dumps({"update_id": 900000000 + scene.number, **update(scene)}).encode()
    return sign_telegram(
        Post(url=scene.url, headers={"content-type": "application/json"}, body=body), scene.secrets
    )


def _user(scene: Scene) -> Json:
    person = scene.person
    return {
        "id": person.user_id,
        "is_bot": False,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "language_code": person.language,
    }


def _chat(scene: Scene) -> Json:
    person = scene.person
    return {
        "id": person.user_id,
        "type": "private",
        "first_name": person.first_name,
        "last_name": person.last_name,
    }


def _message(scene: Scene, key: str = "message", /, **content: object) -> Json:
    message = {
        "message_id": scene.number,
        "from": _user(scene),
        "chat": _chat(scene),
        "date": scene.seconds,
        **content,
    }
    return {key: message}


def _text(scene: Scene) -> Json:
    return _message(scene, text=scene.text or "سلام، ساعت کاری شما چیست؟")


def _earlier(scene: Scene) -> Json:
    return {"message_id": scene.target, "chat": _chat(scene), "date": scene.seconds}


def _reply(scene: Scene) -> Json:
    return _message(scene, text=scene.text or "بله", reply_to_message=_earlier(scene))


def _edit(scene: Scene) -> Json:
    text = scene.text or "سلام، ساعت کاری جمعه چیست؟"
    return _message(replace(scene, number=scene.target), "edited_message", edit_date=scene.seconds, text=text)


def _photo(scene: Scene) -> Json:
    sizes = [
        {"file_id": f"photo-{scene.number}-{width}", "width": width, "height": width, "file_size": width * 20}
        for width in (90, 320, 1280)
    ]
    return _message(scene, photo=sizes, caption=scene.text)


def _file(scene: Scene, *, key: str, **facts: object) -> Json:
    file = {"file_id": f"{key}-{scene.number}", "file_size": 4096, **facts}
    return _message(scene, **{key: file, "caption": scene.text})


def _location(scene: Scene) -> Json:
    return _message(scene, location={"latitude": 35.6997, "longitude": 51.338})


def _contact(scene: Scene) -> Json:
    person = scene.person
    contact = {
        "phone_number": person.digits,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "user_id": person.user_id,
    }
    return _message(scene, contact=contact)


def _postback(scene: Scene) -> Json:
    pressed = {
        "id": f"{scene.number}",
        "from": _user(scene),
        "message": _earlier(scene),
        "chat_instance": "1",
        "data": scene.text or "order_status",
    }
    return {"callback_query": pressed}


def _reaction(scene: Scene, *, emoji: str) -> Json:
    reacted = {
        "chat": _chat(scene),
        "message_id": scene.target,
        "user": _user(scene),
        "date": scene.seconds,
        "old_reaction": [],
        "new_reaction": [{"type": "emoji", "emoji": emoji}] if emoji else [],
    }
    return {"message_reaction": reacted}


def _membership(scene: Scene, *, before: str, after: str) -> Json:
    bot = {"id": 800000001, "is_bot": True, "first_name": "Support"}
    change = {
        "chat": _chat(scene),
        "from": _user(scene),
        "date": scene.seconds,
        "old_chat_member": {"user": bot, "status": before},
        "new_chat_member": {"user": bot, "status": after},
    }
    return {"my_chat_member": change}


def _post(scene: Scene) -> Json:
    channel = {"id": -1000000000001, "type": "channel", "title": "فروشگاه"}
    post = {
        "message_id": scene.number,
        "sender_chat": channel,
        "chat": channel,
        "date": scene.seconds,
        "text": scene.text or "تخفیف این هفته",
    }
    return {"channel_post": post}


_BUILDERS: dict[str, Callable[[Scene], Json]] = {
    "message": _text,
    "reply": _reply,
    "image": _photo,
    "document": partial(_file, key="document", mime_type="application/pdf", file_name="list.pdf"),
    "voice": partial(_file, key="voice", mime_type="audio/ogg"),
    "location": _location,
    "contact": _contact,
    "reaction": partial(_reaction, emoji="👍"),
    "unreaction": partial(_reaction, emoji=""),
    "postback": _postback,
    "edit": _edit,
    "follow": partial(_membership, before="kicked", after="member"),
    "unfollow": partial(_membership, before="member", after="kicked"),
    "post": _post,
}

KINDS: dict[str, Builder] = {kind: partial(_signed, update) for kind, update in _BUILDERS.items()}
