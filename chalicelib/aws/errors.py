"""Translates AWS' refusals into the hub's errors, in the same way for every service."""

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
"""Error codes of a service that may accept the same call a moment later."""

_OUR_BUGS = {"ValidationException", "ValidationError", "SerializationException"}
"""Error codes that only a bug of ours can cause: neither waiting nor configuring helps."""


def aws(call: Callable[[], T]) -> T:
    """The call's value. Raises `Transient` when AWS cannot serve it now, `Misconfigured` when it will not."""
    try:
        return call()
    except ClientError as error:
        raise meaning(error.response) or error from error
    except BotoCoreError as error:
        raise Transient("aws_unreachable", type(error).__name__) from error


def meaning(answer: Mapping[str, Any]) -> HubError | None:
    """The hub's error for an error that AWS answered; None if it is a bug of ours.

    A code that is not listed is `Transient` with a 5xx, which is AWS' own trouble, and `Misconfigured` with a
    4xx: the call would be refused again, an alarm calls somebody, and the front door puts the message aside.

    answer: as botocore gives it.
    """
    code = str(answer.get("Error", {}).get("Code", "")).rsplit(".", 1)[-1]
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
    if code in _OUR_BUGS:
        return None
    if code in _BUSY or status >= 500:
        return Transient("aws_busy", code)
    return Misconfigured("aws_refused", code)
