from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import typer

from chalicelib.store.keys import ledger_key
from chalicelib.store.packing import pack, text
from chalicelib.store.rows import LedgerRow
from chalicelib.vocabulary.delivery import Ledger, Reply, State
from chalicelib.vocabulary.errors import Transient
from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.messages import Change
from chalicelib.vocabulary.people import Directory, Routing
from ops.hub.debts import resend
from ops.hub.events import find
from ops.hub.redrive import debts
from ops.hub.relay import moment_of
from tests.ops.hub.conftest import QUEUES, Desk
from tests.pipeline.world import message


def refused(desk: Desk, *events: Event) -> Desk:
    """The target refused these for good."""
    desk.hub.crm = lambda _: Reply(status=422)
    for event in events:
        desk.hub.absorb(event)
    desk.hub.run()
    desk.hub.crm = lambda _: Reply(status=204)
    desk.hub.calls.clear()
    return desk


def deliver(desk: Desk) -> list[str]:
    """What is in the target's queue, delivered; the events that were."""
    return [key for change in desk.changes() for key, _ in desk.hub.deliver(change, lambda: 60.0)]


def test_what_is_parked_is_listed_with_its_reason(desk: Desk) -> None:
    assert desk.run("parked").code == 0
    refused(desk, message(1))
    ended = desk.run("parked")
    assert ended.code == 4
    assert message(1).key in ended.out
    (delivery,) = desk.run("parked", "--json").json["deliveries"]
    ledger = delivery["ledger"]
    assert (ledger["event"], ledger["target"], ledger["state"]) == (message(1).key, "crm", "parked")
    assert ledger["reason"]


def test_a_parked_delivery_is_sent_again(desk: Desk) -> None:
    refused(desk, message(1), message(2))
    ended = desk.run("redrive", "wamid.1", "--json")
    assert ended.code == 0
    assert ended.json == {"sent": {"crm": 1}}
    ledger = desk.hub.ledger(message(1))
    assert ledger is not None
    assert (ledger.state, ledger.attempts, ledger.reason) == ("waiting", 0, "redriven")
    assert deliver(desk) == [message(1).key]
    assert desk.run("proof", "wamid.1").code == 0
    assert desk.run("proof", "wamid.2").code == 4


def test_all_of_them_in_their_order(desk: Desk) -> None:
    refused(desk, *(message(number) for number in (1, 2, 3)))
    assert desk.run("redrive", "--all").code == 0
    assert deliver(desk) == [message(number).key for number in (1, 2, 3)]
    assert desk.run("parked").code == 0
    assert "nothing is parked" in desk.run("redrive", "--all").out


def test_what_is_done_is_never_sent_again(desk: Desk) -> None:
    desk.hub.absorb(message(1))
    desk.hub.run()
    ended = desk.run("redrive", "wamid.1")
    assert ended.code == 0
    assert "every target has it" in ended.out
    assert desk.changes() == []


def test_what_was_delivered_meanwhile_is_not_delivered_twice(desk: Desk) -> None:
    refused(desk, message(1))
    desk.run("redrive", "wamid.1")
    desk.run("redrive", "wamid.1")
    changes = desk.changes()
    assert len(changes) == 2
    for change in changes:
        desk.hub.deliver(change, lambda: 60.0)
    assert len(desk.hub.calls) == 1


def test_a_redrive_that_was_cut_short_is_taken_up_by_the_next(desk: Desk) -> None:
    """The ledger waits again before anything is sent: nothing may be forgotten in between."""
    refused(desk, message(1))
    gone = {"crm": "https://sqs.eu-central-1.amazonaws.com/1/gone.fifo"}
    broken = replace(desk.site, target_queues=gone)
    with pytest.raises(Transient):
        resend(broken, debts(broken, find(broken, "wamid.1")))
    waiting = desk.run("waiting")
    assert waiting.code == 3
    assert "redriven" in waiting.out
    assert desk.run("redrive", "--all", "--json").json == {"sent": {"crm": 1}}
    assert deliver(desk) == [message(1).key]


def test_only_one_target(desk: Desk) -> None:
    refused(desk, message(1))
    ended = desk.run("redrive", "--all", "--target", "other")
    assert ended.code == 2
    assert "local has no target other: there are crm" in ended.err
    assert desk.run("redrive", "--all", "--target", "crm", "--json").json == {"sent": {"crm": 1}}


