from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime

import pytest

from chalicelib.vocabulary.account import Account
from chalicelib.vocabulary.request import Request
from ops.platforms import KINDS, SARA, Post
from ops.platforms.telegram import sign_telegram
from ops.platforms.whatsapp import sign_whatsapp
from tests.ops.hub.conftest import Desk
from tests.pipeline.world import SECRETS

READABLE = b'{"update_id":77,"message":{"message_id":1,"date":1764057600,"chat":{"id":5,"type":"private"},'
READABLE += b'"from":{"id":5,"first_name":"Sara"},"text":"\xd8\xb3\xd9\x84\xd8\xa7\xd9\x85"}}'
TOMORROWS = READABLE.replace(b'"message_id":1', b'"message_id":"secret words"')


def keep(desk: Desk, body: bytes, *, channel: str = "telegram", account: str = "bot") -> str:
    """Have the real front door set it aside; its key."""
    post = Post(url="", headers={"content-type": "application/json"}, body=body)
    sign, secrets = (sign_telegram, "telegram") if channel == "telegram" else (sign_whatsapp, "meta")
    signed = sign(post, SECRETS[secrets])
    request = Request(
        method="POST",
        url=f"/webhooks/{channel}/{account}",
        headers=signed.headers,
        body=body,
        received_at=datetime.now(UTC),
    )
    before = set(desk.hub.bucket)
    assert desk.hub.post(channel, account, request).status == 200
    (key,) = set(desk.hub.bucket) - before
    desk.site.store(key, desk.hub.bucket[key])
    return key


def stored(desk: Desk, body: bytes, *, where: str = "message", account: str = "bot") -> str:
    """Something kept by an older parser, which read less than today's."""
    fragment = {"reason": "unexpected_shape", "where": where, "fragment": base64.b64encode(body).decode()}
    kept = {
        "channel": "telegram",
        "account": account,
        "content_type": "application/json",
        "body": base64.b64encode(body).decode(),
        "fragments": [fragment],
    }
    key = f"quarantine/telegram/00000000/{where}"
    desk.site.store(key, json.dumps(kept).encode())
    return key


def keys(desk: Desk) -> list[str]:
    return [kept["key"] for kept in desk.run("quarantine", "list", "--json").json["quarantined"]]


def test_nothing_is_quarantined(desk: Desk) -> None:
    ended = desk.run("quarantine", "list")
    assert ended.code == 0
    assert "nothing is quarantined" in ended.out


def test_what_was_set_aside_is_listed_without_its_content(desk: Desk) -> None:
    key = keep(desk, TOMORROWS)
    ended = desk.run("quarantine", "list")
    assert ended.code == 4
    assert "telegram" in ended.out
    assert "unexpected_shape" in ended.out
    assert "secret words" not in ended.out
    assert keys(desk) == [key]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'{"group": 7}', b"[" * 5000])
@pytest.mark.parametrize("place", ["undelivered/0001764057600-1", "telegram/00000000/odd"])
def test_what_cannot_be_read_at_all_hides_nothing_else(desk: Desk, place: str, content: bytes) -> None:
    """A message that the clock could not read, or an object of nobody knows whom."""
    request = keep(desk, TOMORROWS)
    desk.site.store(f"quarantine/{place}", content)
    assert sorted(keys(desk)) == sorted([request, f"quarantine/{place}"])
    ended = desk.run("quarantine", "list", columns="200")
    assert (ended.code, "that cannot be read" in ended.out) == (4, True)
    assert desk.run("quarantine", "show", place.rpartition("/")[2], "--json", "--reveal").code == 0


def test_a_message_that_was_set_aside_is_laid_before_the_clock_again(desk: Desk) -> None:
    desk.site.store("quarantine/undelivered/0001764057600-1", b"newer code reads this")
    ended = desk.run("quarantine", "replay", "0001764057600-1")
    assert ended.code == 0
    assert "the clock reads it again within a minute" in ended.out
    assert desk.site.fetch("undelivered/0001764057600-1") == b"newer code reads this"
    assert keys(desk) == []


def test_an_object_of_nobody_knows_whom_is_for_a_person_to_look_at(desk: Desk) -> None:
    desk.site.store("quarantine/telegram/00000000/odd", b"odd")
    ended = desk.run("quarantine", "replay", "odd")
    assert ended.code == 2
    assert "look at it with show, then drop it" in ended.err
    assert desk.site.fetch("quarantine/telegram/00000000/odd") == b"odd"


def test_a_key_is_in_one_piece_however_narrow(desk: Desk) -> None:
    key = keep(desk, TOMORROWS)
    for columns in ("40", "80", "100"):
        assert key.rpartition("/")[2] in desk.run("quarantine", "list", columns=columns).out


def test_the_newest_is_first(desk: Desk) -> None:
    older = keep(desk, TOMORROWS)
    time.sleep(1.1)  # the bucket's clock knows seconds
    newer = keep(desk, TOMORROWS + b" ")
    assert keys(desk) == [newer, older]


