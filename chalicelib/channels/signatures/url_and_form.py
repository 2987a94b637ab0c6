"""HMAC of the public URL and the form's fields: the scheme of Twilio."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from chalicelib.channels.signatures.base import Scheme, active, given_in, match, octets
from chalicelib.vocabulary.account import Ours, Secrets
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.request import Request

_BASE64 = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlAndForm(Scheme):
    """HMAC of the public URL followed by the form's fields, in base64.

    The fields are sorted by name, each name repeated before each of its distinct values, sorted too.
    A body that is no form is covered by its SHA-256 in the URL (`bodySHA256`), and then the URL alone is
    signed. The URL is accepted with and without its port, because the platform signs it either way.

    Each secret has one algorithm, whatever the request says: `sha1_keys` sign with SHA-1, `sha256_keys`
    (written `id=key`) with SHA-256. The settings header only selects a secret: whoever removes or rewrites
    it selects one that the account may not even have, and never a weaker algorithm for the same secret.

    header: the name of the header that holds the signature, in lower case.
    settings: the name of the header that holds algorithm and key id, in lower case.
    sha1_keys: the name of the SHA-1 keys among the account's secrets.
    sha256_keys: the name of the SHA-256 keys among the account's secrets.
    form: reads the fields of a body; the channel reads its events the same way.
    """

    header: str
    settings: str
    sha1_keys: str
    sha256_keys: str
    form: Callable[[bytes], list[tuple[str, str]]]

    def verify(self, request: Request, ours: Ours) -> Request:
        """The request if it is genuine. Raises `Rejected`."""
        algorithm, keys = self._keys(request, ours.secrets)
        given = given_in(request, self.header)
        if not _BASE64.fullmatch(given):
            raise Rejected("signature_malformed")
        fields = self._fields(request)
        signed = [f"{url}{fields}" for url in _spellings(request.url)]
        macs = [hmac.new(key, octets(text), algorithm).digest() for key in keys for text in signed]
        match(given, [base64.b64encode(mac) for mac in macs])
        return request

    def _keys(self, request: Request, secrets: Secrets) -> tuple[str, list[bytes]]:
        parts = [part.partition("=") for part in request.headers.get(self.settings, "").split(",")]
        named = {name.strip(): value.strip() for name, _, value in reversed(parts) if value.strip()}
        algorithm = named.get("algorithm", "HMAC_SHA1").upper()
        if algorithm == "HMAC_SHA1":
            return "sha1", active(secrets, self.sha1_keys)
        if algorithm != "HMAC_SHA256":
            raise Rejected("signature_malformed", "an algorithm we do not know")
        pairs = [value.partition("=") for value in secrets.get(self.sha256_keys, ())]
        key_id = named.get("key")
        keys = [octets(key) for identifier, _, key in pairs if key and key_id in (None, identifier)]
        if not keys:
            raise Rejected("secret_missing")
        return "sha256", keys

    def _fields(self, request: Request) -> str:
        digests = parse_qs(_parts(request.url).query).get("bodySHA256")
        fields = [] if digests and not is_form(request) else self.form(request.body)
        # With an empty form the URL alone would be signed, so the digest must cover the body.
        if digests and not fields:
            match(digests[0], [hashlib.sha256(request.body).hexdigest().encode()])
        return "".join(f"{name}{value}" for name, value in sorted(set(fields)))


def is_form(request: Request) -> bool:
    """Whether the request says that its body is a form."""
    return request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded")


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise Rejected("signature_malformed", "the URL cannot be read") from error


def _spellings(url: str) -> tuple[str, str]:
    """The URL with its port and without it."""
    parts = _parts(url)
    try:
        port = parts.port
    except ValueError as error:
        raise Rejected("signature_malformed", "the URL has no readable port") from error
    if port:
        return parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl(), parts.geturl()
    usual = 443 if parts.scheme == "https" else 80
    return parts.geturl(), parts._replace(netloc=f"{parts.netloc}:{usual}").geturl()
