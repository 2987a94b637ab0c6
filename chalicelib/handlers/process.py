"""The Lambda function `process`: the worker at the events queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib.handlers import batch
from chalicelib.handlers.guard import quotes_nobody
from chalicelib.pipeline import retry
from chalicelib.runtime.workers import workers
from chalicelib.store.packing import from_text, unpack_intake

if TYPE_CHECKING:
    from chalicelib.store.read_ahead import Ahead

bp = Blueprint(__name__)


def _ahead(bodies: Sequence[str]) -> Ahead:
    return workers().process.ahead([unpack_intake(from_text(body)) for body in bodies])


def _work(body: str, ahead: Ahead | None) -> dict[str, Any]:
    absorbed = workers().process(unpack_intake(from_text(body)), ahead)
    return {
        "events": [one.event.reference for one in absorbed],
        "decisions": [one.consequence.decision.outcome for one in absorbed],
    }


def _wait(named: float | None, received: int) -> float:
    return named or retry.again(received, workers().chance(), most=retry.LONGEST_AT_THE_EVENTS)


@bp.lambda_function(name="process")
@quotes_nobody
def process(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401
    """Work through a batch of the events queue; failed messages come back after a moment, not all at once."""
    return batch.run(
        "process",
        event,
        work=_work,
        ahead=_ahead,
        visibility=workers().hide,
        wait=_wait,
        time_left=lambda: context.get_remaining_time_in_millis() / 1000,
        enough=retry.TIME_FOR_A_MESSAGE,
    )