def test_a_target_that_was_taken_out_keeps_what_it_is_owed(desk: Desk) -> None:
    refused(desk, message(1))
    fields = json.loads(desk.file.read_text())
    desk.file.write_text(json.dumps({**fields, "target_queues": {}}))
    ended = desk.run("redrive", "--all")
    assert ended.code == 0
    assert "target crm has no queue" in ended.err
    assert desk.run("parked").code == 4


def test_one_thing_at_a_time(desk: Desk) -> None:
    for words in ((), ("wamid.1", "--all"), ("--all", "--dlq")):
        ended = desk.run("redrive", *words)
        assert ended.code == 2
        assert "--all or --dlq" in ended.err


def test_an_event_nobody_knows(desk: Desk) -> None:
    assert desk.run("redrive", "wamid.404").code == 5


def test_relay_sends_what_no_worker_has_tried(desk: Desk) -> None:
    desk.hub.absorb(message(1))
    desk.hub.run()
    desk.hub.absorb(message(2), message(3))
    ended = desk.run("relay", "--since", "2026-11-25T00:00:00Z", "--json")
    assert ended.code == 0
    assert ended.json == {"sent": {"crm": 2}}
    (change,) = desk.changes()
    assert change.events == (message(2).key, message(3).key)
    desk.hub.deliver(change, lambda: 60.0)
    assert "everything committed since then was tried" in desk.run("relay", "--since", "2026-11-25").out


def test_relay_takes_no_older_ones(desk: Desk) -> None:
    desk.hub.absorb(message(1))
    assert desk.run("relay", "--since", "2026-11-25T09:00:00Z", "--json").json == {"sent": {}}


def test_relay_keeps_the_order_of_each_customer(desk: Desk) -> None:
    desk.hub.absorb(message(1))
    desk.hub.absorb(message(9, sender="989120000009"))
    desk.hub.absorb(message(2))
    ended = desk.run("relay", "--since", "2026-11-25")
    assert ended.code == 0
    assert "3" in ended.out
    keys = deliver(desk)
    assert keys.index(message(1).key) < keys.index(message(2).key)


NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("2026-11-25T07:00:00", NOW - timedelta(hours=1)),
        ("2026-11-25T07:00:00+03:30", NOW - timedelta(hours=4, minutes=30)),
    ],
)
def test_since(said: str, meant: datetime) -> None:
    assert moment_of(said, NOW) == meant


def test_since_what() -> None:
    with pytest.raises(typer.BadParameter, match="neither"):
        moment_of("yesterday", NOW)


def bury(desk: Desk, queue: str, *bodies: str) -> None:
    sqs = desk.site.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{QUEUES[queue]}-dead.fifo")["QueueUrl"]
    for number, body in enumerate(bodies):
        sqs.send_message(
            QueueUrl=url, MessageBody=body, MessageGroupId="one", MessageDeduplicationId=f"{queue}{number}"
        )


def test_dead_letters_go_back_in_their_order(desk: Desk) -> None:
    desk.hub.absorb(message(1))
    change = Change(target="crm", profile="p1", seq=1, events=(message(1).key,))
    bury(desk, "crm", text(pack(change)), *(f"letter {n}" for n in range(11)))
    bury(desk, "events", "an intake")
    health = desk.run("status", "--json").json
    assert {queue["queue"]: queue["dead"] for queue in health["queues"]} == {"events": 1, "crm": 12}
    ended = desk.run("redrive", "--dlq", "--json")
    assert ended.code == 0
    assert ended.json["queues"] == [
        {"queue": "events", "moved": 1, "left": 0},
        {"queue": "crm", "moved": 12, "left": 0},
    ]
    assert desk.taken("crm") == [text(pack(change)), *(f"letter {n}" for n in range(11))]
    assert desk.taken("events") == ["an intake"]
    health = desk.run("status", "--json").json
    assert {queue["dead"] for queue in health["queues"]} == {0}


def test_dead_letters_of_one_queue(desk: Desk) -> None:
    bury(desk, "crm", "one")
    bury(desk, "events", "two")
    ended = desk.run("redrive", "--dlq", "--target", "events")
    assert ended.code == 0
    assert desk.taken("events") == ["two"]
    assert desk.taken("crm") == []


