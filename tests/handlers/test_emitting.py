"""An event of the hub's own that the queue does not take is not taken for sent."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.pipeline import hub_events
from chalicelib.runtime.workers import Edges, Workers
from chalicelib.store.table import Table
from chalicelib.vocabulary.delivery import Circuit
from chalicelib.vocabulary.errors import Misconfigured, Transient

ENVIRON = {
    "HUB_STAGE": "local",
    "HUB_TABLE": "hub",
    "HUB_BUCKET": "hub-bucket",
    "HUB_EVENTS_QUEUE": "https://queue.example.org/1/events.fifo",
    "HUB_SECRETS": "/switchboard/local",
}
NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
EVENT = hub_events.breaker("crm", Circuit.OPEN, since=1, now=NOW)


@dataclass
class Queue:
    """SQS, which refuses the first calls: with an error of this code, else in its answer."""

    refuses: int
    code: str = ""
    taken: list[Any] = field(default_factory=list)

    def send_message_batch(self, **asked: Any) -> dict[str, Any]:
        if self.refuses:
            self.refuses -= 1
            if self.code:
                answer: Any = {"Error": {"Code": self.code}, "ResponseMetadata": {"HTTPStatusCode": 400}}
                raise ClientError(answer, "SendMessageBatch")
            return {"Failed": [{"Id": entry["Id"]} for entry in asked["Entries"]]}
        self.taken += asked["Entries"]
        return {}


def emitted(queue: Queue) -> int:
    """How many messages lie on the queue after the clock has emitted one event."""
    edges = Edges(
        environ=ENVIRON,
        client=lambda service, patience: queue,
        table=lambda name: Table(name, "eu-central-1"),
        now=lambda: NOW,
    )
    clock = Workers(edges).tick.args[0]  # type: ignore[attr-defined]
    clock.emit(EVENT)
    return len(queue.taken)


@pytest.mark.parametrize("code", ["", "RequestThrottled"])
@pytest.mark.parametrize("refuses", [0, 1, 2])
def test_it_is_tried_three_times(refuses: int, code: str) -> None:
    assert emitted(Queue(refuses, code)) == 1


@pytest.mark.promise("Nothing vanishes")
@pytest.mark.parametrize(
    ("code", "error"),
    [("", Transient), ("RequestThrottled", Transient), ("AccessDenied", Misconfigured)],
)
def test_it_is_told_that_it_was_not_sent(code: str, error: type[Exception]) -> None:
    queue = Queue(100, code)
    with pytest.raises(error):
        emitted(queue)
    assert queue.taken == []
