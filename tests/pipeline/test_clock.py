"""The clock: whatever one job, one row or one object does, everybody else's errands are done."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import boto3
import msgspec
import pytest

from chalicelib.aws.queues import Outgoing, group
from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline.clock.base import Clock
from chalicelib.pipeline.clock.tick import JOBS, tick
from chalicelib.pipeline.receive import outgoing
from chalicelib.pipeline.set_aside import pack_undelivered
from chalicelib.store.keys import breaker_key
from chalicelib.store.rows import BreakerRow
from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient
from chalicelib.vocabulary.event import Direction, Event
from chalicelib.vocabulary.messages import Intake
from tests.pipeline.world import World, message

NOTHING: dict[str, int] = {"probed": 0, "closed": 0, "offered": 0, "recounted": 0, "fed": 0}


def idle(hub: World, *numbers: int) -> None:
    """Conversations that are over by now, one customer each."""
    directory = hub.configuration.directory
    people = tuple(replace(person, capacity=50) for person in directory.people)
    hub.configuration = replace(hub.configuration, directory=replace(directory, people=people))
    for number in numbers:
        asked = message(number, sender=f"98912000{number:04d}")
        hub.absorb(asked)
        hub.absorb(replace(asked, id=f"answer.{number}", direction=Direction.OUTBOUND))
    hub.later(hours=26)


def put_aside(hub: World, *numbers: int) -> list[str]:
    """Messages that the front door had to put into the bucket, in this order."""
    keys = []
    for number in numbers:
        event = message(number, sender=f"98912000{number:04d}")
        packed = pack_undelivered(outgoing(Intake(customer=event.customer, events=(event,)), _no_bucket))
        keys.append(f"undelivered/{number:013d}-{number}")
        hub.bucket[keys[-1]] = packed
    return keys


def _no_bucket(key: str, body: bytes) -> None:
    raise AssertionError("it fits on the queue")


def spoil(hub: World, profile: str, **attributes: Any) -> None:
    """Change a profile's row behind everybody's back."""
    pk, sk = {"S": f"P#{profile}"}, {"S": "PROFILE"}
    client = boto3.client("dynamodb")
    item = client.get_item(TableName=hub.table.name, Key={"pk": pk, "sk": sk})["Item"]
    client.put_item(TableName=hub.table.name, Item={**item, **attributes})


SPOILT = {
    "no JSON": {"body": {"S": "{"}},
    "another shape": {"body": {"S": '{"id": 7}'}},
    "half a character": {"body": {"S": '"\\ud800"'}},
    "another class": {"row": {"S": "nobody knows"}},
    "another type": {"seq": {"S": "seven"}},
}


@pytest.mark.promise("Nothing vanishes")
@pytest.mark.parametrize("attributes", SPOILT.values(), ids=SPOILT)
def test_a_row_that_cannot_be_read_stops_nobody_s_errands(hub: World, attributes: dict[str, Any]) -> None:
    hub.configuration = replace(hub.configuration, targets=())
    idle(hub, *range(1, 8))
    [spoilt, *others] = [
        hub.profile_of(message(1, sender=f"98912000{n:04d}").customer).id for n in range(1, 8)
    ]
    spoil(hub, spoilt, **attributes)
    put_aside(hub, 9)
    done = hub.tick()
    assert (done["fed"], hub.counts["unreadable_row"] > 0) == (1, True)
    hub.run()
    assert [profile for profile in others if hub.profile(profile).conversation] == []


@pytest.mark.parametrize(
    "packed", [b"", b"{}", b"\xff\xfe", b'{"group": 7}', b"[" * 5000, b'"\\ud800"'], ids=repr
)
@pytest.mark.promise("Nothing vanishes")
def test_an_object_that_cannot_be_read_is_set_aside_and_the_rest_is_fed(hub: World, packed: bytes) -> None:
    put_aside(hub, 1, 3)
    hub.bucket["undelivered/0000000000002-2"] = packed
    assert hub.tick()["fed"] == 2
    assert hub.bucket == {"quarantine/undelivered/0000000000002-2": packed}
    assert hub.counts["set_aside"] == 1
    assert hub.tick()["fed"] == 0


def refusing(hub: World, refusal: Callable[[], list[Outgoing] | None], *groups: str) -> Clock:
    """A clock to which the queue says something else for messages of these groups."""

    def send(messages: Iterable[Outgoing]) -> list[Outgoing]:
        several = list(messages)
        if several[0].group in groups:
            refusal()
            return several
        return hub.accept(several)

    return replace(hub.clock, send=send)


def raising(error: Exception) -> Callable[[], None]:
    def refuse() -> None:
        raise error

    return refuse


@pytest.mark.parametrize(
    ("refusal", "raised"),
    [
        (lambda: None, None),
        (raising(Misconfigured("aws_refused", "InvalidMessageContents")), Misconfigured),
        (raising(ValueError("a bug")), ValueError),
    ],
)
def test_a_message_that_no_queue_takes_keeps_back_its_own_customer_alone(
    hub: World, refusal: Any, raised: type[Exception] | None
) -> None:
    first, *_ = put_aside(hub, 1, 2, 3)
    hub.bucket["undelivered/0000000000004-4"] = hub.bucket[first]
    clock = refusing(hub, refusal, group(message(1, sender="989120000001").customer))
    if raised:
        with pytest.raises(raised):
            tick(clock, lambda: 60.0)
    else:
        assert tick(clock, lambda: 60.0)["fed"] == 2
    assert sorted(hub.bucket) == [first, "undelivered/0000000000004-4"]
    assert len(hub.queues["events"]) == 2
    assert hub.counts["feed_stopped"] == 1


def test_what_was_refused_once_is_passed_by_nothing_of_its_customer(hub: World) -> None:
    first, *_ = put_aside(hub, 1, 2)
    hub.bucket["undelivered/0000000000003-3"] = hub.bucket[first]
    refused: list[Outgoing] = []

    def send(messages: Iterable[Outgoing]) -> list[Outgoing]:
        several = list(messages)
        if not refused:
            refused.extend(several)
            return several
        return hub.accept(several)

    assert tick(replace(hub.clock, send=send), lambda: 60.0)["fed"] == 1
    assert sorted(hub.bucket) == [first, "undelivered/0000000000003-3"]
    assert hub.tick()["fed"] == 2


def test_a_queue_that_takes_nothing_is_not_asked_for_every_message(hub: World) -> None:
    put_aside(hub, *range(1, 100))
    asked: list[Outgoing] = []

    def send(messages: Iterable[Outgoing]) -> list[Outgoing]:
        asked.extend(messages)
        return asked[-1:]

    assert tick(replace(hub.clock, send=send), lambda: 60.0)["fed"] == 0
    assert len(asked) == 10
    assert len(hub.bucket) == 99


@pytest.mark.parametrize(
    "make",
    [partial(KeyError, "سلام"), partial(Transient, "aws_busy"), partial(msgspec.ValidationError, "odd")],
)
@pytest.mark.parametrize("broken", JOBS)
def test_a_job_that_fails_stops_no_other(
    hub: World,
    broken: str,
    make: Callable[[], Exception],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(clock: Clock, configuration: Configuration) -> int:
        raise error

    error = make()
    idle(hub, 1)
    put_aside(hub, 9)
    monkeypatch.setitem(JOBS, broken, fails)
    with pytest.raises(type(error)):
        hub.tick()
    assert list(hub.bucket) == []
    hub.run()
    conversation = hub.profile_of(message(1, sender="989120000001").customer).conversation
    assert (conversation is None) == (broken != "closed")
    assert hub.counts["job_failed"] == 1
    bugs = [record for record in caplog.records if record.msg == "bug"]
    assert len(bugs) == (not isinstance(error, HubError))
    assert not [record for record in bugs if "سلام" in str(vars(record))]


def test_without_a_configuration_what_needs_none_is_done(hub: World) -> None:
    def unread() -> Configuration:
        raise Transient("aws_busy")

    put_aside(hub, 1)
    with pytest.raises(Transient):
        tick(replace(hub.clock, configuration=unread), lambda: 60.0)
    assert hub.bucket == {}


@pytest.mark.parametrize("slow", ["closed", "fed"])
def test_a_job_that_takes_long_leaves_the_others_their_time(hub: World, slow: str) -> None:
    idle(hub, *range(1, 21))
    put_aside(hub, *range(101, 121))
    left = [55.0]

    def slow_emit(event: Event) -> None:
        left[0] -= 4.0 if slow == "closed" else 0.01
        hub.emit(event)

    def slow_send(messages: Iterable[Outgoing]) -> list[Outgoing]:
        left[0] -= 4.0 if slow == "fed" else 0.01
        return hub.accept(messages)

    clock = replace(hub.clock, emit=slow_emit, send=slow_send)
    tick(clock, lambda: left[0])
    assert left[0] > 0, "the worker was stopped before it was done"
    fed, closed = 20 - len(hub.bucket), len(hub.queues["events"]) - (20 - len(hub.bucket))
    assert min(fed, closed) >= 3
    assert max(fed, closed) == 20
    for _ in range(12):
        left[0] = 55.0
        hub.queues["events"].clear()
        tick(clock, lambda: left[0])
    assert hub.bucket == {}


def test_a_probe_that_cannot_be_made_leaves_the_other_targets_theirs(hub: World) -> None:
    target = hub.configuration.targets[0]
    odd = replace(target, name="odd", connector="nobody knows")
    hub.configuration = replace(hub.configuration, targets=(odd, target))
    for name in ("odd", "crm"):
        hub.table.put(BreakerRow(*breaker_key(name), state="open", since=1, next_probe=2, probes=0))
    with pytest.raises(KeyError):
        hub.tick()
    assert hub.breaker_state("crm") == "closed"
    assert hub.breaker_state("odd") != "closed"


def test_targets_that_hang_are_probed_within_the_job_s_share(hub: World) -> None:
    target = hub.configuration.targets[0]
    names = [f"crm{n}" for n in range(8)]
    hub.configuration = replace(hub.configuration, targets=tuple(replace(target, name=n) for n in names))
    for name in names:
        hub.table.put(BreakerRow(*breaker_key(name), state="open", since=1, next_probe=2, probes=0))
    left, asked = [55.0], []

    def hangs(target: Any, call: Any) -> Any:
        asked.append(target.name)
        left[0] -= 9.0
        raise Transient("no_answer")

    put_aside(hub, 1)
    for _ in range(6):
        left[0] = 55.0
        tick(replace(hub.clock, call=hangs), lambda: left[0])
        assert left[0] > 25
        hub.later(minutes=1)
    assert hub.bucket == {}
    assert set(asked) == set(names), "each has its turn"
