"""What a refusal of AWS means for whoever asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.vocabulary.errors import Misconfigured, Transient

T = TypeVar("T")

_REFUSED = {
    "AccessDenied",
    "AccessDeniedException",
    "NoSuchBucket",
    "NoSuchKey",
    "NonExistentQueue",
    "ParameterNotFound",
    "QueueDoesNotExist",
}


def aws(call: Callable[[], T]) -> T:
    """The call's value. Raises `Transient` when AWS cannot serve it now, `Misconfigured` when it will not."""
    try:
        return call()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code.rsplit(".", 1)[-1] in _REFUSED:
            raise Misconfigured("aws_refused", code) from error
        raise Transient("aws_busy", code) from error
    except BotoCoreError as error:
        raise Transient("aws_unreachable", type(error).__name__) from error
