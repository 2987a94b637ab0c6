"""One human with one phone is one customer, however the phone is written; and who only claims it is not."""

from typing import Any

import pytest

from chalicelib.store.keys import contact_key
from chalicelib.store.rows import KeyRow
from chalicelib.vocabulary.event import ContactKey, Direction, Event, Identity
from tests.pipeline.world import World, message

PAIRS = [
    ("+5215512345678", "+525512345678"),
    ("+553188776655", "+5531988776655"),
    ("+22997123456", "+2290197123456"),
]
both_ways = pytest.mark.parametrize(("first", "second"), [*PAIRS, *(pair[::-1] for pair in PAIRS)])


def phone(value: str, *, verified: bool = True) -> tuple[ContactKey, ...]:
    return (ContactKey(kind="phone", value=value, verified=verified),)


def by_sms(number: int, value: str, **changes: Any) -> Event:
    sender = Identity(channel="twilio", scope="*", id=value)
    return message(number, channel="twilio", account="sms", sender=sender, **changes)


@both_ways
def test_an_old_and_a_new_spelling_are_one_customer(hub: World, first: str, second: str) -> None:
    [one] = hub.absorb(message(1, sender=first[1:], contact_keys=phone(first)))
    [other] = hub.absorb(by_sms(2, second, contact_keys=phone(second)))
    assert one.profile == other.profile
    assert len(hub.profile(one.profile).phones) == 1


def test_an_echo_to_the_old_spelling_is_to_the_same_customer(hub: World) -> None:
    [one] = hub.absorb(by_sms(1, "+5531988776655", contact_keys=phone("+5531988776655")))
    echo = message(
        2, sender="553188776655", direction=Direction.OUTBOUND, contact_keys=phone("+553188776655")
    )
    [other] = hub.absorb(echo)
    assert one.profile == other.profile


def test_a_profile_that_was_stored_under_the_old_spelling_is_found(hub: World) -> None:
    [one] = hub.absorb(message(1, sender="553188776655"))
    pk, sk = contact_key("phone#+553188776655")
    hub.table.put(KeyRow(pk, sk, profile=one.profile))
    [other] = hub.absorb(by_sms(2, "+5531988776655", contact_keys=phone("+5531988776655")))
    assert other.profile == one.profile
    assert hub.table.get(KeyRow, contact_key("phone#+5531988776655")), "it is known by today's from now on"


def test_a_spelling_of_somebody_elses_is_a_collision_and_stays_theirs(hub: World) -> None:
    [one] = hub.absorb(message(1, sender="553188776655"))
    pk, sk = contact_key("phone#+553188776655")
    hub.table.put(KeyRow(pk, sk, profile=one.profile))
    [other] = hub.absorb(by_sms(2, "+5531988776655"))
    hub.absorb(by_sms(3, "+5531988776655", contact_keys=phone("+5531988776655")))
    assert hub.profile(other.profile).collisions == (one.profile,)
    assert hub.table.get(KeyRow, contact_key("phone#+5531988776655")) is None


@pytest.mark.parametrize(("value", "counted"), [("+5215512", 1), ("+525512345678", 0), ("+989120000001", 0)])
def test_a_verified_phone_that_nobody_can_read_is_counted(hub: World, value: str, counted: int) -> None:
    event = message(1, contact_keys=phone(value))
    hub.absorb(event)
    assert hub.counts["phone_unread"] == counted
    hub.absorb(event)
    assert hub.counts["phone_unread"] == counted, "once"


def test_a_claimed_phone_that_nobody_can_read_is_not(hub: World) -> None:
    hub.absorb(message(1, contact_keys=phone("+5215512", verified=False)))
    assert hub.counts["phone_unread"] == 0


@pytest.mark.parametrize("number", ["+989120000001", "+525512345678"])
def test_who_claims_a_phone_is_somebody_new_and_suggested(hub: World, number: str) -> None:
    [victim] = hub.absorb(message(1, contact_keys=phone(number)))
    [claimer] = hub.absorb(by_sms(2, number, contact_keys=phone(number, verified=False)))
    [again] = hub.absorb(by_sms(3, number, contact_keys=phone(number, verified=False)))
    assert again.profile == claimer.profile != victim.profile
    assert hub.profile(claimer.profile).collisions == (victim.profile,)
    assert hub.profile(claimer.profile).phones == ()


def test_who_claims_a_phone_first_keeps_its_owner_from_nothing(hub: World) -> None:
    [claimer] = hub.absorb(by_sms(1, "+989120000001", contact_keys=phone("+989120000001", verified=False)))
    [owner] = hub.absorb(message(2, contact_keys=phone("+989120000001")))
    hub.absorb(by_sms(3, "+989120000001", contact_keys=phone("+989120000001", verified=False)))
    assert owner.profile != claimer.profile
    assert hub.profile(owner.profile).phones == ("+989120000001",)
    assert hub.profile(claimer.profile).collisions == (owner.profile,)
