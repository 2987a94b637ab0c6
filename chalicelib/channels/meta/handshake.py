"""The handshake of Meta's platforms: a GET with a challenge, when a webhook URL is entered.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started (read on 2026-11-23).
"""

from __future__ import annotations

from chalicelib.channels.signatures.base import active, same
from chalicelib.vocabulary.account import Ours
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.request import Answer, Request


def handshake(request: Request, ours: Ours) -> Answer | None:
    """Answer Meta's question when a webhook URL is entered: return the challenge if it knows our token."""
    if request.method != "GET":
        return None
    if not same(request.query.get("hub.verify_token", ""), active(ours.secrets, "verify_token")):
        raise Rejected("verify_token_mismatch")
    if request.query.get("hub.mode") != "subscribe" or "hub.challenge" not in request.query:
        raise Rejected("handshake_malformed")
    return Answer(status=200, body=request.query["hub.challenge"])
