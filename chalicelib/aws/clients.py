"""Makes the clients of AWS' services, each once, and says how long each waits for an answer.

Waits are short, because a platform or a queue tries again what failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a client waits for an answer.

    connect: seconds until the connection stands.
    read: seconds until the answer comes.
    tries: how often it asks in all, the first time included.
    """

    connect: float
    read: float
    tries: int


WORKER = Patience(connect=1, read=5, tries=3)
"""The patience of a worker, whose queue tries again."""

ONCE = Patience(connect=1, read=3, tries=1)
"""A worker's that counts its tries itself."""

FRONT_DOOR = Patience(connect=0.5, read=1, tries=2)
"""The front door's calls together have to end before the platform gives up."""

FRONT_DOOR_QUEUE = Patience(connect=0.5, read=1, tries=1)
"""One try: `send` repeats a call itself, because a call may accept some messages and refuse others."""

GetClient = Callable[[str, Patience], Any]
"""Gives the client of a service, by its name and how patient the client is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The clients of one container; making one takes 20 to 250 ms, so each is made when it is first needed.

    session: botocore's session, which reads each service's model once.
    """

    session: botocore.session.Session = field(default_factory=botocore.session.get_session)
    _made: dict[tuple[str, Patience], Any] = field(default_factory=dict)

    def __call__(self, service: str, patience: Patience) -> Any:  # noqa: ANN401 - botocore's clients have no types
        """The client of a service."""
        if (service, patience) not in self._made:
            settings = Config(
                connect_timeout=patience.connect,
                read_timeout=patience.read,
                retries={"mode": "standard", "total_max_attempts": patience.tries},
            )
            self._made[service, patience] = self.session.create_client(service, config=settings)
        return self._made[service, patience]
