"""The Lambda function `deliver`: the worker at the targets' queues, each of which has its own mapping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib.handlers import batch
from chalicelib.handlers.guard import quotes_nobody
from chalicelib.pipeline import retry
from chalicelib.runtime.workers import workers
from chalicelib.store.packing import from_text, unpack_change

if TYPE_CHECKING:
    from chalicelib.store.read_ahead import Ahead

bp = Blueprint(__name__)


def _ahead(bodies: Sequence[str]) -> Ahead:
    return workers().deliver.ahead([unpack_change(from_text(body)) for body in bodies])


def _wait(named: float | None, received: int) -> float:
    """The ledger's pause; a growing one where the ledger could not be asked."""
    if named is not None:
        return named
    return retry.again(received, workers().chance(), most=retry.LONGEST_AT_A_TARGET)


@bp.lambda_function(name="deliver")
@quotes_nobody
def deliver(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401
    """Work through a batch of one target's queue; a delivery that waits comes back when its ledger says."""

    def time_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    def work(body: str, ahead: Ahead | None) -> dict[str, Any]:
        change = unpack_change(from_text(body))
        states = workers().deliver(change, time_left, ahead)
        return {"target": change.target, "states": [state for _, state in states]}

    return batch.run(
        "deliver",
        event,
        work=work,
        ahead=_ahead,
        visibility=workers().hide,
        wait=_wait,
        time_left=time_left,
        enough=retry.TIME_FOR_A_STEP,
    )
