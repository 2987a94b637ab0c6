"""What the platforms post to the front door of a test."""

import hashlib
import hmac
import json
from dataclasses import replace

from ops import platforms
from ops.platforms import Post
from tests.handlers import shelf
from tests.handlers.conftest import NUMBER
from tests.pipeline.world import SECRETS, START

PUBLIC = "https://hub.example.org"
ACCOUNTS = {"whatsapp": "100001", "telegram": "bot", "twilio": NUMBER}
HELD = {"whatsapp": SECRETS["meta"], "telegram": SECRETS["telegram"], "twilio": SECRETS["twilio"]}
TEXT = "سلام، اتاق دو تخته دارید؟"
NAME = "سارا رستمی"


def message(channel="whatsapp", kind="message", *, number=1, url=None, **changes):
    return signed_with(HELD[channel], channel, number, kind, url=url, **changes)


def signed_with(secrets, channel, number, kind="message", *, url=None, **changes):
    """A post that is signed with secrets of one's own."""
    account = ACCOUNTS[channel]
    return platforms.KINDS[channel][kind](
        url=url or shelf.webhook_url(channel, account),
        account=account,
        secrets=secrets,
        at=START,
        number=number,
        text=TEXT,
        **changes,
    )


def signed(body, **headers):
    """A body of any bytes, as Meta would sign it."""
    digest = hmac.new(b"meta-secret", body, hashlib.sha256).hexdigest()
    return Post(
        url=shelf.webhook_url("whatsapp", "100001"),
        headers={"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}", **headers},
        body=body,
    )


def meta(*messages):
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "982100000000", "phone_number_id": "100001"},
        "messages": list(messages),
    }
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def text_message(number, text):
    sender = f"9891200{number:05d}"
    text_part = {"type": "text", "text": {"body": text}}
    return {"from": sender, "id": f"wamid.{number}", "timestamp": "1795593600", **text_part}


def without(post, *names):
    return replace(post, headers={name: value for name, value in post.headers.items() if name not in names})
