"""Writes the hub's log lines, one per item, and its counts.

A line is a constant message and named values. A value is never a text, name, phone number, token,
signature or body. Counts are embedded metrics with the dimension `channel` or `target`, never an account
or an event; the reason of a count is a property of the line, not a dimension.
"""

from __future__ import annotations

import traceback
from typing import Any, Protocol

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from chalicelib.vocabulary.errors import HubError

NAMESPACE = "Switchboard"

# Named by POWERTOOLS_SERVICE_NAME and not after the app, whose logger Chalice silences below errors.
log = Logger()


class Count(Protocol):
    """Counts something that happened."""

    def __call__(self, name: str, value: int = 1, **about: str) -> None:
        """Add `value` to the count `name`; `channel` or `target` in `about` is its dimension."""
        ...


def count(name: str, value: int = 1, **about: str) -> None:
    """Write the count to the log, from which CloudWatch takes it."""
    with single_metric(name=name, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as metric:
        for dimension in ("channel", "target"):
            if dimension in about:
                metric.add_dimension(name=dimension, value=about.pop(dimension))
        for key, fact in about.items():
            metric.add_metadata(key=key, value=fact)


def log_bug(function: str, error: Exception, **about: Any) -> None:  # noqa: ANN401 - values of any JSON type
    """A bug, by the frames it came through and without its message, which may quote what a customer wrote."""
    frames = traceback.format_tb(error.__traceback__)
    reason = error.reason if isinstance(error, HubError) else type(error).__name__
    log.error("bug", function=function, reason=reason, frames=frames, stacklevel=3, **about)


def log_item(function: str, outcome: str, **about: Any) -> None:  # noqa: ANN401 - values of any JSON type
    """Write the one line that says how an item ended."""
    # So that `location` in the line is the caller's, not this function's.
    log.info("item", function=function, outcome=outcome, stacklevel=3, **about)
