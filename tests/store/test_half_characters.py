"""Half an emoji, as a cut text may end in: it is mended or set aside, and never stops the queue."""

import json
from dataclasses import replace

import msgspec
import pytest

from chalicelib.store.packing import pack, unpack_intake
from chalicelib.vocabulary.event import Event, Unreadable
from chalicelib.vocabulary.messages import Change, Intake
from tests.channels import shelf

FORMS = [one for one in shelf.FIXTURES if "form" in one.content["request"]]
TEXTS = [one for one in shelf.FIXTURES if {"json", "body"} & one.content["request"].keys()]


def test_half_a_character_cannot_be_packed():
    """Why a channel must hand on no lone surrogate: nothing behind it could encode one."""
    with pytest.raises(UnicodeEncodeError):
        pack(Change(target="crm", profile="\ud83d", seq=1, events=()))
    with pytest.raises(UnicodeEncodeError):
        msgspec.json.encode("\ud83d")


def halved(value):
    """JSON with half an emoji at the end of every text, name and key in it."""
    if isinstance(value, str):
        return f"{value}\ud83d"
    if isinstance(value, list):
        return [halved(one) for one in value]
    if isinstance(value, dict):
        return {name: halved(one) for name, one in value.items()} | {"\ud83d": "\ude00"}
    return value


def one_by_one(value):
    """The JSON with half an emoji in one of its texts, for each of them."""
    if isinstance(value, str):
        yield f"{value}\ud83d"
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from ([*value[:at], half, *value[at + 1 :]] for half in one_by_one(one))
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from ({**value, name: half} for half in one_by_one(one))


def parsed(fixture, body: bytes):
    return list(fixture.channel.parse(replace(fixture.request, body=body), fixture.account))


def travelled(fixture, body: bytes) -> int:
    """How many events a channel makes of that body; each comes through the queue as it went."""
    events = [part for part in parsed(fixture, body) if isinstance(part, Event)]
    for event in events:
        intake = Intake(customer=event.customer, events=(event,))
        assert unpack_intake(pack(intake)) == intake
    return len(events)


@pytest.mark.parametrize("fixture", TEXTS, ids=shelf.named)
def test_json_with_half_a_character_is_mended(fixture):
    value = json.loads(fixture.request.body)
    whole = travelled(fixture, fixture.request.body)
    found = [travelled(fixture, json.dumps(one).encode()) for one in one_by_one(value)]
    assert max(found, default=whole) >= whole
    travelled(fixture, json.dumps(halved(value)).encode())


@pytest.mark.parametrize("fixture", FORMS, ids=shelf.named)
def test_a_form_with_half_a_character_in_its_words_is_mended(fixture):
    body = fixture.request.body
    for cut in (body + b"&Body=%ED%A0%BD", body + b"&Body=\xff", body + b"&ProfileName=%ff"):
        assert travelled(fixture, cut) == travelled(fixture, body)


@pytest.mark.parametrize("fixture", FORMS, ids=shelf.named)
def test_a_form_with_half_a_character_in_a_name_cannot_be_read(fixture):
    [part] = parsed(fixture, fixture.request.body.replace(b"=", b"=%ED%A0%BD"))
    assert isinstance(part, Unreadable)
    assert part.reason.startswith(("not_utf8", "unexpected_shape: neither"))
