"""What every connector in the registry must do, whatever it is: tried on all of its cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib import crms
from chalicelib.crms import CRMS
from chalicelib.crms.base import Crm, Step
from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import HubError, NotServed, Permanent, Throttled, Unauthorised, Unknown
from tests.crms import playing
from tests.crms.test_fixtures import CASES, owed, reply

DELIVERED = [path for path in CASES if "receipt" in json.loads(path.read_text())["outcome"]]

HTML = {"content-type": "text/html; charset=utf-8"}
TELLTALE = (
    b'{"status":400,"message":"No \\"s3cret-body\\" for +98 912 123 4567 or maryam@example.org;'
    b' Party Sara Rostami exists already, see mina karimi or SARA_ROSTAMI"}'
)

FAULTS: dict[str, tuple[Reply, type[HubError], float | None]] = {
    "429": (Reply(status=429, body=TELLTALE), Throttled, None),
    "429 with Retry-After": (Reply(status=429, headers={"retry-after": "30"}), Throttled, 30),
    "503": (Reply(status=503, headers=HTML, body=b"<html>busy"), Unknown, None),
    "503 with Retry-After": (Reply(status=503, headers={"retry-after": "7"}), Unknown, 7),
    "401": (Reply(status=401, headers=HTML, body=TELLTALE), Unauthorised, None),
    "HTML 500": (Reply(status=500, headers=HTML, body=b"<!doctype html>s3cret-body"), Unknown, None),
    "400": (Reply(status=400, body=TELLTALE), Permanent, None),
    "403": (Reply(status=403, body=TELLTALE), NotServed, None),
}
STRANGERS = ("Sara", "Rostami", "mina", "karimi", "ROSTAMI")
LIES = {
    "malformed 200": Reply(status=200, body=b'{"id": 1'),
    "empty 200": Reply(status=200),
    "HTML 200": Reply(status=200, headers=HTML, body=b"<!doctype html><title>Sign in</title>"),
    "another shape": Reply(status=200, body=b'"fine"'),
    "id of no sort": Reply(status=200, body=b'{"id": null}'),
    "not UTF-8": Reply(status=200, body=b"\xff\xfe\x00"),
    "deep": Reply(status=200, body=b"[" * 100_000),
}


def played(path: Path, answers: list[Reply], **how: Any) -> tuple[list[tuple[Step, Call]], HubError | None]:
    """A case's requests when it is answered so; the last answer is given again for ever."""
    case = json.loads(path.read_text())
    name = path.parent.name
    sent: list[tuple[Step, Call]] = []

    def send(step: Step, call: Call) -> Reply:
        sent.append((step, call))
        return answers[min(len(sent), len(answers)) - 1]

    own = {k: tuple(v) for k, v in case.get("credentials", {}).items()}
    credentials = {**playing.CREDENTIALS[name], **own}
    target = playing.target(name, **case.get("settings", {}))
    try:
        playing.play(
            CRMS[name], owed(case.get("delivery", {})), target, send,
            credentials=credentials, doubtful=case.get("doubtful", ""), **how,
        )  # fmt: skip
    except HubError as error:
        return sent, error
    return sent, None


def places() -> list[Any]:
    """Each place in each case where an answer comes."""
    return [
        pytest.param(path, place, id=f"{path.parent.name}/{path.stem}[{place}]")
        for path in DELIVERED
        for place in range(len(json.loads(path.read_text())["replies"]))
    ]


def until(path: Path, place: int) -> list[Reply]:
    return [reply(given) for given in json.loads(path.read_text())["replies"][:place]]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("path", "place"), places())
def test_a_fault_is_told_by_its_class_and_tells_nothing_else(path: Path, place: int, fault: str) -> None:
    answer, kind, retry_after = FAULTS[fault]
    sent, error = played(path, [*until(path, place), answer])
    assert type(error) is kind
    assert getattr(error, "retry_after", None) == retry_after
    shown = [str(error), repr(error), error.detail, *map(repr, sent), repr(answer)]
    for secret in private(path):
        assert not [text for text in shown if secret in text]


def private(path: Path) -> set[str]:
    """What no error text and no `repr` may hold."""
    case = json.loads(path.read_text())
    delivery = owed(case.get("delivery", {}))
    secrets = [value for values in playing.CREDENTIALS[path.parent.name].values() for value in values]
    names = [
        delivery.event.name,
        delivery.event.text,
        delivery.profile.name,
        *delivery.profile.phones,
        *delivery.profile.emails,
    ]
    return {*filter(None, [*secrets, *names]), "s3cret-body", "912 123", "maryam@", *STRANGERS}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize(("path", "place"), places())
def test_a_200_that_is_none_is_in_doubt_where_records_are_kept(path: Path, place: int, lie: str) -> None:
    sent, error = played(path, [*until(path, place), LIES[lie]])
    if CRMS[path.parent.name].contact_step:
        assert type(error) is Unknown
    else:
        assert error is None
    assert len(sent) == place + 1, "nothing is sent after it"


@pytest.mark.parametrize("path", DELIVERED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_asking_again_is_asking_the_same(path: Path) -> None:
    answers = until(path, 99) or [Reply(status=500)]
    first, again = ([call for _, call in played(path, answers)[0]] for _ in range(2))
    assert first == again
    later = [call for _, call in played(path, answers, now=playing.NOW + 3600)[0]]
    assert [(c.method, c.url, c.body) for c in first] == [(c.method, c.url, c.body) for c in later]


@pytest.mark.parametrize("path", DELIVERED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_finished_step_is_not_run_again(path: Path) -> None:
    ledger: dict[str, str] = {}
    played(path, until(path, 99) or [Reply(status=500)], done=ledger)
    sent, error = played(path, [Reply(status=500)], done=ledger)
    assert error is None
    assert not sent


@pytest.mark.parametrize("crm", CRMS.values(), ids=CRMS)
def test_the_probe_writes_nothing_and_shows_no_secret(crm: Crm) -> None:
    call = crm.probe(playing.target(crm.name), playing.CREDENTIALS[crm.name], playing.NOW)
    assert call.method in {"GET", "HEAD", "OPTIONS"}
    assert not call.body
    for values in playing.CREDENTIALS[crm.name].values():
        assert values[0] not in repr(call)
        assert values[0] not in call.url


@pytest.mark.parametrize("crm", CRMS.values(), ids=CRMS)
def test_what_an_operator_fills_in_is_declared(crm: Crm) -> None:
    declared = {field.name: field for field in crm.fields}
    assert all(field.about for field in crm.fields)
    assert all(declared[name].secret for name in playing.CREDENTIALS[crm.name])
    assert {field.name for field in crm.fields if field.secret} == set(playing.CREDENTIALS[crm.name])


@pytest.mark.parametrize("crm", CRMS.values(), ids=CRMS)
def test_an_empty_secret_sends_nothing(crm: Crm) -> None:
    for empty in ({}, dict.fromkeys(playing.CREDENTIALS[crm.name], ())):
        with pytest.raises(HubError, match="no_secret"):
            next(crm.deliver(playing.delivery(), playing.target(crm.name), empty, playing.NOW))


def test_connectors_are_small() -> None:
    folder = Path(crms.__file__).parent
    long = {path.name for path in folder.rglob("*.py") if len(path.read_text().splitlines()) > 200}
    assert not long
