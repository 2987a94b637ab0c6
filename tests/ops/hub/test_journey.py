from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from chalicelib.store.keys import identity_key
from chalicelib.store.rows import IdentityRow
from chalicelib.vocabulary.delivery import Absorbed, Reply
from chalicelib.vocabulary.event import ContactKey, Direction, Identity, Kind, own_account
from chalicelib.vocabulary.people import Consequence, Decision, Directory, Outcome
from ops.hub.journey import Line, folded
from tests.ops.hub.conftest import Desk
from tests.pipeline.world import START, message

DONE: Mapping[str, str] = {"crm": "done"}


def told(number: int, **changes: Any) -> tuple[Absorbed, Mapping[str, str]]:
    event = message(number, occurred_at=START + timedelta(minutes=number), **changes)
    nothing = Consequence(decision=Decision(outcome=Outcome.NONE, reason=""))
    absorbed = Absorbed(
        event=event, profile="p1", seq=number, index=0, committed_at=event.received_at, consequence=nothing
    )
    return absorbed, DONE


STORY = [
    told(1, text="سلام"),
    told(2, kind=Kind.EDIT, target_id="wamid.1", text="سلام، قیمت؟"),
    told(3, kind=Kind.REACTION, target_id="wamid.1", text="👍"),
    told(4, kind=Kind.STATUS, target_id="wamid.1", extra={"status": "read"}),
]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_changes_stand_at_what_they_change_in_whatever_order_they_came(order: tuple[int, ...]) -> None:
    (line,) = folded(STORY[index] for index in order)
    assert line.text == "سلام، قیمت؟"
    assert line.edited
    assert list(line.reactions.values()) == ["👍"]
    assert line.status == "read"


def test_the_last_edit_holds() -> None:
    edits = [told(n, kind=Kind.EDIT, target_id="wamid.1", text=f"edit {n}") for n in (3, 2)]
    (line,) = folded([*edits, STORY[0]])
    assert line.text == "edit 3"


def test_a_reaction_taken_back_is_gone() -> None:
    (line,) = folded([STORY[0], STORY[2], told(5, kind=Kind.REACTION, target_id="wamid.1", text="")])
    assert line.reactions == {}


def test_what_was_deleted_says_so() -> None:
    (line,) = folded([STORY[0], told(2, kind=Kind.DELETE, target_id="wamid.1", text="")])
    assert line.deleted
    assert line.text == "سلام"


def test_a_change_of_what_is_not_there_stays_a_line() -> None:
    (line,) = folded([STORY[1]])
    assert (line.kind, line.about) == ("edit", "wamid.1")


def test_an_address_may_stand_in_for_the_id() -> None:
    """Telegram's reactions know a message by chat and number only, and its ids say the date too."""
    original = told(1, id="5:1:1795593600", channel="telegram", extra={"message": "5:1"})
    reaction = told(2, channel="telegram", kind=Kind.REACTION, target_id="5:1", text="👍")
    edit = told(
        3,
        channel="telegram",
        kind=Kind.EDIT,
        target_id="5:1:1795593600",
        text="better",
        extra={"message": "5:1"},
    )
    (line,) = folded([original, reaction, edit])
    assert line.text == "better"
    assert list(line.reactions.values()) == ["👍"]


def test_the_worst_delivery_is_shown() -> None:
    edit, _ = STORY[1]
    (line,) = folded([STORY[0], (edit, {"crm": "parked"})])
    assert line.deliveries == {"crm": "parked"}


def test_the_same_id_on_another_account_is_another() -> None:
    lines = folded([STORY[0], told(2, account="100002", kind=Kind.EDIT, target_id="wamid.1", text="x")])
    assert [line.about for line in lines] == ["", "wamid.1"]
    assert all(isinstance(line, Line) for line in lines)


@pytest.fixture
def known(desk: Desk) -> Desk:
    """Sara on WhatsApp and, by her shared phone, on Telegram."""
    telegram = Identity(channel="telegram", scope="*", id="700000001")
    phone = (ContactKey(kind="phone", value="+989120000001", verified=True),)
    us = own_account("whatsapp", "100001")
    hub = desk.hub
    hub.absorb(message(1, contact_keys=phone))
    hub.later(minutes=1)
    on_telegram = message(id="9", channel="telegram", account="bot", customer=telegram, contact_keys=phone)
    hub.absorb(replace(on_telegram, sender=telegram, text="همین‌جا هم هستم", occurred_at=hub.now))
    hub.later(minutes=1)
    answer = message(3, direction=Direction.OUTBOUND, text="در خدمتم", occurred_at=hub.now)
    hub.absorb(replace(answer, sender=us))
    hub.run()
    return desk


