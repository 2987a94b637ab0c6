"""The front door: what is genuine gets in whole, what is not leaves no trace."""

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from chalicelib.pipeline.receive import receive
from chalicelib.store.packing import from_text, unpack_intake
from chalicelib.vocabulary.errors import Misconfigured, Transient
from chalicelib.vocabulary.request import Request
from ops import platforms
from tests.pipeline.kept import Register
from tests.pipeline.world import SECRETS, START, World, a_configuration


def scene(**changes):
    channel = changes.pop("channel", "whatsapp")
    account = changes.pop("account", "100001")
    secrets = SECRETS[{"whatsapp": "meta", "telegram": "telegram", "twilio": "twilio"}[channel]]
    return {
        "url": f"https://hub.example.org/webhooks/{channel}/{account}",
        "account": account,
        "secrets": secrets,
        "at": START,
        "number": 1,
        "text": "سلام 👋",
        **changes,
    }


def request_of(post) -> Request:
    return Request(
        method=post.method,
        url=post.url.removeprefix("https://hub.example.org"),
        headers={name.lower(): value for name, value in post.headers.items()},
        body=post.body,
        received_at=START,
    )


def whatsapp(**changes) -> Request:
    return request_of(platforms.KINDS["whatsapp"]["message"](**scene(**changes)))


def signed(body: bytes, secret: str = "meta-secret") -> Request:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={digest}", "content-type": "application/json"}
    return Request(
        method="POST", url="/webhooks/whatsapp/100001", headers=headers, body=body, received_at=START
    )


