"""What every scheme has in common: the contract, and comparing in constant time.

Every `verify` returns on a genuine request and raises `Rejected` on anything else, whatever bytes it is
given. Signatures are compared on bytes, over the body as it arrived. An account without a value for a
secret accepts nothing.

Reasons: `secret_missing` (ours to mend), `signature_missing`, `signature_malformed`,
`signature_mismatch`.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Protocol

from chalicelib.vocabulary.account import Secrets
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.request import Request


class Scheme(Protocol):
    """A way to prove a request genuine."""

    def verify(self, request: Request, secrets: Secrets) -> None:
        """Return if genuine. Raises `Rejected`."""
        ...


def active(secrets: Secrets, name: str) -> list[bytes]:
    """An account's secrets of that name, as bytes. Raises `Rejected` if there is none."""
    values = [octets(value) for value in secrets.get(name, ()) if value]
    if not values:
        raise Rejected("secret_missing")
    return values


def same(given: str, wanted: Iterable[bytes]) -> bool:
    """Whether a text is one of those wanted: in constant time, whatever its characters."""
    given_octets = octets(given)
    matches = [hmac.compare_digest(given_octets, candidate) for candidate in wanted]
    return any(matches)


def match(given: str, wanted: Iterable[bytes]) -> None:
    """Return if `same`. Raises `Rejected`."""
    if not same(given, wanted):
        raise Rejected("signature_mismatch")


def given_in(request: Request, header: str) -> str:
    """The header's value. Raises `Rejected` if the request has none."""
    given = request.headers.get(header, "")
    if not given:
        raise Rejected("signature_missing")
    return given


def octets(text: str) -> bytes:
    """A text as bytes, whatever its characters."""
    return text.encode("utf-8", "surrogatepass")
