"""What the platforms post in a world, and what each request must come to: the oracle of the judge.

The ids of the events are written down here from what the builders of `ops.platforms` are told, and not by
parsing what they made.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ops import platforms
from ops.platforms.telegram import sign_telegram
from ops.platforms.twilio import sign_twilio
from ops.platforms.whatsapp import handshake as ask
from ops.platforms.whatsapp import meta_json, sign_whatsapp
from tests.handlers.shelf import webhook_url
from tests.simulation.dues import DOUBTFUL, GROUP, SPOOFED, Due, due
from tests.simulation.worlds import SECRETS


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One request. forged: how it is not genuine. words: what it says, for the story.

    unreadable: fragments that nobody can read. challenge: what a handshake must be answered with.
    """

    channel: str
    account: str
    post: platforms.Post
    due: tuple[Due, ...] = ()
    forged: str = ""
    words: str = ""
    unreadable: int = 0
    challenge: str = ""


_DIRECT = {
    "whatsapp": ("message", "reply", "image", "voice", "location", "reaction", "postback", "edit", "delete"),
    "telegram": (
        "message",
        "reply",
        "image",
        "location",
        "reaction",
        "postback",
        "edit",
        "follow",
        "group",
        "business",
    ),
    "twilio": ("message", "message", "image", "whatsapp", "postback", "call"),
}


class Writer:
    """Makes requests; `number` runs on through the world, so that no two events share an id by accident."""

    def __init__(self, rng: random.Random, humans: Sequence[platforms.Person]) -> None:
        self._rng = rng
        self.humans = list(humans)
        self.known = len(self.humans)
        self.number = 0

    def anybody(self) -> int:
        """One of the world's customers."""
        return self._rng.randrange(self.known)

    def say(self, at: float, who: int, channel: str, *, kind: str = "", text: str = "") -> Posted:
        """A customer does something on a channel; what is left open is drawn."""
        rng = self._rng
        kind = kind or rng.choice(_DIRECT[channel])
        account = rng.choice(("100001", "100002")) if channel == "whatsapp" else _account(channel, who, kind)
        self.number += 1
        return self.built(
            at,
            who,
            channel,
            account,
            kind,
            self.number,
            target=max(1, self.number - rng.randrange(3)),
            text=text,
            shown=rng.choice(("both", "both", "phone", "bsuid")),
        )

    def built(
        self,
        at: float,
        who: int,
        channel: str,
        account: str,
        kind: str,
        number: int,
        *,
        target: int,
        text: str = "",
        shown: str = "both",
    ) -> Posted:
        """A request that says exactly this. shown: what WhatsApp shows of the sender."""
        person = self.humans[who]
        if kind == "edit" and not text:
            # Two edits of one message say different things: one that says nothing new goes no further.
            text = f"سلام، اصلاح {number}"
        post = platforms.KINDS[channel][_BUILT_AS.get(kind, kind)](
            url=webhook_url(channel, account),
            account=account,
            secrets=SECRETS[_SECRET[channel]],
            at=datetime.fromtimestamp(int(at), UTC),
            number=number,
            person=person,
            text=text,
            target=target,
        )
        if channel == "whatsapp":
            post = _shown(post, shown)
        if channel == "telegram" and kind in _BUILT_AS:
            post = _elsewhere(post, kind, person)
        came = due(
            channel,
            account,
            kind,
            number,
            target=target,
            who=who,
            person=person,
            at=int(at),
            shown=shown if channel == "whatsapp" else "both",
            text=text,
        )
        words = f"{kind} {number} of customer {who} to {channel} {account}" + (
            f" showing {shown}" if channel == "whatsapp" and shown != "both" else ""
        )
        return Posted(channel=channel, account=account, post=post, due=(came,), words=words)

    def moved(self, at: float, who: int) -> Posted:
        """A customer changes their number on WhatsApp, and is somebody new there from now on."""
        self.number += 1
        old = self.humans[who]
        new = replace(
            old,
            phone=f"+98935{self.number:07d}",
            bsuid=f"IR.{2_000_000_000_000_000 + self.number}",
        )
        posted = self.built(at, who, "whatsapp", "100001", "identity_change", self.number, target=0)
        body = json.loads(posted.post.body)
        system = body["entry"][0]["changes"][0]["value"]["messages"][0]["system"]
        system |= {"wa_id": new.digits, "user_id": new.bsuid}
        self.humans[who] = new
        came = replace(
            posted.due[0],
            identity=f"whatsapp#*#{new.bsuid}",
            phone=new.phone,
            previous=f"whatsapp#*#{old.bsuid}",
        )
        return replace(posted, post=_signed(posted.post, body), due=(came,))


