"""What rules may ask about: the facts of an event and of the customer it is from."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.language import persian
from chalicelib.vocabulary.event import HUB, Event
from chalicelib.vocabulary.people import Profile

PROFILE_FACTS = ("new", "returning", "known_phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Who is to answer this?

    event: what the customer said. When a waiting conversation is offered again it is the event that opened
        it, because its words chose the rule.
    profile: the customer before they absorb the event.
    account_language: the language of our account that it came to, empty if it has none.
    """

    event: Event
    profile: Profile
    account_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What rules are held against.

    language: of the text; else the customer's; else the platform's hint; else the account's; or `und`.
    text: the words of the text in one line, in the spellings of `persian.spellings`.
    profile: which of `new` (none of ours has had a conversation with them), `returning` and
        `known_phone` hold.
    """

    channel: str
    account: str
    kind: str
    language: str
    text: tuple[str, ...] = field(repr=False)
    profile: frozenset[str]


def facts_of(question: Question) -> Facts:
    """The facts. An event of the hub's own is about the account where the conversation was opened."""
    event, profile = question.event, question.profile
    conversation = profile.conversation
    about = conversation if event.channel == HUB and conversation is not None else event
    return Facts(
        channel=about.channel,
        account=about.account,
        kind=str(event.kind),
        language=_language(question),
        text=persian.spellings(event.excerpt),
        profile=frozenset(_profile_facts(profile)),
    )


def _language(question: Question) -> str:
    """In which language the customer is to be answered."""
    text = question.event.excerpt
    earlier = question.profile.language or question.event.language_hint
    spoken = persian.language(text, hint=earlier, default=question.account_language or "fa")
    if spoken == "und" and text.strip():
        return earlier or "und"
    return spoken


def _profile_facts(profile: Profile) -> list[str]:
    held = ["returning" if profile.last_owner else "new"]
    if profile.phones:
        held.append("known_phone")
    return held
