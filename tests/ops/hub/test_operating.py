from __future__ import annotations

from chalicelib.vocabulary.delivery import Reply
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
    assert ended.code == 3
    for said in ("local", "events", "crm", "closed", "ندا", "1 of 2", "undelivered/"):
        assert said in ended.out
    health = desk.run("status", "--json").json
    assert health["bucket"] == {"quarantine/": 0, "undelivered/": 1}
    assert sum(person["open"] for person in health["people"]) == 1
    assert health["version"]


def test_a_stage_that_wants_nothing(desk: Desk) -> None:
    assert desk.run("status").code == 0
    assert desk.run("status", "--json").json["code"] == 0


def test_what_waits_in_the_bucket_or_behind_a_breaker_ends_with_3(desk: Desk) -> None:
    desk.hub.crm = lambda _: Reply(status=503)
    for number in range(1, 6):
        desk.hub.absorb(message(number, sender=f"98912000000{number}"))
    desk.hub.run()
    ended = desk.run("status")
    assert ended.code == 3
    assert "crm is cut off" in ended.out


def test_what_wants_a_person_ends_with_4(desk: Desk) -> None:
    desk.site.store("undelivered/1", b"{}")
    desk.site.store("quarantine/telegram/1", b"{}")
    ended = desk.run("status")
    assert ended.code == desk.run("status", "--json").json["code"] == 4
    assert "1 quarantined request: ./hub quarantine list" in ended.out
    desk.site.client("s3").delete_object(Bucket=desk.site.bucket, Key="quarantine/telegram/1")
    dead = desk.site.dead_queues["crm"]
    desk.site.client("sqs").send_message(
        QueueUrl=dead, MessageBody="x", MessageGroupId="1", MessageDeduplicationId="1"
    )
    assert desk.run("status").code == 4
