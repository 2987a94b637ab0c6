"""What a platform is answered, and by which methods it may post, is the channel's to say."""

import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.channels import CHANNELS, MODULES
from chalicelib.channels.base import Channel
from chalicelib.pipeline.set_aside import unpack_quarantined
from chalicelib.vocabulary.account import Account, Ours
from chalicelib.vocabulary.request import Answer, Request
from tests.pipeline.test_receive import scene
from tests.pipeline.world import START, World, world

BODY = b'{"update_id": 7, "message": {"message_id": 3, "date": 1795424400, "text": "x",'
BODY += b' "chat": {"id": 5, "type": "private"}, "from": {"id": 5, "first_name": "x", "is_bot": false}}}'
Declare = Callable[..., None]


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Declare:
    """Makes a channel `parrot` that is Telegram but for what is changed."""

    def made(**changes: Any) -> None:
        module = types.SimpleNamespace(PARROT=replace(CHANNELS["telegram"], name="parrot", **changes))
        monkeypatch.setitem(sys.modules, "chalicelib.channels.parrot", module)
        monkeypatch.setitem(MODULES, "parrot", "parrot")

    return made


@pytest.fixture
def hub() -> Iterator[World]:
    with world() as made:
        account = Account(channel="parrot", id="bot", secret="telegram")
        made.configuration = replace(made.configuration, accounts=(account,))
        yield made


def posted(hub: World, **changes: Any) -> Answer:
    (token,) = scene(channel="telegram", account="bot")["secrets"]["secret_token"]
    headers = {"x-telegram-bot-api-secret-token": token, "content-type": "application/json"}
    request = Request(
        method="POST", url="/webhooks/parrot/bot", headers=headers, body=BODY, received_at=START
    )
    return hub.post("parrot", "bot", replace(request, **changes))


def echoing(request: Request, ours: Ours) -> Answer:
    return Answer(status=200, body=f"{ours.account.id} {len(request.body)}", content_type="text/x")


def failing(_request: Request, _ours: Ours) -> Answer:
    raise KeyError("+98 912 000 0001")


def test_an_answer_is_made_from_the_request_once_all_is_safe(hub: World, declare: Declare) -> None:
    def answer(request: Request, ours: Ours) -> Answer:
        assert len(hub.queues["events"]) == 1
        return echoing(request, ours)

    declare(answer=answer)
    assert posted(hub) == Answer(status=200, body=f"bot {len(BODY)}", content_type="text/x")


def test_an_answer_that_cannot_be_made_brings_nothing_again(
    hub: World, declare: Declare, caplog: pytest.LogCaptureFixture
) -> None:
    declare(answer=failing)
    assert posted(hub) == Answer(status=200)
    assert len(hub.queues["events"]) == 1
    assert [vars(record)["reason"] for record in caplog.records] == ["KeyError"]


@pytest.mark.parametrize(
    ("methods", "method", "status"),
    [(("POST",), "POST", 200), (("POST",), "GET", 405), (("GET",), "GET", 200), (("GET",), "POST", 405),
     (("GET", "POST"), "GET", 200)],
)  # fmt: skip
def test_only_by_its_methods(
    hub: World, declare: Declare, methods: tuple[str, ...], method: str, status: int
) -> None:
    declare(methods=methods)
    assert posted(hub, method=method).status == status
    assert len(hub.queues["events"]) == (status == 200)


def test_what_is_quarantined_keeps_how_it_came(hub: World, declare: Declare) -> None:
    declare(methods=("GET",))
    assert posted(hub, method="GET", body=b"{", query={"a": "x"}).status == 200
    (packed,) = (content for key, content in hub.bucket.items() if key.startswith("quarantine/"))
    quarantined = unpack_quarantined(packed)
    assert (quarantined.method, quarantined.query) == ("GET", {"a": "x"})


def test_what_was_quarantined_before_methods_were_kept_is_read() -> None:
    packed = b'{"channel":"telegram","account":"bot","content_type":"","body":"e30=","fragments":[]}'
    assert unpack_quarantined(packed).method == "POST"


def test_every_channel_of_the_registry_is_declared_under_its_name() -> None:
    assert all(isinstance(CHANNELS[name], Channel) and CHANNELS[name].name == name for name in MODULES)


def test_a_channel_that_cannot_be_imported_is_a_bug_and_no_unknown_channel(
    hub: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 404 would have the platform drop what it sends; whatever else comes of a bug, it sends again."""
    monkeypatch.setitem(sys.modules, "chalicelib.channels.parrot", types.SimpleNamespace())
    monkeypatch.setitem(MODULES, "parrot", "parrot")
    with pytest.raises(AttributeError):
        posted(hub)
