"""HMAC of the body in a header: the scheme of Meta and of many other platforms."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from chalicelib.channels.signatures.base import Scheme, active, given_in, match
from chalicelib.vocabulary.account import Ours
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.request import Request

_HEX_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyHmac(Scheme):
    """HMAC-SHA256 of the body, in lower-case hex behind a prefix, in a header.

    header: the header's name, in lower case.
    keys: the name of the keys among the account's secrets.
    prefix: what stands before the digits.
    """

    header: str
    keys: str
    prefix: str = ""

    def verify(self, request: Request, ours: Ours) -> Request:
        """The request if it is genuine. Raises `Rejected`."""
        keys = active(ours.secrets, self.keys)
        given = given_in(request, self.header)
        prefix, digest = given[: len(self.prefix)], given[len(self.prefix) :]
        if prefix != self.prefix or not _HEX_SHA256.fullmatch(digest):
            raise Rejected("signature_malformed")
        match(digest, [hmac.new(key, request.body, hashlib.sha256).hexdigest().encode() for key in keys])
        return request
