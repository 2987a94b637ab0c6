"""Outbound HTTP: one call to a target, guarded, bounded and timed; and what its answer means for us.

A target's URL comes from configuration, and behind it stands a network that nobody here controls. So a
host is resolved first, only addresses of the public internet are taken (unless the target says
`private_network`), and the connection goes to the very address that was judged: a name that answers
differently the second time gains nothing. No redirect is followed and nothing is tried twice.

Errors never name the URL, which may hold a token or a customer's phone, nor anything of a body but what
a connector took out of it as the vendor's error word, and that only through `redacted`.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import math
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import Misconfigured, Permanent, Throttled, Transient, Unauthorised, Unknown

if TYPE_CHECKING:
    import urllib3

Send = Callable[[Call], Reply]
"""Sends one call. Raises `Transient("no_connection")` if nothing was sent, `Unknown("no_answer")` if
something was and no whole answer came, `Misconfigured` if the call must not or cannot be made."""

Resolve = Callable[[str, int], Iterable[str]]
"""Host and port to its addresses; raises `OSError` if it has none."""

LONGEST_ANSWER = 1_000_000
"""Bytes of an answer's body that are kept; a longer one is cut, and then parses as little else does."""

_MOST_ADDRESSES = 3

# 2000::/3 is all that IANA has given out as global unicast; within it 6to4 and the documentation block
# reach elsewhere or nowhere. What lies outside (mapped, NAT64, site-local …) can carry a private address.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_GLOBAL = tuple(
    ipaddress.ip_network(block) for block in ("192.0.0.0/24", "192.88.99.0/24", "2002::/16", "3fff::/20")
)


def is_public(address: str) -> bool:
    """Whether an IP address is a host of the public internet, beyond what `ipaddress` calls global."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not ip.is_global or ip.is_multicast:
        return False
    if ip.version == 6 and ip not in _GLOBAL_V6:
        return False
    return not any(ip in block for block in _NOT_GLOBAL if block.version == ip.version)


def addresses(host: str, port: int) -> list[str]:
    """The system's answer to where a host is, in its order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a URL leads: what is needed to connect there."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"


def sender(
    *,
    private_network: bool = False,
    connect_seconds: float = 3,
    read_seconds: float = 20,
    resolve: Resolve = addresses,
    now: Callable[[], float] = time.time,
) -> Send:
    """A `Send` with its own pool of kept-alive connections.

    One call takes at most three connection attempts and then `read_seconds` per silence, and as long
    again for a body that trickles: keep the function's own timeout above twice their sum.
    """
    import urllib3  # noqa: PLC0415  (84 ms, and only the worker that delivers needs it)

    # Its warnings and debug lines name whole URLs.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    manager = urllib3.PoolManager(num_pools=8, maxsize=4, retries=False)
    timeout = urllib3.Timeout(connect=connect_seconds, read=read_seconds)

    def send(call: Call) -> Reply:
        place = _place(call.url, private_network=private_network)
        headers = _headers(call, place)
        for address in _allowed(place, resolve, private_network=private_network):
            pool = manager.connection_from_host(
                f"[{address}]" if ":" in address else address,
                place.port,
                place.scheme,
                pool_kwargs={"server_hostname": place.host} if place.scheme == "https" else None,
            )
            try:
                response = pool.urlopen(
                    call.method,
                    place.path,
                    body=call.body or None,
                    headers=headers,
                    timeout=timeout,
                    retries=False,
                    redirect=False,
                    assert_same_host=False,
                    preload_content=False,
                    decode_content=False,
                )
            except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
                continue
            except urllib3.exceptions.SSLError as error:
                raise _tls_failure(error, place.host) from None
            except urllib3.exceptions.HTTPError as error:
                raise Unknown("no_answer", f"{place.host}: {type(error).__name__}") from None
            return _read(response, place.host, deadline=time.monotonic() + read_seconds, now=now)
        raise Transient("no_connection", f"{place.host} port {place.port} cannot be reached")

    return send


