"""What rules may ask about."""

import pytest

from chalicelib.routing.facts import facts_of
from chalicelib.vocabulary.event import LONGEST_TEXT, Kind
from tests.routing.worlds import conversation, profile, question


@pytest.mark.parametrize(
    ("text", "known", "hint", "account", "expected"),
    [
        ("سلام", "", "", "", "fa"),
        ("سلام", "ar", "", "fa", "ar"),
        ("Hello, I need a room", "fa", "", "fa", "en"),
        ("ok", "fa", "", "fa", "fa"),
        ("ok", "", "de", "fa", "de"),
        ("ok", "", "", "fa", "und"),
        ("👍", "", "", "ar", "ar"),
        ("👍", "en", "fa", "fa", "en"),
        ("", "", "", "", "fa"),
    ],
)
def test_language(text, known, hint, account, expected):
    asked = question(text, profile(language=known), account, language_hint=hint)
    assert facts_of(asked).language == expected


def test_profile_facts():
    assert facts_of(question()).profile == {"new"}
    answered = profile(last_owner="sara", keys=("email#a@example.org",))
    assert facts_of(question(customer=answered)).profile == {"returning"}
    known = profile(keys=("phone#+989120000001",))
    assert facts_of(question(customer=known)).profile == {"new", "known_phone"}


def test_what_the_hub_says_of_a_conversation_is_about_where_that_was():
    waiting = profile(conversation=conversation(channel="whatsapp", account="1"))
    found = facts_of(question("", waiting, channel="hub", account="hub", kind=Kind.OFFER))
    assert (found.channel, found.account, found.kind) == ("whatsapp", "1", "offer")


def test_the_text_is_not_in_what_may_be_logged():
    assert "سلام" not in repr(facts_of(question("سلام")))


def test_rules_see_no_more_of_a_text_than_is_kept():
    endless = "سلام " * 1_000_000 + "refund"
    seen = facts_of(question(endless))
    assert all(len(line) <= LONGEST_TEXT for line in seen.text)
    assert not any("refund" in line for line in seen.text)
    # What is decided again from the row is decided from the same words.
    assert facts_of(question(endless[:LONGEST_TEXT] + "…")) == seen
