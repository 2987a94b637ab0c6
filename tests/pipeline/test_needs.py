"""What a conversation needs may change while it waits: nothing is offered in vain, nobody is missed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.pipeline.test_waiting import NEDA as OFFICE_NEDA
from tests.pipeline.test_waiting import REZA as ALWAYS_REZA
from tests.pipeline.test_waiting import RULE, TUESDAY_NOON, open_of, said, staffed
from tests.pipeline.world import World, world

DAY = replace(OFFICE_NEDA, capacity=1)
NIGHT = replace(ALWAYS_REZA, hours="night")
ENGLISH = "Hello, could you please tell me whether the room is still free?"


def offers(hub: World, minutes: int) -> int:
    """How often the clock offers something in these minutes."""
    offered = 0
    for _ in range(minutes):
        hub.later(minutes=1)
        offered += hub.tick()["offered"]
        hub.run()
    return offered


def evening(hub: World) -> None:
    hub.now = TUESDAY_NOON + timedelta(hours=9)


@pytest.mark.parametrize("owned", [False, True], ids=["without an owner", "with an owner off duty"])
def test_who_goes_on_in_another_language_is_offered_to_nobody_in_vain(owned: bool) -> None:
    with world(configuration=staffed(*([DAY, NIGHT] if owned else [NIGHT])), now=TUESDAY_NOON) as hub:
        said(hub, 1, text="")
        hub.later(minutes=5)
        said(hub, 2, text=ENGLISH)
        evening(hub)
        assert offers(hub, 5) <= 1
        waiting = open_of(hub)
        assert waiting
        assert (waiting.language, waiting.owner) == ("en", "neda" if owned else "")
        hub.configuration = staffed(replace(NIGHT, languages={"en": 5}))
        assert offers(hub, 1) == 1
        waiting = open_of(hub)
        assert waiting
        assert waiting.owner == "reza"


def test_a_rule_renamed_while_its_owner_is_off_duty_is_offered_to_nobody_in_vain() -> None:
    renamed = replace(RULE, name="new", skills={"visa": 5})
    with world(configuration=staffed(DAY, NIGHT), now=TUESDAY_NOON) as hub:
        said(hub, 1)
        evening(hub)
        hub.configuration = staffed(DAY, NIGHT, rules=(renamed,))
        assert offers(hub, 5) <= 1
        waiting = open_of(hub)
        assert waiting
        assert (waiting.rule, waiting.owner) == ("new", "neda")
