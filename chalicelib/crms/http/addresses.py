"""Judges to which addresses a call to a target may go.

A target's URL comes from configuration, and nobody here controls the network behind it. So a host is
resolved first, and only addresses of the public internet are called, unless the target says
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
"""Gives the addresses of a host and port; raises `OSError` if it has none."""

_MOST_ADDRESSES = 3

# 2000::/3 is all that IANA has given out as global unicast; 6to4 and the documentation block within it
# lead elsewhere or nowhere. Addresses outside it (mapped, NAT64, site-local …) can hold a private one.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_GLOBAL = tuple(
    ipaddress.ip_network(block) for block in ("192.0.0.0/24", "192.88.99.0/24", "2002::/16", "3fff::/20")
)


def is_public(address: str) -> bool:
    """Whether an IP address is a host of the public internet; stricter than `is_global` of `ipaddress`."""
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
    """A host's addresses by the system's resolver, in its order of preference."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads.

    scheme: `http` or `https`.
    host: the host's name or address, in ASCII.
    port: the port, the scheme's usual one if the URL has none.
    path: path and query.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the `Host` header: the host, and the port if it is not the usual one."""
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
        resolved = list(resolve(place.host, place.port))
    except (OSError, UnicodeError) as error:
        raise Transient("no_connection", f"{place.host} has no address: {type(error).__name__}") from None
    usable = resolved if private_network else [each for each in resolved if is_public(each)]
    if resolved and not usable:
        # Misconfigured and not Permanent, which would park every delivery for one typing error of ours in
        # `crms.yaml`: so the deliveries wait, and an alarm calls somebody.
        raise Misconfigured("forbidden_address", f"{place.host} is not on the public internet")
    return usable[:_MOST_ADDRESSES]
