"""Each request of the shelf becomes exactly the events that its file states."""

import json
import os
import re

import pytest

from chalicelib.channels import CHANNELS
from chalicelib.vocabulary.event import Event, Unreadable

from .shelf import FIXTURES, FOLDER, as_json, named

every_fixture = pytest.mark.parametrize("fixture", FIXTURES, ids=named)


@every_fixture
def test_it_becomes_the_events_it_states(fixture):
    got = [as_json(part) for part in fixture.parsed]
    if os.environ.get("UPDATE_GOLDEN"):
        content = {**fixture.content, "expected": got}
        fixture.path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    assert got == fixture.content["expected"]


@every_fixture
def test_it_is_accepted(fixture):
    assert fixture.channel.verify.verify(fixture.request, fixture.ours()) == fixture.request


@every_fixture
def test_read_again_it_has_the_same_keys(fixture):
    first, second = ([part.key for part in fixture.parsed if isinstance(part, Event)] for _ in range(2))
    assert first == second


@every_fixture
def test_no_two_events_of_it_have_one_key(fixture):
    keys = [part.key for part in fixture.parsed if isinstance(part, Event)]
    assert len(keys) == len(set(keys))


@every_fixture
def test_ids_are_of_the_scope_that_the_channel_declares(fixture):
    for event in (part for part in fixture.parsed if isinstance(part, Event) and part.customer.linkable):
        declared = "*" if fixture.channel.scope == "channel" else event.account
        assert event.customer.scope in (declared, "@claimed")


@every_fixture
def test_who_is_only_claimed_has_no_verified_key(fixture):
    for event in (part for part in fixture.parsed if isinstance(part, Event)):
        proved = any(key.verified for key in event.contact_keys)
        assert not (proved and event.customer.scope == "@claimed")


@every_fixture
def test_each_part_keeps_the_fragment_it_came_from(fixture):
    kept = [part.raw for part in fixture.parsed if isinstance(part, Event)]
    kept += [part.fragment for part in fixture.parsed if isinstance(part, Unreadable)]
    assert all(kept)


@every_fixture
def test_it_says_what_it_is_and_where_its_shape_is_documented(fixture):
    assert fixture.content["about"]
    assert fixture.content["source"]


@every_fixture
def test_its_people_do_not_exist(fixture):
    text = fixture.path.read_text()
    assert set(re.findall(r"\+?98912\d+", text)) <= {
        f"{plus}98912000{number:04d}" for plus in ("", "+") for number in range(100)
    }
    assert not re.search(r"@(?!account|once)[\w-]+\.(?!org)", text)


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_has_a_shelf(name):
    assert len(list((FOLDER / name).glob("*.json"))) >= 10
