"""Accounts' secrets at the front door: replaced at a platform, half there, absent, asked for by forgers."""

import json
from dataclasses import replace

import pytest

from chalicelib.aws.clients import FRONT_DOOR
from tests.handlers import shelf
from tests.handlers.posts import PUBLIC, message, signed_with
from tests.pipeline.world import SECRETS

NEW = {
    "whatsapp": ("meta", {"app_secret": "new", "verify_token": "new"}),
    "telegram": ("telegram", {"secret_token": "new"}),
    "twilio": ("twilio", {"auth_token": "new"}),
}


def by_new_secret(channel, number=1):
    secrets = {name: (value,) for name, value in NEW[channel][1].items()}
    return shelf.from_api(signed_with(secrets, channel, number))


def handshake(token):
    query = f"hub.mode=subscribe&hub.verify_token={token}&hub.challenge=42"
    post = replace(message(), url=f"{PUBLIC}/webhooks/whatsapp/100001?{query}", headers={}, body=b"")
    return shelf.from_api(replace(post, method="GET"))


@pytest.fixture
def reads(front):
    """Names of the parameters that the front door reads."""
    names = []
    front.clients("ssm", FRONT_DOOR).meta.events.register(
        "provide-client-params", lambda params, **_: names.append(params["Name"].rpartition("/")[2])
    )
    return names


@pytest.mark.parametrize("channel", NEW)
def test_a_secret_that_was_replaced_at_the_platform_holds_at_once(front, channel):
    assert front(shelf.from_api(message(channel)))["statusCode"] == 200
    name, secrets = NEW[channel]
    front.replace_secret(name, json.dumps(secrets))
    front.clock.now += 1
    assert front(by_new_secret(channel, number=2))["statusCode"] == 200
    assert front(shelf.from_api(message(channel, number=3)))["statusCode"] == 401, "the old one holds no more"


def test_a_new_verify_token_answers_the_handshake_at_once(front):
    assert front(shelf.from_api(message()))["statusCode"] == 200
    front.replace_secret("meta", json.dumps(NEW["whatsapp"][1]))
    front.clock.now += 1
    answer = front(handshake("new"))
    assert (answer["statusCode"], answer["body"]) == (200, "42")
    assert front(handshake("verify-me"))["statusCode"] == 403


def test_forgers_do_not_flood_the_store_of_secrets(front, reads):
    forged = [replace(message(channel), body=b"{}") for channel in ("whatsapp", "telegram")]
    telegram = replace(message("telegram"), headers={"x-telegram-bot-api-secret-token": "guessed"})
    for _ in range(50):
        assert front(shelf.from_api(forged[0]))["statusCode"] == 401
        assert front(shelf.from_api(telegram))["statusCode"] == 401
    assert sorted(reads) == ["meta", "telegram"], "each was read for its first post, and none for a forgery"
    for _ in range(300):
        front.clock.now += 0.1
        assert front(shelf.from_api(forged[0]))["statusCode"] == 401
        assert front(shelf.from_api(telegram))["statusCode"] == 401
    assert len(reads) - 2 <= 7, "once a second at first, then four times a minute, for all accounts together"


@pytest.mark.parametrize("headers", [{}, {"x-hub-signature-256": ""}, {"x-hub-signature-256": "sha256=xyz"}])
def test_what_no_secret_could_prove_is_no_reason_to_look(front, reads, headers):
    assert front(shelf.from_api(message()))["statusCode"] == 200
    front.clock.now += 10
    assert front(shelf.from_api(replace(message(), headers=headers)))["statusCode"] == 401
    assert reads == ["meta"]


HALF = {
    "no app secret": ("meta", {"verify_token": "verify-me"}, "whatsapp"),
    "an empty app secret": ("meta", {"app_secret": "", "verify_token": "verify-me"}, "whatsapp"),
    "a list of nothing": ("meta", {"app_secret": [], "verify_token": "verify-me"}, "whatsapp"),
    "an empty token": ("telegram", {"secret_token": [""]}, "telegram"),
    "neither of two": ("twilio", {"shared_key": "", "auth_token": ""}, "twilio"),
    "another's": ("twilio", {"app_secret": "x"}, "twilio"),
}


@pytest.mark.parametrize(("name", "secrets", "channel"), HALF.values(), ids=HALF)
def test_a_secret_that_is_half_there_is_our_fault_and_calls_somebody(front, name, secrets, channel):
    front.replace_secret(name, json.dumps(secrets))
    assert front(shelf.from_api(message(channel)))["statusCode"] == 503
    assert "secret_unusable" in front.said
    assert "secret_incomplete" in front.said
    front.replace_secret(name, json.dumps(SECRETS[name]))
    front.clock.now += 2
    assert front(shelf.from_api(message(channel)))["statusCode"] == 200, "it is mended"


def test_a_handshake_without_a_token_of_ours_is_our_fault(front):
    front.replace_secret("meta", json.dumps({"app_secret": "meta-secret"}))
    assert front(handshake("x"))["statusCode"] == 503
    assert front(shelf.from_api(message()))["statusCode"] == 200, "what the secret can prove is served"


def test_a_key_that_an_account_does_not_have_is_no_fault_of_ours(front):
    post = message("twilio")
    other = {**post.headers, "x-twilio-webhooks-signature-settings": "algorithm=HMAC_SHA256,key=k9"}
    assert front(shelf.from_api(replace(post, headers=other)))["statusCode"] == 401


def test_a_secret_that_is_not_there_calls_somebody(front):
    front.lose_secrets()
    assert front(shelf.from_api(message()))["statusCode"] == 503
    assert "secret_unusable" in front.said
