"""The generic target against programs that others wrote, and the stand-in that the local run uses."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import unquote

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from chalicelib.crms import CRMS
from chalicelib.crms.base import Step
from chalicelib.crms.receiver import signatures
from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import Misconfigured
from tests.crms import playing

secrets = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())


def sent(**delivery: object) -> Call:
    calls: list[Call] = []

    def send(_step: Step, call: Call) -> Reply:
        calls.append(call)
        return Reply(status=204)

    playing.play(
        CRMS["receiver"], playing.delivery(**delivery), playing.target("receiver"), send, now=int(time.time())
    )
    (call,) = calls
    return call


@given(body=st.text().map(json.dumps), active=st.lists(secrets, min_size=1, max_size=3), stranger=secrets)
def test_the_official_library_accepts_each_active_secret_and_no_other(body, active, stranger):
    now = int(time.time())
    headers = {
        "webhook-id": "msg",
        "webhook-timestamp": str(now),
        "webhook-signature": signatures("msg", now, body.encode(), {"signing_secret": tuple(active)}),
    }
    for secret in active:
        Webhook(secret).verify(body.encode(), headers)
    if stranger not in active:
        with pytest.raises(WebhookVerificationError):
            Webhook(stranger).verify(body.encode(), headers)


def test_the_official_library_accepts_what_is_sent():
    call = sent(event=playing.event(text="👋 سلام \ud800"))
    secret = playing.CREDENTIALS["receiver"]["signing_secret"][0]
    event = Webhook(secret).verify(call.body, {k.lower(): v for k, v in call.headers.items()})
    assert event["data"]["event"]["text"] == "👋 سلام \ufffd"
    assert call.headers["Webhook-Id"] == playing.event().reference == event["id"]
    assert "." not in call.headers["Webhook-Id"]


def test_the_cloudevents_library_reads_what_is_sent():
    call = sent(event=playing.event(account="shop بات/1"))
    event = from_http_event(HTTPMessage(headers=dict(call.headers), body=call.body), JSONFormat())
    assert event.get_id() == playing.event(account="shop بات/1").reference
    assert event.get_type() == "switchboard.message"
    assert event.get_subject() == "p1"
    assert event.get_time() == playing.AT
    assert unquote(event.get_source()) == "/switchboard/telegram/shop بات/1"
    assert event.get_extension("sequence") == "000000000003.000"
    data = event.get_data()
    assert isinstance(data, dict)
    assert set(data) == {"event", "profile", "decision", "conversation"}


def test_the_body_does_not_change_as_the_profile_lives_on():
    first, later = sent(), sent(profile=playing.profile(seq=90, counters={"message": 9}, last_owner="reza"))
    assert first.body == later.body


def test_the_raw_fragment_stays_with_us():
    assert (
        b"own words of the platform" not in sent(event=playing.event(raw=b"own words of the platform")).body
    )


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_ab", "whsec_c2hvcnQ=", "whsec_سری", "\ud800", "whsec_" + "!" * 40]
)
def test_a_secret_that_cannot_sign_is_refused_and_not_shown(secret):
    with pytest.raises(Misconfigured) as caught:
        signatures("msg", 1, b"", {"signing_secret": (secret,)})
    assert caught.value.reason == "bad_secret"
    assert not secret.removeprefix("whsec_") or secret.removeprefix("whsec_") not in str(caught.value)


def test_sequences_compare_as_strings():
    sequences = [json.loads(sent(seq=seq).body)["sequence"] for seq in (9, 10, 11, 100, 99999)]
    assert sequences == sorted(sequences)