def test_it_is_shown_only_to_who_says_so(desk: Desk) -> None:
    key = keep(desk, TOMORROWS)
    declined = desk.run("quarantine", "show", key, answer="n\n")
    assert declined.code == 1
    assert "secret words" not in declined.out
    assert "secret words" in desk.run("quarantine", "show", key, answer="y\n").out
    revealed = desk.run("quarantine", "show", key.rpartition("/")[2][:8], "--reveal")
    assert "secret words" in revealed.out
    assert "سلام" in revealed.out
    refused = desk.run("quarantine", "show", key, "--json")
    assert refused.code == 2
    assert refused.out == ""
    assert "secret words" in desk.run("quarantine", "show", key, "--json", "--reveal").json["contents"][0]


def test_what_is_no_json_is_shown_too(desk: Desk) -> None:
    key = keep(desk, b"\xff\x00 words")
    assert "\\xff" in desk.run("quarantine", "show", key, "--reveal").out


@pytest.mark.parametrize("where", ["message", "$"])
def test_what_todays_parser_reads_goes_on_its_way(desk: Desk, where: str) -> None:
    key = stored(desk, READABLE, where=where)
    ended = desk.run("quarantine", "replay", key, "--json")
    assert ended.code == 0, ended.err
    assert ended.json["events"] == ["telegram#bot#message#5:1:1764057600"]
    (intake,) = desk.intakes()
    assert [event.text for event in intake.events] == ["سلام"]
    assert keys(desk) == []


def test_people_are_told_what_comes_next(desk: Desk) -> None:
    key = stored(desk, READABLE)
    assert "hub proof 'telegram#bot#message#5:1:1764057600'" in desk.run("quarantine", "replay", key).out


def test_what_still_cannot_be_read_stays(desk: Desk) -> None:
    key = keep(desk, TOMORROWS)
    ended = desk.run("quarantine", "replay", key)
    assert ended.code == 4
    assert "still cannot be read: message: unexpected_shape" in ended.out
    assert keys(desk) == [key]
    assert desk.intakes() == []


def whatsapp_batch() -> bytes:
    """Two messages, of which the second has a time that nobody can read."""
    post = KINDS["whatsapp"]["message"](
        url="", account="100001", secrets=SECRETS["meta"], at=datetime.now(UTC), number=1, person=SARA
    )
    body = json.loads(post.body)
    messages = body["entry"][0]["changes"][0]["value"]["messages"]
    messages.append({**messages[0], "id": "wamid.2", "timestamp": "soon"})
    return json.dumps(body).encode()


def test_a_message_for_a_number_that_was_not_ours_yet(desk: Desk) -> None:
    body = json.loads(whatsapp_batch())
    value = body["entry"][0]["changes"][0]["value"]
    value["metadata"]["phone_number_id"] = "100077"
    del value["messages"][1]
    key = keep(desk, json.dumps(body).encode(), channel="whatsapp", account="100001")
    assert desk.run("quarantine", "replay", key).code == 4
    new = Account(channel="whatsapp", id="100077", secret="meta", language="fa")
    desk.push(accounts=(*desk.hub.configuration.accounts, new))
    ended = desk.run("quarantine", "replay", key, "--json")
    assert ended.code == 0, ended.err
    assert len(ended.json["events"]) == 1
    assert keys(desk) == []


def test_an_unreadable_message_of_a_batch_stays_quarantined(desk: Desk) -> None:
    key = keep(desk, whatsapp_batch(), channel="whatsapp", account="100001")
    ended = desk.run("quarantine", "replay", key, "--json")
    assert ended.code == 4
    assert ended.json["left"]
    assert keys(desk) == [key]


def test_an_account_that_is_no_longer_ours(desk: Desk) -> None:
    key = stored(desk, READABLE, account="gone")
    ended = desk.run("quarantine", "replay", key)
    assert ended.code == 2
    assert "telegram gone is no account of local any more" in ended.err


def test_a_queue_that_does_not_take_it_drops_nothing(desk: Desk) -> None:
    key = stored(desk, READABLE)
    desk.site.client("sqs").delete_queue(QueueUrl=desk.site.events_queue)
    ended = desk.run("quarantine", "replay", key)
    assert ended.code == 6
    assert keys(desk) == [key]


def test_dropping_asks_first(desk: Desk) -> None:
    key = keep(desk, TOMORROWS)
    assert desk.run("quarantine", "drop", key, answer="n\n").code == 1
    assert keys(desk) == [key]
    assert desk.run("quarantine", "drop", key, answer="y\n").code == 0
    assert keys(desk) == []
    key = keep(desk, TOMORROWS + b" ")
    assert desk.run("quarantine", "drop", key, "--yes", "--json").json == {"dropped": key}


def test_a_key_that_is_not_there_or_not_enough(desk: Desk) -> None:
    assert desk.run("quarantine", "show", "nothing", "--reveal").code == 5
    for where in ("message", "message2"):
        stored(desk, READABLE, where=where)
    ended = desk.run("quarantine", "show", "mess", "--reveal")
    assert ended.code == 2
    assert "message2" in ended.err


@pytest.mark.parametrize("columns", ["60", "80", "100", "140"])
def test_no_id_and_no_place_is_cut_in_the_list(desk: Desk, columns: str) -> None:
    where = "entry[0].changes[0].value.messages[0]"
    key = stored(desk, TOMORROWS, where=where, account="100000000000001")
    out = desk.run("quarantine", "list", columns=columns).out
    for word in (key.rpartition("/")[2], "100000000000001", where, "unexpected_shape"):
        assert word in out
    assert max(map(len, out.splitlines())) <= int(columns)
