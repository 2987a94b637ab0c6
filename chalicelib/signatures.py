"""How a platform's request is proved genuine: each scheme once, as data.

Every `verify` returns on a genuine request and raises `Rejected` on anything else, whatever bytes it
is given. Compared in constant time, on bytes, over the body as it arrived. No secret, no entry: an
account without a value for a secret accepts nothing.
"""

from __future__ import annotations

from typing import Protocol

from chalicelib.webhook import Request, Secrets


class Scheme(Protocol):
    """A way to prove a request genuine."""

    def verify(self, request: Request, secrets: Secrets) -> None:
        """Return if genuine. Raises `Rejected`."""
        ...
