"""Every case under `tests/fixtures/crms/<crm>/`: a delivery, the requests it must cause, what they are
answered, and the receipt or the error that follows. `UPDATE_GOLDEN=1` rewrites requests and outcomes;
review them by diff. A field that a case does not state has the sample's value (`playing.py`)."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from chalicelib.crms import CRMS
from chalicelib.vocabulary.delivery import Call, Delivery, Reply
from chalicelib.vocabulary.errors import HubError
from tests.crms import playing

CASES = sorted(playing.FIXTURES.glob("*/*.json"))


def owed(changes: dict[str, Any]) -> Delivery:
    """The sample delivery with a case's changes, part by part."""
    sample = msgspec.to_builtins(playing.Facts())
    for part, facts in changes.items():
        nested = isinstance(facts, dict) and isinstance(sample.get(part), dict)
        sample[part] = sample[part] | facts if nested else facts
    return msgspec.convert(sample, playing.Facts).delivery()


def readable(call: Call) -> dict[str, Any]:
    """A request with its packed parts opened, so that a person can review it."""
    url, _, query = call.url.partition("?")
    headers = {
        name: opened(value) if name == "X-Tryton-Context" else value for name, value in call.headers.items()
    }
    shown: dict[str, Any] = {"method": call.method, "url": url, "headers": headers}
    if query:
        shown["query"] = [
            [name, opened(value) if name in "do" else value] for name, value in parse_qsl(query)
        ]
    if call.body:
        shown["body"] = json.loads(call.body)
    return shown


def opened(packed: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(packed))


def reply(given: dict[str, Any]) -> Reply:
    body = given.get("body", "")
    content = body if isinstance(body, str) else json.dumps(body)
    return Reply(status=given["status"], headers=given.get("headers", {}), body=content.encode())


def acted(case: dict[str, Any], crm_name: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The requests, each with its step, and the outcome."""
    replies = iter(case["replies"])
    requests: list[dict[str, Any]] = []

    def send(step: Any, call: Call) -> Reply:
        requests.append({"step": step.name, **readable(call)})
        return reply(next(replies))

    crm = CRMS[crm_name]
    target = playing.target(crm_name, **case.get("settings", {}))
    credentials = {
        **playing.CREDENTIALS[crm_name],
        **{k: tuple(v) for k, v in case.get("credentials", {}).items()},
    }
    try:
        receipt = playing.play(
            crm, owed(case.get("delivery", {})), target, send,
            credentials=credentials, doubtful=case.get("doubtful", ""),
        )  # fmt: skip
        outcome: dict[str, Any] = {"receipt": receipt}
    except HubError as error:
        outcome = {"error": type(error).__name__, "reason": error.reason, "detail": error.detail}
    assert next(replies, None) is None, "an answer was not asked for"
    return requests, outcome


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_delivery_causes_these_requests(path: Path) -> None:
    case = json.loads(path.read_text())
    requests, outcome = acted(case, path.parent.name)
    if os.environ.get("UPDATE_GOLDEN"):
        case |= {"requests": requests, "outcome": outcome}
        path.write_text(json.dumps(case, ensure_ascii=False, indent=2) + "\n")
    assert requests == case["requests"]
    assert outcome == case["outcome"]


def test_every_connector_has_cases() -> None:
    assert {path.parent.name for path in CASES} == set(CRMS)


def test_what_is_stated_twice_agrees() -> None:
    assert all(name == crm.name for name, crm in CRMS.items())
    assert not [crm.name for crm in CRMS.values() if not dataclasses.is_dataclass(crm)]
