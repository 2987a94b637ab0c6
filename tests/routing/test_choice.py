"""The decision: who, why, and why not everybody else."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.routing.choice import considered, decide
from chalicelib.routing.hours import next_on_duty, on_duty
from chalicelib.routing.rules import rule_for
from chalicelib.vocabulary.people import Directory, Hours, Routing, Rule, Team
from tests.routing.worlds import HOURS, NOW, conversation, directory, person, profile, question, routing

SARA, REZA, LEILA = person("sara"), person("reza"), person("leila")
AWAY = (("2026-11-24", "2026-11-26"),)


def decided(people, said="سلام", customer=None, rule=None, **given):
    given = {"loads": {}, "now": NOW, "config_version": "7", **given}
    return decide(
        rule_for(question(said, customer), routing(rule or Rule(name="all", team="desk"))),
        directory=people if isinstance(people, Directory) else directory(*people),
        **given,
    )


def reasons(decision):
    return {candidate.person: candidate.reason for candidate in decision.candidates}


def test_a_decision_explains_itself():
    busy, better = person("reza", capacity=4), person("leila", capacity=8, languages={"fa": 4})
    people = (SARA, busy, better, person("omid", languages={"en": 5}), person("nima", hours="never"))
    found = decided(
        people,
        loads={"sara": 5, "reza": 2, "leila": 4},
        said="رزرو",
        rule=Rule(name="رزرو", words=("رزرو",), team="desk"),
    )
    assert (found.outcome, found.rule, found.team, found.config_version) == ("assigned", "رزرو", "desk", "7")
    assert found.reason == f"rule “رزرو”: words رزرو; {found.owner} takes it"
    assert found.respond_by == NOW + timedelta(minutes=60)
    assert found.respond_within == 60
    assert [c.person for c in found.candidates if c.chosen] == [found.owner]
    told = reasons(found)
    assert told.pop(found.owner).startswith("the least busy: ")
    assert told["leila"] == "as busy (4 of 8), but less able: 4 to 5"
    assert told["omid"] == "does not speak fa"
    assert told["nima"] == "off duty for the next two months"
    assert len(found.candidates) == 5


def test_least_busy_for_their_capacity():
    found = decided((person("sara", capacity=20), person("reza", capacity=2)), loads={"sara": 5, "reza": 1})
    assert found.owner == "sara"
    assert reasons(found)["reza"] == "busier: 1 of 2"


def test_the_more_able_among_equally_busy():
    rule = Rule(name="all", team="desk", skills={"visa": 2})
    people = (
        person("sara", skills={"visa": 3}),
        person("reza", skills={"visa": 5}),
        person("leila", skills={"visa": 1}),
    )
    found = decided(people, rule=rule)
    assert found.owner == "reza"
    assert reasons(found) == {
        "reza": "the least busy: 0 of 10",
        "sara": "as busy (0 of 10), but less able: 8 to 10",
        "leila": "has visa at 1, needed is 2",
    }


def test_the_lot_is_the_customers_own_and_falls_evenly():
    owners = [decided((SARA, REZA), customer=profile(id=f"p{n}")).owner for n in range(200)]
    assert owners == [decided((REZA, SARA), customer=profile(id=f"p{n}")).owner for n in range(200)]
    assert 70 < owners.count("sara") < 130


def test_who_answered_last_is_asked_first():
    found = decided((SARA, REZA), customer=profile(last_owner="reza"), loads={"reza": 9})
    assert found.owner == "reza"
    assert reasons(found)["reza"] == "answered this customer last, and has room: 9 of 10"
    assert reasons(found)["sara"] == "could take it (0 of 10), but reza answered this customer last"


def test_who_answered_last_need_not_be_in_the_team():
    found = decided(directory(SARA, REZA, members=["sara"]), customer=profile(last_owner="reza"))
    assert found.owner == "reza"


@pytest.mark.parametrize(
    ("last", "loads", "rule"),
    [
        (person("reza", hours="night"), {}, {}),
        (REZA, {"reza": 10}, {}),
        (person("reza", languages={"en": 5}), {}, {}),
        (person("reza", away=AWAY), {}, {}),
        (REZA, {}, {"skills": {"visa": 1}}),
        (REZA, {}, {"sticky": False}),
        (REZA, {}, {"team": "", "person": "sara"}),
        (person("gone"), {}, {}),
    ],
)
def test_who_answered_last_is_passed_over(last, loads, rule):
    people = directory(person("sara", skills={"visa": 1}), last, members=["sara"])
    rule = Rule(**{"name": "all", "team": "desk", **rule})
    found = decided(people, customer=profile(last_owner="reza"), loads=loads, rule=rule)
    assert found.owner == "sara"


def test_a_stand_in_is_asked_for_somebody_away_and_the_stand_ins_in_turn():
    people = directory(
        person("sara", away=AWAY, stand_in="reza"),
        person("reza", away=AWAY, stand_in="leila"),
        LEILA,
        members=["sara"],
    )
    found = decided(people)
    assert found.owner == "leila"
    assert reasons(found)["sara"] == "away until 2026-11-28 09:00 Asia/Tehran; reza stands in"


def test_a_circle_of_stand_ins_ends():
    people = directory(person("sara", away=AWAY, stand_in="reza"), person("reza", away=AWAY, stand_in="sara"))
    assert decided(people).outcome == "waiting"


def test_off_duty_is_not_away():
    people = directory(person("sara", hours="night", stand_in="reza"), REZA, members=["sara"])
    found = decided(people)
    assert found.outcome == "waiting"
    assert [c.person for c in found.candidates] == ["sara"]


@pytest.mark.promise("An owner who is on duty")
@pytest.mark.parametrize(
    ("people", "given", "reason", "minutes"),
    [
        (
            (person("sara", hours="night"),),
            {},
            "nobody is on duty until 2026-11-25 22:00 Asia/Tehran",
            10 * 60 + 30,
        ),
        ((person("sara", hours="never"),), {}, "nobody is on duty for the next two months", 0),
        (
            (person("sara", away=AWAY), person("reza", hours="night")),
            {},
            "nobody is on duty until 2026-11-25 22:00 Asia/Tehran",
            10 * 60 + 30,
        ),
        ((SARA, REZA), {"loads": {"sara": 10, "reza": 11}}, "all 2 who could take it are full", 0),
        ((person("sara", capacity=0),), {}, "all 1 who could take it are full", 0),
        (
            (SARA, person("reza", hours="night", languages={"ar": 5})),
            {"said": "مرحبا"},
            "nobody on duty speaks ar",
            630,  # the one who does comes at 22:00 in Tehran
        ),
        (
            (SARA, person("reza", languages={"en": 1}, skills={"visa": 5})),
            {"rule": Rule(name="all", team="desk", skills={"visa": 3})},
            "nobody on duty who speaks fa has visa ≥ 3",
            0,
        ),
        ((SARA,), {"rule": Rule(name="all", team="nobody")}, "team nobody has no members", 0),
        ((SARA,), {"rule": Rule(name="all", person="gone")}, "there is no person gone", 0),
    ],
)
def test_waiting_says_why_and_promises_from_when_somebody_is_there(people, given, reason, minutes):
    found = decided(people, **given)
    assert (found.outcome, found.owner) == ("waiting", "")
    assert found.reason == f"rule “all”: it holds for everything; {reason}"
    assert found.respond_by == NOW + timedelta(minutes=minutes + 60)


def test_persian_in_latin_letters_needs_persian_and_no_language_needs_nobody_in_particular():
    english = person("sara", languages={"en": 5})
    assert decided((english, REZA), said="salam otagh mikham").owner == "reza"
    assert decided((english,), said="ok").owner == "sara"


def test_a_rule_for_a_person_waits_in_their_team():
    found = decided((person("sara", hours="night"), REZA), rule=Rule(name="all", person="sara"))
    assert (found.outcome, found.team) == ("waiting", "desk")


def test_no_rule_holds():
    found = decide(rule_for(question(), Routing()), directory=directory(SARA), loads={}, now=NOW)
    assert (found.outcome, found.reason) == ("waiting", "no rule holds, so it is in no team's queue")


def test_a_promise_that_was_given_stands():
    given = NOW - timedelta(minutes=50)
    assert decided((SARA,), customer=profile(conversation=conversation(respond_by=given))).respond_by == given
    answered = profile(conversation=conversation(respond_by=None))
    assert decided((SARA,), customer=answered).respond_by == NOW + timedelta(minutes=60)


def test_after_a_lost_race_the_next_is_found_until_nobody_has_room():
    loads: dict[str, int] = {}
    owners = []
    for _ in range(5):
        found = decided((person("sara", capacity=2), person("reza", capacity=2)), loads=loads)
        owners.append(found.owner)
        loads = {**loads, found.owner: loads.get(found.owner, 0) + 1}
    assert sorted(owners) == ["", "reza", "reza", "sara", "sara"]


def test_considered_covers_whoever_decide_may_look_at():
    people = directory(person("sara", stand_in="omid"), REZA, LEILA, person("omid"), members=["sara", "reza"])
    everything, known = routing(), question(customer=profile(last_owner="leila"))
    assert considered(rule_for(question(), everything), people) == ("sara", "omid", "reza")
    assert considered(rule_for(known, everything), people) == ("leila", "sara", "omid", "reza")
    assert considered(rule_for(known, routing(Rule(name="one", person="reza"))), people) == ("reza",)
    assert considered(rule_for(known, Routing()), people) == ()


names = st.sampled_from(["sara", "reza", "leila", "omid", "mina"])
staff = st.builds(
    person,
    names,
    hours=st.sampled_from([*HOURS, ""]),
    languages=st.dictionaries(st.sampled_from(["fa", "ar", "en"]), st.integers(1, 5)),
    skills=st.dictionaries(st.just("visa"), st.integers(1, 5)),
    capacity=st.integers(0, 3),
    away=st.sampled_from([(), AWAY]),
    stand_in=st.one_of(st.just(""), names),
)


@st.composite
def worlds(draw):
    people = draw(st.lists(staff, max_size=5, unique_by=lambda p: p.id))
    members = draw(st.lists(names, max_size=5, unique=True))
    return Directory(
        people=tuple(people), teams=(Team(id="desk", name="d", members=tuple(members)),), hours=HOURS
    )


@pytest.mark.promise("An owner who is on duty")
@given(
    world=worlds(),
    loads=st.dictionaries(names, st.integers(0, 3)),
    said=st.sampled_from(["سلام", "مرحبا", "hello there", "👍", "ok"]),
    hours=st.integers(0, 24 * 7),
    last=st.sampled_from(["", "sara", "mina"]),
    skills=st.sampled_from([{}, {"visa": 3}]),
    sticky=st.booleans(),
)
def test_nobody_gets_what_they_cannot_take(*, world, loads, said, hours, last, skills, sticky):
    now = NOW + timedelta(hours=hours)
    rule = Rule(name="all", team="desk", skills=skills, sticky=sticky)
    customer = profile(last_owner=last)
    found = decided(world, said=said, customer=customer, rule=rule, loads=loads, now=now)
    language = {"سلام": "fa", "مرحبا": "ar", "hello there": "en", "👍": "fa", "ok": ""}[said]

    def can_take(each):
        duty = HOURS.get(each.hours) or Hours(week=dict.fromkeys(HOURS["night"].week, (("00:00", "24:00"),)))
        return (
            on_duty(duty, now, away=each.away)
            and loads.get(each.id, 0) < each.capacity
            and (not language or language in each.languages)
            and all(each.skills.get(skill, 0) >= least for skill, least in skills.items())
        )

    people = {each.id: each for each in world.people}
    named = [candidate.person for candidate in found.candidates]
    assert len(set(named)) == len(named)
    assert set(named) <= set(considered(rule_for(question(said, customer), routing(rule)), world))
    assert {m for m in world.teams[0].members if m in people} <= set(named)
    assert all(candidate.reason for candidate in found.candidates)
    assert found.respond_by is not None
    if found.outcome == "assigned":
        assert can_take(people[found.owner])
        assert [c.person for c in found.candidates if c.chosen] == [found.owner]
        if sticky and last in people and can_take(people[last]):
            assert found.owner == last
    else:
        assert (found.outcome, found.owner) == ("waiting", "")
        assert not any(can_take(people[name]) for name in named)
        assert not any(candidate.chosen for candidate in found.candidates)


def test_the_moment_named_is_the_moment_somebody_comes():
    people = (person("sara", hours="night"),)
    since = next_on_duty(HOURS["night"], NOW)
    assert decided(people, now=since).outcome == "assigned"
