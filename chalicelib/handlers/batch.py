"""Works through one batch of a FIFO queue, each group in order, and reports which records failed.

When a record fails, the later ones of its group fail with it, untouched. The failed one comes back after the
time that its error calls for; its followers are made visible at once, so that they wait behind it and not
longer. Powertools' `SqsFifoPartialProcessor` can do neither that nor reading for the whole batch, so this
loop is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from chalicelib.telemetry import log, log_bug, log_item
from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient

A = TypeVar("A")
"""The rows that were read for the batch before its work began."""

Work = Callable[[str, A | None], Mapping[str, Any]]
"""Works on one message body with the rows read ahead; gives facts to log. Raises to have it come again."""

Ahead = Callable[[Sequence[str]], A]
"""Called once per batch with the first body of each group, so that their rows are read in one call."""

Visibility = Callable[[str, str, int], None]
"""Hides a message: queue ARN, receipt handle, seconds."""

Wait = Callable[[float | None, int], float]
"""Seconds until a failed record comes back: from those that its error names, if any, and its receives."""

_LONGEST = 43_200
"""Seconds: SQS hides a message for twelve hours at most."""


def run(
    function: str,
    event: Mapping[str, Any],
    *,
    work: Work[A],
    ahead: Ahead[A],
    visibility: Visibility,
    wait: Wait,
    time_left: Callable[[], float],
    enough: float,
) -> dict[str, list[dict[str, str]]]:
    """Work through the batch and name the failed records, in the form of `ReportBatchItemFailures`.

    function: the name of the function, for the log.
    event: Lambda's event.
    work: works on one message.
    ahead: reads rows for the whole batch.
    visibility: hides a message.
    wait: says when a failed record comes back.
    time_left: seconds until Lambda stops this worker.
    enough: seconds that a record may need; with less left it is left to the next worker.
    """
    failed: list[dict[str, str]] = []
    stuck: set[str] = set()
    rows = _look_ahead(event["Records"], ahead)
    for record in event["Records"]:
        group = record["attributes"]["MessageGroupId"]
        if group in stuck or time_left() < enough:
            seconds: float = 0
        else:
            finished, seconds = _one(function, record, lambda body: work(body, rows), wait)
            if finished:
                continue
        stuck.add(group)
        failed.append({"itemIdentifier": record["messageId"]})
        _hide(record, min(int(seconds + 0.999), _LONGEST), visibility)
    return {"batchItemFailures": failed}


def _look_ahead(records: Sequence[Mapping[str, Any]], ahead: Ahead[A]) -> A | None:
    firsts: dict[str, str] = {}
    for record in records:
        firsts.setdefault(record["attributes"]["MessageGroupId"], record["body"])
    if len(firsts) < 2:
        return None
    try:
        return ahead(list(firsts.values()))
    except Exception as error:  # noqa: BLE001 - each record then reads for itself, and fails for itself if it cannot
        log.info("ahead", reason=error.reason if isinstance(error, HubError) else type(error).__name__)
        return None


def _one(
    function: str,
    record: Mapping[str, Any],
    work: Callable[[str], Mapping[str, Any]],
    wait: Wait,
) -> tuple[bool, float]:
    received = int(record["attributes"].get("ApproximateReceiveCount", 1))
    try:
        facts = work(record["body"])
    except Transient as error:
        log_item(function, "waits", reason=error.reason, detail=error.detail, received=received)
        return False, wait(error.retry_after, received)
    except Misconfigured as error:
        log.error("misconfigured", function=function, reason=error.reason, detail=error.detail)
        return False, wait(None, received)
    except Exception as error:  # noqa: BLE001 - a bug: this group waits and is seen, the others go on
        log_bug(function, error, received=received)
        return False, wait(None, received)
    log_item(function, "done", received=received, **facts)
    return True, 0


def _hide(record: Mapping[str, Any], seconds: int, visibility: Visibility) -> None:
    try:
        visibility(record["eventSourceARN"], record["receiptHandle"], seconds)
    except HubError as error:
        # The queue's own time applies then: the record comes back later, and nothing is lost.
        log.warning("visibility", reason=error.reason, detail=error.detail)
