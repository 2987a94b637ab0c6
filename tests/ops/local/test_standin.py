"""The stand-in CRM, posted to by the real connector over the real sender."""

from __future__ import annotations

import http.client
import json
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from chalicelib.crms import CRMS
from chalicelib.crms.http.send import Send, sender
from chalicelib.vocabulary.delivery import Call, Delivery, Reply
from chalicelib.vocabulary.errors import HubError, Throttled, Unauthorised, Unknown
from chalicelib.vocabulary.event import Attachment, Direction
from ops.local.standin.server import Standin
from tests.crms import playing
from tests.documents import ROOT

SECRET = playing.CREDENTIALS["receiver"]["signing_secret"][0]
CRM = CRMS["receiver"]


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[Standin]:
    with Standin(tmp_path / "crm.sqlite", [SECRET]) as server:
        yield server


@pytest.fixture
def send() -> Send:
    return sender(private_network=True)


def tell(standin: Standin, send: Send, owed: Delivery, secret: str = SECRET, now: float = 0) -> None:
    target = playing.target("receiver", standin.url)
    playing.play(
        CRM, owed, target, lambda _step, call: send(call),
        credentials={"signing_secret": (secret,)}, now=int(now or time.time()),
    )  # fmt: skip


def asked(standin: Standin, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", standin.port, timeout=5)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def faults(standin: Standin, **asking: Any) -> None:
    body = json.dumps(asking).encode()
    assert asked(standin, "POST", "/faults", body, **{"Content-Type": "application/json"})[0] == 204


def test_what_arrives_is_kept_in_order_and_repeats_are_counted(standin: Standin, send: Send) -> None:
    for number in (1, 2, 3, 2):
        tell(
            standin,
            send,
            playing.delivery(event=playing.event(id=str(number), text=f"text {number}"), seq=number),
        )
    arrivals = json.loads(asked(standin, "GET", "/events")[1])
    assert [arrival["event"]["data"]["event"]["text"] for arrival in arrivals] == [
        "text 1",
        "text 2",
        "text 3",
    ]
    assert [arrival["posts"] for arrival in arrivals] == [1, 2, 1]
    assert not any(arrival["altered"] for arrival in arrivals)
    (customer,) = json.loads(asked(standin, "GET", "/customers")[1])
    assert customer["name"] == "مریم رضایی"
    assert customer["owner"] == "سارا احمدی"
    assert customer["in_order"]
    assert len(customer["events"]) == 3


def test_another_order_and_other_contents_are_seen(standin: Standin, send: Send) -> None:
    for number in (2, 1):
        tell(standin, send, playing.delivery(event=playing.event(id=str(number)), seq=number))
    tell(standin, send, playing.delivery(event=playing.event(id="1", text="another text"), seq=1))
    (customer,) = standin.store.customers()
    assert not customer["in_order"]
    assert [event["altered"] for event in customer["events"]] == [False, True]


def test_forged_and_stale_posts_are_refused(standin: Standin, send: Send) -> None:
    stranger = "whsec_" + "A" * 40
    for secret, now in ((stranger, 0), (SECRET, time.time() - 400), (SECRET, time.time() + 400)):
        with pytest.raises(Unauthorised):
            tell(standin, send, playing.delivery(), secret, now)
    just_now = str(int(time.time()))
    for headers in (
        {},
        {"webhook-id": "x", "webhook-timestamp": "x", "webhook-signature": "v1,"},
        {"webhook-id": "x", "webhook-timestamp": just_now, "webhook-signature": "unsplit v1,é"},
        {"webhook-id": "x", "webhook-timestamp": just_now, "webhook-signature": ""},
    ):
        assert asked(standin, "POST", "/", b"{}", **headers)[0] == 401
    assert asked(standin, "POST", "/", b"\xff", **signed(b"\xff").headers)[0] == 401
    assert standin.store.events() == []


@pytest.mark.parametrize("asking", [{"status": 429, "retry_after": 9}, {"status": 503}])
def test_faults_come_as_often_as_asked_and_reach_probes_too(
    standin: Standin, send: Send, asking: dict[str, int]
) -> None:
    faults(standin, count=2, **asking)
    with pytest.raises(HubError) as caught:
        tell(standin, send, playing.delivery())
    assert isinstance(caught.value, Throttled if asking["status"] == 429 else Unknown)
    probe = CRM.probe(playing.target("receiver", standin.url), {}, 0)
    assert send(probe).status == asking["status"]
    assert send(probe).status == 200
    tell(standin, send, playing.delivery())
    assert len(standin.store.events()) == 1


def test_an_answer_that_is_lost_leaves_one_event(standin: Standin, send: Send) -> None:
    faults(standin, count=1, lost=True)
    with pytest.raises(Unknown):
        tell(standin, send, playing.delivery())
    tell(standin, send, playing.delivery())
    (arrival,) = standin.store.events()
    assert arrival.posts == 2
    assert not arrival.altered


@pytest.mark.parametrize("body", [b"", b"[]", b'{"status": "x"}', b'{"unknown": 1}', b"{", b"null"])
def test_faults_that_cannot_be_read_change_nothing(standin: Standin, body: bytes) -> None:
    assert asked(standin, "POST", "/faults", body, **{"Content-Type": "application/json"})[0] == 400
    assert standin.faults.count == 0


def test_pages_of_other_sites_can_neither_read_nor_set_faults(standin: Standin) -> None:
    assert asked(standin, "POST", "/faults", b'{"count": 9}', **{"Content-Type": "text/plain"})[0] == 415
    for path in ("/", "/events", "/customers"):
        assert asked(standin, "GET", path, Host="evil.example")[0] == 403
    assert standin.faults.count == 0


def test_odd_requests(standin: Standin) -> None:
    assert asked(standin, "GET", "/nothing")[0] == 404
    assert asked(standin, "HEAD", "/")[0] == 200
    for length, status in (
        (b"", 411),
        (b"Content-Length: 1000001\r\n", 413),
        (b"Content-Length: -1\r\n", 411),
    ):
        with socket.create_connection(("127.0.0.1", standin.port), 5) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + length + b"\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 %d" % status)


