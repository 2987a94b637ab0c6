"""Keeps a copy of a value that is stored elsewhere: renews it when it is old, and serves it in an outage."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Generic, TypeVar

from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient

_LEAST_BETWEEN_READS = 1.0
"""Seconds between two reads, however often `refresh` is called."""

_NEVER = -math.inf

T = TypeVar("T")


class Cached(Generic[T]):
    """One value that is stored elsewhere.

    read: reads and decodes it; raises `Transient` or `Misconfigured`.
    copy: reads a copy of it that lies elsewhere, for when the original was never read; raises the same.
    clock: seconds that only grow.
    max_age: seconds for which a copy is served without reading again.
    after_failure: seconds for which an older copy is served without another try.
    """

    def __init__(
        self,
        *,
        read: Callable[[], T],
        clock: Callable[[], float],
        max_age: float,
        after_failure: float = _LEAST_BETWEEN_READS,
        copy: Callable[[], T] | None = None,
    ) -> None:
        self._read = read
        self._copy = copy
        self._clock = clock
        self._max_age = max_age
        self._after_failure = after_failure
        self._value: T | None = None
        self._read_at = _NEVER
        self._tried_at: float | None = None
        self._failure: HubError | None = None

    def current(self) -> T:
        """The value, or an older copy if it cannot be read now. Raises only if there is no copy."""
        if self._value is not None and self._younger(self._read_at, self._max_age):
            return self._value
        if self._value is None or not self._tried_within(self._after_failure):
            self._try()
        if self._value is None:
            self._value = self._copied()
        return self._value

    @property
    def read_at(self) -> float:
        """When the value was read, by the clock; it may be a copy that is older than any time."""
        return self._read_at

    def refresh(self) -> T:
        """The value as it is now, read at most once a second.

        Raises if it cannot be read, even if there is an older copy: the caller did not find something in
        that copy, and must not conclude that it does not exist.
        """
        if not self._tried_within(_LEAST_BETWEEN_READS):
            self._try()
        if self._failure is not None:
            raise self._failure
        return self.current()

    def _copied(self) -> T:
        """The copy from elsewhere. It is as old as can be: the original is tried again soon."""
        failure = self._failure or Transient("never_read")
        if self._copy is None:
            raise failure
        try:
            return self._copy()
        except (Transient, Misconfigured):
            # What keeps the original from being read is the fault that somebody has to see.
            raise failure from None

    def _try(self) -> None:
        self._tried_at = self._clock()
        try:
            value = self._read()
        except (Transient, Misconfigured) as failure:
            self._failure = failure
            return
        self._value, self._read_at, self._failure = value, self._tried_at, None

    def _tried_within(self, seconds: float) -> bool:
        return self._tried_at is not None and self._younger(self._tried_at, seconds)

    def _younger(self, since: float, limit: float) -> bool:
        # A clock that was set back must not keep a copy for ever.
        return 0 <= self._clock() - since < limit
