import contextlib
import datetime
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.crms.http.addresses import is_public
from chalicelib.crms.http.replies import classify, redacted, retry_after
from chalicelib.crms.http.send import LONGEST_ANSWER, Send, sender
from chalicelib.crms.http.texts import storable, to_json
from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import (
    HubError,
    Misconfigured,
    Permanent,
    Throttled,
    Transient,
    Unauthorised,
    Unknown,
)

PUBLIC = "93.184.215.14"


@contextlib.contextmanager
def server(
    answer: Callable[[socket.socket, bytes], None], context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """One connection after another on 127.0.0.1: each whole request head is handed to `answer`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), connection:
                    stream = context.wrap_socket(connection, server_side=True) if context else connection
                    with stream:
                        request = b""
                        while b"\r\n\r\n" not in request:
                            received = stream.recv(65536)
                            if not received:
                                break
                            request += received
                        # A body left unread would make the closing a reset, which may overtake the answer.
                        head, _, body = request.partition(b"\r\n\r\n")
                        length = re.search(rb"(?i)content-length: (\d+)", head)
                        while length and len(body) < int(length[1]) and (received := stream.recv(65536)):
                            body += received
                        answer(stream, request)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def says(content: bytes) -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _request: connection.sendall(content)


def local(port: int, path: str = "/", **more: object) -> Call:
    return Call(method="GET", url=f"http://127.0.0.1:{port}{path}", **more)  # type: ignore[arg-type]


def private(**settings: float) -> Send:
    return sender(private_network=True, **{"connect_seconds": 1, "read_seconds": 1, **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "169.254.170.2",
        "100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "192.88.99.1", "224.0.0.1",
        "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2001:db8::1", "2002:7f00:1::", "3fff::1",
        "2001::1", "5f00::1", "100::1", "localhost", "",
    ],
)  # fmt: skip
def test_only_the_public_internet_is_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"])
def test_public_addresses_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://127.1/", "https://2130706433/", "https://0x7f.1/",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/", "https://0/", "https://127.0.0.1:8443/",
    ],
)  # fmt: skip
def test_a_target_on_the_public_network_cannot_be_here(url):
    with pytest.raises(Misconfigured) as caught:
        sender()(Call(method="GET", url=url))
    assert caught.value.reason == "forbidden_address"


def test_a_name_that_leads_inside_is_refused_without_a_connection():
    with server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as port:
        send = sender(resolve=lambda _host, _port: ["127.0.0.1", "10.0.0.8"])
        with pytest.raises(Misconfigured, match="forbidden_address"):
            send(Call(method="GET", url=f"https://crm.example:{port}/"))


def test_only_the_allowed_of_a_names_addresses_are_tried(monkeypatch):
    tried = []

    def refuse(address, *_args, **_kwargs):
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", refuse)
    send = sender(resolve=lambda _host, _port: ["10.0.0.8", PUBLIC, "::1"])
    with pytest.raises(Transient) as caught:
        send(Call(method="GET", url="https://crm.example/"))
    assert tried == [PUBLIC]
    assert caught.value.reason == "no_connection"


def test_the_connection_goes_to_the_address_that_was_judged():
    asked, seen = [], []

    def resolve(host, port):
        asked.append((host, port))
        return ["127.0.0.1"]

    def answer(connection, request):
        seen.append(request)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with server(answer) as port:
        send = sender(private_network=True, resolve=resolve)
        reply = send(Call(method="GET", url=f"http://crm.example:{port}/a?b=c", headers={"X-Own": "1"}))
    assert reply.status == 204
    assert asked == [("crm.example", port)]
    assert f"Host: crm.example:{port}\r\n".encode() in seen[0]
    assert seen[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert b"X-Own: 1\r\n" in seen[0]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A certificate for crm.example, and where to find it as an authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "crm.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("crm.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return folder


@pytest.mark.parametrize("host", ["crm.example", "other.example"])
def test_the_certificate_must_be_the_names_though_the_address_is_dialled(certificates, monkeypatch, host):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "certificate.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "certificate.pem", certificates / "key.pem")
    names = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), context) as port:
        send = sender(private_network=True, resolve=lambda _host, _port: ["127.0.0.1"])
        call = Call(method="POST", url=f"https://{host}:{port}/", body=b"x")
        if host == "crm.example":
            assert send(call).body == b"ok"
        else:
            with pytest.raises(Transient) as caught:
                send(call)
            assert caught.value.reason == "no_connection"
            assert not isinstance(caught.value, Unknown)
    assert names == [host]


@pytest.mark.parametrize(
    "url",
    ["http://crm.example/", "ftp://crm.example/", "https:///x", "crm.example", "https://u:p@crm.example/",
     "https://crm.example:99999/", "https://[::1/", "", "file:///etc/passwd", "https://exa\udcffmple/"],
)  # fmt: skip
def test_urls_that_no_target_may_have(url):
    with pytest.raises(Misconfigured) as caught:
        sender()(Call(method="GET", url=url))
    assert caught.value.reason == "bad_url"


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


def answered(status: int, body: bytes = b"", **headers: str) -> Reply:
    return Reply(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=body)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 207, 299])
def test_success(status):
    classify(answered(status))


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (301, Permanent, "redirected"), (304, Permanent, "redirected"), (400, Permanent, "http_400"),
        (401, Unauthorised, "unauthorised"), (403, Permanent, "http_403"), (404, Permanent, "http_404"),
        (408, Transient, "http_408"), (409, Permanent, "http_409"), (410, Permanent, "gone"),
        (425, Transient, "http_425"), (429, Throttled, "throttled"), (500, Unknown, "http_500"),
        (501, Permanent, "http_501"), (502, Unknown, "http_502"), (503, Unknown, "http_503"),
        (504, Unknown, "http_504"), (599, Unknown, "http_599"), (102, Unknown, "http_102"),
        (999, Unknown, "http_999"),
    ],
)  # fmt: skip
def test_what_a_status_means(status, kind, reason):
    with pytest.raises(HubError) as caught:
        classify(answered(status, b"secret body"))
    assert type(caught.value) is kind
    assert caught.value.reason == reason
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("120", "", 120), ("0", "", 0), (" 7 ", "", 7), ("-3", "", None), ("1.5", "", None), ("", "", None),
        ("soon", "", None), ("9" * 5000, "", None), ("٣", "", None),
        ("Wed, 25 Nov 2026 10:00:30 GMT", "Wed, 25 Nov 2026 10:00:00 GMT", 30),
        ("Wed, 25 Nov 2026 10:00:30 GMT", "", None),
        ("Wed, 25 Nov 2026 09:00:00 GMT", "Wed, 25 Nov 2026 10:00:00 GMT", 0),
        ("Wed, 25 Nov 2026 10:00:30 -0000", "Wed, 25 Nov 2026 10:00:00 GMT", None),
        ("Fri, 99 Nov 99999 10:00:30 GMT", "Wed, 25 Nov 2026 10:00:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after(value, date, seconds):
    assert retry_after(answered(429, retry_after=value, date=date)) == seconds


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
def test_the_wished_wait_is_kept(status):
    with pytest.raises(Transient) as caught:
        classify(answered(status, retry_after="40"))
    assert caught.value.retry_after == 40


@given(st.text(), st.text())
def test_retry_after_never_fails(value, date):
    seconds = retry_after(answered(429, retry_after=value, date=date))
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ('The phone "0912 123" for party "Mary "May" R" is not valid.', "The phone … is not valid."),
        ("unknown user maryam@example.org here", "unknown user … here"),
        ("call +98 (912) 123-4567 back", "call +… back"),
        ("شماره ۰۹۱۲۱۲۳۴۵۶۷ مریم", "…"),
        ("DUPLICATE_VALUE", "DUPLICATE_VALUE"),
        ("line\nbreak\x00\x1b[31m", "line break [31m"),
        ("", ""),
    ],
)  # fmt: skip
def test_vendor_words_are_shown_without_what_they_quote(words, kept):
    assert redacted(words) == kept


@given(st.text())
def test_redacted_words_are_short_plain_and_hold_no_number(words):
    shown = redacted(words)
    assert len(shown) <= 160
    assert all(character == "…" or " " <= character <= "~" for character in shown)
    assert not re.search(r"\S@\S|[0-9]{4}", shown)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("\ud83d\udc4b", "👋"),
        ("a\ud800b", "a\ufffdb"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        ("\ud800", "\ufffd"),
        ("nul\x00", "nul\ufffd"),
        ("\\u0000", "\\u0000"),
        ("\ufffe👋 سلام", "\ufffe👋 سلام"),
    ],
)
def test_storable(text, stored):
    assert storable(text) == stored
    assert json.loads(to_json({"t": (text,)})) == {"t": [stored]}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_any_value_becomes_json_that_everybody_can_read(value):
    written = to_json(value)
    json.loads(written.decode("utf-8"), parse_constant=pytest.fail)
    assert b"\\u0000" not in written.replace(b"\\\\", b"")
    assert to_json(value) == written
