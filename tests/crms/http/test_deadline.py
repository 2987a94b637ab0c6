"""A target that never comes to an end: one deadline holds for the whole exchange, however it spins it out."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator

import pytest

from chalicelib.crms.http.send import sender
from chalicelib.vocabulary.delivery import Call
from chalicelib.vocabulary.errors import Transient, Unknown
from tests.crms.http.serving import accepting, local, private, says, server
from tests.pipeline.world import World, message, world

PATIENCE = 0.25
"""Seconds a call may take here."""

PAUSE = 0.02
"""Between two pieces of an answer: no single wait is ever long."""

LONG_ENOUGH = 1.2
"""Seconds that are less than each of these answers takes."""


def trickles(*pieces: bytes, first: bytes = b"") -> Callable[[socket.socket, bytes], None]:
    """An answer that goes on for longer than anybody waits, a piece at a time."""

    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(first)
        ends = time.monotonic() + 2 * LONG_ENOUGH
        while time.monotonic() < ends:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(PAUSE)

    return answer


ENDLESS = {
    "a status line": trickles(b"H", first=b""),
    "a header": trickles(b"x", first=b"HTTP/1.1 200 OK\r\nX-Slow: "),
    "headers": trickles(b"X-", b"A: 1\r\n", first=b"HTTP/1.1 200 OK\r\n"),
    "100 Continue": trickles(b"HTTP/1.1 100 Continue\r\n", b"\r\n"),
    "100 Continue with a header": trickles(b"HTTP/1.1 100 Continue\r\n", b"X: y\r\n\r\n"),
    "102 Processing": trickles(b"HTTP/1.1 102 Processing\r\n\r\n"),
    "a body": trickles(b"x", first=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    "a body without a length": trickles(b"x", first=b"HTTP/1.1 200 OK\r\n\r\n"),
    "a body in chunks": trickles(
        b"1\r\n", b"x\r\n", first=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_without_end_is_given_up(answer):
    with server(answer) as port:
        started = time.monotonic()
        with pytest.raises(Unknown) as caught:
            private(read_seconds=PATIENCE)(local(port, "/secret-path"))
        assert time.monotonic() - started < LONG_ENOUGH
    assert "secret-path" not in str(caught.value)


def test_an_answer_without_end_is_given_up_under_tls(certificates, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "certificate.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "certificate.pem", certificates / "key.pem")
    with server(ENDLESS["a header"], context) as port:
        send = private(read_seconds=PATIENCE, resolve=lambda _host, _port: ["127.0.0.1"])
        started = time.monotonic()
        with pytest.raises(Unknown, match="no_answer"):
            send(Call(method="GET", url=f"https://crm.example:{port}/"))
        assert time.monotonic() - started < LONG_ENOUGH


def test_a_whole_answer_that_comes_in_pieces_is_taken():
    def answer(connection, _request):
        for piece in (
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 2",
            b"00 OK\r\nContent-Len",
            b"gth: 2\r\n\r\no",
            b"k",
        ):
            connection.sendall(piece)
            time.sleep(PAUSE)

    with server(answer) as port:
        reply = private(read_seconds=1)(local(port))
    assert (reply.status, reply.body) == (200, b"ok")


def test_who_does_not_take_what_is_sent_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        started = time.monotonic()
        call = Call(
            method="POST", url=f"http://127.0.0.1:{listener.getsockname()[1]}/", body=b"x" * 20_000_000
        )
        with pytest.raises(Unknown, match="no_answer"):
            private(read_seconds=PATIENCE)(call)
        assert time.monotonic() - started < LONG_ENOUGH


def test_a_handshake_without_end_is_given_up():
    def shakes(connection: socket.socket) -> None:
        # A TLS record that says it is 16 KB long, a byte at a time.
        connection.sendall(b"\x16\x03\x03\x40\x00")
        for _ in range(int(2 * LONG_ENOUGH / PAUSE)):
            connection.sendall(b"\x02")
            time.sleep(PAUSE)

    with accepting(shakes) as port:
        started = time.monotonic()
        with pytest.raises(Transient):
            sender(private_network=True, connect_seconds=PATIENCE, read_seconds=PATIENCE)(
                Call(method="GET", url=f"https://127.0.0.1:{port}/")
            )
        assert time.monotonic() - started < LONG_ENOUGH


def test_a_name_that_is_found_too_late_is_not_called():
    def resolve(_host, _port):
        time.sleep(3 * PAUSE)
        return ["127.0.0.1"]

    send = sender(private_network=True, connect_seconds=PAUSE, read_seconds=PAUSE, resolve=resolve)
    with server(ENDLESS["a body"]) as port, pytest.raises(Transient) as caught:
        send(local(port))
    assert caught.value.reason == "no_connection"


def test_a_kept_connection_has_a_new_deadline_for_each_call():
    def answers(connection: socket.socket) -> None:
        for _ in range(4):
            connection.recv(65536)
            time.sleep(PATIENCE / 2)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with accepting(answers) as port:
        send = private(read_seconds=PATIENCE)
        assert [send(local(port)).status for _ in range(4)] == [200] * 4


def test_an_interim_answer_is_not_the_answer():
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    with server(says(hints + b"HTTP/1.1 204 No Content\r\n\r\n")) as port:
        assert private()(local(port)).status == 204


@pytest.fixture
def hub() -> Iterator[World]:
    with world() as fresh:
        yield fresh


@pytest.mark.parametrize("answer", [ENDLESS["a header"], ENDLESS["100 Continue"]], ids=["header", "continue"])
def test_the_clock_gives_up_a_probe_without_end(hub, answer):
    def down(call):
        raise Transient("no_connection")

    hub.crm = down
    for n in range(3):
        hub.absorb(message(n, sender=f"98912000000{n}"))
    hub.run()
    assert hub.breaker_state() == "open"
    hub.later(minutes=1)
    with server(answer) as port:
        send = private(read_seconds=PATIENCE)
        hub.crm = lambda call: send(Call(method=call.method, url=f"http://127.0.0.1:{port}/"))
        started = time.monotonic()
        hub.tick()
        assert time.monotonic() - started < LONG_ENOUGH
    assert hub.breaker_state() == "open"
