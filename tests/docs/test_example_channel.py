"""The channel of `docs/adding-a-channel.md` stands what every channel stands."""

import inspect
import itertools
import json
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chalicelib.aws.queues import Outgoing
from chalicelib.channels import MODULES
from chalicelib.pipeline.receive import receive
from chalicelib.store.packing import from_text, unpack_intake
from tests.channels import shelf, test_fixtures, test_security
from tests.docs.examples import example, loaded
from tests.documents import ROOT, fences

MODULE = loaded(example("adding-a-channel.md", "python"), "pigeon")
PIGEON = MODULE.PIGEON


@dataclass(frozen=True)
class Example(shelf.Fixture):
    """The request of the page, where the tests of the channels expect one of the shelf."""

    channel = PIGEON
    content, usual = (
        json.loads(fence.text) for fence in fences(ROOT / "docs" / "adding-a-channel.md", "json")
    )


FIXTURE = Example(ROOT / "docs" / "adding-a-channel.md")


def cases(module: types.ModuleType) -> Iterator[tuple[str, object, dict[str, object]]]:
    """Every test of the module that takes a fixture of the shelf, with each value of what else it takes."""
    for name, test in inspect.getmembers(module, inspect.isfunction):
        if not name.startswith("test_") or "fixture" not in inspect.signature(test).parameters:
            continue
        marks = [m.args for m in getattr(test, "pytestmark", []) if m.name == "parametrize"]
        marks = [args for args in marks if args[0] != "fixture"]
        for values in itertools.product(*(values for _, values in marks)):
            yield name, test, dict(zip((names for names, _ in marks), values, strict=True))


CHANNEL_CASES = [case for module in (test_security, test_fixtures) for case in cases(module)]


@pytest.mark.parametrize(
    ("name", "test", "arguments"), CHANNEL_CASES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_example_channel_stands_the_tests_of_channels(name, test, arguments, monkeypatch) -> None:
    monkeypatch.delenv("UPDATE_GOLDEN", raising=False)
    test(fixture=FIXTURE, **arguments)


def test_the_example_channel_is_tried_by_all_of_them() -> None:
    assert {name for name, _, _ in CHANNEL_CASES} >= {
        "test_unsigned",
        "test_empty_secret",
        "test_it_becomes_the_events_it_states",
    }
    assert len(CHANNEL_CASES) > 20


def test_the_example_channel_is_served_by_the_front_door(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "chalicelib.channels.pigeon", MODULE)
    monkeypatch.setitem(MODULES, "pigeon", "pigeon")
    stored: dict[str, bytes] = {}
    counts = []

    class Register:
        public_url = "https://hub.example.org"
        find = staticmethod(lambda channel, name: FIXTURE.account if name == "loft" else None)
        current = lambda self: self  # noqa: E731

    sent: list[Outgoing] = []

    def send(messages):
        sent.extend(messages)
        return []

    answer = receive(
        FIXTURE.request,
        "pigeon",
        "loft",
        register=Register(),
        secrets=lambda name: FIXTURE.secrets,
        renewed=lambda name: None,
        send=send,
        store=stored.__setitem__,
        count=lambda name, *_, **__: counts.append(name),
    )
    assert answer.status == 200
    assert [event.id for one in sent for event in unpack_intake(from_text(one.body)).events] == ["L-1"]
    assert len(stored) == 1
    assert {"ignored", "quarantined", "received"} <= set(counts)
