"""How a platform's request is proved genuine: each scheme once, as data.

Every `verify` returns on a genuine request and raises `Rejected` on anything else, whatever bytes it
is given. Compared in constant time, on bytes, over the body as it arrived. No secret, no entry: an
account without a value for a secret accepts nothing.

Reasons: `secret_missing` (ours to mend), `signature_missing`, `signature_malformed`,
`signature_mismatch`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, parse_qs, urlsplit

from chalicelib.vocabulary.account import Secrets
from chalicelib.vocabulary.errors import Rejected
from chalicelib.vocabulary.request import Request

_HEX_SHA256 = re.compile(r"[0-9a-f]{64}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")


class Scheme(Protocol):
    """A way to prove a request genuine."""

    def verify(self, request: Request, secrets: Secrets) -> None:
        """Return if genuine. Raises `Rejected`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyHmac:
    """HMAC-SHA256 of the body, in lower-case hex behind a prefix, in a header.

    keys: the name of the keys among the account's secrets.
    """

    header: str
    keys: str
    prefix: str = ""

    def verify(self, request: Request, secrets: Secrets) -> None:
        """Return if genuine. Raises `Rejected`."""
        keys = active(secrets, self.keys)
        given = _given(request, self.header)
        prefix, digest = given[: len(self.prefix)], given[len(self.prefix) :]
        if prefix != self.prefix or not _HEX_SHA256.fullmatch(digest):
            raise Rejected("signature_malformed")
        _match(digest, [hmac.new(key, request.body, hashlib.sha256).hexdigest().encode() for key in keys])


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedToken:
    """A secret that the platform repeats in a header. It does not cover the body: TLS alone does.

    keys: the name of the tokens among the account's secrets.
    """

    header: str
    keys: str

    def verify(self, request: Request, secrets: Secrets) -> None:
        """Return if genuine. Raises `Rejected`."""
        tokens = active(secrets, self.keys)
        _match(_given(request, self.header), tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlAndForm:
    """HMAC of the public URL followed by the form's fields, in base64: Twilio's scheme.

    The fields are sorted by name, each name repeated before each of its distinct values, sorted too.
    A body that is no form is covered by its SHA-256 in the URL (`bodySHA256`), and then the URL alone is
    signed. The URL counts with and without its port: the platform is not consistent about it.

    Each secret has one algorithm, whatever the request says: one of `sha1_keys` signs with SHA-1, one of
    `sha256_keys` (written `id=key`) with SHA-256. The settings header only points at one of them, so that
    removing or rewriting it leads to a secret that the account may not even have, never to a weaker use
    of one.

    form: how the fields of a body are read; the channel reads its events the same way.
    """

    header: str
    settings: str
    sha1_keys: str
    sha256_keys: str
    form: Callable[[bytes], list[tuple[str, str]]]

    def verify(self, request: Request, secrets: Secrets) -> None:
        """Return if genuine. Raises `Rejected`."""
        algorithm, keys = self._keys(request, secrets)
        given = _given(request, self.header)
        if not _BASE64.fullmatch(given):
            raise Rejected("signature_malformed")
        fields = self._fields(request)
        signed = [f"{url}{fields}" for url in _spellings(request.url)]
        macs = [hmac.new(key, _octets(text), algorithm).digest() for key in keys for text in signed]
        _match(given, [base64.b64encode(mac) for mac in macs])

    def _keys(self, request: Request, secrets: Secrets) -> tuple[str, list[bytes]]:
        parts = [part.partition("=") for part in request.headers.get(self.settings, "").split(",")]
        named = {name.strip(): value.strip() for name, _, value in reversed(parts) if value.strip()}
        algorithm = named.get("algorithm", "HMAC_SHA1").upper()
        if algorithm == "HMAC_SHA1":
            return "sha1", active(secrets, self.sha1_keys)
        if algorithm != "HMAC_SHA256":
            raise Rejected("signature_malformed", "an algorithm we do not know")
        pairs = [value.partition("=") for value in secrets.get(self.sha256_keys, ())]
        wanted = named.get("key")
        keys = [_octets(key) for identifier, _, key in pairs if key and wanted in (None, identifier)]
        if not keys:
            raise Rejected("secret_missing")
        return "sha256", keys

    def _fields(self, request: Request) -> str:
        digests = parse_qs(_parts(request.url).query).get("bodySHA256")
        fields = [] if digests and not is_form(request) else self.form(request.body)
        # An emptied form would leave the URL as the only thing signed: then the digest must hold.
        if digests and not fields:
            _match(digests[0], [hashlib.sha256(request.body).hexdigest().encode()])
        return "".join(f"{name}{value}" for name, value in sorted(set(fields)))


def is_form(request: Request) -> bool:
    """Whether the request says that its body is a form."""
    return request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded")


def active(secrets: Secrets, name: str) -> list[bytes]:
    """An account's secrets of that name, as bytes. Raises `Rejected` if there is none."""
    values = [_octets(value) for value in secrets.get(name, ()) if value]
    if not values:
        raise Rejected("secret_missing")
    return values


def same(given: str, wanted: Iterable[bytes]) -> bool:
    """Whether a text is one of those wanted: in constant time, whatever its characters."""
    octets = _octets(given)
    matches = [hmac.compare_digest(octets, candidate) for candidate in wanted]
    return any(matches)


def _match(given: str, wanted: Iterable[bytes]) -> None:
    if not same(given, wanted):
        raise Rejected("signature_mismatch")


def _given(request: Request, header: str) -> str:
    given = request.headers.get(header, "")
    if not given:
        raise Rejected("signature_missing")
    return given


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


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
