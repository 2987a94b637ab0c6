"""One contact, one note and one lead, whatever dies on the way or comes twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chalicelib.crms.base import Step
from chalicelib.vocabulary.delivery import Call, Reply
from chalicelib.vocabulary.errors import HubError, Transient, Unknown
from ops.local.tryton.server import Tryton
from tests.crms import playing
from tests.crms.tryton.telling import Hub, fresh, phone

pytestmark = pytest.mark.slow


def test_a_first_message_makes_contact_note_and_lead(hub: Hub) -> None:
    owed = fresh((phone(), "email#maryam@example.org"))
    ids = hub.tell(owed)
    assert list(ids) == ["contact", "note", "lead"]
    party = hub.party(ids["contact"])
    assert party.name == "مریم رضایی"
    assert party.code == f"hub:{owed.profile.id}"
    assert [kind for kind, _ in party.mechanisms] == ["mobile", "email"]
    (note,) = hub.server.notes(party.id)
    assert playing.event().text in note
    assert note.endswith(f"[hub:{owed.event.reference}]")
    (lead,) = [lead for lead in hub.server.leads() if lead.party == party.id]
    assert str(lead.id) == ids["lead"]
    assert lead.employee == hub.server.employees()["سارا احمدی"]


def test_every_step_is_found_again_and_not_written_twice(hub: Hub) -> None:
    owed = fresh((phone(),))
    first = hub.tell(owed)
    before = everything(hub.server)
    for name in first:
        assert hub.tell(owed, doubtful=name, done={k: v for k, v in first.items() if k != name}) == first
    assert everything(hub.server) == before


def everything(server: Tryton) -> tuple[Any, ...]:
    parties = server.parties()
    return parties, server.leads(), {party.id: server.notes(party.id) for party in parties}


def test_killed_after_any_write_there_is_still_one_record(hub: Hub) -> None:
    for lost in ("contact", "note", "lead"):
        owed = fresh((phone(),))
        ledger: dict[str, str] = {}

        def send(step: Step, call: Call, lost: str = lost) -> Reply:
            reply = hub.http(call)
            if step.name == lost and call is step.write:
                raise Unknown("no_answer")
            return reply

        with pytest.raises(Unknown):
            hub.tell(owed, send, done=ledger)
        hub.tell(owed, done=ledger, doubtful=lost)
        party = hub.party(ledger["contact"])
        assert len([p for p in hub.server.parties() if p.code == party.code]) == 1
        assert len(hub.server.notes(party.id)) == 1
        assert len([lead for lead in hub.server.leads() if lead.party == party.id]) == 1


def test_the_server_dies_between_two_steps_and_comes_back(hub: Hub) -> None:
    owed, ledger = fresh((phone(),)), dict[str, str]()

    def send(step: Step, call: Call) -> Reply:
        if step.name == "note":
            hub.server.kill()
        return hub.http(call)

    with pytest.raises(Transient) as caught:
        hub.tell(owed, send, done=ledger)
    assert caught.value.reason in {"no_connection", "no_answer"}
    assert list(ledger) == ["contact"]
    hub.server.start()
    ids = hub.tell(owed, done=ledger, doubtful="note")
    assert len(hub.server.notes(int(ids["contact"]))) == 1


def test_twelve_workers_make_one_contact(hub: Hub) -> None:
    owed = fresh((phone(),))
    outcomes: list[object] = []

    def work() -> None:
        other = Hub(hub.server)
        try:
            outcomes.append(other.tell(owed, done={"note": "1", "lead": "1"})["contact"])
        except HubError as error:
            outcomes.append(error.reason)

    workers = [threading.Thread(target=work) for _ in range(12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    made = [party for party in hub.server.parties() if party.code == f"hub:{owed.profile.id}"]
    assert len(made) == 1
    assert len(outcomes) == 12
    assert set(outcomes) <= {str(made[0].id), "duplicate", "http_500"}


def test_calls_per_event(hub: Hub) -> None:
    first = hub.tell(fresh((phone(),)))
    assert len(hub.sent) == 6
    hub.sent.clear()
    hub.tell(fresh(contact=first["contact"], opened=False))
    assert len(hub.sent) == 1
