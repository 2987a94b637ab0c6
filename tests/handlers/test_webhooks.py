"""The front door as API Gateway calls it: bytes in, an answer out, and nothing of anybody in the log."""

import base64
import json
from dataclasses import replace

import pytest

from chalicelib.aws.clients import FRONT_DOOR, FRONT_DOOR_QUEUE
from chalicelib.store.packing import from_text, unpack_intake
from ops.platforms.telegram import sign_telegram
from ops.platforms.whatsapp import handshake
from tests.handlers import shelf
from tests.handlers.conftest import answering
from tests.handlers.posts import ACCOUNTS, NAME, PUBLIC, TEXT, message, meta, signed, text_message, without
from tests.pipeline.world import SECRETS, a_configuration


@pytest.mark.parametrize("channel", ACCOUNTS)
def test_the_same_signed_bytes_are_genuine_in_both_encodings(front, channel):
    for encoding in ("base64", "text"):
        assert front(shelf.from_api(message(channel), encoding=encoding))["statusCode"] == 200
        [event] = front.queued()
        assert event.text == TEXT


@pytest.mark.parametrize("channel", ACCOUNTS)
def test_one_byte_more_is_a_forgery(front, channel):
    post = message(channel)
    if channel == "telegram":
        post = sign_telegram(post, {"secret_token": ("telegram-secreT",)})
    else:
        post = replace(post, body=post.body + b" ")
    answer = front(shelf.from_api(post))
    assert (answer["statusCode"], answer["body"]) == (401, "")
    assert front.queued() == []
    assert front.objects() == []


def test_bytes_that_are_no_text_are_verified_as_they_are_and_kept(front):
    assert front(shelf.from_api(signed(b"\xff\xfe\x00\x81 {")))["statusCode"] == 200
    [key] = front.objects()
    assert key.startswith("quarantine/whatsapp/")


def test_bytes_that_are_no_text_where_nobody_reads_harm_nobody(front):
    body = meta({**text_message(1, "hi"), "unread": "?"}).replace(b'"?"', b'"\xff\xfe"')
    assert front(shelf.from_api(signed(body)))["statusCode"] == 200
    assert [event.text for event in front.queued()] == ["hi"]


ANSWERS = {
    "accepted": (message, 200, "text/plain; charset=utf-8"),
    "accepted by Twilio's rules": (lambda: message("twilio"), 200, "text/xml; charset=utf-8"),
    "handshake": (
        lambda: handshake(
            url=shelf.webhook_url("whatsapp", "100001"), verify_token="verify-me", challenge="1158201444"
        ),
        200,
        "text/plain; charset=utf-8",
    ),
    "forged": (lambda: replace(message(), body=b"{}"), 401, "text/plain; charset=utf-8"),
    "unsigned": (lambda: without(message(), "x-hub-signature-256"), 401, "text/plain; charset=utf-8"),
    "wrong handshake": (
        lambda: handshake(
            url=shelf.webhook_url("whatsapp", "100001"), verify_token="guess", challenge="1"
        ),
        403,
        "text/plain; charset=utf-8",
    ),
    "unknown channel": (
        lambda: replace(message(), url=f"{PUBLIC}/webhooks/fax/1"), 404, "text/plain; charset=utf-8"
    ),
    "unknown account": (
        lambda: replace(message(), url=f"{PUBLIC}/webhooks/whatsapp/1"), 404, "text/plain; charset=utf-8"
    ),
    "a GET that is no handshake": (
        lambda: replace(message("telegram"), method="GET", body=b""), 405, "text/plain; charset=utf-8"
    ),
    "too large": (lambda: signed(b" " * (5 * 1024 * 1024)), 413, "text/plain; charset=utf-8"),
}  # fmt: skip


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html"])
def test_every_answer_whatever_the_platform_says_it_accepts(front, accept):
    for case, (post, status, content_type) in ANSWERS.items():
        answer = front(shelf.from_api(post(), accept=accept))
        assert (case, answer["statusCode"]) == (case, status)
        assert (case, answer["headers"]["Content-Type"]) == (case, content_type)
        assert isinstance(answer["body"], str)
        assert not answer.get("isBase64Encoded")


def test_twilio_is_told_to_say_nothing(front):
    body = front(shelf.from_api(message("twilio")))["body"]
    assert "<Response" in body


def test_the_handshake_s_challenge_is_given_back(front):
    assert front(shelf.load("api_handshake"))["body"] == "1158201444"


def test_methods_without_a_route_are_405(front):
    for method in ("HEAD", "PUT", "DELETE", "OPTIONS"):
        assert front(shelf.from_api(replace(message(), method=method)))["statusCode"] == 405


