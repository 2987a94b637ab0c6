"""Whose what is said in a group is: of those who speak, or of the group, as the account says."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.pipeline.groups import as_account_says
from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.event import Event, Identity, withheld
from chalicelib.vocabulary.people import Person
from chalicelib.vocabulary.request import Request
from tests.channels.shelf import FIXTURES, TEXTS
from tests.pipeline.world import START, World

SARA, OMID = 700000001, 700000002
CHAT = {"id": -1000000000001, "type": "supergroup", "title": "مشتریان"}
GROUP = withheld("telegram", "-1000000000001")


def person(number: int) -> Identity:
    return Identity(channel="telegram", scope="*", id=f"{number}")


def say(hub: World, number: int, speaker: int, chat: dict[str, Any] | None = None, **content: Any) -> None:
    user = {"id": speaker, "is_bot": False, "first_name": "سارا" if speaker == SARA else "Omid"}
    private = {"id": speaker, "type": "private"}
    message = {"message_id": number, "from": user, "chat": chat or private, "date": int(START.timestamp())}
    body = {"update_id": 900 + number, "message": {**message, **(content or {"text": f"سلام {number}"})}}
    headers = {"x-telegram-bot-api-secret-token": "telegram-secret", "content-type": "application/json"}
    request = Request(
        method="POST",
        url="/webhooks/telegram/bot",
        headers=headers,
        body=json.dumps(body).encode(),
        received_at=START,
    )
    assert hub.post("telegram", "bot", request).status == 200
    hub.run()


def groups(hub: World, word: str) -> None:
    accounts = tuple(
        replace(account, groups=word) if account.channel == "telegram" else account
        for account in hub.configuration.accounts
    )
    hub.configuration = replace(hub.configuration, accounts=accounts)


def known(hub: World, identity: Identity) -> bool:
    try:
        hub.profile_of(identity)
    except AssertionError:
        return False
    return True


def test_unless_the_account_says_more_each_who_speaks_has_a_conversation(hub: World) -> None:
    say(hub, 1, SARA, CHAT)
    say(hub, 2, OMID, CHAT)
    conversations = {hub.conversation(hub.profile_of(person(who)).id).id for who in (SARA, OMID)}
    assert len(conversations) == 2
    assert not known(hub, GROUP)


def test_a_group_may_have_one_conversation(hub: World) -> None:
    groups(hub, "chat")
    say(hub, 1, SARA, CHAT)
    say(hub, 2, OMID, CHAT)
    group = hub.profile_of(GROUP)
    assert group.name == CHAT["title"]
    assert group.counters["message"] == 2
    assert hub.conversation(group.id).owner
    assert not known(hub, person(SARA))
    assert sum(hub.load(one) for one in ("neda", "reza")) == 1


def test_a_group_may_have_none_and_nothing_is_lost(hub: World) -> None:
    groups(hub, "none")
    say(hub, 1, SARA, CHAT)
    say(hub, 2, OMID, CHAT, text="/start nowruz")
    group = hub.profile_of(GROUP)
    assert group.conversation is None
    assert group.counters["message"] == 1
    assert group.counters["referral"] == 1
    assert len(hub.calls) == 2
    assert hub.counts["routed"] == 2


def test_in_private_the_same_person_has_a_conversation_whatever_holds_in_groups(hub: World) -> None:
    groups(hub, "none")
    say(hub, 1, SARA, CHAT)
    say(hub, 2, SARA)
    assert hub.conversation(hub.profile_of(person(SARA)).id).owner
    assert hub.profile_of(GROUP).conversation is None


def test_a_conversation_that_is_open_gets_no_new_promise_once_groups_have_none(hub: World) -> None:
    groups(hub, "chat")
    say(hub, 1, SARA, CHAT)
    say(hub, 2, SARA, CHAT, sender_chat=CHAT, text="پاسخ ما")
    group = hub.profile_of(GROUP)
    assert hub.conversation(group.id).respond_by is None, "our own side has answered"
    groups(hub, "none")
    say(hub, 3, SARA, CHAT)
    assert hub.conversation(group.id).respond_by is None


def test_a_phone_that_somebody_shows_in_a_group_is_not_the_groups(hub: World) -> None:
    groups(hub, "chat")
    contact = {"phone_number": "+989120000001", "first_name": "سارا", "user_id": SARA}
    say(hub, 1, SARA, CHAT, contact=contact)
    assert hub.profile_of(GROUP).phones == ()


def test_a_colleague_in_a_group_is_no_customer(hub: World) -> None:
    groups(hub, "chat")
    people = tuple(
        replace(one, identities=(f"telegram:{OMID}",)) if one.id == "neda" else one
        for one in hub.configuration.directory.people
    )
    assert isinstance(people[0], Person)
    directory = replace(hub.configuration.directory, people=people)
    hub.configuration = replace(hub.configuration, directory=directory)
    say(hub, 1, OMID, CHAT)
    assert hub.profile_of(GROUP).conversation is None


def in_groups() -> list[Event]:
    parts = [part for fixture in FIXTURES for part in fixture.parsed if isinstance(part, Event)]
    return [part for part in parts if "group" in part.extra]


@pytest.mark.parametrize("word", ["chat", "none"])
@pytest.mark.parametrize("event", in_groups(), ids=lambda event: event.key)
def test_every_channel_tells_what_is_said_in_a_group(event: Event, word: str) -> None:
    account = Account(channel=event.channel, id=event.account)
    assert as_account_says(event, account) == event
    shared = as_account_says(event, replace(account, groups=word))
    assert shared.customer == withheld(event.channel, event.chat)
    assert shared.sender == (event.sender or event.customer)
    assert (shared.key, shared.text, shared.contact_keys) == (event.key, event.text, ())


def test_the_shelf_has_groups_of_each_channel_that_knows_them() -> None:
    assert {event.channel for event in in_groups()} >= {"whatsapp", "telegram"}


@pytest.mark.parametrize("channel", TEXTS)
def test_what_is_said_in_private_is_the_persons(channel: str) -> None:
    (event,) = TEXTS[channel].parsed
    assert isinstance(event, Event)
    assert as_account_says(event, Account(channel=channel, id=event.account, groups="chat")) == event


def test_targets_are_told_who_spoke(hub: World) -> None:
    groups(hub, "chat")
    say(hub, 1, SARA, CHAT)
    [call] = hub.calls
    event = json.loads(call.body)["data"]["event"]
    assert event["extra"]["speaker"] == "سارا"
    assert event["sender"]["id"] == f"{SARA}"