@pytest.mark.parametrize(
    "name",
    [
        "p1",
        "+989120000001",
        "0912 000 0001",
        "telegram:*:700000001",
        "telegram:700000001",
        "telegram#*#700000001",
        "whatsapp:*:989120000001",
    ],
)
def test_a_customer_by_any_of_their_names(known: Desk, name: str) -> None:
    ended = known.run("journey", name, "--json")
    assert ended.code == 0, ended.err
    journey = ended.json
    assert journey["profile"]["id"] == "p1"
    assert [event["channel"] for event in journey["events"]] == ["whatsapp", "telegram", "whatsapp"]
    assert journey["events"][0]["deliveries"] == {"crm": "done"}
    assert journey["owner_load"] == 1


def test_a_customer_by_e_mail(desk: Desk) -> None:
    desk.hub.absorb(
        message(1, contact_keys=(ContactKey(kind="email", value="Sara@Example.org", verified=True),))
    )
    assert desk.run("journey", "sara@example.org", "--json").json["profile"]["id"] == "p1"


def test_people_read_it(known: Desk) -> None:
    ended = known.run("journey", "p1")
    assert ended.code == 0
    for said in ("سارا رستمی", "phone +989120000001", "همین‌جا هم هستم", "در خدمتم", "←", "✓ crm", "1 of 2"):
        assert said in ended.out
    assert max(map(len, ended.out.splitlines())) <= 100


def test_only_the_newest(known: Desk) -> None:
    events = known.run("journey", "p1", "--limit", "1", "--json").json["events"]
    assert [event["text"] for event in events] == ["در خدمتم"]


def test_the_hubs_own_events_belong_to_it(known: Desk) -> None:
    assert known.run("close", "p1", "--reason", "settled").code == 0
    (intake,) = known.intakes()
    known.hub.absorb(*intake.events)
    journey = known.run("journey", "p1", "--json").json
    assert [event["kind"] for event in journey["events"]].count("close") == 1
    assert journey["owner_load"] is None
    out = known.run("journey", "p1").out
    assert "none open" in out
    assert "settled" in out


def test_waiting_deliveries_and_nobody_in_charge(desk: Desk) -> None:
    desk.hub.configuration = desk.push(directory=Directory(teams=desk.hub.configuration.directory.teams))
    desk.hub.crm = lambda _: Reply(status=422)
    desk.hub.absorb(message(1))
    desk.hub.run()
    desk.hub.crm = lambda _: Reply(status=503)
    desk.hub.absorb(message(2))
    out = desk.run("journey", "p1").out
    assert "nobody yet, in the queue of" in out
    assert "✗ crm" in out
    assert "… crm" in out


def test_a_customer_nobody_knows(desk: Desk) -> None:
    for name in ("nobody", "+989120000404", "no@example.org", "telegram:1"):
        ended = desk.run("journey", name)
        assert ended.code == 5
        assert f"no customer {name}" in ended.err


def test_a_name_of_two_customers(desk: Desk) -> None:
    for name, profile in (("a:b:c", "p1"), ("a#b#c", "p2")):
        desk.site.table.put(IdentityRow(*identity_key(name), profile=profile))
    ended = desk.run("journey", "a:b:c")
    assert ended.code == 2
    assert "p1" in ended.err
    assert "p2" in ended.err


def test_a_long_text_is_cut_for_people_only(desk: Desk) -> None:
    desk.hub.absorb(message(1, text="قیمت؟ " * 1000))
    out = desk.run("journey", "p1").out
    assert "… (6,000 characters)" in " ".join(out.split())
    assert len(out) < 5000
    assert len(desk.run("journey", "p1", "--json").json["events"][0]["text"]) == 6000


def test_a_text_that_is_cut_in_its_row_says_where_it_lies_whole(desk: Desk) -> None:
    desk.hub.absorb(message(1, text="x" * 400_000))
    (line,) = desk.run("journey", "p1", "--json").json["events"]
    assert line["whole"] in desk.hub.bucket
    said = "".join(desk.run("journey", "p1").out.split())
    assert f"wholeinthebucketas{line['whole']}" in said


def test_an_edit_that_opens_nothing_is_said_in_english(desk: Desk) -> None:
    desk.hub.absorb(message(2, kind=Kind.EDIT, text="x", target_id="wamid.1"))
    assert "an edit opens no conversation" in desk.run("explain", "wamid.2").out


def test_no_name_is_a_question_without_an_answer(desk: Desk) -> None:
    for command in ("journey", "proof", "explain", "close"):
        ended = desk.run(command, "")
        assert ended.code == 2
        assert "name a" in ended.err
        assert "  " not in ended.err
