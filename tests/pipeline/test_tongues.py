"""Who answers speaks what the customer writes, though they began with a greeting of many languages."""

from dataclasses import replace

import pytest

from chalicelib.vocabulary.event import Kind
from tests.pipeline.test_waiting import NEDA, REZA, answered, open_of, said, staffed
from tests.pipeline.world import world

ARABIC = replace(NEDA, hours="always", languages={"ar": 5})
QUESTION = "أريد غرفة لشخصين غدا"


@pytest.mark.parametrize("first", ["سلام", "", "👍", "السلام عليكم"])
@pytest.mark.parametrize("kept", [False, True], ids=["unanswered", "answered"])
def test_who_goes_on_in_a_language_that_the_owner_lacks_gets_somebody_who_speaks_it(
    first: str, kept: bool
) -> None:
    with world(configuration=staffed(REZA, ARABIC)) as hub:
        assert said(hub, 1, text=first).consequence.decision.owner == "reza"
        if kept:
            answered(hub, 2)
        told = said(hub, 3, text=QUESTION).consequence
        assert (told.decision.owner, told.moved, told.decision.language) == ("neda", True, "ar")
        assert told.decision.respond_by
        assert (hub.load("reza"), hub.load("neda")) == (0, 1)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("سلام، اتاق دو تخته دارید؟", QUESTION),
        ("سلام", "ok thanks"),
        ("سلام", "👍"),
        ("سلام", "اتاق می\u200cخواهم"),
        ("سلام", "Здравствуйте"),
    ],
)
def test_the_owner_keeps_what_they_can_answer(first: str, then: str) -> None:
    english = replace(ARABIC, languages={"ar": 5, "en": 5})
    with world(configuration=staffed(REZA, english)) as hub:
        assert said(hub, 1, text=first).consequence.decision.owner == "reza"
        told = said(hub, 2, text=then).consequence
        assert (told.decision.owner, told.moved) == ("reza", False)


def test_if_nobody_speaks_it_the_owner_keeps_it_and_the_reason_is_stored() -> None:
    with world(configuration=staffed(REZA)) as hub:
        said(hub, 1, text="سلام")
        told = said(hub, 2, text=QUESTION).consequence.decision
        assert (told.outcome, told.owner) == ("kept", "reza")
        assert "does not speak ar" in told.reason


def test_what_opens_no_conversation_moves_nobody() -> None:
    with world(configuration=staffed(REZA, ARABIC)) as hub:
        said(hub, 1, text="سلام")
        said(hub, 2, text=QUESTION, kind=Kind.COMMENT)
        conversation = open_of(hub)
        assert conversation
        assert conversation.owner == "reza"
