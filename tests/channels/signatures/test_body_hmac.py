"""Meta's signature against `pywa`, known answers, and the ways around it.

We accept exactly what pywa accepts, but for a digest without its `sha256=`, which pywa takes too.
"""

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pywa.utils import webhook_updates_validator

from tests.channels.signatures.schemes import (
    META,
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
