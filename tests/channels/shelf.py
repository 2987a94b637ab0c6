"""The shelf of webhook requests: one JSON file each, with the events it must become, signed when loaded.

A file holds `about`, `source`, `request` (`query`, `content_type`, and one of `json`, `form`, `body`,
`base64`), and `expected`: the fields that differ from an event's defaults, so that a field not stated is
asserted to be at its default. `account` and `secrets` stand there when they are not the usual ones.

`UPDATE_GOLDEN=1 pytest tests/channels` rewrites `expected`; the change is reviewed as a diff.
"""

import base64
import json
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from chalicelib.channels import CHANNELS
from chalicelib.event import Attachment, ContactKey, Event, Identity, Ignored, Unreadable
from chalicelib.webhook import Account, Request
from ops import platforms
from ops.platforms import Post

FOLDER = Path(__file__).parent.parent / "fixtures" / "channels"
RECEIVED_AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ACCOUNTS = {"whatsapp": "100000000000011", "telegram": "support_bot", "twilio": "+982100000001"}
SECRETS = {
    "whatsapp": {"app_secret": ("whatsapp-app-secret",), "verify_token": ("whatsapp-verify-token",)},
    "telegram": {"secret_token": ("telegram_secret-token",)},
    "twilio": {"auth_token": ("twilio-auth-token",)},
}
CONTENT_TYPES = {
    "whatsapp": "application/json",
    "telegram": "application/json",
    "twilio": "application/x-www-form-urlencoded; charset=UTF-8",
}


@dataclass(frozen=True)
class Fixture:
    path: Path

    @property
    def channel(self):
        return CHANNELS[self.path.parent.name]

    @property
    def content(self):
        return json.loads(self.path.read_text())

    @property
    def account(self):
        name = self.channel.name
        return Account(channel=name, id=self.content.get("account", ACCOUNTS[name]), secret=name)

    @property
    def secrets(self):
        held = self.content.get("secrets", SECRETS[self.channel.name])
        return {name: tuple(values) for name, values in held.items()}

    @property
    def request(self):
        return received(self.post)

    @property
    def post(self):
        name, request = self.channel.name, self.content["request"]
        url = f"https://hub.example.org/webhooks/{name}/{self.account.id}{request.get('query', '')}"
        headers = {"content-type": request.get("content_type", CONTENT_TYPES[name])}
        post = Post(
            url=url, headers={key: value for key, value in headers.items() if value}, body=body(request)
        )
        return signed(name, post, self.secrets, request.get("form"))

    @property
    def parsed(self):
        return tuple(self.channel.parse(self.request, self.account))


FIXTURES = [Fixture(path) for path in sorted(FOLDER.glob("*/*.json"))]


def named(fixture):
    return f"{fixture.channel.name}/{fixture.path.stem}"


def body(request):
    if "json" in request:
        return platforms.meta_json(request["json"])
    if "form" in request:
        return urlencode([tuple(field) for field in request["form"]]).encode()
    if "base64" in request:
        return base64.b64decode(request["base64"])
    return request["body"].encode()


def signed(name, post, secrets, form=None):
    if name == "twilio":
        return platforms.sign_twilio(post, secrets, dict(form or []))
    return {"whatsapp": platforms.sign_whatsapp, "telegram": platforms.sign_telegram}[name](post, secrets)


def received(post):
    return Request(
        method=post.method, url=post.url, headers=post.headers, body=post.body, received_at=RECEIVED_AT
    )


def with_header(request, name, value):
    return replace(request, headers={**request.headers, name: value})


def as_json(part):
    """An event, or what stands in its place, with no more than what differs from the defaults."""
    match part:
        case Ignored():
            return {"ignored": part.name}
        case Unreadable():
            return {"unreadable": part.where, "reason": part.reason}
        case Event() | Attachment() | ContactKey():
            stated = {field.name: getattr(part, field.name) for field in fields(part) if differs(part, field)}
            return {name: as_json(value) for name, value in stated.items() if name != "raw"}
        case Identity():
            return part.key
        case datetime():
            return part.isoformat()
        case tuple():
            return [as_json(one) for one in part]
        case _:
            return part


def differs(part, field):
    default = {} if field.name == "extra" else field.default
    return getattr(part, field.name) != default
