"""The shelf of webhook requests: one JSON file each, with the events it must become, signed when loaded.

A file holds `about`, `source`, `request` (`query`, `content_type`, and one of `json`, `form`, `body`,
`base64`), and `expected`: the fields that differ from an event's defaults, so that a field not stated is
asserted to be at its default. What all files of a channel have in common stands in `<channel>.json` beside
its folder: `account`, `secrets`, `content_type`, and how they are `signed`. A file may state its own
`account`, `secrets`, `settings` and `trusts_claims`.

`UPDATE_GOLDEN=1 pytest tests/channels` rewrites `expected`; the change is reviewed as a diff.
"""

import base64
import json
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from chalicelib.channels import CHANNELS
from chalicelib.vocabulary.account import Account, Ours
from chalicelib.vocabulary.event import Attachment, ContactKey, Event, Identity, Ignored, Unreadable
from chalicelib.vocabulary.request import Request
from ops.platforms import Post
from ops.platforms.whatsapp import meta_json

from .signing import NOT_COVERING_THE_BODY, signed

FOLDER = Path(__file__).parent.parent / "fixtures" / "channels"
RECEIVED_AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def held(secrets):
    """Secrets as accounts hold them."""
    return {name: tuple(values) for name, values in secrets.items()}


USUAL = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in CHANNELS}
ACCOUNTS = {name: usual["account"] for name, usual in USUAL.items()}
SECRETS = {name: held(usual["secrets"]) for name, usual in USUAL.items()}


def ours(name, secrets=None):
    """What a request to the channel's usual account is judged with."""
    account = Account(channel=name, id=ACCOUNTS[name], secret=name)
    return Ours(account=account, secrets=SECRETS[name] if secrets is None else secrets)


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
    def usual(self):
        """What it has in common with the channel's other files."""
        return USUAL[self.channel.name]

    @property
    def account(self):
        name = self.channel.name
        number = self.content.get("account", self.usual["account"])
        options = {name: self.content[name] for name in ("settings", "trusts_claims") if name in self.content}
        return Account(channel=name, id=number, secret=name, **options)

    @property
    def secrets(self):
        return held(self.content.get("secrets", self.usual["secrets"]))

    def ours(self, secrets=None):
        """What it is judged with."""
        return Ours(account=self.account, secrets=self.secrets if secrets is None else secrets)

    @property
    def covers_the_body(self):
        return self.usual["signed"]["by"] not in NOT_COVERING_THE_BODY

    @property
    def request(self):
        return received(self.post)

    @property
    def post(self):
        return self.posting(body(self.content["request"]))

    def posting(self, what):
        """Another body, sent and signed in the same way."""
        request = self.content["request"]
        place = f"{self.channel.name}/{self.account.id}{request.get('query', '')}"
        headers = {"content-type": request.get("content_type", self.usual["content_type"])}
        post = Post(
            url=f"https://hub.example.org/webhooks/{place}",
            headers={key: value for key, value in headers.items() if value},
            body=what,
        )
        return self.signed(post, self.secrets)

    def signed(self, post, secrets):
        return signed(self.usual["signed"], post, secrets, self.content["request"].get("form"))

    @property
    def parsed(self):
        return tuple(self.channel.parse(self.request, self.account))


FIXTURES = [Fixture(path) for path in sorted(FOLDER.glob("*/*.json"))]
TEXTS = {name: Fixture(FOLDER / name / "text.json") for name in CHANNELS}
"""Of each channel the file that holds one message of text."""


def named(fixture):
    return f"{fixture.channel.name}/{fixture.path.stem}"


def body(request):
    if "json" in request:
        return meta_json(request["json"])
    if "form" in request:
        return urlencode([tuple(field) for field in request["form"]]).encode()
    if "base64" in request:
        return base64.b64decode(request["base64"])
    return request["body"].encode()


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