def _place(url: str, *, private_network: bool) -> _Place:
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError:
        raise Misconfigured("bad_url", "the target's URL cannot be read") from None
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        raise Misconfigured("bad_url", "a target's URL is http(s)://host/path, without a user in it")
    if parts.scheme == "http" and not private_network:
        raise Misconfigured("bad_url", "a target on a public network needs https")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Place(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def _headers(call: Call, place: _Place) -> dict[str, str]:
    for name, value in call.headers.items():
        # http.client would refuse it too, and print the value, which may be a credential.
        if not (name.isascii() and value.isascii() and value.isprintable()):
            raise Misconfigured("bad_header", f"the value for header {name!r} has characters it cannot have")
    return {
        "Accept-Encoding": "identity",
        "User-Agent": "switchboard",
        **call.headers,
        "Host": place.authority,
    }


def _allowed(place: _Place, resolve: Resolve, *, private_network: bool) -> list[str]:
    try:
        found = list(resolve(place.host, place.port))
    except (OSError, UnicodeError) as error:
        raise Transient("no_connection", f"{place.host} has no address: {type(error).__name__}") from None
    allowed = found if private_network else [address for address in found if is_public(address)]
    if found and not allowed:
        # Misconfigured, not Permanent: the host is our own entry in `crms.yaml`, so every delivery would
        # be parked for one typing error. They wait, and somebody is called.
        raise Misconfigured("forbidden_address", f"{place.host} is not on the public internet")
    return allowed[:_MOST_ADDRESSES]


def _tls_failure(error: Exception, host: str) -> Transient:
    """A certificate is judged before anything is sent; other TLS failures may come after."""
    cause: object = error
    for _ in range(4):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Transient("no_connection", f"{host}: its certificate is not valid for it")
        cause = cause.args[0] if isinstance(cause, Exception) and cause.args else None
    return Unknown("no_answer", f"{host}: TLS failed")


def _read(
    response: urllib3.BaseHTTPResponse, host: str, *, deadline: float, now: Callable[[], float]
) -> Reply:
    import urllib3  # noqa: PLC0415

    body = bytearray()
    try:
        while len(body) <= LONGEST_ANSWER:
            chunk = response.read1(65_536, decode_content=False)
            if not chunk:
                break
            body += chunk
            if time.monotonic() > deadline:
                raise Unknown("no_answer", f"{host}: the answer came too slowly")
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unknown("no_answer", f"{host}: {type(error).__name__}") from None
    finally:
        response.close()
    headers = {name.lower(): value for name, value in response.headers.items()}
    headers.setdefault("date", formatdate(now(), usegmt=True))
    return Reply(status=response.status, headers=headers, body=bytes(body[:LONGEST_ANSWER]))


def classify(reply: Reply, vendor: str = "") -> None:
    """Return on a 2xx; else raise what any target means by the status.

    `vendor` is the target's own word for what is wrong, from the body; it is shown redacted. Every 5xx
    is Unknown, 503 too: proxies (Envoy, HAProxy) answer it when the server behind them breaks off in the
    middle. 501 alone says that it was understood and will never be done.
    """
    status = reply.status
    if 200 <= status < 300:
        return
    word = redacted(vendor)
    detail = f"HTTP {status}, {word}" if word else f"HTTP {status}"
    if status == 429:
        raise Throttled("throttled", detail, retry_after=retry_after(reply))
    if status in {408, 425}:
        raise Transient(f"http_{status}", detail, retry_after=retry_after(reply))
    if status == 401:
        raise Unauthorised("unauthorised", detail)
    if status == 410:
        raise Permanent("gone", detail)
    if 300 <= status < 400:
        raise Permanent("redirected", f"{detail}: redirects are not followed")
    if 400 <= status < 500 or status == 501:
        raise Permanent(f"http_{status}", detail)
    raise Unknown(f"http_{status}", detail, retry_after=retry_after(reply))


def retry_after(reply: Reply) -> float | None:
    """Seconds until the other side wants to be asked again (RFC 9110, 10.2.3), None if it did not say.

    A date is measured from the answer's own `Date`, so that our clock does not matter.
    """
    value = reply.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, wait.total_seconds())


def redacted(words: str) -> str:
    """A vendor's error words fit for logs: one short line, without what it quotes from the record.

    Gone are everything between the first and the last quotation mark, e-mail addresses, runs of four or
    more digits, and what is not ASCII, because a name could be in it.
    """
    text = re.sub(r'["“”„«»].*["“”„«»]', "…", words[:2000], flags=re.DOTALL)
    text = re.sub(r"\S+@\S+", "…", text)
    text = re.sub(r"[0-9۰-۹٠-٩][0-9۰-۹٠-٩ ()./-]{2,}[0-9۰-۹٠-٩]", "…", text)  # noqa: RUF100
    text = re.sub(r"[^\x20-\x7e…]+", " ", text)
    return re.sub(r"\s+", " ", text).strip()[:160]


def to_json(value: object) -> bytes:
    """JSON that any receiver can parse and store: UTF-8, without lone surrogates, U+0000 and NaN.

    The first two are legal in JSON as escapes, and make databases behind it fail.
    """
    return json.dumps(_storable(value), ensure_ascii=False, separators=(",", ":")).encode()


def storable(text: str) -> str:
    """Text with each lone surrogate and U+0000 replaced by U+FFFD; surrogate pairs become one character."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _storable(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
