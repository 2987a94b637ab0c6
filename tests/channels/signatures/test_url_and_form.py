"""Twilio's signature against Twilio's own validator, known answers, and the ways around it.

We accept exactly what the validator accepts, but for these, each shown below: it raises on a URL with a
broken port, on text that is not UTF-8 and on a JSON body whose URL holds no digest, loses user and password
with the port, and accepts an emptied form where the URL holds a digest.
"""

import base64
import hashlib
import hmac
import logging
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator, get_signature_algorithm

from chalicelib.channels.signatures.url_and_form import is_form
from tests.channels.signatures.schemes import (
    FORM,
    SETTINGS,
    TWILIO,
    ascii_text,
    outcome,
    request,
    secret_text,
)


def twilio(key, url, fields, algorithm=None):
    return RequestValidator(key).compute_signature(url, fields, algorithm)


class MultiDict(dict[str, str]):
    """Several values a name, as the web frameworks hand them to the validator."""

    def __init__(self, fields):
        super().__init__(fields)
        self.fields = fields

    def getlist(self, name):
        return [value for key, value in self.fields if key == name]


names = st.sampled_from(["Body", "body", "B", "From", "ع", "MediaUrl0", ""]) | ascii_text
form_fields = st.lists(st.tuples(names, ascii_text), max_size=8)
urls = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["https", "http"]),
    st.sampled_from(["hub.example.org", "HUB.example.org", "127.0.0.1"]),
    st.sampled_from(["", ":443", ":80", ":8443"]),
    st.sampled_from(["", "/", "/webhooks/twilio/%2B98210", "/dev/a;b/c", "/a//b"]),
    st.sampled_from(["", "?a=1&b=%20&a=2", "?bodySHA256=", "?x=سلام", "#rc=2"]),
)


@pytest.mark.promise("Forged means refused")
@settings(max_examples=400)
@given(
    url=urls,
    key=secret_text,
    fields=form_fields,
    settings_header=st.sampled_from(
        [
            None,
            "",
            "algorithm=",
            "algorithm=HMAC_SHA1",
            "key=k1,algorithm=HMAC_SHA256",
            " key = k1 , algorithm = hmac_sha256 ",
            "algorithm=HMAC_SHA256,algorithm=HMAC_SHA1",
            "algorithm=HMAC_MD5",
            "key=k1",
            ",=,",
        ]
    ),
    change=st.sampled_from(
        ["none", "port", "scheme", "field", "blank", "repeat", "order", "url", "algorithm"]
    ),
)
def test_twilio_agrees_with_its_validator(url, key, fields, settings_header, change):
    algorithm = get_signature_algorithm(settings_header)
    signed_with = algorithm if algorithm.upper() in {"HMAC_SHA1", "HMAC_SHA256"} else "HMAC_SHA1"
    if change == "algorithm":
        signed_with = "HMAC_SHA256" if signed_with.upper() == "HMAC_SHA1" else "HMAC_SHA1"
    signature = twilio(key, url, MultiDict(fields), signed_with)
    changed = {
        "port": lambda: (url.replace(":443", "").replace(":80", ""), fields),
        "scheme": lambda: (url.replace("https", "http"), fields),
        "field": lambda: (url, [*fields, ("Extra", "1")]),
        "blank": lambda: (url, [*fields, ("Extra", "")]),
        "repeat": lambda: (url, [*fields, *fields]),
        "order": lambda: (url, fields[::-1]),
        "url": lambda: (url + "/x", fields),
    }
    url, fields = changed.get(change, lambda: (url, fields))()

    headers = {"content-type": FORM, TWILIO.header: signature}
    if settings_header is not None:
        headers[SETTINGS] = settings_header
    held = {"auth_token": (key,), "shared_key": (f"k1={key}",)}
    got = outcome(TWILIO, request(headers, urlencode(fields).encode(), url), held)

    logging.disable(logging.WARNING)
    try:
        accepted = RequestValidator(key).validate(url, MultiDict(fields), signature, algorithm)
    finally:
        logging.disable(logging.NOTSET)
    # A bare `bodySHA256=` holds no digest for either of us.
    assert (got == "accepted") == accepted


