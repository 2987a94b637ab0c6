"""Whatever bytes come: nothing but `Rejected` escapes, and what was read stays what it was."""

import json
from contextlib import suppress
from dataclasses import fields, replace
from datetime import timedelta
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.channels import CHANNELS
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.event import Event, Ignored, Unreadable
from chalicelib.vocabulary.request import Request

from .shelf import ACCOUNTS, FIXTURES, RECEIVED_AT, TEXTS, USUAL, ours, received
from .shelf import body as body_of

# How long an example takes is measured in `benchmarks/`, not here.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

every_channel = pytest.mark.parametrize("name", CHANNELS)

JSON = [name for name, usual in USUAL.items() if usual["content_type"] == "application/json"]
FORMS = {
    name: sorted({field for one in sent for field, _ in one.content["request"].get("form", [])})
    for name, sent in ((name, [one for one in FIXTURES if one.channel.name == name]) for name in CHANNELS)
    if name not in JSON
}
"""The fields that forms of the shelf have."""

SECRET_NAMES = sorted({secret for channel in CHANNELS.values() for secret in channel.secrets})

BODIES = {name: [one.request.body for one in FIXTURES if one.channel.name == name] for name in CHANNELS}
odd_text = st.text(st.characters(), max_size=60) | st.sampled_from(
    ["", "\ud800", "\ufffe", "=", "[", "a:b:c"]
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from([2**53 + 1, 2**64, 10**30, -1, 0, "", "0", "292277026596"]),
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner))


def parsed(name, body, content_type="application/json"):
    """What a channel makes of a body: its parts, or the refusal."""
    request = Request(
        method="POST",
        url=f"https://hub.example.org/webhooks/{name}/1",
        headers={"content-type": content_type},
        body=body,
        received_at=RECEIVED_AT,
    )
    try:
        return tuple(CHANNELS[name].parse(request, Account(channel=name, id=ACCOUNTS[name])))
    except Rejected as error:
        return error.reason


def sound(parts, name):
    for part in parts if isinstance(parts, tuple) else ():
        assert isinstance(part, Event | Unreadable | Ignored)
        if isinstance(part, Event):
            assert part.channel == name
            assert part.id
            assert part.account
            assert part.occurred_at.utcoffset() == timedelta(0)
            assert all(isinstance(value, str) for value in part.extra.values())
            assert not part.customer.linkable or part.customer.id
            part.key.encode()
            part.text.encode()


@every_channel
@given(body=st.binary(max_size=400))
def test_any_bytes(name, body):
    sound(parsed(name, body), name)


@every_channel
@given(value=values)
def test_any_json(name, value):
    sound(parsed(name, json.dumps(value).encode()), name)


@every_channel
@settings(max_examples=300)
@given(data=st.data())
def test_real_payloads_with_bytes_changed(name, data):
    body = bytearray(data.draw(st.sampled_from(BODIES[name])))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    sound(parsed(name, bytes(body)), name)
    assert parsed(name, bytes(body)) == parsed(name, bytes(body))


def readable_json(body):
    with suppress(ValueError):
        json.loads(body)
        return True
    return False


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        yield from chain.from_iterable(places(inner, (*path, key)) for key, inner in value.items())
    if isinstance(value, list):
        yield from chain.from_iterable(places(inner, (*path, index)) for index, inner in enumerate(value))