def signed(body: bytes) -> Call:
    from chalicelib.crms.receiver import signatures

    now = int(time.time())
    headers = {
        "Webhook-Id": "own",
        "Webhook-Timestamp": str(now),
        "Webhook-Signature": signatures("own", now, body, {"signing_secret": (SECRET,)}),
    }
    return Call(method="POST", url="", headers=headers, body=body)


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b'{"specversion":"1.0"}', b"[" * 100_000])
def test_genuine_posts_of_another_shape_are_not_kept(standin: Standin, send: Send, body: bytes) -> None:
    call = signed(body)
    reply: Reply = send(Call(method="POST", url=standin.url, headers=call.headers, body=call.body))
    assert reply.status == 400
    assert standin.store.events() == []


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_the_journey_and_escapes_everything(standin: Standin, send: Send) -> None:
    hostile = "<script>alert(1)</script>\"'&<img src=x onerror=y>"
    tell(
        standin, send,
        playing.delivery(
            event=playing.event(text=hostile, attachments=(Attachment(kind=hostile, name=hostile),)),
            profile=playing.profile(name=hostile, keys=(f"phone#{hostile}",)),
        ),
    )  # fmt: skip
    tell(
        standin, send,
        playing.delivery(event=playing.event(id="2", direction=Direction.OUTBOUND, text="بله، فردا"), seq=4),
    )  # fmt: skip
    status, page = asked(standin, "GET", "/")
    seen = _Tags()
    seen.feed(page.decode())
    assert status == 200
    assert not {"script", "img"} & set(seen.tags)
    assert hostile in seen.text
    assert "بله، فردا" in seen.text
    assert "customers: 1 · events: 2" in seen.text
    assert 'dir="auto"' in page.decode()


def test_an_empty_page(standin: Standin) -> None:
    assert b"Nothing has arrived yet" in asked(standin, "GET", "/")[1]


def test_many_at_once_are_each_kept_once(standin: Standin, send: Send) -> None:
    def work(worker: int) -> None:
        for number in range(10):
            tell(standin, send, playing.delivery(event=playing.event(id=f"{number}"), seq=worker))

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [arrival.posts for arrival in standin.store.events()] == [6] * 10


def test_what_was_kept_outlives_the_server(tmp_path: Path, send: Send) -> None:
    with Standin(tmp_path / "crm.sqlite", [SECRET]) as first:
        tell(first, send, playing.delivery())
    with Standin(tmp_path / "crm.sqlite", [SECRET]) as second:
        tell(second, send, playing.delivery())
        assert [arrival.posts for arrival in second.store.events()] == [2]


def test_a_client_that_goes_away_is_no_news(standin: Standin, capfd: pytest.CaptureFixture[str]) -> None:
    for sent in (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n{", b"GET / HT"):
        with socket.create_connection(("127.0.0.1", standin.port), 5) as connection:
            connection.sendall(sent)
            # Closed by a reset, as when the client's process dies with answers unread.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert asked(standin, "GET", "/events") == (200, b"[]")
    time.sleep(0.2)
    assert capfd.readouterr() == ("", "")


def test_a_fault_of_the_stand_in_is_one_line(
    standin: Standin, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("the disk is full")

    monkeypatch.setattr(standin.store, "events", broken)
    with pytest.raises(http.client.RemoteDisconnected):
        asked(standin, "GET", "/events")
    assert capfd.readouterr().err == "stand-in CRM: ValueError: the disk is full\n"


def test_a_port_in_use_is_said_in_one_line(standin: Standin, tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text(SECRET)
    done = subprocess.run(
        [sys.executable, "-m", "ops.local.standin", "--database", str(tmp_path / "other.sqlite"),
         "--secrets", str(tmp_path / "secrets"), "--port", str(standin.port)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode == 1
    said = f"port {standin.port}, for the stand-in CRM, is in use: choose another with --port N\n"
    assert done.stderr == said


def test_the_side_of_a_text_does_not_depend_on_its_own_direction(standin: Standin) -> None:
    """A margin at the bubble's start is on the right of a Persian one, and would push it to the left."""
    page = asked(standin, "GET", "/")[1].decode()
    (outbound,) = re.findall(r"\.outbound \{([^}]*)\}", page)
    assert "align-items: flex-end" in outbound
    assert not [rule for rule in re.findall(r"\.text \{([^}]*)\}", page) if "margin-inline" in rule]
