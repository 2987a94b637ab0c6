"""Where a conversation stands among those that wait: whoever is promised the soonest answer is first."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.store import worklist
from chalicelib.vocabulary.people import Conversation

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def place(*, opened: int, promised: int | None = None) -> str:
    """The place of a conversation, by minutes after noon."""
    opened_at = NOON + timedelta(minutes=opened)
    conversation = Conversation(
        id="c",
        opened_at=opened_at,
        opened_by="e",
        rule="everything",
        mark="a1b2c3d4",
        language="fa",
        respond_by=None if promised is None else NOON + timedelta(minutes=promised),
        last_event_at=opened_at,
    )
    return worklist.place(conversation, "neda")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (place(opened=10, promised=20), place(opened=0, promised=240)),
        (place(opened=0, promised=20), place(opened=0, promised=21)),
        (place(opened=5), place(opened=0, promised=6)),
        (place(opened=0, promised=4), place(opened=5)),
    ],
    ids=["came later, promised sooner", "a minute sooner", "answered before that", "promised before that"],
)
def test_the_soonest_comes_first(first: str, second: str) -> None:
    assert first < second


@pytest.mark.parametrize(("promised", "owed"), [(30, True), (None, False)])
def test_a_place_says_what_an_owner_would_need(promised: int | None, owed: bool) -> None:
    read = worklist.read(place(opened=0, promised=promised))
    assert read.owed is owed
    assert (read.rule, read.language) == ("a1b2c3d4", "fa")
    assert read.last_owner == worklist.digest("neda")
