"""The Lambda function `tick`, which EventBridge calls once a minute: the hub's clock."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib.handlers.guard import quotes_nobody
from chalicelib.runtime.workers import workers
from chalicelib.telemetry import log_item

bp = Blueprint(__name__)


@bp.lambda_function(name="tick")
@quotes_nobody
def tick(event: Any, context: Any) -> dict[str, int]:  # noqa: ANN401, ARG001
    """Do all that is due this minute; return how much there was. Raises what failed, at the end."""

    def time_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    counts = workers().tick(time_left)
    log_item("tick", "done", **counts)
    return counts
