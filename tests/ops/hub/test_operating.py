from __future__ import annotations

from chalicelib.vocabulary.event import Kind
from tests.ops.hub.conftest import Desk
from tests.pipeline.world import message


def test_a_conversation_ends_by_a_persons_word(desk: Desk) -> None:
    desk.hub.absorb(message(1))
    owner = desk.profile().conversation
    assert owner is not None
    assert desk.hub.load(owner.owner) == 1
    ended = desk.run("close", "p1", "--reason", "phoned back", "--json")
    assert ended.code == 0
    (intake,) = desk.intakes()
    (event,) = intake.events
    assert event.key == ended.json["event"]
    assert event.kind is Kind.CLOSE
    assert event.extra["reason"] == "phoned back"
    assert event.extra["by"]
    desk.hub.absorb(event)
    assert desk.profile().conversation is None
    assert desk.hub.load(owner.owner) == 0


def test_what_is_closed_is_not_closed_again(desk: Desk) -> None:
    desk.hub.absorb(message(1))
    out = desk.run("close", "p1").out
    assert "hub proof 'hub#hub#close#" in out
    (intake,) = desk.intakes()
    desk.hub.absorb(*intake.events)
    ended = desk.run("close", "p1")
    assert ended.code == 5
    assert "p1 has no open conversation" in ended.err


def test_idle_is_the_hubs_own_reason(desk: Desk) -> None:
    desk.hub.absorb(message(1))
    assert desk.run("close", "p1", "--reason", "idle").code == 2
    assert desk.intakes() == []


def test_a_queue_that_does_not_take_it(desk: Desk) -> None:
    desk.hub.absorb(message(1))
    desk.site.client("sqs").delete_queue(QueueUrl=desk.site.events_queue)
    ended = desk.run("close", "p1")
    assert ended.code == 6
    assert "Traceback" not in ended.err


def test_how_the_stage_is(desk: Desk) -> None:
    desk.hub.absorb(message(1))
    desk.site.store("undelivered/1", b"{}")
    ended = desk.run("status")
    assert ended.code == 0
    for said in ("local", "events", "crm", "closed", "ندا", "1 of 2", "undelivered/"):
        assert said in ended.out
    health = desk.run("status", "--json").json
    assert health["bucket"] == {"quarantine/": 0, "undelivered/": 1}
    assert sum(person["open"] for person in health["people"]) == 1
    assert health["version"]
