"""Who shows a number (an SMS sender, a caller) is not its holder, unless the account trusts its network."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.vocabulary.event import Direction, Identity, claimed
from chalicelib.vocabulary.people import Profile
from ops import platforms
from tests.pipeline.test_receive import request_of, scene
from tests.pipeline.world import World

SARA = platforms.SARA
PROVED = Identity(channel="twilio", scope="*", id=SARA.phone)
CLAIMED = claimed("twilio", SARA.phone)
FORGEABLE = ("message", "image", "opt_out", "call")


def post(hub: World, channel: str, account: str, kind: str, number: int, **changes: Any) -> None:
    options = scene(channel=channel, account=account, number=number, person=SARA, **changes)
    assert hub.post(channel, account, request_of(platforms.KINDS[channel][kind](**options))).status == 200
    hub.run()


def by_phone(hub: World, kind: str, number: int, **changes: Any) -> None:
    post(hub, "twilio", "sms", kind, number, **changes)


def on_whatsapp(hub: World, number: int) -> Profile:
    """The profile of the holder of the phone, who writes on WhatsApp."""
    post(hub, "whatsapp", "100001", "message", number)
    return hub.profile_of(Identity(channel="whatsapp", scope="*", id=SARA.bsuid))


def trusting(hub: World) -> None:
    accounts = tuple(
        replace(account, trusts_claims=account.channel == "twilio") for account in hub.configuration.accounts
    )
    hub.configuration = replace(hub.configuration, accounts=accounts)


@pytest.mark.parametrize("kind", FORGEABLE)
def test_a_forger_does_not_get_into_the_profile_of_whom_they_show(hub: World, kind: str) -> None:
    victim = on_whatsapp(hub, 1)
    by_phone(hub, kind, 2)
    forger = hub.profile_of(CLAIMED)
    assert forger.id != victim.id
    assert forger.collisions == (victim.id,), "a person may merge them"
    assert forger.phones == ()
    assert hub.profile(victim.id) == victim, "nothing about the victim has changed"


@pytest.mark.parametrize("kind", FORGEABLE)
def test_nor_does_the_victim_get_into_the_forgers(hub: World, kind: str) -> None:
    by_phone(hub, kind, 1)
    forger = hub.profile_of(CLAIMED)
    victim = on_whatsapp(hub, 2)
    assert victim.id != forger.id
    assert victim.phones == (SARA.phone,)


@pytest.mark.parametrize("kind", FORGEABLE)
def test_nor_after_the_victim_has_called_with_proof(hub: World, kind: str) -> None:
    victim = on_whatsapp(hub, 1)
    by_phone(hub, "attested_call", 2)
    assert hub.profile_of(PROVED).id == victim.id, "its carrier vouches for the caller"
    by_phone(hub, kind, 3)
    assert hub.profile_of(CLAIMED).id != victim.id


@pytest.mark.parametrize("kind", FORGEABLE)
def test_nor_after_a_network_that_is_trusted_has_shown_the_number(hub: World, kind: str) -> None:
    distrusting = hub.configuration
    trusting(hub)
    by_phone(hub, "message", 1)
    victim = on_whatsapp(hub, 2)
    assert hub.profile_of(PROVED).id == victim.id
    hub.configuration = distrusting
    by_phone(hub, kind, 3)
    assert hub.profile_of(CLAIMED).id != victim.id


@pytest.mark.parametrize("kind", FORGEABLE)
def test_an_account_that_trusts_its_network_takes_the_claim_for_proof(hub: World, kind: str) -> None:
    trusting(hub)
    holder = on_whatsapp(hub, 1)
    by_phone(hub, kind, 2)
    assert hub.profile_of(PROVED).id == holder.id


@pytest.mark.parametrize(
    ("kind", "direction"), [("message", Direction.INBOUND), ("attested_call", Direction.INTERNAL)]
)
def test_a_claim_makes_nobody_staff(hub: World, kind: str, direction: Direction) -> None:
    directory = hub.configuration.directory
    neda, *others = directory.people
    people = (replace(neda, identities=(f"twilio:{SARA.phone}",)), *others)
    hub.configuration = replace(hub.configuration, directory=replace(directory, people=people))
    by_phone(hub, kind, 1)
    counters = hub.profile_of(PROVED if kind == "attested_call" else CLAIMED).counters
    assert counters[direction.value] == 1


def test_what_we_send_to_a_claimed_number_is_told_of_who_claimed_it(hub: World) -> None:
    accounts = tuple(replace(account, statuses=True) for account in hub.configuration.accounts)
    hub.configuration = replace(hub.configuration, accounts=accounts)
    by_phone(hub, "message", 1)
    by_phone(hub, "delivered", 2, target=9)
    assert hub.profile_of(CLAIMED).counters["status"] == 1


@pytest.mark.parametrize("trusted", [False, True])
def test_whatsapp_through_twilio_is_proved_by_whatsapp(hub: World, trusted: bool) -> None:
    if trusted:
        trusting(hub)
    holder = on_whatsapp(hub, 1)
    by_phone(hub, "whatsapp", 2)
    through_twilio = Identity(channel="twilio", scope="*", id=f"whatsapp:{SARA.bsuid}")
    assert hub.profile_of(through_twilio).id == holder.id


def test_the_claimed_number_is_shown_to_the_crm(hub: World) -> None:
    by_phone(hub, "call", 1)
    [told] = [json.loads(call.body)["data"] for call in hub.calls]
    assert told["event"]["contact_keys"] == [{"kind": "phone", "value": SARA.phone, "verified": False}]
    assert told["profile"]["phones"] == []
