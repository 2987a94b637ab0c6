"""The worker at the events queue."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from chalice.app import Blueprint

from chalicelib import runtime
from chalicelib.handlers import batch
from chalicelib.store.packing import from_text, unpack_intake

bp = Blueprint(__name__)

_ENOUGH = 8.0

_LONGEST_PAUSE = 120
"""Seconds. A hundred receives then last three hours, not the five minutes of a table that throttles."""


def _work(body: str) -> dict[str, Any]:
    absorbed = runtime.process()(unpack_intake(from_text(body)))
    return {
        "events": [one.event.reference for one in absorbed],
        "decisions": [one.decision.outcome for one in absorbed],
    }


def _ahead(bodies: Sequence[str]) -> None:
    runtime.process().ahead([unpack_intake(from_text(body)) for body in bodies])


def _pause(received: int) -> float:
    return float(min(2 ** min(received, 10), _LONGEST_PAUSE)) * (0.5 + random.random())  # noqa: S311 - not a secret


@bp.lambda_function(name="process")
def process(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401
    """A batch of the events queue; what failed comes back after a moment, not all at once."""
    return batch.run(
        "process",
        event,
        work=_work,
        ahead=_ahead,
        visibility=runtime.visibility,
        wait=lambda error, received: error.retry_after or _pause(received),
        time_left=lambda: context.get_remaining_time_in_millis() / 1000,
        enough=_ENOUGH,
    )
