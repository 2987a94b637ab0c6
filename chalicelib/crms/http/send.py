"""Sends one call to a target, within limits of address, size and time.

The connection goes to the very address that was judged, so a name that resolves differently the second time
gains nothing. No redirect is followed and no request is sent twice. Errors never name the URL, which may
hold a token or a customer's phone.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import TYPE_CHECKING

from chalicelib.crms.http.addresses import Place, Resolve, addresses, allowed, place_of
from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import Misconfigured, Transient, Unknown

if TYPE_CHECKING:
    import urllib3

Send = Callable[[Call], Reply]
"""Sends one call. Raises `Transient("no_connection")` if nothing was sent, `Unknown("no_answer")` if
something was and no whole answer came, `Misconfigured` if the call must not or cannot be made."""

LONGEST_ANSWER = 1_000_000
"""Bytes of an answer's body that are kept; longer answers are cut and then fail to parse as JSON."""


def sender(
    *,
    private_network: bool = False,
    connect_seconds: float = 3,
    read_seconds: float = 20,
    resolve: Resolve = addresses,
    now: Callable[[], float] = time.time,
) -> Send:
    """A `Send` with its own pool of kept-alive connections.

    One call is over after `connect_seconds` and `read_seconds` together, whatever the other end does: the
    first bound each attempt to connect, of which there are at most three, the second all that follows.
    """
    import urllib3  # noqa: PLC0415  (84 ms, and only the worker that delivers needs it)

    from chalicelib.crms.http.deadline import deadline, manager  # noqa: PLC0415

    # urllib3 names whole URLs in its warnings and debug lines.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    pools = manager()
    timeout = urllib3.Timeout(connect=connect_seconds, read=read_seconds)

    def send(call: Call) -> Reply:
        place = place_of(call.url, private_network=private_network)
        headers = _headers(call, place)
        with deadline(connect_seconds + read_seconds, patience=read_seconds):
            return exchange(call, place, headers)

    def exchange(call: Call, place: Place, headers: dict[str, str]) -> Reply:
        for address in allowed(place, resolve, private_network=private_network):
            pool = pools.connection_from_host(
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
            return _read(response, place.host, now)
        raise Transient("no_connection", f"{place.host} port {place.port} cannot be reached")

    return send


def _headers(call: Call, place: Place) -> dict[str, str]:
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


def _tls_failure(error: Exception, host: str) -> Transient:
    """Nothing was sent if the certificate is invalid; other TLS failures may come after the request."""
    cause: object = error
    for _ in range(4):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Transient("no_connection", f"{host}: its certificate is not valid for it")
        cause = cause.args[0] if isinstance(cause, Exception) and cause.args else None
    return Unknown("no_answer", f"{host}: TLS failed")


def _read(response: urllib3.BaseHTTPResponse, host: str, now: Callable[[], float]) -> Reply:
    import urllib3  # noqa: PLC0415

    body = bytearray()
    try:
        while len(body) <= LONGEST_ANSWER:
            chunk = response.read1(65_536, decode_content=False)
            if not chunk:
                break
            body += chunk
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unknown("no_answer", f"{host}: {type(error).__name__}") from None
    finally:
        response.close()
    headers = {name.lower(): value for name, value in response.headers.items()}
    headers.setdefault("date", formatdate(now(), usegmt=True))
    return Reply(status=response.status, headers=headers, body=bytes(body[:LONGEST_ANSWER]))
