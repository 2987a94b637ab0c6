"""Whose event it is, who answers, and that it is true only once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.pipeline import hub_events
from chalicelib.store.keys import profile_key
from chalicelib.store.rows import ClosedRow, ProfileRow
from chalicelib.store.table import Conflict
from chalicelib.vocabulary.errors import Transient
from chalicelib.vocabulary.event import ContactKey, Direction, Event, Identity, Kind, own_account, withheld
from chalicelib.vocabulary.messages import Intake
from chalicelib.vocabulary.people import Routing, Rule
from tests.pipeline.world import START, World, a_configuration, message

PHONE = ContactKey(kind="phone", value="+989120000001", verified=True)
ON_TELEGRAM = Identity(channel="telegram", scope="*", id="700000001")


def on_telegram(number: int, **changes: Any) -> Event:
    return message(number, channel="telegram", account="bot", sender=ON_TELEGRAM, **changes)


def test_a_first_message_makes_a_profile_and_gives_it_to_somebody(hub: World) -> None:
    [absorbed] = hub.absorb(message(contact_keys=(PHONE,)))
    profile = hub.profile(absorbed.profile)
    assert absorbed.consequence.opened
    assert absorbed.consequence.decision.outcome == "assigned"
    assert absorbed.consequence.decision.owner in {"neda", "reza"}
    assert {c.person for c in absorbed.consequence.decision.candidates} == {"neda", "reza"}
    assert profile.conversation is not None
    assert profile.conversation.respond_by == START + timedelta(minutes=30)
    assert profile.name == "سارا رستمی"
    assert profile.keys == ("phone#+989120000001",)
    assert profile.counters == {"message": 1, "inbound": 1}
    assert hub.load(absorbed.consequence.decision.owner) == 1


def test_the_same_event_again_changes_nothing(hub: World) -> None:
    [first] = hub.absorb(message())
    before = hub.profile(first.profile)
    assert hub.absorb(message()) == []
    assert hub.profile(first.profile) == before


def test_the_same_event_under_another_sender_id_is_still_one(hub: World) -> None:
    hub.absorb(message())
    assert hub.absorb(message(sender="IR.1000000000000001")) == []


def test_the_same_event_twice_in_one_message_is_one(hub: World) -> None:
    assert len(hub.absorb(message(1), message(1), message(2))) == 2


def test_two_channels_with_one_verified_phone_are_one_customer(hub: World) -> None:
    [first] = hub.absorb(message(contact_keys=(PHONE,)))
    shared = replace(PHONE, value="0912 000 0001")
    [second] = hub.absorb(on_telegram(2, contact_keys=(shared,)))
    assert second.profile == first.profile
    assert second.consequence.decision.outcome == "kept"
    assert len(hub.profile(first.profile).identities) == 2


def test_an_unverified_phone_ties_nothing(hub: World) -> None:
    [first] = hub.absorb(message(contact_keys=(PHONE,)))
    [second] = hub.absorb(on_telegram(2, contact_keys=(replace(PHONE, verified=False),)))
    assert second.profile != first.profile


def test_a_phone_that_turns_up_later_is_a_collision_and_no_merge(hub: World) -> None:
    [first] = hub.absorb(message(contact_keys=(PHONE,)))
    [second] = hub.absorb(on_telegram(2))
    hub.absorb(on_telegram(3, contact_keys=(PHONE,)))
    assert hub.profile(second.profile).collisions == (first.profile,)
    assert hub.profile(second.profile).keys == ()


def test_a_replaced_identity_brings_its_profile(hub: World) -> None:
    [first] = hub.absorb(message(sender="IR.1"))
    old = first.event.customer
    [changed] = hub.absorb(message(2, sender="IR.2", kind=Kind.IDENTITY_CHANGE, previous=old))
    assert changed.profile == first.profile
    [after] = hub.absorb(message(3, sender="IR.2"))
    assert after.profile == first.profile


def test_a_withheld_caller_never_ties(hub: World) -> None:
    one, other = withheld("twilio", "CA1"), withheld("twilio", "CA2")
    [first] = hub.absorb(message(1, customer=one, contact_keys=(PHONE,)))
    [second] = hub.absorb(message(2, customer=other, contact_keys=(PHONE,)))
    assert first.profile != second.profile
    assert hub.profile(first.profile).keys == ()


def test_our_own_post_belongs_to_the_account_and_is_not_routed(hub: World) -> None:
    us = own_account("telegram", "bot")
    [post] = hub.absorb(message(1, customer=us))
    assert hub.profile(post.profile).own
    assert post.consequence.decision.outcome == "none"
    assert post.targets == ()


def test_staff_who_write_are_not_customers(hub: World) -> None:
    configuration = a_configuration()
    neda, reza = configuration.directory.people
    neda = replace(neda, identities=("telegram:700000001",))
    hub.configuration = replace(
        configuration, directory=replace(configuration.directory, people=(neda, reza))
    )
    [absorbed] = hub.absorb(on_telegram(1))
    assert absorbed.event.direction is Direction.INTERNAL
    assert absorbed.consequence.decision.outcome == "none"


@pytest.mark.promise("An owner who is on duty")
def test_capacity_is_never_passed_and_the_rest_wait(hub: World) -> None:
    decisions = [
        hub.absorb(message(n, sender=f"98912000000{n}"))[0].consequence.decision for n in range(1, 6)
    ]
    assert [d.outcome for d in decisions] == ["assigned"] * 4 + ["waiting"]
    assert (hub.load("neda"), hub.load("reza")) == (2, 2)


@pytest.mark.promise("An owner who is on duty")
def test_a_lost_race_for_the_last_place_is_decided_again(hub: World) -> None:
    real = hub.table.transact
    raced: list[bool] = []

    def race(writes):
        if not raced:
            raced.append(True)
            hub.absorb(message(90, sender="989120000090"), message(91, sender="989120000090"))
        real(writes)

    hub.table.transact = race  # type: ignore[method-assign]
    hub.absorb(message(1))
    assert hub.load("neda") + hub.load("reza") == 2


def test_a_conflict_that_does_not_end_is_transient(hub: World) -> None:
    def never(writes):
        raise Conflict

    hub.table.transact = never  # type: ignore[method-assign]
    with pytest.raises(Transient):
        hub.absorb(message(1))


def test_two_first_events_of_one_human_race_and_make_one_profile(hub: World) -> None:
    real = hub.table.transact
    raced: list[bool] = []

    def race(writes):
        if not raced:
            raced.append(True)
            hub.absorb(on_telegram(2, contact_keys=(PHONE,)))
        real(writes)

    hub.table.transact = race  # type: ignore[method-assign]
    [absorbed] = hub.absorb(message(1, contact_keys=(PHONE,)))
    assert hub.profile_of(ON_TELEGRAM).id == absorbed.profile
    rows = [r for r in hub.table.scan() if isinstance(r, ProfileRow)]
    assert len(rows) == 1


def test_idle_conversations_close_and_give_the_place_back(hub: World) -> None:
    [first] = hub.absorb(message(1))
    hub.absorb(message(2, direction=Direction.OUTBOUND))
    hub.later(hours=24, minutes=61)
    assert hub.tick()["closed"] == 1
    hub.run()
    profile = hub.profile(first.profile)
    assert profile.conversation is None
    assert hub.load(first.consequence.decision.owner) == 0
    closed = [r for r in hub.table.partition(f"P#{first.profile}", "C#") if isinstance(r, ClosedRow)]
    assert len(closed) == 1
    assert hub.tick()["closed"] == 0


def test_an_event_in_the_last_moment_keeps_it_open(hub: World) -> None:
    [first] = hub.absorb(message(1))
    hub.absorb(message(2, direction=Direction.OUTBOUND))
    hub.later(hours=25)
    hub.tick()
    # It was received before the conversation was idle, and is absorbed before the wish to close it.
    hub.absorb(message(3, received_at=START + timedelta(hours=23)))
    hub.run()
    assert hub.profile(first.profile).conversation is not None


def test_a_message_after_the_idle_time_opens_a_new_one(hub: World) -> None:
    [first] = hub.absorb(message(1))
    hub.absorb(message(2, direction=Direction.OUTBOUND))
    hub.later(hours=30)
    [ended, second] = hub.absorb(message(3, received_at=hub.now))
    assert ended.consequence.closed
    assert second.consequence.opened
    assert second.consequence.decision.owner == first.consequence.decision.owner, "sticky"
    assert hub.load(first.consequence.decision.owner) == 1


def test_a_person_closes(hub: World) -> None:
    [first] = hub.absorb(message(1))
    conversation = hub.conversation(first.profile)
    hub.emit(hub_events.close(first.profile, conversation, reason="solved", by="neda", now=hub.now))
    hub.emit(hub_events.close(first.profile, conversation, reason="solved", by="neda", now=hub.now))
    hub.run()
    assert hub.profile(first.profile).conversation is None
    assert hub.load(first.consequence.decision.owner) == 0


def test_a_waiting_conversation_is_offered_when_there_is_room(hub: World) -> None:
    for n in range(1, 5):
        hub.absorb(message(n, sender=f"98912000000{n}"))
    [waiting] = hub.absorb(message(5, sender="989120000005"))
    assert waiting.consequence.decision.outcome == "waiting"
    assert hub.tick()["offered"] == 0
    first = hub.profile_of(Identity(channel="whatsapp", scope="*", id="989120000001"))
    conversation = hub.conversation(first.id)
    hub.emit(hub_events.close(first.id, conversation, reason="solved", by="neda", now=hub.now))
    hub.run()
    hub.later(minutes=1)
    assert hub.tick()["offered"] == 1
    hub.run()
    assert hub.conversation(waiting.profile).owner == conversation.owner
    assert (hub.load("neda"), hub.load("reza")) == (2, 2)


def test_an_answer_of_ours_keeps_the_promise(hub: World) -> None:
    [first] = hub.absorb(message(1))
    hub.absorb(message(2, direction=Direction.OUTBOUND, received_at=START + timedelta(minutes=5)))
    assert hub.conversation(first.profile).respond_by is None
    hub.absorb(message(3, received_at=START + timedelta(minutes=9)))
    assert hub.conversation(first.profile).respond_by == START + timedelta(minutes=39)


def indexed(hub: World, profile: str) -> tuple[object, ...]:
    """Where the indexes have a profile."""
    row = hub.table.get(ProfileRow, profile_key(profile))
    assert row is not None
    return row.due_shard, row.work_queue, row.work_at


def test_an_ordinary_event_moves_no_index(hub: World) -> None:
    [first] = hub.absorb(message(1))
    before = indexed(hub, first.profile)
    hub.absorb(message(2, received_at=START + timedelta(minutes=5)))
    assert indexed(hub, first.profile) == before


def test_a_rule_by_words_after_persian_normalisation(hub: World) -> None:
    rules = (Rule(name="complaints", words=("شکایت",), person="reza"), Rule(name="rest", team="desk"))
    hub.configuration = a_configuration(routing=Routing(rules=rules))
    [absorbed] = hub.absorb(message(1, text="من شكايت دارم"))
    assert (absorbed.consequence.decision.rule, absorbed.consequence.decision.owner) == ("complaints", "reza")


def test_many_events_are_committed_in_order_in_chunks(hub: World) -> None:
    events = tuple(message(n) for n in range(95))
    done = hub.process(Intake(customer=events[0].customer, events=events))
    assert [a.event.id for a in done] == [e.id for e in events]
    assert [a.seq for a in done] == sorted(a.seq for a in done)
    assert len({a.seq for a in done}) == 3
    assert hub.profile(done[0].profile).counters["message"] == 95


def test_an_event_too_large_for_a_row_lies_in_the_bucket(hub: World) -> None:
    text = "".join(chr(0x4E00 + (i * 7919 + i * i) % 20000) for i in range(400_000))
    event = message(1, text=text, raw=text.encode())
    [absorbed] = hub.absorb(event)
    kept = hub.stored(event)
    assert kept.event.extra["whole"] in hub.bucket
    assert kept.event.text == text[:20_000] + "…"
    assert hub.absorb(event) == []
    assert absorbed.consequence.opened


def test_an_owner_who_has_left_is_replaced_at_the_next_message(hub: World) -> None:
    [first] = hub.absorb(message(1))
    configuration, owner = hub.configuration, first.consequence.decision.owner
    rest = tuple(p for p in configuration.directory.people if p.id != owner)
    hub.configuration = replace(configuration, directory=replace(configuration.directory, people=rest))
    [second] = hub.absorb(message(2))
    assert second.consequence.moved
    assert second.consequence.decision.owner == rest[0].id
    assert (hub.load(owner), hub.load(rest[0].id)) == (0, 1)
