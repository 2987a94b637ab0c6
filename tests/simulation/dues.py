"""What each request must come to: the oracle of the judge.

It is written down from what the builders of `ops.platforms` are told, and not by parsing what they made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ops import platforms

Sent = tuple[str, str, str]
"""Something sent along: its kind, what it is fetched by, its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an event says.

    about: the id that an edit, deletion or reaction names. raw: a part of its source.
    """

    text: str = ""
    name: str = ""
    sent: tuple[Sent, ...] = ()
    place: bool = False
    about: str = ""
    answers: str = ""
    chat: str = ""
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One event that a request brings. identity: its customer's; keys: verified phones it carries."""

    key: str
    identity: str
    human: int
    kind: str
    direction: str = "inbound"
    phone: str = ""
    wanted: bool = True
    previous: str = ""
    said: Said = Said()


SPOOFED = "spoofed_call"
"""A call that shows a customer's number, and is not theirs."""

DOUBTFUL = "982100000019"
"""Our number on Twilio that believes no claim; every other customer uses it."""

KINDS = {
    "reply": "message",
    "image": "message",
    "voice": "message",
    "location": "message",
    "whatsapp": "message",
    "contact": "message",
    "echo": "message",
    "group": "message",
    "business": "message",
    "answer": "message",
    "post": "message",
    "delivered": "status",
    "read": "status",
    "hidden_call": "call",
    SPOOFED: "call",
}

_OUTBOUND = ("echo", "answer", "post", "delivered", "read")


def due(
    channel: str,
    account: str,
    kind: str,
    number: int,
    *,
    target: int,
    who: int,
    person: platforms.Person,
    at: int,
    shown: str = "both",
    text: str = "",
) -> Due:
    """What a request of that kind is due to become. at: Unix seconds. shown: what WhatsApp tells of who."""
    name = KINDS.get(kind, kind)
    status = name == "status"
    on_whatsapp = channel == "whatsapp" or kind in ("whatsapp", "postback")
    if channel == "whatsapp":
        known = person.digits if shown == "phone" else person.bsuid
        ident = f"wamid.{target}:{kind}" if status else f"wamid.{number}"
        phone = "" if shown == "bsuid" else person.phone
    elif channel == "telegram":
        known, ident = f"{person.user_id}", _telegram_id(kind, number, target, _chat(kind, person), at)
        phone = person.phone if kind == "contact" else ""
    else:
        known = f"whatsapp:{person.bsuid}" if on_whatsapp else person.phone
        ident = _sid(kind, number, target)
        phone = person.phone
    identity = f"{channel}#*#{known}"
    if account == DOUBTFUL and not on_whatsapp:
        identity, phone = f"{channel}#@claimed#{known}", ""
    if kind == "hidden_call":
        identity, phone = f"twilio#@once#CA{number:032d}", ""
    if kind == "post":
        identity, who = f"telegram#@account#{account}", -1
    return Due(
        key=f"{channel}#{account}#{name}#{ident}",
        identity=identity,
        human=-2 - who if kind == SPOOFED else who,
        kind=name,
        direction="outbound" if kind in _OUTBOUND else "inbound",
        phone=phone,
        wanted=not status or account == "100002",
        said=_SAID[channel](kind, number, target, person, text, at),
    )


def _chat(kind: str, person: platforms.Person) -> str:
    return {"group": f"{GROUP}", "post": "-1000000000001"}.get(kind, f"{person.user_id}")


def _telegram_id(kind: str, number: int, target: int, chat: str, at: int) -> str:
    update = 900_000_000 + number
    if kind == "postback":
        return f"{number}"
    if kind == "edit":
        return f"{chat}:{target}:{at}:{at}:{update}"
    if kind == "reaction":
        return f"{chat}:{target}:{at}:{update}"
    if kind in ("follow", "unfollow"):
        return f"{chat}:{at}:{update}"
    return f"{chat}:{number}:{at}"