def meta(*messages: dict[str, Any], number: str = "100001") -> bytes:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "982100000000", "phone_number_id": number},
        "messages": list(messages),
    }
    entry = {"id": "waba", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def text_message(number: int, sender: str = "989120000001") -> dict[str, Any]:
    return {
        "from": sender,
        "id": f"wamid.{number}",
        "timestamp": "1764057600",
        "type": "text",
        "text": {"body": f"message {number}"},
    }


@pytest.mark.promise("Acknowledged means durable")
def test_an_accepted_message_is_on_the_queue(hub: World) -> None:
    assert hub.post("whatsapp", "100001", whatsapp()).status == 200
    [queued] = hub.queues["events"]
    [event] = unpack_intake(from_text(queued.body)).events
    assert event.text == "سلام 👋"


@pytest.mark.parametrize(
    ("channel", "account", "status"),
    [("fax", "1", 404), ("whatsapp", "999", 404), ("telegram", "100001", 404)],
)
def test_unknown_places_are_404(hub: World, channel: str, account: str, status: int) -> None:
    assert hub.post(channel, account, whatsapp()).status == status


@pytest.mark.promise("Forged means refused")
def test_forged_leaves_no_trace(hub: World) -> None:
    genuine = whatsapp()
    altered = replace(genuine, body=genuine.body.replace(b"wamid", b"wamiD", 1))
    assert hub.post("whatsapp", "100001", altered).status == 401
    assert not hub.queues["events"]
    assert not hub.bucket
    assert hub.counts == {"rejected": 1}


def test_a_body_over_the_limit_is_413(hub: World) -> None:
    assert (
        hub.post("whatsapp", "100001", replace(whatsapp(), body=b"x" * (4 * 1024 * 1024 + 1))).status == 413
    )


def test_three_megabytes_of_a_thousand_customers(hub: World) -> None:
    messages = [text_message(n, sender=f"9891200{n:05d}") for n in range(1000)]
    for one in messages:
        one["text"]["body"] = "سلام " * 100
    body = meta(*messages)
    assert 2_400_000 < len(body) < 4 * 1024 * 1024
    assert hub.post("whatsapp", "100001", signed(body)).status == 200
    assert len(hub.queues["events"]) == 1000


def test_a_customer_s_messages_of_one_request_are_one_queue_message_in_order(hub: World) -> None:
    hub.post("whatsapp", "100001", signed(meta(*[text_message(n) for n in range(30)])))
    [queued] = hub.queues["events"]
    assert [e.id for e in unpack_intake(from_text(queued.body)).events] == [f"wamid.{n}" for n in range(30)]


@pytest.mark.promise("Nothing vanishes")
def test_one_unreadable_fragment_is_quarantined_and_the_others_go_on(hub: World) -> None:
    broken = {**text_message(2), "timestamp": "292277026596"}
    body = meta(text_message(1), broken, text_message(3))
    assert hub.post("whatsapp", "100001", signed(body)).status == 200
    [queued] = hub.queues["events"]
    assert [e.id for e in unpack_intake(from_text(queued.body)).events] == ["wamid.1", "wamid.3"]
    [(key, kept)] = hub.bucket.items()
    assert key.startswith("quarantine/whatsapp/")
    assert b"wamid.2" not in key.encode()
    assert len(json.loads(kept)["fragments"]) == 1
    hub.post("whatsapp", "100001", signed(body))
    assert len(hub.bucket) == 1, "the same again is the same object"


@pytest.mark.promise("Nothing vanishes")
def test_a_genuine_body_that_is_no_json_is_quarantined_whole(hub: World) -> None:
    assert hub.post("whatsapp", "100001", signed(b"\xff\xfe not json")).status == 200
    assert len(hub.bucket) == 1


def test_a_number_of_another_application_cannot_be_spoken_for(hub: World) -> None:
    assert hub.post("whatsapp", "100001", signed(meta(text_message(1), number="200001"))).status == 200
    assert not hub.queues["events"]
    assert hub.counts["quarantined"] == 1


def test_a_batch_over_several_numbers_of_ours(hub: World) -> None:
    assert hub.post("whatsapp", "100001", signed(meta(text_message(1), number="100002"))).status == 200
    [queued] = hub.queues["events"]
    assert unpack_intake(from_text(queued.body)).events[0].account == "100002"


def test_statuses_are_dropped_unless_wanted(hub: World) -> None:
    post = platforms.KINDS["whatsapp"]["delivered"](**scene(target=7))
    assert hub.post("whatsapp", "100001", request_of(post)).status == 200
    assert not hub.queues["events"]
    configuration = a_configuration()
    hub.configuration = replace(
        configuration, accounts=tuple(replace(a, statuses=True) for a in configuration.accounts)
    )
    hub.post("whatsapp", "100001", request_of(post))
    assert len(hub.queues["events"]) == 1


@pytest.mark.promise("Acknowledged means durable")
def test_a_queue_that_fails_is_5xx_where_the_platform_sends_again(hub: World) -> None:
    hub.refuse_events = True
    with pytest.raises(Transient):
        hub.post("whatsapp", "100001", whatsapp())


@pytest.mark.promise("Acknowledged means durable")
def test_a_queue_that_fails_costs_twilio_nothing(hub: World) -> None:
    hub.refuse_events = True
    post = platforms.KINDS["twilio"]["message"](**scene(channel="twilio", account="sms"))
    assert hub.post("twilio", "sms", request_of(post)).status == 200
    assert [key for key in hub.bucket if key.startswith("undelivered/")]
    assert hub.tick()["fed"] == 0
    hub.refuse_events = False
    assert hub.tick()["fed"] == 1
    assert not hub.bucket
    hub.run()
    assert len(hub.calls) == 1


def test_a_missing_secret_is_never_a_401(hub: World) -> None:
    def missing(name):
        raise Misconfigured("aws_refused", "ParameterNotFound")

    with pytest.raises(Misconfigured):
        receive(
            whatsapp(),
            "whatsapp",
            "100001",
            register=Register(lambda: hub.configuration),
            secrets=missing,
            renewed=lambda name: None,
            send=hub.accept,
            store=hub.bucket.__setitem__,
            count=hub.count,
        )


def test_a_huge_message_goes_by_the_bucket(hub: World) -> None:
    one = text_message(1)
    one["text"]["body"] = "".join(chr(0x4E00 + (i * 7919 + i * i) % 20000) for i in range(300_000))
    assert hub.post("whatsapp", "100001", signed(meta(one))).status == 200
    assert [key for key in hub.bucket if key.startswith("oversize/")]
    [queued] = hub.queues["events"]
    assert len(queued.body) < 2000
    hub.run()
    assert len(hub.calls) == 1


@pytest.mark.parametrize("query", ["?y=a+b", "?x=%d8%b3", "?flag", "?q=a:b/c@d!$'()*,;e"])
def test_a_url_with_a_query_is_signed_as_it_was_told(hub: World, query: str) -> None:
    url = f"https://hub.example.org/webhooks/twilio/sms{query}"
    post = platforms.KINDS["twilio"]["message"](**scene(channel="twilio", account="sms", url=url))
    reached = replace(
        request_of(post), url="/webhooks/twilio/sms?" + urlencode(parse_qsl(urlsplit(url).query, True))
    )
    configuration = a_configuration()
    told = tuple(
        replace(a, settings={"url": url}) if a.channel == "twilio" else a for a in configuration.accounts
    )
    hub.configuration = replace(configuration, accounts=told)
    assert hub.post("twilio", "sms", reached).status == 200
    other = replace(reached, url="/webhooks/twilio/sms?another=1")
    assert hub.post("twilio", "sms", other).status == 401
