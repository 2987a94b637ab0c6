"""The worker that the clock calls, once a minute."""

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
    """All that is due this minute."""
    done = workers().tick()
    log_item("tick", "done", **done)
    return done
