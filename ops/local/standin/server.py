"""Serves the stand-in CRM: it receives what the generic webhook target posts, and shows it.

It knows the two public specifications (Standard Webhooks 1.0.0, CloudEvents 1.0) and nothing of the hub's
code: what it accepts, any receiver would. A repeated post is counted, not stored.

POST /           a delivery: 204, or 401 unless a known secret signed it at most five minutes ago
GET /            a page for people: each customer and what they did, in the order in which it arrived
GET /events      the same for programs, as JSON; also GET /customers
POST /faults     {"status": 503, "count": 3, "retry_after": 2}: how the next three deliveries or probes fail;
                 with "lost": true a delivery is stored and the connection closed without an answer
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError, WebhookVerificationError

from ops.local import ports
from ops.local.standin import page
from ops.local.standin.store import Store

_LONGEST_BODY = 1_000_000


def is_genuine(headers: dict[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets signed it as Standard Webhooks wants it, at most five minutes ago."""
    for secret in secrets:
        # A ValueError is how the library meets a signature or a body that it cannot even split or decode.
        with suppress(WebhookVerificationError, EmptyWebhookSecretError, ValueError):
            Webhook(secret).verify(body, headers, json_parse=False)
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Faults:
    """How the next requests fail."""

    status: int = 503
    count: int = 0
    retry_after: int | None = None
    lost: bool = False


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - its shape
        """One line; nothing for a client that went away, which is no fault of anybody's here."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"stand-in CRM: {type(error).__name__}: {error}", file=sys.stderr)


class Standin:
    """The server, on 127.0.0.1. `secrets` are `whsec_…`; whoever starts it stops it.

    Raises `PortTaken`.
    """

    def __init__(
        self,
        database: Path,
        secrets: Sequence[str],
        *,
        port: int = 0,
    ) -> None:
        self.store = Store(database)
        self.secrets = tuple(secrets)
        self.faults = _Faults()
        self._lock = threading.Lock()
        try:
            self._server = _Server((ports.HOST, port), _handler(self))
        except OSError as error:
            self.store.close()
            why = ports.trouble(port) or error.strerror
            raise ports.PortTaken(
                f"port {port}, for the stand-in CRM, {why}: choose another with --port N"
            ) from error
        self.port = self._server.server_address[1]
        self.url = f"http://{ports.HOST}:{self.port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering; the database stays."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.store.close()

    def __enter__(self) -> Standin:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def fault(self) -> _Faults | None:
        """The fault that this request meets, if any; each counts down."""
        with self._lock:
            if self.faults.count <= 0:
                return None
            self.faults = replace(self.faults, count=self.faults.count - 1)
            return self.faults


def _handler(standin: Standin) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        crm = standin

    return Handler


class _Handler(BaseHTTPRequestHandler):
    crm: Standin
    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_message(self, format: str, *args: object) -> None:
        """The page shows what came, so nothing is logged."""

    def do_GET(self) -> None:
        if not self._is_local():
            return
        path = self.path.partition("?")[0]
        if path == "/":
            shown = page.render(self.crm.store.customers(), self.crm.faults.count)
            self._answer(200, shown.encode(), "text/html; charset=utf-8")
        elif path == "/events":
            self._json([arrival.as_json() for arrival in self.crm.store.events()])
        elif path == "/customers":
            self._json(self.crm.store.customers())
        else:
            self._answer(404)

    def do_HEAD(self) -> None:
        fault = self.crm.fault()
        self._answer(fault.status if fault else 200, retry_after=fault.retry_after if fault else None)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            self.close_connection = True
            self._answer(411)
        elif int(length) > _LONGEST_BODY:
            self.close_connection = True
            self._answer(413)
        else:
            body = self.rfile.read(int(length))
            self._set_faults(body) if self.path == "/faults" else self._receive(body)

    def _receive(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not is_genuine(headers, body, self.crm.secrets):
            self._answer(401)
            return
        fault = self.crm.fault()
        if fault and not fault.lost:
            self._answer(fault.status, retry_after=fault.retry_after)
            return
        event = _event(body)
        if event is None:
            self._answer(400)
            return
        self.crm.store.put(headers["webhook-id"], event, body)
        if fault:
            self.close_connection = True
        else:
            self._answer(204)

    def _set_faults(self, body: bytes) -> None:
        # A page of another site may post to 127.0.0.1, but not with this content type.
        if not self._is_local() or self.headers.get_content_type() != "application/json":
            self._answer(415)
            return
        faults = _faults(body)
        if faults is None:
            self._answer(400)
        else:
            self.crm.faults = faults
            self._answer(204)

    def _is_local(self) -> bool:
        """Whether it was addressed by this machine's name: a page elsewhere cannot have done that."""
        local = self.headers.get("Host", "").rpartition(":")[0] in {"127.0.0.1", "localhost"}
        if not local:
            self._answer(403)
        return local

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value, ensure_ascii=False).encode(), "application/json")

    def _answer(
        self,
        status: int,
        body: bytes = b"",
        content_type: str = "text/plain",
        *,
        retry_after: int | None = None,
    ) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", content_type)
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.end_headers()
        self.wfile.write(body)


def _event(body: bytes) -> dict[str, Any] | None:
    """A body as the CloudEvent the hub sends, None if it is something else."""
    try:
        event = json.loads(body)
        shaped = event["specversion"] == "1.0" and all(
            isinstance(event["data"][part], dict) for part in ("event", "profile")
        )
        return event if shaped and event["subject"] else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _faults(body: bytes) -> _Faults | None:
    try:
        asked = json.loads(body)
        faults = _Faults(**asked)
        numbers = (faults.status, faults.count, faults.retry_after or 0)
        return faults if all(type(number) is int for number in numbers) else None
    except (ValueError, TypeError):
        return None
