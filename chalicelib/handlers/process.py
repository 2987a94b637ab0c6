"""The worker at the events queue."""

from __future__ import annotations

import random
from typing import Any

from chalice.app import Blueprint

from chalicelib import runtime
from chalicelib.handlers import batch
from chalicelib.messages import from_text, unpack_intake

bp = Blueprint(__name__)

_ENOUGH = 8.0


def _work(body: str) -> dict[str, Any]:
    absorbed = runtime.process()(unpack_intake(from_text(body)))
    return {
        "events": [one.event.reference for one in absorbed],
        "decisions": [one.decision.outcome for one in absorbed],
    }


@bp.lambda_function(name="process")
def process(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401
    """A batch of the events queue; what failed comes back after a moment, not all at once."""
    return batch.run(
        "process",
        event,
        work=_work,
        visibility=runtime.visibility,
        wait=lambda error: error.retry_after or 1 + 4 * random.random(),  # noqa: S311 - not a secret
        time_left=lambda: context.get_remaining_time_in_millis() / 1000,
        enough=_ENOUGH,
    )
