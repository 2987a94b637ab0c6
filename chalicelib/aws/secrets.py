"""Reads secrets from SSM when they are needed, keeps them five minutes, and serves older ones in an outage.

Powertools' Parameters would raise in an outage whatever it had read before, so the cache is the one that the
configuration has. A parameter is a JSON object of secret name to one value or a list of active values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from chalicelib.aws.errors import aws
from chalicelib.configuration.cached import Cached
from chalicelib.vocabulary.account import Secrets
from chalicelib.vocabulary.errors import Misconfigured, Transient

_MAX_AGE = 300.0
_AFTER_FAILURE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters below one path.

    read: a parameter's text by its name; raises `Transient` or `Misconfigured`.
    clock: seconds that only grow.
    """

    read: Callable[[str], str]
    clock: Callable[[], float]
    _copies: dict[str, Cached[Secrets]] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> Secrets:
        """The parameter's values, none for no name. Raises `Transient` or `Misconfigured` without a copy."""
        return self._copy(name).current() if name else {}

    def fresh(self, name: str) -> Secrets:
        """The parameter's values as they are now, read at most once a second, or older ones in an outage."""
        if not name:
            return {}
        try:
            return self._copy(name).refresh()
        except (Transient, Misconfigured):
            return self._copy(name).current()

    def _copy(self, name: str) -> Cached[Secrets]:
        if name not in self._copies:
            self._copies[name] = Cached(
                read=partial(self._values, name),
                clock=self.clock,
                max_age=_MAX_AGE,
                after_failure=_AFTER_FAILURE,
            )
        return self._copies[name]

    def _values(self, name: str) -> Secrets:
        try:
            values = _VALUES.decode(self.read(name))
        except msgspec.DecodeError:
            # Not chained: the parser's error may quote what it read.
            detail = f"parameter {name} is no JSON object of texts and lists of texts"
            raise Misconfigured("secret_unreadable", detail) from None
        return {key: (value,) if isinstance(value, str) else tuple(value) for key, value in values.items()}


_VALUES = msgspec.json.Decoder(dict[str, str | list[str]])


def parameter(ssm: Any, name: str) -> str:  # noqa: ANN401 - botocore's clients have no types
    """The text of one parameter. Raises `Transient` or `Misconfigured`."""
    answer = aws(lambda: ssm.get_parameter(Name=name, WithDecryption=True))
    return str(answer["Parameter"]["Value"])