def replaced(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("name", JSON)
@settings(max_examples=400)
@given(data=st.data())
def test_real_payloads_with_a_value_replaced(name, data):
    value = json.loads(data.draw(st.sampled_from(list(filter(readable_json, BODIES[name])))))
    path = data.draw(st.sampled_from(list(places(value))))
    sound(parsed(name, json.dumps(replaced(value, path, data.draw(values))).encode()), name)


@pytest.mark.parametrize("name", FORMS)
@given(data=st.data())
def test_any_form(name, data):
    field = st.tuples(st.sampled_from(FORMS[name]), st.text(max_size=12))
    body = urlencode(data.draw(st.lists(field, max_size=12)), errors="replace").encode()
    sound(parsed(name, body, "application/x-www-form-urlencoded"), name)


@every_channel
@given(
    url=odd_text | st.sampled_from(["https://h:x/", "https://[::1", "https://h:99999/?bodySHA256=x", "//["]),
    values=st.lists(odd_text, min_size=4, max_size=4),
    body=st.binary(max_size=60),
    held=st.dictionaries(
        st.sampled_from(SECRET_NAMES),
        st.lists(odd_text, max_size=3).map(tuple),
    ),
)
def test_any_request_to_a_verifier(name, url, values, body, held):
    scheme: Any = CHANNELS[name].verify  # a dataclass of its own, whose texts name headers and secrets
    words = [getattr(scheme, field.name) for field in fields(scheme)]
    headers = {word: values[2] for word in words if isinstance(word, str)}  # those of them that are headers
    headers |= {"content-type": values[0], scheme.header: values[1]}
    query = {"hub.mode": "subscribe", "hub.verify_token": values[3]}
    for method in ("POST", "GET"):
        request = Request(
            method=method, url=url, query=query, headers=headers, body=body, received_at=RECEIVED_AT
        )
        for check in filter(None, (scheme.verify, CHANNELS[name].handshake)):
            with suppress(Rejected):
                check(request, ours(name, held))


@given(data=st.data())
def test_one_bad_message_leaves_the_others_alone(data):
    whole = json.loads(
        next(body for body in BODIES["whatsapp"] if b"messages" in body and b"wamid.A1" in body)
    )
    value = whole["entry"][0]["changes"][0]["value"]
    good = {"from": "989120000001", "timestamp": "1795424400", "type": "text", "text": {"body": "x"}}
    value["messages"] = [{**good, "id": "wamid.1"}, data.draw(values), {**good, "id": "wamid.3"}]
    ids = [part.id for part in parsed("whatsapp", json.dumps(whole).encode()) if isinstance(part, Event)]
    assert (ids[0], ids[-1]) == ("wamid.1", "wamid.3")


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("whatsapp", b"", "not_json"),
        ("whatsapp", b"[]", "unexpected_shape"),
        ("whatsapp", b'{"object": "whatsapp_business_account"}', "unexpected_shape"),
        ("telegram", b"\xff", "not_json"),
        ("telegram", b'{"message": {}}', "unexpected_shape"),
        ("telegram", b'{"update_id": 1.5}', "unexpected_shape"),
        ("telegram", b'{"update_id": "1"}', "unexpected_shape"),
    ],
)
def test_a_body_that_says_nothing_readable_is_refused_whole(name, body, reason):
    assert parsed(name, body) == reason


@every_channel
def test_nested_too_deeply(name):
    for body in (b"[" * 200_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000):
        sound(parsed(name, body), name)


def said(value, old, new):
    """The value with one text in it replaced, wherever it stands."""
    if isinstance(value, dict):
        return {key: said(inner, old, new) for key, inner in value.items()}
    if isinstance(value, list):
        return [said(inner, old, new) for inner in value]
    return new if value == old else value


def test_a_text_of_three_megabytes():
    for name, fixture in TEXTS.items():
        (event,) = fixture.parsed
        long = "س" * 1_500_000
        request = received(fixture.posting(body_of(said(fixture.content["request"], event.text, long))))
        assert [part.text for part in fixture.channel.parse(request, fixture.account)] == [long], name


def many(value, name, number):
    """The innermost list that an id stands in, with its element so many times under other ids."""
    if isinstance(value, dict):
        return {key: many(inner, name, number) for key, inner in value.items()}
    if isinstance(value, list):
        inner = [many(one, name, number) for one in value]
        if inner == value and any(said(one, name, "") != one for one in value):
            return [said(one, name, f"{name}-{index}") for index in range(number) for one in value]
        return inner
    return value


def test_a_thousand_happenings_in_one_request():
    """Of those that post lists; the others have one at a time."""
    seen = set()
    for name, fixture in TEXTS.items():
        (event,) = fixture.parsed
        if "json" not in fixture.content["request"]:
            continue
        value = many(fixture.content["request"]["json"], event.id, 1000)
        if value != fixture.content["request"]["json"]:
            parts = parsed(name, json.dumps(value).encode())
            assert len({part.id for part in parts}) == 1000
            seen.add(name)
    assert "whatsapp" in seen


def test_one_update_that_deletes_a_thousand():
    deleted = {"chat": {"id": 5}, "message_ids": list(range(1000))}
    parts = parsed("telegram", json.dumps({"update_id": 1, "deleted_business_messages": deleted}).encode())
    assert len({part.id for part in parts}) == 1000


@every_channel
@pytest.mark.parametrize("content_type", ["", "text/plain", "application/octet-stream", "x" * 300, "é"])
def test_the_content_type_is_not_relied_on(name, content_type):
    fixture = TEXTS[name]
    request = replace(fixture.request, headers={**fixture.request.headers, "content-type": content_type})
    fixture.channel.verify.verify(request, fixture.ours())
    assert tuple(fixture.channel.parse(request, fixture.account)) == fixture.parsed
