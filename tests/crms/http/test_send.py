"""One call: what is sent, and what is known when no whole answer comes."""

import socket
import time

import pytest

from chalicelib.crms.http.replies import classify
from chalicelib.crms.http.send import LONGEST_ANSWER, sender
from chalicelib.vocabulary.delivery import Call
from chalicelib.vocabulary.errors import (
    Misconfigured,
    Permanent,
    Transient,
    Unknown,
)
from tests.crms.http.serving import local, private, says, server


@pytest.mark.parametrize("value", ["s3cret\r\nX-Evil: 1", "s3cret\n", "s3crét", "s3cret\x00"])
def test_a_credential_that_no_header_can_hold_is_refused_and_not_shown(value):
    with pytest.raises(Misconfigured) as caught:
        private()(local(1, headers={"Authorization": value}))
    assert caught.value.reason == "bad_header"
    assert "s3cr" not in str(caught.value)


def test_nothing_listening_is_no_connection():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(Transient) as caught:
            private()(local(closed.getsockname()[1], "/token?phone=989121234567"))
    assert caught.value.reason == "no_connection"
    assert not isinstance(caught.value, Unknown)
    assert "token" not in str(caught.value)
    assert "98912" not in str(caught.value)


def test_a_name_without_address_is_no_connection():
    def resolve(_host, _port):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(Transient) as caught:
        sender(resolve=resolve)(Call(method="GET", url="https://crm.example/"))
    assert caught.value.reason == "no_connection"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda _connection, _request: None, id="closed without a word"),
        pytest.param(lambda _connection, _request: time.sleep(1.2), id="silent"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), id="cut off"),
        pytest.param(says(b"what?\r\n\r\n"), id="not HTTP"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), id="bad chunk"),
    ],
)
def test_no_whole_answer_after_sending_is_unknown(answer):
    with server(answer) as port, pytest.raises(Unknown) as caught:
        private(read_seconds=0.5)(local(port, "/secret-path"))
    assert caught.value.reason == "no_answer"
    assert "secret-path" not in str(caught.value)


def test_an_answer_that_trickles_is_given_up():
    def trickle(connection, _request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(40):
            connection.sendall(b"x")
            time.sleep(0.05)

    started = time.monotonic()
    with server(trickle) as port, pytest.raises(Unknown):
        private(read_seconds=0.3)(local(port))
    assert time.monotonic() - started < 5


def test_a_long_answer_is_cut():
    body = b"x" * (LONGEST_ANSWER * 2)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    with server(says(head + body)) as port:
        reply = private(read_seconds=10)(local(port))
    assert len(reply.body) == LONGEST_ANSWER


def test_a_redirect_is_not_followed():
    answers = [b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"]
    with server(lambda connection, _: connection.sendall(answers.pop())) as port:
        reply = private()(local(port))
    assert reply.status == 302
    with pytest.raises(Permanent, match="redirected"):
        classify(reply)


def test_header_names_come_in_lower_case_and_an_answer_has_a_date():
    with server(says(b"HTTP/1.1 200 OK\r\nX-Thing: A\r\nContent-Length: 0\r\n\r\n")) as port:
        send = sender(private_network=True, now=lambda: 0)
        reply = send(local(port))
    assert reply.headers["x-thing"] == "A"
    assert reply.headers["date"] == "Thu, 01 Jan 1970 00:00:00 GMT"
