"""What a function may say when it fails as a whole: Lambda's runtime logs the message of what it raises."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from chalicelib.telemetry import log_bug
from chalicelib.vocabulary.errors import HubError

Handler = Callable[[Any, Any], Any]


class Bug(RuntimeError):
    """A bug, by the kind of what was raised."""


def quotes_nobody(handler: Handler) -> Handler:
    """The handler, raising a `Bug` for what is no error of ours: its message may quote a customer.

    A row that cannot be read is one: msgspec and `int` put the value into their messages.
    """

    @functools.wraps(handler)
    def guarded(event: Any, context: Any) -> Any:  # noqa: ANN401
        try:
            return handler(event, context)
        except HubError:
            raise
        except Exception as error:  # noqa: BLE001 - raised again, without what it says
            log_bug(handler.__name__, error)
            kind = type(error).__name__
        raise Bug(kind)

    return guarded
