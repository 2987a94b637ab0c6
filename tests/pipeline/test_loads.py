"""How busy somebody is, when one commit ends a conversation of theirs and asks who takes the next."""

from dataclasses import replace

import pytest

from chalicelib.vocabulary.delivery import Absorbed
from chalicelib.vocabulary.event import Direction
from tests.pipeline.world import World, message

GUESTS = ("989120000001", "989120000002", "989120000003")


def staffed(hub: World, *, capacity: int) -> None:
    """One person for all of them."""
    directory = hub.configuration.directory
    neda = replace(directory.people[0], capacity=capacity)
    teams = (replace(directory.teams[0], members=("neda",)),)
    directory = replace(directory, people=(neda,), teams=teams)
    hub.configuration = replace(hub.configuration, directory=directory)


def said(hub: World, number: str, sender: str, **changes: object) -> Absorbed:
    return hub.absorb(message(number, sender=sender, received_at=hub.now, **changes))[-1]


@pytest.fixture
def busy(hub: World) -> World:
    """Somebody with three conversations, the first of which is over by now and closed by nobody yet."""
    staffed(hub, capacity=3)
    said(hub, "1", GUESTS[0])
    said(hub, "2", GUESTS[0], direction=Direction.OUTBOUND)
    hub.later(hours=25)
    for guest in GUESTS[1:]:
        said(hub, f"of {guest}", guest)
    return hub


@pytest.mark.promise("An owner who is on duty")
@pytest.mark.parametrize(("capacity", "owner", "reason"), [(3, "neda", "2 of 3"), (2, "", "full: 2 of 2")])
def test_the_conversation_that_ends_is_theirs_no_more_and_the_others_are(
    busy: World, capacity: int, owner: str, reason: str
) -> None:
    staffed(busy, capacity=capacity)
    decision = said(busy, "3", GUESTS[0]).consequence.decision
    assert decision.owner == owner
    assert reason in decision.candidates[0].reason
    assert busy.load("neda") == (3 if owner else 2)
