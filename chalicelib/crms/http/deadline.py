"""Connections on which one deadline holds for a whole exchange: connecting, sending, header and body.

A socket's timeout bounds one wait, and the other end decides how many waits there are: a header that comes
a byte a second, or `100 Continue` for ever, lets none run out. So before each wait the timeout is set to
what is left until the deadline.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import urllib3


@dataclass(slots=True)
class _Exchange:
    """One call. ends: its deadline on the monotonic clock. patience: seconds from the first byte sent."""

    ends: float
    patience: float
    sending: bool = False

    def send(self) -> None:
        """The connection stands: what follows has its patience, however quickly that was done."""
        if not self.sending:
            self.sending = True
            self.ends = min(self.ends, time.monotonic() + self.patience)

    def left(self) -> float:
        """Seconds until the deadline. Raises `TimeoutError` when there are none."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole exchange took too long")
        return left


_INTERIM = range(102, 200)
"""Statuses of what is not the answer yet (RFC 9110, 15.2)."""

_NOW: ContextVar[_Exchange] = ContextVar("exchange")
"""The call that is under way."""


@contextmanager
def deadline(seconds: float, *, patience: float) -> Iterator[None]:
    """One call on the connections of `manager`: it is over after so many seconds, or fails as a timeout does.

    patience: seconds for everything after connecting, within those.
    """
    before = _NOW.set(_Exchange(time.monotonic() + seconds, patience))
    try:
        yield
    finally:
        _NOW.reset(before)


def manager() -> urllib3.PoolManager:
    """Pools of kept-alive connections, each call on which needs a `deadline`."""
    made = urllib3.PoolManager(num_pools=8, maxsize=4, retries=False)
    made.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return made


class _Reader(io.RawIOBase):
    """The bytes that come over a socket, each wait for them ended by the deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw: Any = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int | None:  # noqa: ANN401 - a buffer; the type has no name before 3.12
        self._sock.settimeout(_NOW.get().left())
        read: int | None = self._raw.readinto(into)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Source:
    """A socket, as far as `http.client.HTTPResponse` knows one."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock))


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *given: Any, **named: Any) -> None:  # noqa: ANN401
        super().__init__(_Source(sock), *given, **named)  # type: ignore[arg-type]

    def _read_status(self) -> tuple[str, int, str]:
        """The status line of the answer; `http.client` itself passes over no interim one but 100."""
        while True:
            line: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if line[1] not in _INTERIM:
                return line
            http.client.parse_headers(self.fp)


class _Timed(urllib3.connection.HTTPConnection):
    """A connection whose every wait ends with the deadline."""

    response_class = _Response

    def _new_conn(self) -> socket.socket:
        try:
            self.timeout = min(float(self.timeout or 0), _NOW.get().left())
        except TimeoutError as error:
            raise urllib3.exceptions.ConnectTimeoutError(self, "no time is left to connect") from error
        return super()._new_conn()

    def send(self, data: Any) -> None:  # noqa: ANN401 - `Call.body` is bytes, and so is every header
        if self.sock is None:
            self.connect()
        exchange = _NOW.get()
        exchange.send()
        # Not `sendall`: under TLS it waits anew for each 16 KB that the other end takes.
        unsent = memoryview(data)
        while unsent:
            self.sock.settimeout(exchange.left())
            unsent = unsent[self.sock.send(unsent) :]


class _TimedSecure(_Timed, urllib3.connection.HTTPSConnection):
    """The same under TLS; the handshake has what was left to connect."""


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Timed


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TimedSecure
