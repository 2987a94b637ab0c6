"""HMAC in a header: the scheme of Meta, X, LINE, Viber, Slack, LinkedIn, Crisp and many other platforms."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from typing import Literal

from chalicelib.channels.signatures.base import Scheme, active, given_in, octets, same
from chalicelib.vocabulary.account import Ours
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.request import Request

_LONGEST_STAMP = 15
_SIZES = {"sha1": 20, "sha256": 32, "sha512": 64}
_STAMP = re.compile(r"[0-9A-Za-z:.+-]{1,40}")
# Without braces: a stamp must not be able to say where the body begins.


@dataclass(frozen=True, slots=True, kw_only=True)
class Hmac(Scheme):
    """HMAC of the body, or of a text around it, in a header.

    header: the header's name, in lower case.
    keys: the name of the keys among the account's secrets.
    digest: the hash.
    encoding: how the digest is written: lower-case hex, or base64.
    prefix: what stands before the digest.
    signed: what is signed: `{body}`, the text around it, and `{stamp}` for what the header `stamp` says.
    stamp: the header that tells when it was signed; empty if the platform tells no time.
    tolerance: seconds by which that, in Unix seconds, may differ from our clock; 0 if it is not judged. If a
        platform repeats a request without signing it anew, it has to last as long as the repeating.
    """

    header: str
    keys: str
    digest: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    signed: str = "{body}"
    stamp: str = ""
    tolerance: int = 0

    def verify(self, request: Request, ours: Ours) -> Request:
        """The request if it is genuine. Raises `Rejected`."""
        keys = active(ours.secrets, self.keys)
        given = given_in(request, self.header)
        prefix, digest = given[: len(self.prefix)], given[len(self.prefix) :]
        if prefix != self.prefix or not self._is_digest(digest):
            raise Rejected("signature_malformed")
        stamp = given_in(request, self.stamp) if self.stamp else ""
        if self.stamp and not _STAMP.fullmatch(stamp):
            raise Rejected("signature_malformed")
        before, _, after = self.signed.replace("{stamp}", stamp).partition("{body}")
        signed = b"".join((octets(before), request.body, octets(after)))
        if not same(digest, [self._written(hmac.digest(key, signed, self.digest)) for key in keys]):
            raise Rejected("signature_mismatch")
        if self.tolerance and not self._is_recent(stamp, request):
            raise Rejected("signature_expired")
        return request

    def _is_digest(self, text: str) -> bool:
        size = _SIZES[self.digest]
        if self.encoding == "hex":
            return bool(re.fullmatch(f"[0-9a-f]{{{2 * size}}}", text))
        try:
            return text.isascii() and len(base64.b64decode(text, validate=True)) == size
        except binascii.Error:
            return False

    def _written(self, digest: bytes) -> bytes:
        return digest.hex().encode() if self.encoding == "hex" else base64.b64encode(digest)

    def _is_recent(self, stamp: str, request: Request) -> bool:
        seconds = int(stamp) if stamp.isdecimal() and len(stamp) <= _LONGEST_STAMP else 0
        return abs(request.received_at.timestamp() - seconds) <= self.tolerance
