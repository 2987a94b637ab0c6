"""The stream's function: a record that makes no sense, and queues that are gone, stop nobody else."""

import json
import time
from dataclasses import replace

import pytest

from chalicelib.aws.clients import ONCE
from chalicelib.handlers import relay
from chalicelib.store.packing import from_text, unpack_change
from chalicelib.vocabulary.errors import Transient
from tests.handlers import deployed, shelf
from tests.handlers.alone import Context
from tests.handlers.conftest import refusing
from tests.pipeline.world import World, a_configuration, message

TARGETS = ("a", "b")


@pytest.fixture
def front(front_of, monkeypatch):
    stage = a_configuration()
    stage = replace(stage, targets=tuple(replace(stage.targets[0], name=name) for name in TARGETS))
    with front_of(stage) as door:
        monkeypatch.setattr(relay, "workers", lambda: door.workers)
        yield door


@pytest.fixture
def hub(front):
    """The pipeline on the same table."""
    return World(table=front.workers.table, configuration=front.workers.configuration())


def stored(front, hub, number):
    """An event in the table, as `process` writes it; the image of its customer's change."""
    [done] = hub.absorb(message(number, sender=f"98912000{number:04d}"))
    rows = deployed.rows_of(front.environment["HUB_TABLE"])
    return next(row for row in rows if row["pk"]["S"] == f"P#{done.profile}" and row["sk"]["S"] == "PROFILE")


def sent(front, target):
    url = json.loads(front.environment["HUB_TARGET_QUEUES"])[target]
    return [key for one in deployed.messages(url) for key in unpack_change(from_text(one["body"])).events]


def ledgers(front):
    rows = deployed.rows_of(front.environment["HUB_TABLE"])
    return {row["sk"]["S"]: row["state"]["S"] for row in rows if row["sk"]["S"].startswith("D#")}


def refuse(front, target, status, code):
    """AWS answers with this error whenever that target's queue is called."""

    def answer(params, **_):
        return refusing(status, code)() if f"target-{target}".encode() in params["body"] else None

    front.clients("sqs", ONCE).meta.events.register("before-call", answer)


def test_a_queue_that_was_deleted_parks_its_own(front, hub):
    deployed.aws("sqs").delete_queue(QueueUrl=json.loads(front.environment["HUB_TARGET_QUEUES"])["a"])
    for number in (1, 2):
        relay.relay(shelf.from_stream(stored(front, hub, number)), Context())
        assert sent(front, "b") == [message(number).key]
    assert ledgers(front) == {"D#a": "parked"}


def test_a_queue_that_lets_us_in_no_more_parks_its_own(front, hub):
    refuse(front, "a", 403, "AccessDenied")
    relay.relay(shelf.from_stream(stored(front, hub, 1)), Context())
    assert sent(front, "b") == [message(1).key]
    assert ledgers(front) == {"D#a": "parked"}


def test_a_busy_queue_is_raised_after_the_others_were_served(front, hub):
    refuse(front, "a", 503, "ServiceUnavailable")
    with pytest.raises(Transient):
        relay.relay(young(shelf.from_stream(stored(front, hub, 1))), Context())
    assert sent(front, "b") == [message(1).key]
    assert ledgers(front) == {}


def young(event):
    for record in event["Records"]:
        record["dynamodb"]["ApproximateCreationDateTime"] = time.time()
    return event


@pytest.mark.parametrize(
    "spoil",
    [
        lambda image: image["fresh"].update(S="{no json"),
        lambda image: image["fresh"].update(S='{"a": 1}'),
        lambda image: image.pop("seq"),
        lambda image: image["seq"].update(N="x"),
        lambda image: image.pop("fresh"),
    ],
)
def test_a_change_that_cannot_be_read_is_passed_over_and_counted(front, hub, spoil):
    bad, good = stored(front, hub, 1), stored(front, hub, 2)
    spoil(bad)
    relay.relay(shelf.from_stream(bad, good), Context())
    assert sent(front, "b") == [message(2).key]
    assert '"unreadable_change":[1.0]' in front.said.replace(" ", "")
    assert '"bug"' in front.said


@pytest.mark.parametrize(
    ("times", "oldest"),
    [([], None), ([None], None), ([7], 7.0), ([7.5, 3, 9], 3.0), ([None, 4, 5], 4.0)],
)
def test_a_batch_is_as_old_as_its_oldest_record(times, oldest):
    records = [{"dynamodb": {"ApproximateCreationDateTime": each} if each else {}} for each in times]
    assert relay._oldest(records) == oldest
