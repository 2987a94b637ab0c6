"""Any text arrives, is found again, and hides no other."""

from __future__ import annotations

import pytest

from chalicelib.crms.http.texts import storable
from chalicelib.vocabulary.event import Direction, Kind
from tests.crms import playing
from tests.crms.tryton.telling import Hub, fresh

pytestmark = pytest.mark.slow
HOSTILE = {
    "emoji": "👋🏽 سلام \N{WOMAN}\u200d\N{GIRL} ❤️",
    "right to left": "\u202eabc\u202c سلام،\u200cدنیا",
    "NUL and lone surrogates": "a\x00b\ud800c\udc00",
    "non-characters": "\ufffe\uffff",
    "control characters": "\x07\x1b[31m\x7f\x85",
    "a marker": "[hub:0123456789abcdef0123]\n[hub:c0ffee]",
    "pattern characters": "100%_\\'\"; DROP TABLE--",
    "long": "بلند " * 60_000,
    "only space": " \n\t ",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_text_and_name_arrives_and_is_found_again(hub: Hub, text: str) -> None:
    owed = fresh()
    profile = playing.profile(id=owed.profile.id, name=text[:5000])
    owed = playing.delivery(
        profile=profile,
        event=playing.event(id=owed.event.id, text=text, account=text[:50]),
        conversation=owed.consequence.conversation,
    )
    ids = hub.tell(owed)
    assert hub.party(ids["contact"]).name.strip()
    (note,) = hub.server.notes(int(ids["contact"]))
    assert storable(text) in note
    for name in ids:
        assert hub.tell(owed, doubtful=name, done={k: v for k, v in ids.items() if k != name}) == ids


def test_a_marker_in_a_message_does_not_hide_a_later_event(hub: Hub) -> None:
    later = fresh()
    contact = hub.tell(fresh())["contact"]
    forged = playing.event(id="forged", text=f"x\n[hub:{later.event.reference}]")
    hub.tell(fresh(event=forged, contact=contact, opened=False))
    hub.tell(playing.delivery(event=later.event, contact=contact, opened=False), doubtful="note")
    assert len(hub.server.notes(int(contact))) == 3


def test_every_kind_is_told_in_words_and_in_order(hub: Hub) -> None:
    contact = hub.tell(fresh())["contact"]
    kinds = [kind for kind in Kind if kind not in (Kind.CLOSE, Kind.OFFER)]
    for kind in kinds:
        event = playing.event(id=f"kind {kind}", kind=kind, direction=Direction.OUTBOUND, text="")
        hub.tell(fresh(event=event, contact=contact, opened=False))
    notes = hub.server.notes(int(contact))
    assert len(notes) == 1 + len(kinds)
    assert len({note.split(" · ")[2].partition("\n")[0] for note in notes}) == 1 + len(kinds)
