"""What Lambda's runtime gets to log when a function fails as a whole."""

from typing import Any

import pytest

import app
from chalicelib.handlers import deliver, guard, process, relay, tick
from chalicelib.vocabulary.errors import Transient
from tests.handlers.alone import Context

QUOTING = ValueError("Invalid value 'Sara Rostami, +989120000001'")


class Broken:
    """Workers of which every part quotes a customer."""

    def __getattr__(self, name: str) -> Any:
        raise QUOTING


@pytest.mark.parametrize(("module", "name"), [(relay, "relay"), (tick, "tick")])
def test_a_bug_says_its_kind_and_nothing_more(monkeypatch, capsys, module, name):
    monkeypatch.setattr(module, "workers", Broken)
    with pytest.raises(guard.Bug) as caught:
        getattr(module, name)({"Records": []}, Context())
    assert str(caught.value) == "ValueError"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    printed = capsys.readouterr()
    assert "Sara" not in printed.out + printed.err
    assert "98912" not in printed.out + printed.err


@pytest.mark.parametrize(("module", "name"), [(process, "process"), (deliver, "deliver")])
def test_a_message_that_breaks_the_batch_is_not_quoted_either(monkeypatch, capsys, module, name):
    def broken(*_args: object, **_options: object) -> None:
        raise QUOTING

    monkeypatch.setattr(module.batch, "run", broken)
    with pytest.raises(guard.Bug, match=r"^ValueError$"):
        getattr(module, name)({"Records": []}, Context())
    printed = capsys.readouterr()
    assert "Sara" not in printed.out + printed.err


def test_an_error_of_ours_says_what_it_says(monkeypatch):
    @guard.quotes_nobody
    def failing(event: Any, context: Any) -> None:
        raise Transient("table_busy", "1 row was left unread")

    with pytest.raises(Transient, match="table_busy: 1 row"):
        failing({}, None)


def test_these_are_all_workers():
    workers = {one.name for one in app.app.pure_lambda_functions}
    modules = {"process": process, "relay": relay, "deliver": deliver, "tick": tick}
    assert workers == set(modules), "and each is tried above"