def test_any_content_type_and_none_get_in(front):
    post = without(message(), "content-type")
    assert front(shelf.from_api(post))["statusCode"] == 200
    for content_type in ("application/x-new", "text/xml", "", "nonsense", 'a/b; c="d'):
        typed = replace(post, headers={**post.headers, "content-type": content_type})
        assert front(shelf.from_api(typed))["statusCode"] == 200
    assert len(front.queued()) == 1, "sent again within minutes, the queue itself drops it"


def test_an_unsigned_empty_body_is_refused(front):
    for body in (b"", b"{}"):
        post = without(replace(message(), body=body), "x-hub-signature-256")
        assert front(shelf.from_api(post))["statusCode"] == 401


def test_a_signed_empty_body_is_kept_as_unreadable(front):
    assert front(shelf.from_api(signed(b"")))["statusCode"] == 200
    assert len(front.objects()) == 1


def test_three_megabytes_of_one_message_get_in_by_the_bucket(front):
    # Letters that deflate little, so that it is too large for the queue.
    letters = "".join(chr(0x4E00 + (i * 7919 + i * i) % 20000) for i in range(520_000))
    body = meta(text_message(1, letters))
    assert 3_000_000 < len(body) < 4 * 1024 * 1024
    assert front(shelf.from_api(signed(body)))["statusCode"] == 200
    [key] = front.objects()
    assert key.startswith("oversize/")


def test_a_thousand_updates_in_one_post_take_a_hundred_calls(front):
    sent = []
    events = front.clients("sqs", FRONT_DOOR_QUEUE).meta.events
    events.register("provide-client-params", lambda params, **_: sent.append(params["Entries"]))
    events.register("before-call", answering(200, {"Successful": [], "Failed": []}))
    body = meta(*[text_message(number, "سلام") for number in range(1000)])
    assert front(shelf.from_api(signed(body)))["statusCode"] == 200
    assert [len(entries) for entries in sent] == [10] * 100
    intakes = [unpack_intake(from_text(entry["MessageBody"])) for entries in sent for entry in entries]
    assert [event.id for intake in intakes for event in intake.events] == [f"wamid.{n}" for n in range(1000)]


@pytest.mark.parametrize("channel", ACCOUNTS)
def test_one_call_acknowledges_a_message_once_warm(front, channel):
    front(shelf.from_api(message(channel)))
    calls = []
    for client in (
        front.clients("sqs", FRONT_DOOR_QUEUE),
        front.clients("dynamodb", FRONT_DOOR),
        front.clients("ssm", FRONT_DOOR),
    ):
        client.meta.events.register("provide-client-params", lambda model, **_: calls.append(model.name))
    assert front(shelf.from_api(message(channel, number=2)))["statusCode"] == 200
    assert calls == ["SendMessageBatch"]


def test_nothing_personal_and_no_secret_is_said_of_anybody(front):
    posts = [
        *(message(channel, kind) for channel in ACCOUNTS for kind in ("message", "image", "location")),
        message("telegram", "contact"),
        message("whatsapp", "contact"),
        message("twilio", "whatsapp"),
        message("twilio", "call"),
        *(replace(message(channel), body=message(channel).body + b"&") for channel in ACCOUNTS),
        signed(b"\xff not json +989120000001"),
        signed(meta({**text_message(1, TEXT), "timestamp": "292277026596"})),
        replace(message(), url=f"{PUBLIC}/webhooks/whatsapp/989120000001"),
        replace(message(), url=f"{PUBLIC}/webhooks/+989120000001/1"),
    ]
    answers = [front(shelf.from_api(post)) for post in posts]
    front.lose_queue()
    answers += [front(shelf.from_api(message(number=9))), front(shelf.from_api(message("twilio", number=9)))]
    front.lose_table()
    front.clock.now += 3600
    answers.append(front(shelf.from_api(replace(message(), url=f"{PUBLIC}/webhooks/whatsapp/989120000001"))))
    assert {answer["statusCode"] for answer in answers} == {200, 401, 404, 503}
    said = front.said + json.dumps(answers) + "".join(front.objects())
    assert said.count("\n") > 20
    signatures = [
        value.removeprefix("sha256=")
        for post in posts
        for name, value in post.headers.items()
        if "sign" in name
    ]
    secrets = [value for held in SECRETS.values() for values in held.values() for value in values]
    personal = [TEXT, NAME, "سارا", "9120000001", "9120000003", "Neda", "wamid", "700000001", "35.69"]
    escaped = [json.dumps(word)[1:-1] for word in personal]
    assert [word for word in (*personal, *escaped, *secrets, *signatures) if word in said] == []


def test_the_shelf_is_what_it_says():
    assert (
        base64.b64decode(shelf.load("api_binary_body")["body"])
        == shelf.load("api_text_body")["body"].encode()
    )
    assert "Accept" not in shelf.load("api_no_accept")["headers"]
    assert "Content-Type" not in shelf.load("api_no_content_type")["headers"]
    assert shelf.load("api_escaped_path")["pathParameters"]["account"].startswith("%2B")
    assert a_configuration().accounts
