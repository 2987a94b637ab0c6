"""The worker that the clock calls, once a minute."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib.runtime.workers import workers
from chalicelib.telemetry import log_item
from chalicelib.vocabulary.errors import HubError

bp = Blueprint(__name__)


@bp.lambda_function(name="tick")
def tick(event: Any, context: Any) -> dict[str, int]:  # noqa: ANN401, ARG001
    """All that is due this minute. Raises what failed, after all else was done."""

    def time_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    try:
        done = workers().tick(time_left)
    except HubError:
        raise
    except Exception as bug:  # noqa: BLE001 - Lambda would log its message, which may quote a customer
        raise RuntimeError(f"a job raised {type(bug).__name__}") from None
    log_item("tick", "done", **done)
    return done
