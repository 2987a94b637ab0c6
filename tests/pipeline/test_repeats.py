"""What comes again has no second effect, and is counted; what only uses an id again is kept for a person."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.aws.queues import Outgoing
from chalicelib.pipeline.receive import outgoing
from chalicelib.pipeline.repeats import is_repeat
from chalicelib.pipeline.set_aside import QUARANTINE, unpack_quarantined
from chalicelib.vocabulary.event import HUB, Attachment, ContactKey, Event, Identity, Kind
from chalicelib.vocabulary.messages import Intake
from chalicelib.vocabulary.request import Request
from tests.pipeline.world import START, World, message

LATER = START + timedelta(days=60)
OTHER = Identity(channel="whatsapp", scope="*", id="989120000002")
FIRST = message(raw=b'{"text":"first"}', received_at=START + timedelta(seconds=2))


def kept(hub: World) -> list[str]:
    found = [unpack_quarantined(held) for key, held in hub.bucket.items() if key.startswith(QUARANTINE)]
    return [part.where for one in found for part in one.fragments if part.reason == "duplicate_differs"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"received_at": LATER},
        {"customer": OTHER},  # the same fragment, in a request that names its sender otherwise
        {"raw": b"by their other id", "customer": OTHER},
        {"text": "as today's parser reads it"},
        {"raw": b"in another order", "name": "Sara", "received_at": LATER},
        {"raw": b"signed anew", "contact_keys": (ContactKey(kind="phone", value="+1", verified=True),)},
        {"raw": b"no time of the platform's", "occurred_at": LATER, "received_at": LATER},
    ],
    ids=str,
)
def test_what_a_platform_sends_again(hub: World, changes: dict[str, Any]) -> None:
    hub.absorb(FIRST)
    assert hub.absorb(replace(FIRST, **changes)) == []
    assert (hub.counts["duplicate"], hub.counts["duplicate_differs"]) == (1, 0)
    assert kept(hub) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"customer": OTHER, "occurred_at": LATER},
        {"customer": OTHER, "occurred_at": START, "received_at": START},  # no time of the platform's
        {"text": "something else"},
        {"occurred_at": LATER, "received_at": LATER + timedelta(seconds=2)},
        {"attachments": (Attachment(kind="image", ref="1"),)},
    ],
    ids=str,
)
def test_another_happening_under_a_used_id(hub: World, changes: dict[str, Any]) -> None:
    hub.absorb(FIRST)
    other = replace(FIRST, raw=b'{"text":"second"}', **changes)
    assert hub.absorb(other) == []
    assert (hub.counts["duplicate"], hub.counts["duplicate_differs"]) == (0, 1)
    assert kept(hub) == [FIRST.key]
    hub.absorb(other)
    assert kept(hub) == [FIRST.key], "the same thing is kept once"


def test_two_of_one_message(hub: World) -> None:
    """An id that is used twice in one request: the first counts, and nothing else is lost."""
    new = message(2, raw=b"2", received_at=FIRST.received_at)
    absorbed = hub.absorb(FIRST, replace(FIRST, raw=b"x", text="something else"), FIRST, new)
    assert [each.event for each in absorbed] == [FIRST, new]
    assert (hub.counts["duplicate"], hub.counts["duplicate_differs"]) == (1, 1)
    assert kept(hub) == [FIRST.key]


def test_a_long_text_is_compared_by_what_its_row_holds(hub: World) -> None:
    long = replace(FIRST, text="س" * 30_000)
    hub.absorb(long)
    hub.absorb(replace(long, raw=b"sent again"))
    assert (hub.counts["duplicate"], hub.counts["duplicate_differs"]) == (1, 0)


def test_what_the_hub_says_again_is_never_another_thing() -> None:
    event = replace(FIRST, channel=HUB, kind=Kind.CLOSE)
    assert is_repeat(replace(event, text="other", raw=b""), event)


def test_ordinary_duplicates_cost_no_call_more(hub: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.absorb(FIRST)
    calls: list[str] = []
    connection = hub.table._connection

    def noted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*args: Any, **named: Any) -> Any:
            calls.append(name)
            return call(*args, **named)

        return noting

    for name in ("batch_get_item", "get_item", "query", "put_item"):
        monkeypatch.setattr(connection, name, noted(name, getattr(connection, name)))
    hub.absorb(FIRST)
    assert calls == ["batch_get_item"]


def on_the_queue(event: Event) -> Outgoing:
    bucket: dict[str, bytes] = {}
    return outgoing(Intake(customer=event.customer, events=(event,)), bucket.__setitem__)


def test_the_queue_takes_nothing_else_for_the_same_message() -> None:
    """SQS forgets a message whose deduplication id came within five minutes."""
    assert on_the_queue(FIRST).dedup == on_the_queue(replace(FIRST, received_at=LATER)).dedup
    assert on_the_queue(FIRST).dedup != on_the_queue(replace(FIRST, raw=b"else")).dedup


def update(person: int, number: int, text: str, date: int) -> Request:
    user = {"id": person, "is_bot": False, "first_name": "X"}
    sent = {"message_id": number, "date": date, "chat": {"id": person, "type": "private"}, "from": user}
    return Request(
        method="POST",
        url="/webhooks/telegram/bot",
        headers={
            "content-type": "application/json",
            "x-telegram-bot-api-secret-token": "telegram-secret",
        },
        body=json.dumps({"update_id": 500, "message": {**sent, "text": text}}).encode(),
        received_at=START,
    )


@pytest.mark.parametrize(
    ("person", "number", "days"),
    [(700000002, 9, 60), (700000001, 9, 60), (700000001, 5, 60), (700000002, 5, 0)],
)
def test_an_update_id_comes_again_for_another_message(
    hub: World, person: int, number: int, days: int
) -> None:
    """After a quiet week, for a new bot behind the account, at once."""
    seconds = int(START.timestamp())
    hub.post("telegram", "bot", update(700000001, 5, "the old numbering", seconds))
    hub.run()
    hub.post("telegram", "bot", update(person, number, "the new numbering", seconds + days * 86400))
    hub.run()
    assert hub.counts["routed"] == 2
    profile = hub.profile_of(Identity(channel="telegram", scope="*", id=f"{person}"))
    assert profile.counters["message"] == (2 if person == 700000001 else 1)


def test_an_update_that_telegram_sends_again(hub: World) -> None:
    seconds = int(START.timestamp())
    for _ in range(2):
        hub.post("telegram", "bot", update(700000001, 5, "سلام", seconds))
        hub.run()
    assert (hub.counts["routed"], hub.counts["duplicate"]) == (1, 1)
