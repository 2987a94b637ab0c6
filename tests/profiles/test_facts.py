"""What a profile learns of its customer's language, event by event."""

from datetime import UTC, datetime

import pytest

from chalicelib.profiles.facts import after_event
from chalicelib.routing.facts import Question, facts_of
from chalicelib.vocabulary.event import Kind
from chalicelib.vocabulary.people import Profile
from tests.pipeline.world import message

NOW = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
ENGLISH, ARABIC, RUSSIAN = "Hello, I need a room please", "أريد غرفة لشخصين", "Здравствуйте, есть номер?"


def after(*texts: str, hint: str = "", default: str = "fa") -> Profile:
    profile = Profile(id="p1", first_seen=NOW, last_seen=NOW)
    for number, text in enumerate(texts):
        profile = after_event(profile, message(number, text=text, language_hint=hint), default)
    return profile


@pytest.mark.parametrize(
    ("texts", "hint", "expected"),
    [
        ((ENGLISH, "👍"), "", "en"),
        ((ENGLISH, "4417?"), "", "en"),
        ((ENGLISH, "👍"), "fa", "en"),
        ((ARABIC, "سلام"), "", "ar"),
        ((ARABIC, "تمام"), "fa", "ar"),
        ((ENGLISH, ARABIC), "", "ar"),
        ((ARABIC, "https://example.org/the-room"), "", "ar"),
        (("salam otagh mikham", "سلام"), "", "fa"),
        ((RUSSIAN,), "", ""),
        ((RUSSIAN, "👍"), "ru", "ru"),
        (("👍",), "", "fa"),
        (("",), "de", "de"),
    ],
)
def test_what_tells_no_language_changes_none(texts, hint, expected):
    assert after(*texts, hint=hint).language == expected


def test_who_writes_in_letters_that_we_cannot_tell_is_asked_for_no_language():
    profile = after(RUSSIAN)
    question = Question(event=message(9, text=RUSSIAN), profile=profile, account_language="fa")
    assert facts_of(question).language == "und"


@pytest.mark.parametrize(
    ("text", "extra", "expected"),
    [
        ("book_room", {"payload": "book_room"}, "ar"),
        ("I want to book a room", {"payload": "book_room"}, "en"),
    ],
)
def test_the_code_of_a_button_is_in_no_language(text, extra, expected):
    pressed = message(9, kind=Kind.POSTBACK, text=text, extra=extra)
    profile = after(ARABIC)
    assert after_event(profile, pressed, "fa").language == expected
    facts = facts_of(Question(event=pressed, profile=profile, account_language="fa"))
    assert facts.language == expected
    assert any("book" in line for line in facts.text), "rules still see the code"
