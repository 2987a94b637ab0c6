"""What the hub says of itself: one log line per item, and a few counts.

A line is a constant message with values as keys. Never among them: text, names, phone numbers,
tokens, signatures, bodies. Counts go out as embedded metrics with the dimension `channel` or `target`,
never an account or an event; the reason of a count is a property of the line, not a dimension.
"""

from __future__ import annotations

import traceback
from typing import Any, Protocol

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

NAMESPACE = "Switchboard"

# Named by POWERTOOLS_SERVICE_NAME, and not after the app: that logger Chalice silences up to errors.
log = Logger()


class Count(Protocol):
    """Counts something that happened."""

    def __call__(self, name: str, value: int = 1, **about: str) -> None:
        """Add `value` to the count `name`; `channel` or `target` in `about` is its dimension."""
        ...


def count(name: str, value: int = 1, **about: str) -> None:
    """Write the count where CloudWatch finds it."""
    with single_metric(name=name, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as metric:
        for dimension in ("channel", "target"):
            if dimension in about:
                metric.add_dimension(name=dimension, value=about.pop(dimension))
        for key, said in about.items():
            metric.add_metadata(key=key, value=said)


def log_bug(function: str, error: Exception, **about: Any) -> None:  # noqa: ANN401 - values of any JSON type
    """A bug, by the frames it came through and without its message, which may quote what a customer wrote."""
    frames = traceback.format_tb(error.__traceback__)
    reason = getattr(error, "reason", type(error).__name__)
    log.error("bug", function=function, reason=reason, frames=frames, stacklevel=3, **about)


def log_item(function: str, outcome: str, **about: Any) -> None:  # noqa: ANN401 - values of any JSON type
    """The one line that says how an item ended."""
    # The caller's place in the code, not this one.
    log.info("item", function=function, outcome=outcome, stacklevel=3, **about)
