"""The connector for any HTTP receiver: CloudEvents 1.0 (structured JSON), Standard Webhooks 1.0.0 headers.

`webhook-id` and the CloudEvent's `id` are the event's reference. A repeated post says the same of the event
and the decision; the profile is shown as it is by then. Nothing can be looked up at a receiver, so a post
whose outcome is unknown is repeated, and the receiver drops it by its id, as both specifications say.

Specifications, read 2026-11: github.com/standard-webhooks/standard-webhooks `spec/standard-webhooks.md`,
github.com/cloudevents/spec `cloudevents/spec.md`, `extensions/sequence.md`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote

from chalicelib.crms.base import Credentials, Crm, Field, Step, Steps
from chalicelib.crms.http.replies import classify
from chalicelib.crms.http.texts import storable, to_json
from chalicelib.vocabulary.delivery import Call, Delivery, Reply, Target
from chalicelib.vocabulary.errors import Misconfigured
from chalicelib.vocabulary.event import Attachment, ContactKey, Event, Identity, Kind
from chalicelib.vocabulary.people import Conversation, Decision, Profile

_PREFIX = "whsec_"

# The fields of each type that a receiver is sent: they are our contract with it, so each is named.
_SHOWN: dict[type, str] = {
    Event: "key id channel account kind direction customer sender chat occurred_at received_at text"
    " attachments reply_to target_id contact_keys name language_hint previous extra",
    Identity: "channel scope id",
    Attachment: "kind ref mime name size latitude longitude",
    ContactKey: "kind value verified",
    Profile: "id own name language identities first_seen",
    Decision: "outcome reason rule team owner respond_by",
    Conversation: "id opened_at owner team respond_by",
}


def deliver(delivery: Delivery, target: Target, credentials: Credentials, now: int) -> Steps:
    """One step: a signed post. Raises `Misconfigured` if there is no usable secret."""
    event = delivery.event
    body = to_json(cloud_event(delivery))
    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "Webhook-Id": event.reference,
        "Webhook-Timestamp": str(now),
        "Webhook-Signature": signatures(event.reference, now, body, credentials),
    }

    def written(reply: Reply) -> str:
        read(reply)
        return event.reference

    call = Call(method="POST", url=target.url, headers=headers, body=body)
    yield Step(name="post", write=call, written=written)


def read(reply: Reply) -> None:
    """Judge the reply by its status alone; the body is the receiver's own business."""
    classify(reply)


def probe(target: Target, credentials: Credentials, now: int) -> Call:
    """A HEAD request: safe by definition, and unlike OPTIONS not answered by a gateway in front."""
    del credentials, now
    return Call(method="HEAD", url=target.url)


def signatures(message_id: str, timestamp: int, body: bytes, credentials: Credentials) -> str:
    """The value of `webhook-signature`: an entry for each active secret, so that secrets can be replaced."""
    secrets = credentials.get("signing_secret", ())
    if not secrets:
        raise Misconfigured("no_secret", "the target has no signing_secret")
    signed = f"{message_id}.{timestamp}.".encode() + body
    entries = (hmac.digest(_key(secret), signed, hashlib.sha256) for secret in secrets)
    return " ".join("v1," + base64.b64encode(entry).decode() for entry in entries)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 24:
        raise Misconfigured("bad_secret", "signing_secret is whsec_ and the base64 of 24 bytes or more")
    return key


def cloud_event(delivery: Delivery) -> dict[str, object]:
    """The envelope and its data.

    `sequence` orders the events of one `subject` (the profile) as they were absorbed, and compares as a
    string. Event and decision are as they were when the profile absorbed the event; the profile and the
    owner's name are as they are now. What every event changes, such as counters, is left out.
    """
    event = delivery.event
    return {
        "specversion": "1.0",
        "id": event.reference,
        "source": f"/switchboard/{_segment(event.channel)}/{_segment(event.account)}",
        "type": f"switchboard.{event.kind}",
        "subject": delivery.profile.id,
        "time": _shown(event.occurred_at),
        "sequence": f"{delivery.absorbed.seq:012d}.{delivery.absorbed.index:03d}",
        "datacontenttype": "application/json",
        "data": {
            "event": _shown(event),
            "profile": {
                **_fields(delivery.profile),
                "phones": delivery.profile.phones,
                "emails": delivery.profile.emails,
            },
            "decision": _shown(delivery.consequence.decision),
            "conversation": _conversation(delivery),
        },
    }


def _segment(text: str) -> str:
    return quote(storable(text), safe="")


def _conversation(delivery: Delivery) -> dict[str, object] | None:
    consequence, owner = delivery.consequence, delivery.owner
    conversation = consequence.conversation
    if conversation is None:
        return None
    return {
        **_fields(conversation),
        # A name is sent only if it is that of the owner whom the conversation had after this event.
        "owner_name": owner.name if owner is not None and owner.id == conversation.owner else "",
        "opened": consequence.opened,
        "moved": consequence.moved,
        "closed": consequence.closed,
    }


def _fields(value: object) -> dict[str, object]:
    return {name: _shown(getattr(value, name)) for name in _SHOWN[type(value)].split()}


def _shown(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return [_shown(item) for item in value]
    return _fields(value) if type(value) in _SHOWN else value


RECEIVER = Crm(
    name="receiver",
    deliver=deliver,
    read=read,
    probe=probe,
    fields=(
        Field(
            name="signing_secret",
            about="whsec_ and the base64 of at least 24 random bytes; two while it is being replaced",
            secret=True,
        ),
    ),
    kinds=tuple(str(kind) for kind in Kind if kind is not Kind.STATUS),
)
