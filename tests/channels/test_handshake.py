"""Meta asks before it posts: the challenge goes back to whoever knows our token, exactly as it came."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from chalicelib.channels import CHANNELS
from chalicelib.vocabulary.account import Secrets
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.request import Answer, Request
from ops.platforms.whatsapp import handshake

from .shelf import RECEIVED_AT, SECRETS, ours

URL = "https://hub.example.org/webhooks/whatsapp/100000000000011"


def asked(**changes):
    post = handshake(url=URL, verify_token="whatsapp-verify-token", challenge="1158201444")
    query = {**dict(parse_qsl(urlsplit(post.url).query)), **changes}
    query = {name: value for name, value in query.items() if value is not None}
    return Request(method=post.method, url=post.url, query=query, received_at=RECEIVED_AT)


def answered(request: Request, held: Secrets = SECRETS["whatsapp"]) -> Answer | None:
    handshake = CHANNELS["whatsapp"].handshake
    assert handshake is not None
    return handshake(request, ours("whatsapp", held))


def test_the_challenge_comes_back():
    answer = answered(asked())
    assert answer == Answer(status=200, body="1158201444", content_type="text/plain; charset=utf-8")


@pytest.mark.parametrize("challenge", ["", "0", "<b>", '"quoted"', "سلام"])
def test_whatever_it_holds(challenge):
    answer = answered(asked(**{"hub.challenge": challenge}))
    assert answer is not None
    assert answer.body == challenge


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hub.verify_token": "other"}, "verify_token_mismatch"),
        ({"hub.verify_token": ""}, "verify_token_mismatch"),
        ({"hub.verify_token": None}, "verify_token_mismatch"),
        ({"hub.verify_token": "\ud800"}, "verify_token_mismatch"),
        ({"hub.mode": "unsubscribe"}, "handshake_malformed"),
        ({"hub.mode": None}, "handshake_malformed"),
        ({"hub.challenge": None}, "handshake_malformed"),
    ],
)
def test_refused(changes, reason):
    with pytest.raises(Rejected) as caught:
        answered(asked(**changes))
    assert caught.value.reason == reason


@pytest.mark.parametrize("held", [{}, {"verify_token": ()}, {"verify_token": ("",)}])
@pytest.mark.parametrize("token", ["", "whatsapp-verify-token"])
def test_no_token_of_ours_accepts_nothing(held, token):
    with pytest.raises(Rejected):
        answered(asked(**{"hub.verify_token": token}), held)


def test_a_second_active_token_is_accepted():
    assert answered(asked(), {"verify_token": ("new", "whatsapp-verify-token")})


def test_a_post_is_none():
    request = Request(method="POST", url=URL, received_at=RECEIVED_AT)
    assert answered(request) is None


@pytest.mark.parametrize("name", ["telegram", "twilio"])
def test_the_others_ask_nothing(name):
    assert CHANNELS[name].handshake is None
