"""Secrets, from where they are kept: read when needed, kept five minutes, served stale through outages.

A parameter is a JSON object of secret name to one value or a list of active values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from chalicelib.vocabulary.errors import Misconfigured, Transient

_MAX_AGE = 300.0
_LEAST_BETWEEN_READS = 1.0
_AFTER_FAILURE = 5.0
"""Seconds for which what is stale is served without asking again."""

Held = Mapping[str, tuple[str, ...]]


class Parameters:
    """The parameters under one path.

    read: a parameter's text by its name; raises `Transient` or `Misconfigured`.
    """

    def __init__(self, *, read: Callable[[str], str], clock: Callable[[], float]) -> None:
        self._read = read
        self._clock = clock
        self._held: dict[str, tuple[float, Held]] = {}
        self._failed: dict[str, float] = {}

    def get(self, name: str) -> Held:
        """The parameter's values. Raises `Transient` or `Misconfigured` if they were never read."""
        return self._get(name, _MAX_AGE)

    def fresh(self, name: str) -> Held:
        """The parameter's values as they are now, read at most once a second."""
        return self._get(name, _LEAST_BETWEEN_READS)

    def _get(self, name: str, max_age: float) -> Held:
        if not name:
            return {}
        known = self._held.get(name)
        now = self._clock()
        failed = self._failed.get(name)
        if known and (
            0 <= now - known[0] < max_age or (failed is not None and 0 <= now - failed < _AFTER_FAILURE)
        ):
            return known[1]
        try:
            values = _values(name, self._read(name))
        except (Transient, Misconfigured):
            if known:
                self._failed[name] = self._clock()
                return known[1]
            raise
        self._held[name] = (now, values)
        return values


_fields = msgspec.json.Decoder(dict[str, str | list[str]])


def _values(name: str, text: str) -> Held:
    try:
        fields = _fields.decode(text)
    except msgspec.DecodeError:
        # Not chained: the parser's error may quote what it read.
        detail = f"parameter {name} is no JSON object of texts and lists of texts"
        raise Misconfigured("secret_unreadable", detail) from None
    return {key: (value,) if isinstance(value, str) else tuple(value) for key, value in fields.items()}
