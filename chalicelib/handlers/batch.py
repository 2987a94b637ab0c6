"""One batch of a FIFO queue: each record by itself, each group in order, failures reported singly.

When a record fails, the later ones of its group fail with it, untouched. The failed one comes back when
it asked to; its followers are made visible at once, so that they wait behind it and not longer. Powertools'
`SqsFifoPartialProcessor` can do neither that nor reading for the whole batch, so this loop is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from chalicelib.telemetry import log, log_bug, log_item
from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient

A = TypeVar("A")
"""What was read for the batch before its work began."""

Work = Callable[[str, A | None], Mapping[str, Any]]
"""One message body, and what was read ahead, to what the log says of it. Raises to have it come again."""

Ahead = Callable[[Sequence[str]], A]
"""Called once per batch with the first body of each group, so that their rows are read in one call."""

Visibility = Callable[[str, str, int], None]
"""Queue ARN, receipt handle, seconds."""

_LONGEST = 43_200


def run(
    function: str,
    event: Mapping[str, Any],
    *,
    work: Work[A],
    ahead: Ahead[A],
    visibility: Visibility,
    wait: Callable[[Transient, int], float | None],
    time_left: Callable[[], float],
    enough: float,
) -> dict[str, list[dict[str, str]]]:
    """Work through the batch and name what failed, as the mapping's `ReportBatchItemFailures` wants it.

    wait: seconds until a failed record should come back, from its error and how often it was received; None
    for the queue's own time. enough: seconds a record may need; with less left it is the next worker's.
    """
    failed: list[dict[str, str]] = []
    stuck: set[str] = set()
    read = _look_ahead(event["Records"], ahead)
    for record in event["Records"]:
        group = record["attributes"]["MessageGroupId"]
        if group in stuck or time_left() < enough:
            seconds: float | None = 0
        else:
            done, seconds = _one(function, record, lambda body: work(body, read), wait)
            if done:
                continue
        stuck.add(group)
        failed.append({"itemIdentifier": record["messageId"]})
        if seconds is not None:
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
    except Exception as error:  # noqa: BLE001 - of one group, maybe: the others must not wait for it
        # What cannot be read ahead is read, or refused, in its own turn.
        log.info("ahead", reason=getattr(error, "reason", type(error).__name__))
        return None


def _one(
    function: str,
    record: Mapping[str, Any],
    work: Callable[[str], Mapping[str, Any]],
    wait: Callable[[Transient, int], float | None],
) -> tuple[bool, float | None]:
    received = int(record["attributes"].get("ApproximateReceiveCount", 1))
    try:
        said = work(record["body"])
    except Transient as error:
        log_item(function, "waits", reason=error.reason, detail=error.detail, received=received)
        return False, wait(error, received)
    except Misconfigured as error:
        log.error("misconfigured", function=function, reason=error.reason, detail=error.detail)
        return False, None
    except Exception as error:  # noqa: BLE001 - a bug: this group waits and is seen, the others go on
        log_bug(function, error, received=received)
        return False, None
    log_item(function, "done", received=received, **said)
    return True, None


def _hide(record: Mapping[str, Any], seconds: int, visibility: Visibility) -> None:
    try:
        visibility(record["eventSourceARN"], record["receiptHandle"], seconds)
    except HubError as error:
        # The queue's own time applies then: later than asked, and nothing is lost.
        log.warning("visibility", reason=error.reason, detail=error.detail)
