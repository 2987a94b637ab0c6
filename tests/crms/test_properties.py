"""Nothing a customer can write stops a connector, and what it sends can be stored anywhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.crms import CRMS
from chalicelib.crms.base import Crm, Step
from chalicelib.crms.wording.names import one_line
from chalicelib.vocabulary.delivery import Call, Delivery, Reply
from chalicelib.vocabulary.event import Attachment, ContactKey, Direction, Identity, Kind
from tests.crms import playing

HOSTILE = (
    "\ud800", "\udc4b\ud83d", "a\x00b", "\u202eسلام\u202c", "\ufffe\uffff", "[hub:c0ffee]", "%_\\'\"",
    "\u200b", "\N{WOMAN}\u200d\N{GIRL}", "\n\t\r",
)  # fmt: skip
text = st.text(st.characters(codec=None)) | st.sampled_from(HOSTILE)
times = st.datetimes(timezones=st.just(UTC)) | st.just(datetime(1, 1, 1, tzinfo=UTC))
identities = st.builds(Identity, channel=text, scope=text, id=text)
attachments = st.builds(
    Attachment, kind=text | st.just("contact"), ref=text, mime=text, name=text, size=st.integers(),
    latitude=st.none() | st.floats(), longitude=st.none() | st.floats(),
)  # fmt: skip
events = st.builds(
    playing.event, id=text, channel=text, account=text, kind=st.sampled_from(Kind),
    direction=st.sampled_from(Direction), customer=identities, sender=st.none() | identities, chat=text,
    occurred_at=times, received_at=times, text=text, attachments=st.lists(attachments, max_size=3).map(tuple),
    reply_to=text, target_id=text, name=text, language_hint=text, previous=st.none() | identities,
    contact_keys=st.lists(st.builds(ContactKey, kind=text, value=text, verified=st.booleans())).map(tuple),
    extra=st.dictionaries(text | st.just("status"), text, max_size=3),
)  # fmt: skip
profiles = st.builds(
    playing.profile, name=text, language=text, own=st.booleans(), identities=st.lists(text).map(tuple),
    keys=st.lists(st.sampled_from(["phone#+9891", "email#a@b.c"]) | text.map("phone#".__add__)).map(tuple),
    first_seen=times,
)  # fmt: skip
deliveries = st.builds(
    playing.delivery, event=events, profile=profiles, opened=st.booleans(), moved=st.booleans(),
    closed=st.booleans(), contact=st.sampled_from(["", "6"]), lead=st.sampled_from(["", "4"]),
    conversation=st.none() | st.builds(playing.conversation, team=text, opened_at=times),
    owner=st.none() | st.just(playing.delivery().owner), seq=st.integers(0, 10**12),
)  # fmt: skip


def agreeable(step: Step, call: Call) -> Reply:
    """An answer that every connector takes for success: nothing is found, everything is written."""
    return Reply(status=200, body=b"[]" if call in step.find else b'{"id": 7}')


@pytest.mark.parametrize("crm", CRMS.values(), ids=CRMS)
@given(owed=deliveries)
def test_any_event_can_be_told(crm: Crm, owed: Delivery) -> None:
    sent: list[Call] = []

    def send(step: Step, call: Call) -> Reply:
        sent.append(call)
        return agreeable(step, call)

    playing.play(crm, owed, playing.target(crm.name), send)
    for call in sent:
        assert call.url.isascii()
        assert all(value.isascii() and value.isprintable() for value in call.headers.values())
        strings(json.loads(call.body.decode("utf-8")) if call.body else {})


def strings(value: Any) -> None:
    """No string of the body may hold what databases refuse."""
    if isinstance(value, str):
        value.encode("utf-8")
        assert "\x00" not in value
    elif isinstance(value, dict):
        strings(list(value))
        strings(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            strings(item)


@given(text)
def test_one_line_is_one_line(value: str) -> None:
    line = one_line(value)
    assert len(line) <= 200
    assert line == line.strip()
    assert line.splitlines() in ([], [line])
    assert one_line(line) == line
