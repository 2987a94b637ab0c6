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


_LEAST_BETWEEN_LOOKS = 1.0
_LOOKS_IN_VAIN = 5
_AFTER_MANY_IN_VAIN = 15.0
_VAIN_FORGOTTEN = 60.0


@dataclass(slots=True)
class _Looks:
    """When a container last looked for new secrets, and how often in a row that was in vain."""

    last: float | None = None
    in_vain: int = 0

    def may(self, now: float) -> bool:
        """Whether to look now; if so, it counts as one in vain until `found`."""
        since = _VAIN_FORGOTTEN if self.last is None or now < self.last else now - self.last
        pause = _AFTER_MANY_IN_VAIN if self.in_vain >= _LOOKS_IN_VAIN else _LEAST_BETWEEN_LOOKS
        if since < pause:
            return False
        self.in_vain = 1 if since >= _VAIN_FORGOTTEN else self.in_vain + 1
        self.last = now
        return True

    def found(self) -> None:
        """What was looked for is there."""
        self.in_vain = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters below one path.

    read: a parameter's text by its name; raises `Transient` or `Misconfigured`.
    clock: seconds that only grow.
    """

    read: Callable[[str], str]
    clock: Callable[[], float]
    _copies: dict[str, Cached[Secrets]] = field(default_factory=dict, repr=False)
    _looks: _Looks = field(default_factory=_Looks, repr=False)

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

    def renewed(self, name: str) -> Secrets | None:
        """The parameter's values if they are others by now than those that `get` gave; None if not.

        Anybody can have this asked, with a forged signature, and Systems Manager answers all containers
        together some forty times a second. So a container reads at most once a second, whatever the names,
        and after a few reads that found nothing new for once in a quarter of a minute.
        """
        before = self.get(name)
        if not name or not self._looks.may(self.clock()):
            return None
        after = self.fresh(name)
        if after == before:
            return None
        self._looks.found()
        return after

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
