"""The Lambda function `relay`: the worker at the table's stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint

from chalicelib import telemetry
from chalicelib.handlers.guard import quotes_nobody
from chalicelib.pipeline.relay import owed
from chalicelib.runtime.workers import workers
from chalicelib.vocabulary.messages import Change

bp = Blueprint(__name__)


@bp.lambda_function(name="relay")
@quotes_nobody
def relay(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001
    """A batch of the stream. Raises if any of it could be neither sent nor parked: it is repeated whole."""
    changes = [change for record in event["Records"] for change in _changes(record)]
    sent = workers().relay(changes, age=workers().seconds_since(_oldest(event["Records"])))
    telemetry.log_item("relay", "done", records=len(event["Records"]), sent=sent)
    return {"sent": sent}


def _changes(record: Mapping[str, Any]) -> list[Change]:
    """What one record owes to whom; nothing of one that cannot be read, so that all behind it go on.

    Its events then have no ledger, and `hub relay` finds them.
    """
    try:
        image = record["dynamodb"].get("NewImage")
        if not image or image["sk"]["S"] != "PROFILE":
            return []
        return owed(image["pk"]["S"].removeprefix("P#"), int(image["seq"]["N"]), image["fresh"]["S"])
    except Exception as error:  # noqa: BLE001 - a bug: a stream that stands still would stop everybody
        telemetry.log_bug("relay", error)
        telemetry.count("unreadable_change")
        return []


def _oldest(records: list[dict[str, Any]]) -> float | None:
    """When the first of them was written, in Unix seconds, if the stream says so."""
    times = [record["dynamodb"].get("ApproximateCreationDateTime") for record in records]
    return min((float(time) for time in times if time), default=None)
