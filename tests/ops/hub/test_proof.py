from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chalicelib.vocabulary.delivery import Reply
from chalicelib.vocabulary.event import Kind
from ops.hub.exits import Code
from ops.hub.proof import awaited
from tests.ops.hub.conftest import Desk
from tests.pipeline.world import message

EVENT = message(1)


@pytest.fixture
def delivered(desk: Desk) -> Desk:
    desk.hub.absorb(EVENT)
    desk.hub.run()
    return desk


@pytest.mark.parametrize(
    "name",
    ["wamid.1", EVENT.key, EVENT.key.replace("#", "/"), EVENT.reference],
    ids=["platform id", "key", "path", "reference"],
)
def test_an_event_by_any_of_its_names(delivered: Desk, name: str) -> None:
    ended = delivered.run("proof", name, "--json")
    assert ended.code == 0, ended.err
    proof = ended.json
    assert proof["event"] == EVENT.key
    assert proof["profile"] == "p1"
    (owed,) = proof["owed"]
    assert owed["state"] == "done"
    assert owed["ledger"]["steps"]
    assert ("whole table" in ended.err) is (name == EVENT.reference)


def test_people_read_the_records(delivered: Desk) -> None:
    ended = delivered.run("proof", "wamid.1")
    assert ended.code == 0
    assert EVENT.key in ended.out
    assert "done" in ended.out
    assert f"post {EVENT.reference}" in ended.out


def test_an_id_with_slashes_and_hashes(desk: Desk) -> None:
    odd = message(id="a/b#c")
    desk.hub.absorb(odd)
    desk.hub.run()
    for name in ("a/b#c", odd.key, "whatsapp/100001/message/a/b#c"):
        assert desk.run("proof", name, "--json").json["event"] == odd.key


def test_an_event_nobody_knows(desk: Desk) -> None:
    for name in ("wamid.404", "whatsapp/100001/message/404", "0" * 20):
        ended = desk.run("proof", name)
        assert ended.code == 5
        assert "was never accepted" in ended.err
        assert ended.out == ""


def test_an_id_that_two_events_have(desk: Desk) -> None:
    other = message(1, account="100002")
    desk.hub.absorb(EVENT)
    desk.hub.absorb(other)
    ended = desk.run("proof", "wamid.1")
    assert ended.code == 2
    assert EVENT.key in ended.err
    assert other.key in ended.err


def test_what_no_worker_has_tried(desk: Desk) -> None:
    desk.hub.absorb(EVENT)
    ended = desk.run("proof", "wamid.1", "--json")
    assert ended.code == 3
    assert ended.json["owed"][0]["state"] == "queued"
    assert "queued" in desk.run("proof", "wamid.1").out


def test_what_waits(desk: Desk) -> None:
    desk.hub.crm = lambda _: Reply(status=503)
    desk.hub.absorb(EVENT)
    desk.hub.run()
    ended = desk.run("proof", "wamid.1")
    assert ended.code == 3
    assert "waiting" in ended.out
    assert "again at 2026-11-25" in ended.out


def test_what_is_parked(desk: Desk) -> None:
    desk.hub.crm = lambda _: Reply(status=422)
    desk.hub.absorb(EVENT)
    desk.hub.run()
    ended = desk.run("proof", "wamid.1", "--json")
    assert ended.code == ended.json["code"] == 4
    assert ended.json["owed"][0]["ledger"]["reason"]
    assert "parked" in desk.run("proof", "wamid.1").out


def test_a_target_that_is_cut_off(desk: Desk) -> None:
    desk.hub.crm = lambda _: Reply(status=503)
    for number in range(1, 6):
        desk.hub.absorb(message(number, sender=f"98912000000{number}"))
    desk.hub.run()
    ended = desk.run("proof", "wamid.1")
    assert ended.code == 3
    assert "cut off" in ended.out
    health = desk.run("status", "--json").json
    assert health["breakers"][0]["state"] == "open"
    assert health["breakers"][0]["since"]


def test_what_is_owed_to_nobody(desk: Desk) -> None:
    desk.hub.configuration = replace(desk.hub.configuration, targets=())
    desk.hub.absorb(EVENT)
    ended = desk.run("proof", "wamid.1")
    assert ended.code == 0
    assert "owed to no target" in ended.out


def test_waiting_for_it(desk: Desk) -> None:
    meanwhile = iter([lambda: desk.hub.absorb(EVENT), desk.hub.run])

    def pause(_: float) -> None:
        next(meanwhile)()

    proof = awaited(desk.site, "wamid.1", 600, pause=pause)
    assert proof.code is Code.GOOD
    assert list(meanwhile) == []


def test_waiting_in_vain(desk: Desk) -> None:
    assert desk.run("proof", "wamid.1", "--wait", "0.1").code == 5


def test_the_decision_explains_itself(delivered: Desk) -> None:
    ended = delivered.run("explain", "wamid.1")
    assert ended.code == 0
    for said in ("everything", "ندا", "رضا", "opened by this event", " UTC, within 30 minutes"):
        assert said in ended.out
    told = delivered.run("explain", "wamid.1", "--json").json
    assert told["decision"]["outcome"] == "assigned"
    assert {candidate["person"] for candidate in told["decision"]["candidates"]} == {"neda", "reza"}
    assert told["opened"] is True


def test_a_decision_that_nobody_is_needed(desk: Desk) -> None:
    desk.hub.absorb(message(2, kind=Kind.REACTION, text="👍", target_id="wamid.1"))
    ended = desk.run("explain", "wamid.2")
    assert ended.code == 0
    assert "none:" in ended.out
    assert "candidate" not in ended.out


def test_what_is_owed_to_a_target_that_has_no_queue(desk: Desk) -> None:
    desk.hub.absorb(EVENT)
    fields = json.loads(desk.file.read_text())
    desk.file.write_text(json.dumps({**fields, "target_queues": {}}))
    ended = desk.run("proof", "wamid.1", "--wait", "60")
    assert ended.code == 4
    assert "unsent" in ended.out
    assert "no queue" in ended.out
    assert "./hub relay --since 2026-" in " ".join(ended.out.split())