def together(posts: Sequence[Posted], *, unreadable: int = 0) -> Posted:
    """Several WhatsApp requests as one; unreadable: so many fragments more that nobody can read."""
    entries = [entry for posted in posts for entry in json.loads(posted.post.body)["entry"]]
    for number in range(unreadable):
        broken = {"messages": [{"id": f"wamid.broken{number}", "timestamp": "never"}]}
        entries.insert(1, {"id": "1", "changes": [{"field": "messages", "value": broken}]})
    first = posts[0]
    post = _signed(first.post, {"object": "whatsapp_business_account", "entry": entries})
    return replace(
        first,
        post=post,
        due=tuple(one for posted in posts for one in posted.due),
        words=" + ".join(posted.words for posted in posts),
        unreadable=unreadable + sum(posted.unreadable for posted in posts),
    )


def forged(posted: Posted, how: str, mark: str) -> Posted:
    """The request as somebody would forge it who has seen a genuine one. mark: stands in what they add."""
    post, body = posted.post, posted.post.body
    if how == "altered" and posted.channel != "telegram":  # whose token does not cover the body
        post = replace(post, body=body.replace(b"a", mark.encode() + b"a", 1))
    elif how == "respaced" and posted.channel == "whatsapp":
        # The same JSON to a parser, in which the genuine part hides what stands before it.
        post = replace(post, body=b'{"object": "' + mark.encode() + b'",' + body[1:])
    elif how == "unsigned":
        names = ("x-hub-signature-256", "x-telegram-bot-api-secret-token", "x-twilio-signature")
        headers = {name: value for name, value in post.headers.items() if name not in names}
        post = replace(post, headers=headers, body=body.replace(b"a", mark.encode() + b"a", 1))
    else:
        how = "stranger"
        sign = {"whatsapp": sign_whatsapp, "telegram": sign_telegram}.get(posted.channel)
        wrong = {"app_secret": ("guessed",), "secret_token": ("guessed",), "auth_token": ("guessed",)}
        post = replace(post, body=body.replace(b"a", mark.encode() + b"a", 1))
        post = sign(post, wrong) if sign else sign_twilio(post, wrong)
    return replace(
        posted, post=post, due=(), forged=how, unreadable=0, words=f"forged ({how}): {posted.words}"
    )


def retired(posted: Posted, mark: str) -> Posted:
    """The request as somebody sends it who has kept a secret that we have forgotten."""
    body = posted.post.body.replace(b"a", mark.encode() + b"a", 1)
    post = sign_whatsapp(replace(posted.post, body=body), SECRETS["meta"])
    return replace(
        posted, post=post, due=(), forged="retired", unreadable=0, words=f"forged (retired): {posted.words}"
    )


def _account(channel: str, who: int, kind: str) -> str:
    if channel == "telegram":
        return "bot"
    return DOUBTFUL if who % 2 or kind == SPOOFED else "982100000009"


_SECRET = {"whatsapp": "meta", "telegram": "telegram", "twilio": "twilio"}


_BUILT_AS = {"group": "message", "business": "message", "answer": "message", SPOOFED: "call"}


def _elsewhere(post: platforms.Post, kind: str, person: platforms.Person) -> platforms.Post:
    """Telegram's message as one in a group, or in a chat of the business account that our bot serves."""
    body = json.loads(post.body)
    message = body.pop("message")
    if kind == "group":
        message["chat"] = {"id": GROUP, "type": "supergroup", "title": "گروه مشتریان"}
        body["message"] = message
    else:
        message["business_connection_id"] = "business1"
        if kind == "answer":
            message["from"] = {"id": 800_000_002, "is_bot": False, "first_name": "Desk"}
        body["business_message"] = message
    return replace(post, body=json.dumps(body).encode())


def handshake(account: str, challenge: str, *, known: bool) -> Posted:
    """Meta's question whether the URL is ours; known: with our token."""
    token = SECRETS["meta"]["verify_token"][0] if known else "guessed"
    url = webhook_url("whatsapp", account)
    return Posted(
        channel="whatsapp",
        account=account,
        post=ask(url=url, verify_token=token, challenge=challenge),
        challenge=challenge if known else "",
        forged="" if known else "handshake",
        words=f"a handshake with {'our' if known else 'another'} token",
    )


def _signed(post: platforms.Post, body: Any) -> platforms.Post:
    return sign_whatsapp(replace(post, body=meta_json(body)), SECRETS["meta"])


_PHONE_FIELDS = ("from", "to", "wa_id", "recipient_id")
_BSUID_FIELDS = ("from_user_id", "to_user_id", "user_id", "recipient_user_id")


def _shown(post: platforms.Post, shown: str) -> platforms.Post:
    if shown == "both":
        return post
    hidden = _BSUID_FIELDS if shown == "phone" else _PHONE_FIELDS
    body = json.loads(post.body)
    value = body["entry"][0]["changes"][0]["value"]
    outbound = bool(value.get("message_echoes"))
    for name in ("contacts", "messages", "message_echoes", "statuses"):
        for part in value.get(name, []):
            for field in hidden:
                if not (outbound and field == "from"):
                    part.pop(field, None)
    return _signed(post, body)