@pytest.mark.promise("Forged means refused")
@settings(max_examples=200)
@given(
    key=secret_text,
    text=ascii_text,
    digest=st.sampled_from(["right", "upper", "other", "short", "twice"]),
    sent=st.sampled_from(["same", "changed", "empty"]),
)
def test_twilio_agrees_about_json_bodies(key, text, digest, sent):
    right = hashlib.sha256(text.encode()).hexdigest()
    digests = {"right": right, "upper": right.upper(), "other": "0" * 64, "short": right[:-1]}
    query = f"bodySHA256={digests.get(digest, right)}" + ("&bodySHA256=0" if digest == "twice" else "")
    url = f"https://hub.example.org/webhooks/twilio/1?{query}"
    signature = twilio(key, url, {})
    body = {"same": text, "changed": text + "x", "empty": ""}[sent]
    headers = {"content-type": "application/json", TWILIO.header: signature}
    got = outcome(TWILIO, request(headers, body.encode(), url), {"auth_token": (key,)})
    assert (got == "accepted") == RequestValidator(key).validate(url, body, signature)


def test_twilio_known_answer_of_its_documents():
    """https://www.twilio.com/docs/usage/webhooks/webhooks-security, the example of the SDKs' own tests."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    headers = {"content-type": FORM, TWILIO.header: "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    held = {"auth_token": ("12345",)}
    assert outcome(TWILIO, request(headers, urlencode(fields).encode(), url), held) == "accepted"
    with_port = "https://mycompany.com:1234/myapp.php?foo=1&bar=2"
    assert outcome(TWILIO, request(headers, urlencode(fields).encode(), with_port), held) == "accepted"


URL = "https://hub.example.org/webhooks/twilio/1"
BODY = b"From=%2B989120000001&Body=x"
FIELDS = {"From": "+989120000001", "Body": "x"}
SHA256 = "key=k1,algorithm=HMAC_SHA256"


@pytest.mark.parametrize(
    ("signed_with", "settings_header", "held", "expected"),
    [
        (("a", None), "", {"auth_token": ("a",)}, "accepted"),
        (("a", None), "", {"auth_token": ("b", "a")}, "accepted"),
        (("s", "HMAC_SHA256"), SHA256, {"shared_key": ("k1=s",)}, "accepted"),
        (("s", "HMAC_SHA256"), SHA256, {"auth_token": ("a",), "shared_key": ("k0=t", "k1=s")}, "accepted"),
        (("s=/==", "HMAC_SHA256"), SHA256, {"shared_key": ("k1=s=/==",)}, "accepted"),
        # The header points elsewhere, or is gone: the secret it leads to decides.
        (("s", "HMAC_SHA256"), SHA256, {"shared_key": ("k0=s",)}, "secret_missing"),
        (("s", "HMAC_SHA256"), SHA256, {"auth_token": ("s",)}, "secret_missing"),
        (("a", None), SHA256, {"auth_token": ("a",)}, "secret_missing"),
        (("a", None), SHA256, {"auth_token": ("a",), "shared_key": ("k1=a",)}, "signature_mismatch"),
        (("s", "HMAC_SHA256"), "", {"shared_key": ("k1=s",)}, "secret_missing"),
        (("s", "HMAC_SHA256"), "", {"auth_token": ("s",)}, "signature_mismatch"),
        # A shared key never signs with SHA-1, whatever the header says.
        (("s", None), "", {"shared_key": ("k1=s",)}, "secret_missing"),
        (("s", None), "key=k1,algorithm=HMAC_SHA1", {"shared_key": ("k1=s",)}, "secret_missing"),
        (("s", None), "key=k1", {"shared_key": ("k1=s",)}, "secret_missing"),
        (("a", None), "algorithm=HMAC_MD5", {"auth_token": ("a",)}, "signature_malformed"),
        (("", "HMAC_SHA256"), SHA256, {"shared_key": ("k1=",)}, "secret_missing"),
        (("", "HMAC_SHA256"), SHA256, {"shared_key": ("k1",)}, "secret_missing"),
        (("", None), "", {"auth_token": ("",)}, "secret_missing"),
    ],
)
def test_the_header_only_points_at_a_secret(signed_with, settings_header, held, expected):
    signature = twilio(signed_with[0], URL, FIELDS, signed_with[1])
    headers = {"content-type": FORM, TWILIO.header: signature, SETTINGS: settings_header}
    assert outcome(TWILIO, request(headers, BODY, URL), held) == expected


def test_an_emptied_form_is_refused_though_the_validator_takes_it():
    body = '{"CallSid": "CA1"}'
    url = f"{URL}?bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
    signature = twilio("a", url, {})
    headers = {"content-type": FORM, TWILIO.header: signature}
    assert RequestValidator("a").validate(url, {}, signature)
    for emptied in (b"", b"&"):
        assert outcome(TWILIO, request(headers, emptied, url), {"auth_token": ("a",)}) == "signature_mismatch"


def test_user_and_password_stay_with_the_port_gone():
    url = "https://user:pass@hub.example.org:8443/x"
    signature = twilio("a", "https://user:pass@hub.example.org/x", {})
    headers = {"content-type": FORM, TWILIO.header: signature}
    assert outcome(TWILIO, request(headers, b"", url), {"auth_token": ("a",)}) == "accepted"
    assert not RequestValidator("a").validate(url, {}, signature)


@pytest.mark.parametrize("url", ["https://h:x/", "https://h:99999/", "https://[::1/x"])
def test_the_validator_raises_on_these_urls(url):
    headers = {"content-type": FORM, TWILIO.header: base64.b64encode(bytes(20)).decode()}
    with pytest.raises(ValueError, match=r"[Pp]ort|IPv6"):
        RequestValidator("a").validate(url, {}, headers[TWILIO.header])
    assert outcome(TWILIO, request(headers, b"", url), {"auth_token": ("a",)}) == "signature_malformed"


def test_the_validator_raises_on_json_without_a_digest():
    signature = twilio("a", URL, {})
    with pytest.raises(TypeError):
        RequestValidator("a").validate(URL, '{"a": 1}', signature)
    headers = {"content-type": "application/json", TWILIO.header: signature}
    assert outcome(TWILIO, request(headers, b'{"a": 1}', URL), {"auth_token": ("a",)}) == "signature_mismatch"


NOT_UTF8 = {b"Body=%ff": b"\xff", b"Body=x\xed\xa0\xbdy": b"x\xed\xa0\xbdy", b"Body=Caf%E9": b"Caf\xe9"}


@pytest.mark.promise("Forged means refused")
@pytest.mark.parametrize(("body", "value"), NOT_UTF8.items())
def test_a_form_that_is_not_utf8_is_genuine_if_its_bytes_are_signed(body, value):
    mac = hmac.new(b"a", URL.encode() + b"Body" + value, "sha1").digest()
    headers = {"content-type": FORM, TWILIO.header: base64.b64encode(mac).decode()}
    assert outcome(TWILIO, request(headers, body, URL), {"auth_token": ("a",)}) == "accepted"
    for other in (b"Body=%fe", b"Body=%EF%BF%BD", b"Body=", b"Body=Caf%C3%A9"):
        assert outcome(TWILIO, request(headers, other, URL), {"auth_token": ("a",)}) == "signature_mismatch"


def test_what_says_it_is_a_form():
    assert is_form(request({"content-type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}))
    assert not is_form(request({"content-type": "application/json"}))
    assert not is_form(request())
