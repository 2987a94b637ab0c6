"""What answers the customer and what does not: nobody who waits is taken for answered."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.vocabulary.delivery import Absorbed
from chalicelib.vocabulary.event import Direction, Kind
from tests.pipeline.test_waiting import NEDA, REZA, open_of, said, staffed
from tests.pipeline.world import World, message, world

ALWAYS_NEDA = replace(NEDA, hours="always")


def told(hub: World, number: int, *, ago: float, **changes: Any) -> Absorbed:
    """An event that reaches us now, and happened some minutes ago by the platform's clock."""
    happened = hub.now - timedelta(minutes=ago)
    return hub.absorb(message(number, received_at=hub.now, occurred_at=happened, **changes))[-1]


def is_owed(hub: World) -> bool:
    conversation = open_of(hub)
    assert conversation
    return conversation.respond_by is not None


@pytest.mark.parametrize(
    ("asked", "answered", "owed"),
    [
        # Minutes ago by the platform's clock: the customer's latest question, our words.
        pytest.param(10, 5, False, id="an answer"),
        pytest.param(10, 10, False, id="an answer of the same second"),
        pytest.param(10, 15, True, id="what was said before the question, and arrives after it"),
        pytest.param(0, 15, False, id="the question has no time: the answer counts as it comes"),
        pytest.param(10, 0, False, id="the answer has no time: it counts as it comes"),
        pytest.param(120, 60, False, id="a question that arrives after a long delay, answered meanwhile"),
    ],
)
def test_an_echo_answers_what_was_asked_before_it(asked: float, answered: float, owed: bool) -> None:
    with world(configuration=staffed(REZA)) as hub:
        told(hub, 1, ago=30 + asked)
        told(hub, 2, ago=asked)
        told(hub, 3, ago=answered, direction=Direction.OUTBOUND)
        assert is_owed(hub) == owed


def test_an_answer_that_is_newer_than_a_late_echo_still_counts() -> None:
    with world(configuration=staffed(REZA)) as hub:
        told(hub, 1, ago=20)
        told(hub, 2, ago=10, direction=Direction.OUTBOUND)
        told(hub, 3, ago=40, direction=Direction.OUTBOUND)
        assert not is_owed(hub)


@pytest.mark.parametrize("kind", [Kind.REACTION, Kind.EDIT, Kind.DELETE, Kind.FOLLOW])
def test_what_calls_for_no_answer_makes_no_answer_stale(kind: Kind) -> None:
    with world(configuration=staffed(REZA)) as hub:
        told(hub, 1, ago=20)
        told(hub, 2, ago=5, kind=kind)
        told(hub, 3, ago=10, direction=Direction.OUTBOUND)
        assert not is_owed(hub)


def test_a_greeting_and_an_away_message_answer_nobody() -> None:
    with world(configuration=staffed(REZA)) as hub:
        told(hub, 1, ago=20)
        told(hub, 2, ago=19, direction=Direction.OUTBOUND, extra={"automatic": "true"})
        assert is_owed(hub)


def test_an_offer_of_what_was_answered_tells_of_no_promise() -> None:
    with world(configuration=staffed(ALWAYS_NEDA)) as hub:
        said(hub)
        said(hub, 2, direction=Direction.OUTBOUND)
        hub.configuration = staffed(REZA)
        hub.later(minutes=1)
        hub.tick()
        hub.run()
        body = hub.calls[-1].body.decode()
        assert '"kind":"offer"' in body
        assert '"owner":"reza"' in body
        assert '"respond_by":"' not in body
