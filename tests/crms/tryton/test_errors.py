"""Errors as Tryton gives them."""

from __future__ import annotations

import pytest

from chalicelib.vocabulary.delivery import Call
from chalicelib.vocabulary.errors import HubError, Permanent, Unauthorised, Unknown
from tests.crms import playing
from tests.crms.tryton.telling import CRM, Hub, fresh

pytestmark = pytest.mark.slow


def refused(hub: Hub, call: Call) -> HubError:
    with pytest.raises(HubError) as caught:
        CRM.read(hub.http(call))
    return caught.value


def test_errors_as_tryton_gives_them(hub: Hub) -> None:
    target, now = hub.target, playing.NOW
    CRM.read(hub.http(CRM.probe(target, {"application_key": (hub.server.key,)}, now)))
    wrong = CRM.probe(target, {"application_key": ("0" * 128,)}, now)
    assert isinstance(refused(hub, wrong), Unauthorised)
    good = CRM.probe(target, {"application_key": (hub.server.key,)}, now)
    base = f"{hub.server.url}/rest/model/"

    def asked(method: str, path: str, body: bytes = b"") -> Call:
        headers = {**good.headers, "Content-Type": "application/json"}
        return Call(method=method, url=base + path, headers=headers, body=body)

    assert isinstance(refused(hub, asked("GET", "no.such.model")), Unknown)
    assert isinstance(refused(hub, asked("GET", "party.party?f=no_such_field")), Unknown)
    assert refused(hub, asked("PUT", "sale.opportunity/99999?f=id", b'{"employee": 1}')).reason == "http_404"
    assert refused(hub, asked("POST", "party.party?f=id", b'{"bad')).reason == "http_400"
    other = playing.target("tryton", hub.server.url, company="7")
    with pytest.raises(Permanent):
        playing.play(CRM, fresh(), other, hub.send, credentials={"application_key": (hub.server.key,)})
