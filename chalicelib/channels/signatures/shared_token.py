"""A token that the platform repeats in a header: Telegram's scheme."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.channels.signatures.base import Scheme, active, given_in, match
from chalicelib.vocabulary.account import Ours
from chalicelib.vocabulary.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedToken(Scheme):
    """A secret that the platform repeats in a header. It does not cover the body, which TLS alone protects.

    header: the header's name, in lower case.
    keys: the name of the tokens among the account's secrets.
    """

    header: str
    keys: str

    def verify(self, request: Request, ours: Ours) -> Request:
        """The request if it is genuine. Raises `Rejected`."""
        tokens = active(ours.secrets, self.keys)
        match(given_in(request, self.header), tokens)
        return request
