"""One lead a conversation, and whose it is."""

from __future__ import annotations

import pytest

from chalicelib.vocabulary.errors import Permanent
from chalicelib.vocabulary.event import Kind
from chalicelib.vocabulary.people import Decision, Outcome, Person
from tests.crms import playing
from tests.crms.tryton.telling import Hub, fresh

pytestmark = pytest.mark.slow


def test_an_owner_moves_and_leaves(hub: Hub) -> None:
    opened = fresh()
    ids = hub.tell(opened)
    for owner, number in ((Person(id="reza", name="رضا", user_ids={"tryton": "2"}), 2), (None, None)):
        event = playing.event(id=f"move to {number}", kind=Kind.OFFER, channel="hub", account="hub")
        outcome = Outcome.ASSIGNED if owner else Outcome.WAITING
        moved = playing.delivery(
            profile=opened.profile, conversation=opened.consequence.conversation, event=event,
            contact=ids["contact"],
            lead=ids["lead"], opened=False, moved=True, owner=owner,
            decision=Decision(outcome=outcome, reason="a test wants it"),
        )  # fmt: skip
        for _ in range(2):
            hub.tell(moved)
        (lead,) = [lead for lead in hub.server.leads() if str(lead.id) == ids["lead"]]
        assert lead.employee == number


def test_a_conversation_has_one_lead_though_its_opening_was_parked(hub: Hub) -> None:
    opening = fresh(owner=Person(id="ghost", name="Ghost", user_ids={"tryton": "9999"}))
    ledger: dict[str, str] = {}
    with pytest.raises(Permanent, match="is not valid according to its domain"):
        hub.tell(opening, done=ledger)
    assert list(ledger) == ["contact", "note"]
    event = playing.event(id=f"moved {opening.profile.id}", kind=Kind.OFFER, channel="hub", account="hub")
    moved = playing.delivery(
        profile=opening.profile, conversation=opening.consequence.conversation, event=event,
        contact=ledger["contact"],
        opened=False, moved=True,
    )  # fmt: skip
    ids = hub.tell(moved)
    redriven = playing.delivery(
        profile=opening.profile,
        conversation=opening.consequence.conversation,
        event=opening.event,
        contact=ledger["contact"],
    )
    assert hub.tell(redriven, done={"note": ledger["note"]})["lead"] == ids["lead"]
    (lead,) = [lead for lead in hub.server.leads() if str(lead.party) == ledger["contact"]]
    assert lead.employee == 1


def test_an_owner_unknown_to_tryton_leaves_the_lead_unowned(hub: Hub) -> None:
    ids = hub.tell(fresh(owner=Person(id="new", name="Newcomer")))
    (lead,) = [lead for lead in hub.server.leads() if str(lead.id) == ids["lead"]]
    assert lead.employee is None
    assert "owner Newcomer" in hub.server.notes(int(ids["contact"]))[0]
