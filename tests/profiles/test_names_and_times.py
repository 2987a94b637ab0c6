"""An event tells of its customer's name and times only what the customer said themselves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.profiles import facts
from chalicelib.vocabulary.event import Direction
from tests.pipeline.world import START, message

PROFILE = replace(facts.new_profile("p1", message(0)), name="سارا رستمی", language="fa")


@pytest.mark.parametrize(
    ("direction", "name", "language"),
    [
        (Direction.INBOUND, "Sara Rostami", "en"),
        (Direction.OUTBOUND, PROFILE.name, PROFILE.language),
        (Direction.INTERNAL, PROFILE.name, PROFILE.language),
    ],
)
def test_our_own_words_say_nothing_of_the_customer(direction: Direction, name: str, language: str) -> None:
    said = message(1, direction=direction, name="Sara Rostami", text="Hello, is breakfast included in it?")
    after = facts.after_event(PROFILE, said, "fa")
    assert (after.name, after.language) == (name, language)
    assert after.counters == {"message": 1, direction.value: 1}


@pytest.mark.parametrize(("minutes", "seen"), [(5, 5), (-5, 0)])
def test_an_event_that_comes_late_was_not_seen_last(minutes: int, seen: int) -> None:
    late = message(1, received_at=START + timedelta(minutes=minutes), name="")
    after = facts.after_event(PROFILE, late, "fa")
    assert after.last_seen == START + timedelta(minutes=seen)
    assert after.name == PROFILE.name
