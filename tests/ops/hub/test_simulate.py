from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from chalicelib.aws.queues import Outgoing
from chalicelib.pipeline.receive import receive
from chalicelib.store.packing import from_text, unpack_intake
from chalicelib.vocabulary.request import Request
from ops.hub import simulate
from ops.platforms import KINDS, OMID, SARA
from tests.ops.hub.conftest import Desk
from tests.pipeline.kept import Register
from tests.pipeline.world import SECRETS, START, a_configuration


@pytest.mark.parametrize("channel", ["whatsapp", "telegram", "twilio"])
def test_a_webhook_is_accepted_and_becomes_the_named_event(open_desk: Desk, channel: str) -> None:
    ended = open_desk.run("simulate", channel, "--text", "سلام", "--json")
    assert ended.code == 0, ended.err
    (posted,) = ended.json["posted"]
    assert posted["status"] == 200
    open_desk.hub.run()
    (key,) = posted["events"]
    proof = open_desk.run("proof", key, "--json")
    assert proof.code == 0
    assert proof.json["event"] == key


def test_people_read_a_table_and_the_next_command(open_desk: Desk) -> None:
    ended = open_desk.run("simulate", "telegram", "--number", "7", "--at", "2026-11-25T08:00:00Z")
    assert ended.code == 0
    assert "telegram#bot#message#700000001:7:1795593600" in ended.out
    assert "hub proof 'telegram#bot#message#700000001:7:1795593600' --wait 30" in ended.out


@pytest.mark.parametrize("channel", ["whatsapp", "telegram", "twilio"])
def test_the_same_number_is_the_same_event(open_desk: Desk, channel: str) -> None:
    words = ("simulate", channel, "--number", "5", "--at", "2026-11-25T08:00:00Z", "--json")
    first, again = open_desk.run(*words).json, open_desk.run(*words).json
    assert first["posted"][0]["events"] == again["posted"][0]["events"]


def test_many(open_desk: Desk) -> None:
    posted = open_desk.run("simulate", "whatsapp", "--times", "3", "--number", "10", "--json").json["posted"]
    assert [each["number"] for each in posted] == [10, 11, 12]
    assert len(open_desk.hub.queues["events"]) == 3


def test_one_person_on_all_channels(open_desk: Desk) -> None:
    who = ("--from", "09120000099", "--name", "Neda Moradi")
    open_desk.run("simulate", "whatsapp", *who)
    open_desk.run("simulate", "telegram", "contact", *who)
    open_desk.run("simulate", "twilio", "whatsapp", *who)
    open_desk.hub.run()
    profile = open_desk.profile()
    assert profile.name == "Neda Moradi"
    assert profile.keys == ("phone#+989120000099",)
    assert len(profile.identities) == 3


def test_whoever_only_shows_a_number_is_found_by_it(open_desk: Desk) -> None:
    who = ("--from", "09120000099", "--name", "Neda Moradi")
    open_desk.run("simulate", "twilio", "call", *who)
    open_desk.hub.run()
    for name in ("09120000099", "twilio:+989120000099"):
        assert open_desk.run("journey", name, "--json").json["profile"]["id"] == "p1"
    open_desk.run("simulate", "whatsapp", *who)
    open_desk.hub.run()
    ended = open_desk.run("journey", "09120000099")
    assert ended.code == 2
    assert "could be p2 or p1" in ended.err + ended.out


def test_fictions_of_the_local_run_are_known_by_phone() -> None:
    assert simulate.person("", "") == SARA
    assert simulate.person(OMID.phone, "") == OMID
    assert simulate.person("+989120000099", "").phone == "+989120000099"


def test_a_wrong_signature_is_refused(open_desk: Desk) -> None:
    for channel in KINDS:
        ended = open_desk.run("simulate", channel, "--wrong-signature")
        assert ended.code == 0
        assert "401" in ended.out
    assert not open_desk.hub.queues["events"]


def test_a_refusal_that_was_not_asked_for(open_desk: Desk) -> None:
    open_desk.put_secret("accounts/telegram", {"secret_token": "another"})
    ended = open_desk.run("simulate", "telegram", "--json")
    assert ended.code == 1
    assert ended.json["posted"][0]["status"] == 401
    assert ended.json["posted"][0]["events"] == []
    told = open_desk.run("simulate", "telegram").out
    assert "401" in told
    assert "telegram#" not in told
    assert "./hub proof" not in told


