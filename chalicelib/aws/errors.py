"""What a refusal of AWS means for whoever asked, whichever service refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient

T = TypeVar("T")

_BUSY = {
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "LimitExceededException",
    "OverLimit",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "ResourceInUseException",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingError",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionCanceledException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
"""Codes of services that would have answered at another moment."""

_OUR_BUGS = {"ValidationException", "ValidationError", "SerializationException"}
"""Codes that only our own code can cause: waiting or configuring helps nobody."""


def aws(call: Callable[[], T]) -> T:
    """The call's value. Raises `Transient` when AWS cannot serve it now, `Misconfigured` when it will not."""
    try:
        return call()
    except ClientError as error:
        raise meaning(error.response) or error from error
    except BotoCoreError as error:
        raise Transient("aws_unreachable", type(error).__name__) from error


def meaning(answer: Mapping[str, Any]) -> HubError | None:
    """What an error that AWS answered means, as botocore gives it; None if it is a bug of ours.

    A code that is not listed is `Transient` with a 5xx, which is AWS' own trouble, and `Misconfigured` with a
    4xx: it would be refused again, an alarm calls somebody, and the front door puts the message aside.
    """
    code = str(answer.get("Error", {}).get("Code", "")).rsplit(".", 1)[-1]
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
    if code in _OUR_BUGS:
        return None
    if code in _BUSY or status >= 500:
        return Transient("aws_busy", code)
    return Misconfigured("aws_refused", code)
