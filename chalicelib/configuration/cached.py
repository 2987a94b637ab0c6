"""A copy of what is stored elsewhere: at most so old, and served through outages of that place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient

_MAX_AGE = 60.0
_LEAST_BETWEEN_READS = 1.0

T = TypeVar("T")


def _stored(sections: Mapping[str, bytes] | None) -> Mapping[str, bytes]:
    if sections is None:
        raise Misconfigured("configuration_missing", "nothing was pushed to this stage yet")
    return sections


class Cached(Generic[T]):
    """The stored configuration, at most a minute old, through outages of where it is stored."""

    def __init__(
        self,
        *,
        read: Callable[[], Mapping[str, bytes] | None],
        decode: Callable[[Mapping[str, bytes]], T],
        clock: Callable[[], float],
    ) -> None:
        self._read = read
        self._decode = decode
        self._clock = clock
        self._value: T | None = None
        self._read_at = 0.0
        self._tried_at: float | None = None
        self._failure: HubError | None = None

    def current(self) -> T:
        """The configuration; an older copy if it cannot be read now, and only raises without one."""
        if self._value is not None and self._younger(self._read_at, _MAX_AGE):
            return self._value
        if self._value is None or not self._just_tried():
            self._try()
        if self._value is None:
            raise self._failure or Transient("configuration_unread")
        return self._value

    def refresh(self) -> T:
        """The configuration as it is now, read at most once a second.

        Raises if it cannot be read, whatever older copy there is: who asks has not found something in
        that copy, and must not conclude that it does not exist.
        """
        if not self._just_tried():
            self._try()
        if self._failure is not None:
            raise self._failure
        return self.current()

    def _try(self) -> None:
        self._tried_at = self._clock()
        try:
            value = self._decode(_stored(self._read()))
        except (Transient, Misconfigured) as failure:
            self._failure = failure
            return
        self._value, self._read_at, self._failure = value, self._tried_at, None

    def _just_tried(self) -> bool:
        return self._tried_at is not None and self._younger(self._tried_at, _LEAST_BETWEEN_READS)

    def _younger(self, since: float, limit: float) -> bool:
        # A clock that was set back must not keep a copy for ever.
        return 0 <= self._clock() - since < limit