def _sid(kind: str, number: int, target: int) -> str:
    if kind in ("call", "hidden_call", SPOOFED):
        return f"CA{number:032d}:completed:3"
    if kind in ("delivered", "read"):
        return f"SM{target:032d}:{kind}"
    return f"SM{number:032d}"


def _whatsapp(kind: str, number: int, target: int, person: platforms.Person, text: str, at: int) -> Said:
    del at
    about, raw = f"wamid.{target}", f'"wamid.{number}"'.encode()
    file = f"{800_000_000 + number}"
    if kind in ("delivered", "read"):
        return Said(about=about, raw=f'"{about}"'.encode())
    texts = {
        "message": "سلام، قیمت چند است؟",
        "reply": "بله",
        "postback": "وضعیت سفارش",
        "edit": "سلام، قیمت عمده چند است؟",
        "echo": "سلام، در خدمتم",
        "reaction": "👍",
    }
    said = text or texts.get(kind, "")
    return Said(
        text="👍" if kind == "reaction" else said if kind in (*texts, "image", "voice") else "",
        name="" if kind == "identity_change" else person.name,
        sent={
            "image": (("image", file, ""),),
            "voice": (("voice", file, ""),),
            "location": (("location", "", "برج آزادی, تهران"),),
        }.get(kind, ()),
        place=kind == "location",
        about=about if kind in ("reaction", "edit", "delete") else "",
        answers=about if kind == "reply" else "",
        raw=raw,
    )


def _telegram(kind: str, number: int, target: int, person: platforms.Person, text: str, at: int) -> Said:
    chat = _chat(kind, person)
    earlier = f"{chat}:{target}" if kind == "reaction" else f"{chat}:{target}:{at}"
    texts = {
        "message": "سلام، ساعت کاری شما چیست؟",
        "group": "سلام، ساعت کاری شما چیست؟",
        "business": "سلام، ساعت کاری شما چیست؟",
        "answer": "سلام، ساعت کاری شما چیست؟",
        "reply": "بله",
        "postback": "order_status",
        "edit": "سلام، ساعت کاری جمعه چیست؟",
        "post": "تخفیف این هفته",
    }
    said = text or texts.get(kind, "")
    return Said(
        text="👍" if kind == "reaction" else said if kind in (*texts, "image") else "",
        name="" if kind == "post" else person.name,
        sent={
            "image": (("image", f"photo-{number}-1280", ""),),
            "location": (("location", "", ""),),
            "contact": (("contact", person.digits, person.name),),
        }.get(kind, ()),
        place=kind == "location",
        about=earlier if kind in ("reaction", "edit", "postback") else "",
        answers=earlier if kind == "reply" else "",
        chat=chat if kind != "follow" else f"{person.user_id}",
        raw=f'"update_id": {900_000_000 + number}'.encode(),
    )


def _twilio(kind: str, number: int, target: int, person: platforms.Person, text: str, at: int) -> Said:
    del at
    sid = f"{'CA' if 'call' in kind else 'SM'}{target if kind in ('delivered', 'read') else number:032d}"
    spoken = kind not in ("call", "hidden_call", SPOOFED, "delivered", "read")
    media = (("image", f"https://media.example.org/{number}", ""),)
    return Said(
        text="" if not spoken else "وضعیت سفارش" if kind == "postback" else text or "سلام",
        name=person.name if kind in ("whatsapp", "postback") else "",
        sent=media if kind == "image" else (),
        about=sid if kind in ("delivered", "read") else "",
        raw=sid.encode(),
    )


GROUP = -1_002_000_000_001
"""A Telegram group in which customers write."""

_SAID: dict[str, Callable[[str, int, int, platforms.Person, str, int], Said]] = {
    "whatsapp": _whatsapp,
    "telegram": _telegram,
    "twilio": _twilio,
}


def language(text: str) -> str:
    """The language of what the customers of a world write; empty if it is in none."""
    if text.startswith(HELLO):
        return "en"
    return "fa" if any("\u0600" <= letter <= "\u06ff" for letter in text) else ""


HELLO = "Hello, how much is the delivery to Shiraz?"
