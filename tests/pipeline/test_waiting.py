"""Who waits for us is not forgotten: by the clock, by an owner who is not there, or behind others."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline import hub_events
from chalicelib.vocabulary.delivery import Absorbed
from chalicelib.vocabulary.event import Direction, Identity, Kind, withheld
from chalicelib.vocabulary.people import Conversation, Directory, Hours, Person, Routing, Rule, Team
from tests.pipeline.world import ALWAYS, World, a_configuration, message, world

OFFICE = Hours(
    week={
        **dict.fromkeys(("sat", "sun", "mon", "tue", "wed"), (("08:30", "17:00"),)),
        "thu": (("08:30", "12:30"),),
    }
)
NIGHT = Hours(week=dict.fromkeys(("sat", "sun", "mon", "tue", "wed", "thu", "fri"), (("17:00", "08:30"),)))
RULE = Rule(name="everything", team="desk", respond_within=30)
NEDA = Person(id="neda", name="ندا", languages={"fa": 5}, hours="office", capacity=2)
REZA = Person(id="reza", name="رضا", languages={"fa": 5}, hours="always", capacity=2)
SARA = Identity(channel="whatsapp", scope="*", id="989120000001")

TUESDAY_NOON = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
THURSDAY_NOON = datetime(2026, 11, 26, 8, 45, tzinfo=UTC)


def staffed(*people: Person, rules: Sequence[Rule] = (RULE,), teams: Sequence[Team] = ()) -> Configuration:
    desk = (Team(id="desk", name="پذیرش", members=tuple(person.id for person in people)),)
    hours = {"office": OFFICE, "always": ALWAYS, "night": NIGHT}
    directory = Directory(people=people, teams=tuple(teams) or desk, hours=hours)
    return replace(a_configuration(), directory=directory, routing=Routing(rules=tuple(rules)))


def said(hub: World, number: int = 1, **changes: Any) -> Absorbed:
    return hub.absorb(message(number, received_at=hub.now, occurred_at=hub.now, **changes))[-1]


def answered(hub: World, number: int) -> None:
    said(hub, number, direction=Direction.OUTBOUND)


def minutes_pass(hub: World, minutes: int) -> None:
    for _ in range(minutes):
        hub.later(minutes=1)
        hub.tick()
        hub.run()


def hours_pass(hub: World, hours: int) -> None:
    for _ in range(hours):
        hub.later(hours=1)
        hub.tick()
        hub.run()


def open_of(hub: World) -> Conversation | None:
    return hub.profile_of(SARA).conversation


def test_nobody_s_conversation_is_not_idle_over_a_weekend_and_is_offered_when_the_desk_opens():
    with world(configuration=staffed(NEDA), now=datetime(2026, 11, 26, 14, 30, tzinfo=UTC)) as hub:
        first = said(hub).consequence
        assert first.decision.outcome == "waiting"
        assert first.decision.respond_by == datetime(2026, 11, 28, 5, 30, tzinfo=UTC)
        hours_pass(hub, 38)  # Saturday 08:00 in Tehran
        assert open_of(hub)
        hours_pass(hub, 1)
        conversation = open_of(hub)
        assert conversation
        assert conversation.owner == "neda"


def test_an_unkept_promise_is_not_idle():
    with world(configuration=staffed(NEDA), now=THURSDAY_NOON) as hub:
        said(hub)
        hours_pass(hub, 60)
        assert open_of(hub)


def test_idle_counts_from_the_commit_when_that_was_later():
    slow = replace(staffed(REZA), routing=Routing(rules=(RULE,), idle=30))
    with world(configuration=slow) as hub:
        late = hub.now - timedelta(minutes=40)
        hub.absorb(message(1, received_at=late), message(2, received_at=late, direction=Direction.OUTBOUND))
        minutes_pass(hub, 20)
        assert open_of(hub)
        minutes_pass(hub, 30)
        assert not open_of(hub)


def test_an_end_that_the_next_message_brings_is_told_to_targets():
    with world(configuration=staffed(REZA)) as hub:
        first = said(hub).consequence.conversation
        answered(hub, 2)
        hub.later(hours=24, minutes=1)
        ended, opened = hub.absorb(message(3, received_at=hub.now))
        assert (ended.event.kind, ended.event.target_id) == (Kind.CLOSE, first.id if first else "")
        assert ended.targets
        assert ended.consequence.closed
        assert opened.consequence.opened
        hub.tick()
        hub.run()
        assert open_of(hub), "the clock's own close of the same conversation is the same event"


@pytest.mark.parametrize("kind", [Kind.MESSAGE, Kind.POSTBACK, Kind.CALL, Kind.REFERRAL, Kind.MENTION])
def test_what_opens_a_conversation_renews_its_promise(kind):
    with world(configuration=staffed(REZA)) as hub:
        said(hub)
        answered(hub, 2)
        assert said(hub, 3, kind=kind).consequence.decision.respond_by == hub.now + timedelta(minutes=30)


def test_a_new_question_goes_to_who_is_on_duty():
    with world(configuration=staffed(NEDA, replace(REZA, hours="night")), now=TUESDAY_NOON) as hub:
        assert said(hub).consequence.decision.owner == "neda"
        answered(hub, 2)
        hub.now = TUESDAY_NOON + timedelta(hours=11)
        told = said(hub, 3).consequence
        assert (told.decision.owner, told.moved) == ("reza", True)


def test_an_owner_off_duty_keeps_it_if_nobody_else_can_take_it_and_promises_for_the_morning():
    with world(configuration=staffed(NEDA), now=TUESDAY_NOON) as hub:
        said(hub)
        answered(hub, 2)
        hub.now = TUESDAY_NOON + timedelta(hours=11)
        told = said(hub, 3).consequence
        assert (told.decision.outcome, told.decision.owner, told.moved) == ("kept", "neda", False)
        assert "off duty" in told.decision.reason
        assert told.decision.respond_by == datetime(2026, 11, 25, 5, 30, tzinfo=UTC)
        minutes_pass(hub, 2)
        conversation = open_of(hub)
        assert conversation
        assert conversation.owner == "neda"


def test_when_the_owner_s_shift_ends_with_a_promise_unkept_the_clock_hands_on():
    with world(configuration=staffed(NEDA, replace(REZA, hours="night")), now=TUESDAY_NOON) as hub:
        assert said(hub).consequence.decision.owner == "neda"
        hub.now = TUESDAY_NOON + timedelta(hours=6)  # neda's shift ended at 17:00
        minutes_pass(hub, 1)
        conversation = open_of(hub)
        assert conversation
        assert conversation.owner == "reza"
        assert (hub.load("neda"), hub.load("reza")) == (0, 1)


def test_what_was_answered_stays_with_an_owner_who_is_off_duty():
    with world(configuration=staffed(NEDA, replace(REZA, hours="night")), now=TUESDAY_NOON) as hub:
        said(hub)
        answered(hub, 2)
        hub.now = TUESDAY_NOON + timedelta(hours=6)
        minutes_pass(hub, 2)
        conversation = open_of(hub)
        assert conversation
        assert conversation.owner == "neda"


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize(
    "people",
    [
        (REZA,),
        (
            replace(NEDA, hours="always", away=(("2026-11-25", "2026-11-30"),), stand_in="reza"),
            REZA,
        ),
    ],
    ids=["left", "on leave"],
)
def test_who_is_gone_owns_nothing(people, kept):
    with world(configuration=staffed(replace(NEDA, hours="always"))) as hub:
        said(hub)
        if kept:
            answered(hub, 2)
        hub.configuration = staffed(*people)
        minutes_pass(hub, 1)
        conversation = open_of(hub)
        assert conversation
        assert conversation.owner == "reza"
        assert (conversation.respond_by is None) == kept
        assert hub.load("neda") == 0


def test_who_is_gone_owns_nothing_though_nobody_can_take_it_and_targets_hear_of_it():
    with world(configuration=staffed(replace(NEDA, hours="always"))) as hub:
        said(hub)
        hub.run()
        hub.configuration = staffed(replace(REZA, capacity=1, hours="night"))
        hub.now = TUESDAY_NOON + timedelta(days=1)
        before = len(hub.calls)
        minutes_pass(hub, 1)
        conversation = open_of(hub)
        assert conversation
        assert conversation.owner == ""
        assert hub.load("neda") == 0
        assert len(hub.calls) == before + 1
        minutes_pass(hub, 1)
        assert len(hub.calls) == before + 1, "it is told once"


def test_a_promise_counts_from_when_somebody_who_can_answer_comes():
    arabic = replace(NEDA, languages={"ar": 5})
    with world(configuration=staffed(arabic, REZA), now=TUESDAY_NOON + timedelta(hours=7)) as hub:
        told = said(hub, text="أريد حجز غرفة لشخصين").consequence.decision
        assert told.outcome == "waiting"
        assert told.respond_by == datetime(2026, 11, 25, 5, 30, tzinfo=UTC)


def test_a_promise_falls_into_the_working_time_of_who_owes_it():
    with world(configuration=staffed(NEDA), now=datetime(2026, 11, 24, 13, 20, tzinfo=UTC)) as hub:
        told = said(hub).consequence.decision  # ten minutes before neda goes home
        assert told.owner == "neda"
        assert told.respond_by == datetime(2026, 11, 25, 5, 20, tzinfo=UTC)


@pytest.mark.parametrize("changes", [{"text": "؟"}, {"text": "ok"}, {"kind": Kind.POSTBACK, "text": "menu"}])
def test_who_waits_stays_under_the_rule_they_came_under(changes):
    skilled = replace(NEDA, hours="night", skills={"booking": 5})
    booking = Rule(name="رزرو", words=("رزرو",), team="desk", skills={"booking": 3}, respond_within=15)
    configuration = staffed(skilled, REZA, rules=(booking, RULE))
    with world(configuration=configuration, now=TUESDAY_NOON) as hub:
        assert said(hub, text="رزرو اتاق می‌خواستم").consequence.decision.outcome == "waiting"
        told = said(hub, 2, **changes).consequence.decision
        assert (told.outcome, told.rule) == ("waiting", "رزرو")


def test_what_comes_together_stays_under_the_rule_of_its_first():
    skilled = replace(NEDA, hours="night", skills={"booking": 5})
    booking = Rule(name="رزرو", words=("رزرو",), team="desk", skills={"booking": 3}, respond_within=15)
    with world(configuration=staffed(skilled, REZA, rules=(booking, RULE)), now=TUESDAY_NOON) as hub:
        both = (message(1, text="رزرو اتاق می‌خواستم"), message(2, text="؟"))
        told = [absorbed.consequence.decision for absorbed in hub.absorb(*both)]
        assert [(decision.outcome, decision.rule) for decision in told] == [("waiting", "رزرو")] * 2


@pytest.mark.parametrize("many", [20, pytest.param(320, marks=pytest.mark.slow)])
def test_those_whom_nobody_can_help_hold_nobody_back(many):
    with world(configuration=staffed(replace(REZA, hours="night")), now=TUESDAY_NOON) as hub:
        for number in range(many):
            hub.absorb(message(number, sender=f"98912001{number:04d}", text="مرحبا، أريد غرفة"))
        said(hub, 999)
        hub.configuration = staffed(REZA)
        minutes_pass(hub, 1)
        conversation = open_of(hub)
        assert conversation
        assert conversation.owner == "reza"


def test_a_close_that_has_not_seen_the_customer_s_newer_word_closes_nothing():
    with world(configuration=staffed(REZA)) as hub:
        first = said(hub)
        answered(hub, 2)
        seen = hub.conversation(first.profile)
        stale = hub_events.close(first.profile, seen, reason="answered", by="neda", now=hub.now)
        hub.later(minutes=10)
        said(hub, 3, text="هنوز جواب نگرفتم")
        hub.emit(stale)
        hub.run()
        assert open_of(hub)
        now = hub_events.close(
            first.profile, hub.conversation(first.profile), reason="answered", by="neda", now=hub.now
        )
        hub.emit(now)
        hub.run()
        assert not open_of(hub)


def test_anonymous_calls_fill_no_place():
    with world(configuration=staffed(replace(REZA, capacity=1))) as hub:
        for number in range(3):
            told = hub.absorb(
                message(number, kind=Kind.CALL, customer=withheld("twilio", f"CA{number}"), text="")
            )
            assert told[0].consequence.decision.outcome == "none"
        assert said(hub, 9).consequence.decision.owner == "reza"


def test_a_rule_that_was_renamed_keeps_nobody_waiting():
    skilled = Rule(name="old", team="desk", skills={"visa": 5})
    with world(configuration=staffed(REZA, rules=(skilled,))) as hub:
        assert said(hub).consequence.decision.outcome == "waiting"
        hub.configuration = staffed(REZA, rules=(replace(skilled, name="new"),))
        minutes_pass(hub, 1)
        conversation = open_of(hub)
        assert conversation
        assert (conversation.rule, conversation.owner) == ("new", "")
        hub.configuration = staffed(replace(REZA, skills={"visa": 5}), rules=(replace(skilled, name="new"),))
        minutes_pass(hub, 1)
        conversation = open_of(hub)
        assert conversation
        assert conversation.owner == "reza"
