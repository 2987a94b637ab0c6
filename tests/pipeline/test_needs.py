"""What a conversation needs may change while it waits: nothing is offered in vain, nobody is missed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.vocabulary.event import Kind
from chalicelib.vocabulary.people import Rule, Team
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


ARABIC = Rule(name="عربی", language=("ar",), team="night", respond_within=30)
BOOKING = Rule(name="رزرو", words=("غرفة",), team="night", skills={"visa": 5})
TEAMS = (Team(id="desk", name="پذیرش", members=("reza",)), Team(id="night", name="شب", members=("neda",)))
ASLEEP = replace(OFFICE_NEDA, hours="night", languages={"ar": 5})
AWAKE = replace(ALWAYS_REZA, languages={"fa": 5, "ar": 2})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((ARABIC, RULE), (replace(ARABIC, team="desk"), RULE), id="its team is another"),
        pytest.param(
            (ARABIC, RULE), (replace(ARABIC, name="روز", team="desk"), ARABIC, RULE), id="a new one before it"
        ),
        pytest.param((BOOKING, RULE), (replace(BOOKING, words=("تور",)), RULE), id="its words are others"),
        pytest.param(
            (BOOKING, RULE), (replace(BOOKING, channel=("sms",)), RULE), id="its channel is another"
        ),
        pytest.param((BOOKING, RULE), (RULE,), id="it is gone"),
        pytest.param((ARABIC, RULE), (RULE, ARABIC), id="the order is another"),
        pytest.param(
            (BOOKING, RULE), (replace(BOOKING, skills={}, team="desk"), RULE), id="it asks for less"
        ),
    ],
)
def test_who_waits_falls_under_today_s_rules(before: Sequence[Rule], after: Sequence[Rule]) -> None:
    with world(configuration=staffed(ASLEEP, AWAKE, rules=before, teams=TEAMS), now=TUESDAY_NOON) as hub:
        assert said(hub, 1, text="أريد غرفة لشخصين").consequence.decision.outcome == "waiting"
        said(hub, 2, kind=Kind.REACTION, text="🙏")
        hub.configuration = staffed(ASLEEP, AWAKE, rules=after, teams=TEAMS)
        offers(hub, 2)
        waiting = open_of(hub)
        assert waiting
        assert waiting.owner == "reza"


@pytest.mark.parametrize("owned", [False, True], ids=["without an owner", "with an owner off duty"])
def test_rules_that_change_and_help_nobody_cost_one_offer(owned: bool) -> None:
    asleep = replace(NIGHT, capacity=1)
    people = [replace(DAY, languages={"ar": 5}), asleep] if owned else [asleep]
    with world(configuration=staffed(*people, rules=(ARABIC, RULE)), now=TUESDAY_NOON) as hub:
        hub.configuration = staffed(*people, rules=(replace(ARABIC, team="desk"), RULE))
        said(hub, 1, text="أريد غرفة لشخصين")
        evening(hub)
        offers(hub, 2)
        hub.configuration = staffed(
            *people, rules=(Rule(name="x", words=("x",), team="desk"), replace(ARABIC, team="desk"), RULE)
        )
        assert offers(hub, 5) <= 1
