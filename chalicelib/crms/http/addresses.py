"""Which addresses a target's URL may lead to.

A target's URL comes from configuration, and behind it stands a network that nobody here controls. So a
host is resolved first, and only addresses of the public internet are taken, unless the target says
`private_network`.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from chalicelib.vocabulary.errors import Misconfigured, Transient

Resolve = Callable[[str, int], Iterable[str]]
"""Host and port to its addresses; raises `OSError` if it has none."""

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
class Place:
    """Where a URL leads: what is needed to connect there."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and, where it is not the usual one, port: the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"


def place_of(url: str, *, private_network: bool) -> Place:
    """Where a URL leads. Raises `Misconfigured` if no call may go there."""
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
    return Place(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def allowed(place: Place, resolve: Resolve, *, private_network: bool) -> list[str]:
    """The addresses of the host that may be called, at most three. Raises `Transient` or `Misconfigured`."""
    try:
        found = list(resolve(place.host, place.port))
    except (OSError, UnicodeError) as error:
        raise Transient("no_connection", f"{place.host} has no address: {type(error).__name__}") from None
    public = found if private_network else [address for address in found if is_public(address)]
    if found and not public:
        # Misconfigured, not Permanent: the host is our own entry in `crms.yaml`, so every delivery would
        # be parked for one typing error. They wait, and somebody is called.
        raise Misconfigured("forbidden_address", f"{place.host} is not on the public internet")
    return public[:_MOST_ADDRESSES]
