"""Which addresses a target may have, and that the connection goes to the one that was judged."""

import ssl

import pytest

from chalicelib.crms.http.addresses import is_public
from chalicelib.crms.http.send import sender
from chalicelib.vocabulary.delivery import Call
from chalicelib.vocabulary.errors import (
    Misconfigured,
    Transient,
    Unknown,
)
from tests.crms.http.serving import PUBLIC, says, server


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
