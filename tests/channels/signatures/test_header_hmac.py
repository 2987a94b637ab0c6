"""HMAC in a header: Meta's against `pywa`, others' by known answers, and the ways around them.

We accept exactly what pywa accepts, but for a digest without its `sha256=`, which pywa takes too.
"""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pywa.utils import webhook_updates_validator

from chalicelib.channels.signatures.header_hmac import Hmac
from tests.channels.signatures.schemes import (
    META,
    NOW,
    outcome,
    request,
    secret_text,
)


def meta(secret, body):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.promise("Forged means refused")
@settings(max_examples=300)
@given(secret_text, st.binary(max_size=300), st.data())
def test_meta_agrees_with_pywa(secret, body, data):
    genuine = meta(secret, body)
    given_ = data.draw(
        st.sampled_from([genuine, genuine.upper(), genuine[:-1], genuine + "0", meta(secret, body + b" ")])
        | st.text(st.characters(codec="ascii"), max_size=80).map(lambda text: "sha256=" + text)
    )
    got = outcome(META, request({META.header: given_}, body), {"app_secret": (secret,)})
    assert (got == "accepted") == webhook_updates_validator(secret, body, given_)


def test_meta_takes_no_digest_without_its_prefix_though_pywa_does():
    bare = meta("key", b"{}").removeprefix("sha256=")
    assert webhook_updates_validator("key", b"{}", bare)
    assert (
        outcome(META, request({META.header: bare}, b"{}"), {"app_secret": ("key",)}) == "signature_malformed"
    )


def test_meta_known_answer():
    body = b'{"text":"\\u0633\\u0644\\u0627\\u0645 \\/ caf\\u00e9"}'
    signature = "sha256=" + hmac.digest(b"app-secret", body, "sha256").hex()
    assert (
        outcome(META, request({META.header: signature}, body), {"app_secret": ("app-secret",)}) == "accepted"
    )


def test_hmac_vector_of_rfc_4231():
    signature = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    body = b"what do ya want for nothing?"
    assert outcome(META, request({META.header: signature}, body), {"app_secret": ("Jefe",)}) == "accepted"


@pytest.mark.parametrize(
    "given_",
    [
        "sha256=",
        "sha256=zz",
        "SHA256=" + "0" * 64,
        "sha1=" + "0" * 40,
        "sha256= " + "0" * 63,
        "sha256=" + "٠" * 64,
    ],
)
def test_meta_malformed(given_):
    assert outcome(META, request({META.header: given_}), {"app_secret": ("key",)}) == "signature_malformed"


LINE = Hmac(header="x-line-signature", keys="channel_secret", encoding="base64")
SLACK = Hmac(
    header="x-slack-signature",
    keys="signing_secret",
    prefix="v0=",
    signed="v0:{stamp}:{body}",
    stamp="x-slack-request-timestamp",
    tolerance=300,
)
CRISP = Hmac(
    header="x-crisp-signature", keys="secret", signed="[{stamp};{body}]", stamp="x-crisp-request-timestamp"
)
LINKEDIN = Hmac(header="x-li-signature", keys="client_secret", signed="hmacsha256={body}")
INTERCOM = Hmac(header="x-hub-signature", keys="client_secret", digest="sha1", prefix="sha1=")
STAMP = str(int(NOW.timestamp()))
BODY = '{"text": "سلام {body} {stamp}"}'.encode()


def signed(scheme, text, *, key=b"key", digest="sha256"):
    made = hmac.digest(key, text, digest)
    return scheme.prefix + (made.hex() if scheme.encoding == "hex" else base64.b64encode(made).decode())


def judged(scheme, signature, stamp=STAMP, body=BODY):
    headers = {scheme.header: signature} | ({scheme.stamp: stamp} if scheme.stamp else {})
    return outcome(scheme, request(headers, body), {scheme.keys: ("key",)})


@pytest.mark.parametrize(
    ("scheme", "text", "digest"),
    [
        (LINE, BODY, "sha256"),
        (SLACK, f"v0:{STAMP}:".encode() + BODY, "sha256"),
        (CRISP, f"[{STAMP};".encode() + BODY + b"]", "sha256"),
        (LINKEDIN, b"hmacsha256=" + BODY, "sha256"),
        (INTERCOM, BODY, "sha1"),
    ],
    ids=["line", "slack", "crisp", "linkedin", "intercom"],
)
def test_what_is_signed_and_how(scheme, text, digest):
    genuine = signed(scheme, text, digest=digest)
    assert judged(scheme, genuine) == "accepted"
    assert judged(scheme, genuine, body=BODY + b" ") == "signature_mismatch"
    assert judged(scheme, signed(scheme, text, key=b"other", digest=digest)) == "signature_mismatch"
    assert judged(scheme, genuine[:-1]) == "signature_malformed"
    if scheme.stamp:
        assert judged(scheme, genuine, stamp=str(int(STAMP) + 1)) == "signature_mismatch"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "accepted"), (300, "accepted"), (-300, "accepted"), (301, "signature_expired"),
     (-301, "signature_expired"), (-86_400, "signature_expired")],
)  # fmt: skip
def test_a_stamp_has_its_tolerance(seconds, expected):
    stamp = str(int(STAMP) + seconds)
    assert judged(SLACK, signed(SLACK, f"v0:{stamp}:".encode() + BODY), stamp=stamp) == expected


@pytest.mark.parametrize("stamp", ["1e9", "0x65", "9" * 16, "2026-11-23T12:00:00Z"])
def test_a_stamp_that_is_no_number_of_seconds_is_never_recent(stamp):
    genuine = signed(SLACK, f"v0:{stamp}:".encode() + BODY)
    assert judged(SLACK, genuine, stamp=stamp) == "signature_expired"


@pytest.mark.parametrize("stamp", ["{body}", "1{stamp}", "١٢٣", " 1", "1\n", "1" * 41])
def test_a_stamp_cannot_say_where_the_body_begins(stamp):
    assert judged(SLACK, signed(SLACK, f"v0:{stamp}:".encode() + BODY), stamp=stamp) == "signature_malformed"


def test_a_stamp_that_is_missing():
    assert judged(SLACK, signed(SLACK, b"v0::" + BODY), stamp="") == "signature_missing"


@pytest.mark.parametrize("given_", ["=" * 44, "A" * 43, "A" * 44 + "=", "é" * 44, " " + "A" * 43 + "="])
def test_base64_malformed(given_):
    assert judged(LINE, given_) == "signature_malformed"


def test_known_answer_of_slack():
    """https://docs.slack.dev/authentication/verifying-requests-from-slack (read on 2026-11-28)."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        SLACK.header: "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        SLACK.stamp: "1531420618",
    }
    secrets = {"signing_secret": ("8f742231b10e8888abcd99yyyzzz85a5",)}
    posted = replace(request(headers, body), received_at=datetime.fromtimestamp(1531420620, UTC))
    assert outcome(SLACK, posted, secrets) == "accepted"
