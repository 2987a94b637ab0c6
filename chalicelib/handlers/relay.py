"""The Lambda function `relay`: the worker at the table's stream."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib.handlers.guard import quotes_nobody
from chalicelib.pipeline.relay import owed
from chalicelib.runtime.workers import workers
from chalicelib.telemetry import log_item

bp = Blueprint(__name__)


@bp.lambda_function(name="relay")
@quotes_nobody
def relay(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001
    """Send on a batch of the stream. Raises if any of it could not be sent: the stream repeats it whole."""
    changes = [
        change
        for record in event["Records"]
        if (image := record["dynamodb"].get("NewImage")) and image["sk"]["S"] == "PROFILE"
        for change in owed(image["pk"]["S"].removeprefix("P#"), int(image["seq"]["N"]), image["fresh"]["S"])
    ]
    sent = workers().relay(changes)
    log_item("relay", "done", records=len(event["Records"]), sent=sent)
    return {"sent": sent}