def test_what_is_only_counted(open_desk: Desk) -> None:
    posted = open_desk.run("simulate", "whatsapp", "delivered", "--about", "5", "--json").json["posted"]
    assert posted[0]["events"] == []
    assert posted[0]["counted"] == ["status"]
    assert "(status)" in open_desk.run("simulate", "whatsapp", "read", "--about", "5").out


def test_every_kind_is_listed(desk: Desk) -> None:
    assert desk.run("simulate", "--list", "--json").json == {
        name: list(kinds) for name, kinds in KINDS.items()
    }
    assert "hidden_call" in desk.run("simulate", "--list").out


@pytest.mark.parametrize(
    ("channel", "kind"), [(name, kind) for name, kinds in KINDS.items() for kind in kinds]
)
def test_every_kind_is_accepted_and_becomes_what_is_said(channel: str, kind: str) -> None:
    configuration, counted = a_configuration(), []
    account = simulate.account_of(configuration, channel, "")
    held = SECRETS[account.secret]
    plot = simulate.Plot(kind=kind, person=SARA, target=5)
    webhook = simulate.play(plot, account, public_url="https://h", secrets=held, at=START, number=6)
    sent: list[Outgoing] = []

    def send(messages: Iterable[Outgoing]) -> list[Outgoing]:
        sent.extend(messages)
        return []

    answer = receive(
        Request(
            method="POST",
            url=webhook.url.removeprefix("https://h"),
            headers=webhook.headers,
            body=webhook.body,
            received_at=START,
        ),
        channel,
        account.id,
        register=Register(lambda: replace(configuration, public_url="https://h")),
        secrets=lambda name: SECRETS[name],
        renewed=lambda name: None,
        send=send,
        store=lambda *_: None,
        count=lambda name, value=1, **_: counted.append(name),
    )
    keys, dropped = simulate.read(webhook, account, START)
    assert answer.status == 200
    assert tuple(e.key for m in sent for e in unpack_intake(from_text(m.body)).events) == keys
    assert counted.count("ignored") == len(dropped)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "--list"),
        (("pigeon",), 2, "pigeon is not simulated: telegram, twilio, whatsapp are"),
        (("telegram", "dance"), 2, "telegram has no dance: it has message"),
        (("telegram", "--from", "somebody"), 2, "not a phone number"),
        (("telegram", "--account", "other"), 5, "there is no account telegram other"),
    ],
)
def test_what_cannot_be_played(open_desk: Desk, words: tuple[str, ...], code: int, said: str) -> None:
    ended = open_desk.run("simulate", *words)
    assert ended.code == code
    assert said in ended.err


def test_a_parameter_that_is_not_there(open_desk: Desk) -> None:
    open_desk.site.client("ssm").delete_parameter(Name="/switchboard/local/accounts/telegram")
    ended = open_desk.run("simulate", "telegram")
    assert ended.code == 2
    assert "there is no parameter /switchboard/local/accounts/telegram" in ended.err


def test_a_secret_that_is_empty(open_desk: Desk) -> None:
    open_desk.put_secret("accounts/telegram", {"secret_token": ""})
    ended = open_desk.run("simulate", "telegram")
    assert ended.code == 2
    assert "account telegram bot has no secret_token among its secrets" in ended.err


def test_a_front_door_that_is_closed(desk: Desk) -> None:
    desk.push(public_url="http://127.0.0.1:9")
    ended = desk.run("simulate", "telegram")
    assert ended.code == 6
    assert "cannot reach" in ended.err
    assert "Traceback" not in ended.err


def test_what_the_channel_cannot_read_is_said(desk: Desk) -> None:
    account = simulate.account_of(desk.hub.configuration, "telegram", "")
    plot = simulate.Plot(kind="message", person=SARA)
    secrets = simulate.secrets_of(desk.site, account)
    webhook = simulate.play(plot, account, public_url="https://h", secrets=secrets, at=desk.hub.now, number=1)
    named = f"telegram#bot#message#{SARA.user_id}:1:{int(desk.hub.now.timestamp())}"
    assert simulate.read(webhook, account, desk.hub.now)[0] == (named,)
    broken = replace(webhook, body=b"{")
    events, counted = simulate.read(broken, account, desk.hub.now)
    assert events == ()
    assert counted[0].startswith("unreadable: not_json")
