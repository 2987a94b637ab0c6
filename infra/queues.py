"""The FIFO queues, each with its dead-letter queue and the mapping that feeds a function from it.

One queue carries the events; each target has one more, which carries the changes that it is owed.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.vocabulary.delivery import Target
from infra.names import FUNCTIONS, Resource, Resources, Unnameable, attribute, logical, queue_name, timeout
from infra.storage import lasting

KEPT_DAYS = 14
"""A queue forgets a message after that; SQS allows no more."""

_BATCH = 10
_LEAST_CONCURRENCY, _MOST_CONCURRENCY = 2, 1000

_BEYOND_TIMEOUT = 15
"""Seconds for which a message stays hidden after the time limit of the function that received it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """A queue and the function that it feeds.

    name: what the stage calls the queue.
    function: the name of the function.
    receives: after how many receives a message is given up. A mapping whose function has no room for hours
        uses up one with every visibility timeout. For a target it is out of reach on purpose: the ledger
        counts attempts, and a message that waits for its turn is received without being tried.
    concurrency: how many batches are worked on at once.
    """

    name: str
    function: str
    receives: int
    concurrency: int

    @property
    def queue(self) -> str:
        """The logical id of the queue."""
        return f"{logical(self.name)}Queue"

    @property
    def dead(self) -> str:
        """The logical id of its dead-letter queue."""
        return f"{logical(self.name)}Dead"


EVENTS = Fed(name="events", function="process", receives=400, concurrency=50)


def target_queue(target: Target) -> Fed:
    """The queue of one target, with the concurrency that the target can bear."""
    if not _LEAST_CONCURRENCY <= target.concurrency <= _MOST_CONCURRENCY:
        limits = f"{_LEAST_CONCURRENCY} to {_MOST_CONCURRENCY}"
        raise Unnameable(f"target {target.name}: concurrency is {target.concurrency}, AWS takes {limits}")
    return Fed(
        name=f"target-{target.name}", function="deliver", receives=1000, concurrency=target.concurrency
    )


def all_queues(targets: Iterable[Target]) -> list[Fed]:
    """Every queue of a stage, the events' first."""
    fed = [EVENTS, *map(target_queue, targets)]
    ids = [each.queue for each in fed]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise Unnameable(f"two targets have names too much alike: both would be {', '.join(twice)}")
    return fed


def target_queue_urls(targets: Iterable[Target]) -> str | dict[str, str]:
    """A JSON object of target name to the URL of its queue."""
    return _json_of_urls({target.name: target_queue(target).queue for target in targets})


def dead_queue_urls(targets: Iterable[Target]) -> str | dict[str, str]:
    """A JSON object of target name, or `events`, to the URL of the dead-letter queue."""
    return _json_of_urls(
        {EVENTS.name: EVENTS.dead} | {target.name: target_queue(target).dead for target in targets}
    )


def _json_of_urls(queues: dict[str, str]) -> str | dict[str, str]:
    urls = {name: f"${{{logical_id}}}" for name, logical_id in queues.items()}
    return {"Fn::Sub": json.dumps(urls)} if urls else "{}"


def _fifo(stage: str, what: str, visibility: int) -> Resource:
    # A target that is taken out of crms.yaml leaves its queue behind, so that waiting messages are not lost.
    kept = lasting(stage)
    return {
        "Type": "AWS::SQS::Queue",
        "DeletionPolicy": "RetainExceptOnCreate" if kept else "Delete",
        "UpdateReplacePolicy": "Retain" if kept else "Delete",
        "Properties": {
            "QueueName": queue_name(stage, what),
            "FifoQueue": True,
            "FifoThroughputLimit": "perMessageGroupId",
            "DeduplicationScope": "messageGroup",
            "ContentBasedDeduplication": False,
            "MessageRetentionPeriod": KEPT_DAYS * 86_400,
            "VisibilityTimeout": visibility,
            "SqsManagedSseEnabled": True,
        },
    }


def visibility(function: str) -> int:
    """Seconds for which a queue hides a message from others once the function has received it.

    After a sudden death customers wait for so long. AWS advises six time limits; decision 0013 says why less
    is enough here.
    """
    return timeout(function) + _BEYOND_TIMEOUT


def queue(stage: str, fed: Fed) -> Resources:
    """The queue, its dead-letter queue and its mapping."""
    hidden = visibility(fed.function)
    live = _fifo(stage, fed.name, hidden)
    live["Properties"]["RedrivePolicy"] = {
        "deadLetterTargetArn": attribute(fed.dead),
        "maxReceiveCount": fed.receives,
    }
    return {
        fed.queue: live,
        fed.dead: _fifo(stage, f"{fed.name}-dead", hidden),
        f"{logical(fed.name)}Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": FUNCTIONS[fed.function]},
                "EventSourceArn": attribute(fed.queue),
                "BatchSize": _BATCH,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": fed.concurrency},
            },
        },
    }
