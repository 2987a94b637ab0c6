"""The worker at the targets' queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalice.app import Blueprint

from chalicelib import runtime
from chalicelib.handlers import batch
from chalicelib.store.packing import from_text, unpack_change
from chalicelib.vocabulary.errors import Transient

bp = Blueprint(__name__)

_ENOUGH = 25.0

_LONGEST_PAUSE = 300
"""Seconds. A thousand receives then outlast the 80 hours."""


def _pause(error: Transient, received: int) -> float:
    """What the ledger says; where it could not say anything, because the table was busy, a growing pause."""
    if error.retry_after is not None:
        return error.retry_after
    return float(min(2 ** min(received, 10), _LONGEST_PAUSE))


def _ahead(bodies: Sequence[str]) -> None:
    runtime.deliver().ahead([unpack_change(from_text(body)) for body in bodies])


@bp.lambda_function(name="deliver")
def deliver(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401
    """A batch of one target's queue; what has to wait comes back when its ledger says."""

    def time_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    def work(body: str) -> dict[str, Any]:
        change = unpack_change(from_text(body))
        done = runtime.deliver()(change, time_left)
        return {"target": change.target, "states": [state for _, state in done]}

    return batch.run(
        "deliver",
        event,
        work=work,
        ahead=_ahead,
        visibility=runtime.visibility,
        wait=_pause,
        time_left=time_left,
        enough=_ENOUGH,
    )
