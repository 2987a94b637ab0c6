"""What no queue holds any more is listed, and sent again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import Unknown
from tests.ops.hub.conftest import Desk
from tests.pipeline.world import message

LONG_AGO = timedelta(days=15)


def at(desk: Desk, ago: timedelta) -> None:
    desk.hub.now = desk.site.now() - ago


def failing(desk: Desk, answer: Any) -> None:
    """An event that was tried in vain, at the world's time."""
    desk.hub.crm = answer
    desk.hub.absorb(message(1))
    desk.hub.run()
    desk.hub.queues["crm"].clear()
    desk.hub.crm = lambda _: Reply(status=204)
    desk.hub.calls.clear()


def silent(call: Call) -> Reply:
    raise Unknown("no_answer")


def killed(call: Call) -> Reply:
    raise SystemExit


def dead_at_sending(desk: Desk) -> None:
    with pytest.raises(SystemExit):
        failing(desk, killed)
    desk.hub.queues["crm"].clear()
    desk.hub.crm = lambda _: Reply(status=204)
    desk.hub.calls.clear()


def never_begun(desk: Desk) -> None:
    desk.hub.absorb(message(1))
    desk.hub.queues["crm"].clear()


BEGINNINGS = {
    "refused": lambda desk: failing(desk, lambda _: Reply(status=503)),
    "unanswered": lambda desk: failing(desk, silent),
    "killed": dead_at_sending,
    "never begun": never_begun,
}
each_beginning = pytest.mark.parametrize("begin", BEGINNINGS.values(), ids=BEGINNINGS)


@pytest.mark.promise("Nothing vanishes")
@each_beginning
def test_what_a_queue_forgot_is_listed_and_sent_again(desk: Desk, begin: Any) -> None:
    at(desk, LONG_AGO)
    begin(desk)
    ended = desk.run("parked")
    assert ended.code == 4
    assert message(1).key in ended.out
    assert "no queue holds them" in ended.out
    [lost] = desk.run("parked", "--json").json["forgotten"]
    assert (lost["ledger"]["event"], lost["ledger"]["target"]) == (message(1).key, "crm")
    assert desk.run("redrive", "--all", "--json").json == {"sent": {"crm": 1}}
    at(desk, timedelta())
    for change in desk.changes():
        desk.hub.deliver(change, lambda: 60.0)
    assert desk.hub.ledger(message(1)).state == "done"
    assert desk.run("parked").code == 0


@each_beginning
def test_what_a_queue_may_still_hold_is_not_forgotten(desk: Desk, begin: Any) -> None:
    at(desk, timedelta(days=13))
    begin(desk)
    assert desk.run("parked").code == 0
    assert "nothing is parked" in desk.run("redrive", "--all").out


@each_beginning
def test_relay_sends_all_that_is_not_settled(desk: Desk, begin: Any) -> None:
    at(desk, timedelta(hours=1))
    begin(desk)
    assert desk.run("relay", "--since", "1d", "--json").json == {"sent": {"crm": 1}}


@each_beginning
def test_what_is_owed_to_a_target_that_left_is_listed_at_once(desk: Desk, begin: Any) -> None:
    at(desk, timedelta(hours=1))
    begin(desk)
    fields = json.loads(desk.file.read_text())
    desk.file.write_text(json.dumps({**fields, "target_queues": {}}))
    assert [one["ledger"]["target"] for one in desk.run("parked", "--json").json["forgotten"]] == ["crm"]


def test_waiting_says_what_comes_no_more_by_itself(desk: Desk) -> None:
    at(desk, LONG_AGO)
    BEGINNINGS["refused"](desk)
    ended = desk.run("waiting")
    assert ended.code == 3
    assert "1 of them are in no queue any more" in ended.out
    assert len(desk.run("waiting", "--json").json["forgotten"]) == 1


def test_what_is_settled_is_not_forgotten_however_old(desk: Desk) -> None:
    at(desk, LONG_AGO)
    desk.hub.absorb(message(1))
    desk.hub.absorb(message(2))
    desk.hub.run()
    assert desk.run("parked").code == 0


def test_what_was_sent_again_yesterday_is_not_forgotten_today(desk: Desk) -> None:
    at(desk, LONG_AGO)
    BEGINNINGS["refused"](desk)
    at(desk, timedelta(days=1))
    desk.run("redrive", "--all")
    desk.hub.crm = lambda _: Reply(status=503)
    for change in desk.changes():
        desk.hub.deliver(change, lambda: 60.0)
    assert desk.run("parked", "--json").json["forgotten"] == []
