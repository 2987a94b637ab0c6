"""Our own people are no customers, however a platform names them; and nobody can pretend to be one."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chalicelib.vocabulary.event import ContactKey, Direction, Event, Identity, claimed
from tests.pipeline.test_waiting import REZA, staffed
from tests.pipeline.world import World, message, world


def phone(number: str, *, verified: bool = True) -> tuple[ContactKey, ...]:
    return (ContactKey(kind="phone", value=number, verified=verified),)


def whatsapp(person: str) -> Identity:
    return Identity(channel="whatsapp", scope="*", id=person)


def told(hub: World, *events: Event) -> Direction:
    return hub.absorb(*events)[-1].event.direction


@pytest.mark.parametrize(
    ("listed", "customer", "keys"),
    [
        ("whatsapp:989120000009", whatsapp("989120000009"), ()),
        ("whatsapp:989120000009", whatsapp("IR.9"), phone("+989120000009")),
        ("whatsapp:+989120000009", whatsapp("IR.9"), phone("+989120000009")),
        ("whatsapp:5215512345678", whatsapp("525512345678"), phone("+525512345678")),
        ("whatsapp:525512345678", whatsapp("5215512345678"), phone("+5215512345678")),
        (
            "twilio:whatsapp:+989120000009",
            Identity(channel="twilio", scope="*", id="whatsapp:IR.9"),
            phone("+989120000009"),
        ),
        ("telegram:700000001", Identity(channel="telegram", scope="*", id="700000001"), ()),
    ],
)
def test_who_is_in_the_directory_is_no_customer(
    listed: str, customer: Identity, keys: Sequence[ContactKey]
) -> None:
    with world(configuration=staffed(replace(REZA, identities=(listed,)))) as hub:
        event = message(1, sender=customer, contact_keys=tuple(keys))
        assert told(hub, event) is Direction.INTERNAL
        assert hub.profile_of(customer).conversation is None


def test_who_was_known_by_phone_stays_one_of_us_when_the_phone_is_withheld() -> None:
    with world(configuration=staffed(replace(REZA, identities=("whatsapp:989120000009",)))) as hub:
        told(hub, message(1, sender=whatsapp("IR.9"), contact_keys=phone("+989120000009")))
        assert told(hub, message(2, sender=whatsapp("IR.9"))) is Direction.INTERNAL


def test_who_is_linked_to_an_address_in_the_directory_is_one_of_us_on_every_channel() -> None:
    bot = Identity(channel="telegram", scope="*", id="700000001")
    with world(configuration=staffed(replace(REZA, identities=("telegram:700000001",)))) as hub:
        told(hub, message(1, sender=bot, contact_keys=phone("+989120000009")))
        event = message(2, sender=whatsapp("IR.9"), contact_keys=phone("+989120000009"))
        assert told(hub, event) is Direction.INTERNAL


@pytest.mark.parametrize(
    ("customer", "keys"),
    [
        (claimed("twilio", "+989120000009"), phone("+989120000009", verified=False)),
        (whatsapp("IR.8"), phone("+989120000009", verified=False)),
        (whatsapp("IR.8"), phone("+989120000008")),
        (Identity(channel="telegram", scope="*", id="1"), phone("+989120000009")),
    ],
    ids=["a caller who shows the number", "a card that anybody can send", "another phone", "another channel"],
)
def test_nobody_else_is_taken_for_one_of_us(customer: Identity, keys: Sequence[ContactKey]) -> None:
    listed = ("whatsapp:989120000009", "twilio:+989120000009")
    with world(configuration=staffed(replace(REZA, identities=listed))) as hub:
        assert told(hub, message(1, sender=customer, contact_keys=tuple(keys))) is Direction.INBOUND
