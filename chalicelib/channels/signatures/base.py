"""The contract of a signature scheme, and comparing in constant time.

Every `verify` returns a genuine request and raises `Rejected` on anything else, whatever bytes it is given.
A signature is computed over the body as it arrived, and compared as bytes. An account without a value for a
secret accepts nothing.

Reasons: `secret_missing` (a mistake of ours), `signature_missing`, `signature_malformed`,
`signature_mismatch`, `signature_expired`.
"""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from collections.abc import Iterable

from chalicelib.vocabulary.account import Ours, Secrets
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.request import Request


class Scheme(ABC):
    """A way to prove a request genuine."""

    @abstractmethod
    def verify(self, request: Request, ours: Ours) -> Request:
        """The request if it is genuine, opened if it came sealed. Raises `Rejected`."""


def active(secrets: Secrets, name: str) -> list[bytes]:
    """The active values of an account's secret, as bytes. Raises `Rejected` if there is none."""
    values = [octets(value) for value in secrets.get(name, ()) if value]
    if not values:
        raise Rejected("secret_missing")
    return values


def same(given: str, genuine: Iterable[bytes]) -> bool:
    """Whether a text is one of the genuine ones: in constant time, whatever its characters."""
    given_octets = octets(given)
    matches = [hmac.compare_digest(given_octets, candidate) for candidate in genuine]
    return any(matches)


def match(given: str, genuine: Iterable[bytes]) -> None:
    """Return if `given` is one of the genuine ones. Raises `Rejected`."""
    if not same(given, genuine):
        raise Rejected("signature_mismatch")


def given_in(request: Request, header: str) -> str:
    """The header's value. Raises `Rejected` if the request has none."""
    given = request.headers.get(header, "")
    if not given:
        raise Rejected("signature_missing")
    return given


def octets(text: str) -> bytes:
    """A text as bytes: those that `decode_form` kept are what they were; no other lone surrogate raises."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