def test_a_dead_letter_that_cannot_be_sent_stays(desk: Desk) -> None:
    bury(desk, "crm", "one", "two")
    sqs = desk.site.client("sqs")
    sqs.delete_queue(QueueUrl=desk.site.target_queues["crm"])
    ended = desk.run("redrive", "--dlq", "--target", "crm", "--json")
    assert ended.code == 6
    assert ended.json["queues"] == [{"queue": "crm", "moved": 0, "left": 2}]
    dead = sqs.get_queue_url(QueueName=f"{QUEUES['crm']}-dead.fifo")["QueueUrl"]
    held = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert held["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "2"


def test_nothing_waits(desk: Desk) -> None:
    ended = desk.run("waiting")
    assert ended.code == 0
    assert "nothing waits" in ended.out


def test_conversations_promises_and_deliveries_that_wait(desk: Desk) -> None:
    # Long ago by any clock, so that the promise is missed now.
    desk.hub.now = datetime(2020, 1, 1, 8, 0, tzinfo=UTC)
    desk.hub.crm = lambda _: Reply(status=503)
    desk.hub.absorb(message(1, received_at=desk.hub.now, name="Sara"))
    desk.push(directory=Directory(teams=desk.hub.configuration.directory.teams, people=()))
    desk.hub.absorb(message(2, sender="989120000002", name="Omid"))
    desk.hub.run()
    unowned = desk.run("waiting")
    assert unowned.code == 3
    assert "Conversations without an owner" in unowned.out
    assert "Omid" in unowned.out
    assert "Deliveries that will be tried again" in unowned.out
    found = desk.run("waiting", "--json").json
    assert [matter["team"] for matter in found["unowned"]] == ["desk"]
    assert {delivery["ledger"]["state"] for delivery in found["deliveries"]} == {"waiting"}
    assert all(delivery["ledger"]["next_at"] for delivery in found["deliveries"])


def test_a_missed_promise(desk: Desk) -> None:
    desk.hub.now = datetime(2020, 1, 1, 8, 0, tzinfo=UTC)
    desk.hub.absorb(message(1, received_at=desk.hub.now))
    desk.hub.run()
    ended = desk.run("waiting", "--json")
    assert ended.code == 3
    (late,) = ended.json["overdue"]
    assert late["owner"] in {"neda", "reza"}
    assert "Promises missed" in desk.run("waiting").out


def test_a_promise_of_somebody_who_left_is_found(desk: Desk) -> None:
    desk.hub.now = datetime(2020, 1, 1, 8, 0, tzinfo=UTC)
    desk.hub.absorb(message(1, received_at=desk.hub.now))
    conversation = desk.profile().conversation
    assert conversation is not None
    others = tuple(p for p in desk.hub.configuration.directory.people if p.id != conversation.owner)
    desk.push(directory=Directory(people=others, teams=()), routing=Routing())
    ended = desk.run("waiting")
    assert ended.code == 3
    assert f"{conversation.owner}, who is not in" in ended.out


def test_of_many_the_first_are_shown_to_people(desk: Desk) -> None:
    desk.hub.crm = lambda _: Reply(status=503)
    desk.hub.absorb(*(message(number) for number in range(1, 25)))
    desk.hub.run()
    for number in range(1, 25):
        desk.site.table.put(
            LedgerRow(
                *ledger_key(message(number).key, "other"),
                state="waiting",
                target="other",
                profile="p1",
                version=1,
                body=msgspec.json.encode(
                    Ledger(target="other", event=message(number).key, state=State.WAITING, since=desk.hub.now)
                ).decode(),
            )
        )
    ended = desk.run("waiting")
    found = desk.run("waiting", "--json").json["deliveries"]
    assert len(found) > 20
    assert f"and {len(found) - 20} more (--json shows all)" in ended.out


@pytest.mark.parametrize("columns", ["50", "80", "100"])
def test_what_is_to_be_copied_is_in_one_piece(desk: Desk, columns: str) -> None:
    long = replace(message(1), id="wamid." + "A" * 50)
    refused(desk, long)
    out = desk.run("parked", columns=columns).out
    assert long.key in out
    assert "http_422" in out
