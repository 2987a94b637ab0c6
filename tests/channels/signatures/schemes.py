"""One of each scheme, and what the tests of all of them share."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from chalicelib.channels.reading.payloads import decode_form
from chalicelib.channels.signatures.header_hmac import Hmac
from chalicelib.channels.signatures.shared_token import SharedToken
from chalicelib.channels.signatures.url_and_form import UrlAndForm
from chalicelib.vocabulary.account import Account, Ours
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.request import Request

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"
SETTINGS = "x-twilio-webhooks-signature-settings"

META = Hmac(header="x-hub-signature-256", keys="app_secret", prefix="sha256=")
TOKEN = SharedToken(header="x-token", keys="secret_token")
TWILIO = UrlAndForm(
    header="x-twilio-signature",
    settings=SETTINGS,
    sha1_keys="auth_token",
    sha256_keys="shared_key",
    form=decode_form,
)

ascii_text = st.text(st.characters(codec="utf-8"), max_size=12)
secret_text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


def request(headers=None, body=b"", url="https://hub.example.org/webhooks/x/1"):
    return Request(method="POST", url=url, headers=headers or {}, body=body, received_at=NOW)


def ours(secrets):
    return Ours(account=Account(channel="x", id="1"), secrets=secrets)


def outcome(scheme, request, secrets):
    """`accepted`, or the reason of the refusal."""
    try:
        scheme.verify(request, ours(secrets))
    except Rejected as error:
        return error.reason
    return "accepted"
