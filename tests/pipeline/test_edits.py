"""An edit is absorbed only if the message says something else by it."""

import json
from typing import Any

import pytest

from chalicelib.vocabulary.event import Attachment, Direction, Event, Kind
from chalicelib.vocabulary.request import Request
from tests.pipeline.world import START, World, message


def edit(number: int, text: str, *, of: int = 1, **changes: Any) -> Event:
    return message(f"e{number}", kind=Kind.EDIT, target_id=f"wamid.{of}", text=text, **changes)


def absorbed(hub: World, *events: Event) -> list[str]:
    return [each.event.id for each in hub.absorb(*events)]


@pytest.mark.parametrize("direction", [Direction.INBOUND, Direction.OUTBOUND])
def test_only_new_words_count(hub: World, direction: Direction) -> None:
    hub.absorb(message(text="الف", direction=direction))
    said = [
        absorbed(hub, edit(number, text, direction=direction))
        for number, text in enumerate(("الف", "ب", "ب", "الف", "الف", "ب"))
    ]
    assert said == [[], ["wamid.e1"], [], ["wamid.e3"], [], ["wamid.e5"]]
    assert hub.counts["edit_unchanged"] == 3


def test_in_one_message_too(hub: World) -> None:
    events = [message(text="الف"), *(edit(n, text) for n, text in enumerate(("الف", "ب", "ب", "الف")))]
    assert absorbed(hub, *events) == ["wamid.1", "wamid.e1", "wamid.e3"]


def test_an_edit_that_says_nothing_new_does_not_move_the_idle_clock(hub: World) -> None:
    hub.absorb(message(text="الف"))
    customer = message().customer
    before = hub.conversation(hub.profile_of(customer).id)
    hub.later(minutes=10)
    hub.absorb(edit(1, "الف", received_at=hub.now))
    assert hub.conversation(hub.profile_of(customer).id) == before


def test_if_the_message_is_not_known_the_first_edit_is_news(hub: World) -> None:
    assert absorbed(hub, edit(1, "الف", of=7)) == ["wamid.e1"]
    assert absorbed(hub, edit(2, "الف", of=7)) == []
    assert absorbed(hub, edit(3, "الف", of=8)) == ["wamid.e3"]


def test_another_picture_or_place_is_news(hub: World) -> None:
    first = (Attachment(kind="image", ref="1"),)
    hub.absorb(message(text="", attachments=first))
    assert absorbed(hub, edit(1, "", attachments=first)) == []
    assert absorbed(hub, edit(2, "", attachments=(Attachment(kind="image", ref="2"),))) == ["wamid.e2"]
    moved = (Attachment(kind="location", latitude=35.7, longitude=51.4),)
    assert absorbed(hub, edit(3, "", attachments=moved)) == ["wamid.e3"]
    assert absorbed(hub, edit(4, "", attachments=moved)) == []


def test_what_nobody_can_read_may_be_news(hub: World) -> None:
    hub.absorb(message(text="الف"))
    for number in (1, 2):
        story = edit(number, "", extra={"unsupported": "story"})
        assert absorbed(hub, story) == [f"wamid.e{number}"]
    assert absorbed(hub, edit(3, "الف")) == ["wamid.e3"]


def test_sent_again_it_is_the_same_edit(hub: World) -> None:
    hub.absorb(message(text="الف"))
    changed = edit(1, "ب")
    assert absorbed(hub, changed) == ["wamid.e1"]
    hub.absorb(edit(2, "پ"))
    assert absorbed(hub, changed) == []
    assert absorbed(hub, edit(3, "پ")) == []


def test_a_hundred_edits_at_once(hub: World) -> None:
    edits = [edit(number, f"الف {number}", of=number) for number in range(100)]
    assert len(absorbed(hub, *edits)) == 100
    again = [edit(100 + number, f"الف {number}", of=number) for number in range(100)]
    assert absorbed(hub, *again) == []


def test_buttons_and_previews_are_no_edit_of_the_text(hub: World) -> None:
    user = {"id": 700000001, "is_bot": False, "first_name": "سارا"}
    date = int(START.timestamp())
    said = {
        "message_id": 5,
        "from": user,
        "chat": {"id": 700000001, "type": "private"},
        "date": date,
        "text": "https://example.org/room",
    }
    buttons = {"reply_markup": {"inline_keyboard": [[{"text": "رزرو", "callback_data": "book"}]]}}
    preview = {"link_preview_options": {"url": "https://example.org/room"}}
    versions: list[dict[str, Any]] = [{}, buttons, preview, {"text": "https://example.org/suite"}, buttons]
    for step, change in enumerate(versions):
        name = "edited_message" if step else "message"
        edited = {"edit_date": date + step} if step else {}
        text = {"text": "https://example.org/suite"} if step == 4 else {}
        request = Request(
            method="POST",
            url="/webhooks/telegram/bot",
            headers={"x-telegram-bot-api-secret-token": "telegram-secret"},
            body=json.dumps({"update_id": 900 + step, name: {**said, **edited, **text, **change}}).encode(),
            received_at=START,
        )
        assert hub.post("telegram", "bot", request).status == 200
    hub.run()
    told = [json.loads(call.body)["data"]["event"] for call in hub.calls]
    assert [event["kind"] for event in told] == ["message", "edit"]
    assert told[1]["text"] == "https://example.org/suite"
    assert hub.counts["edit_unchanged"] == 3
