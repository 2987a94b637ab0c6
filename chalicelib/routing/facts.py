"""Gathers what rules may ask about: the facts of an event and of its customer."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.language import persian
from chalicelib.vocabulary.event import HUB, Event
from chalicelib.vocabulary.people import Profile

PROFILE_FACTS = ("new", "returning", "known_phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An event for which somebody is to be chosen.

    event: what the customer said. When a waiting conversation is offered again it is the event that opened
        the conversation, because its words chose the rule.
    profile: the customer before the event is absorbed.
    account_language: the language of the account that the event came to, empty if it has none.
    """

    event: Event
    profile: Profile
    account_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the conditions of rules are compared with.

    channel: the channel of the event.
    account: the id of our account.
    kind: the kind of the event.
    language: of the text; else the open conversation's; else the customer's; else the platform's hint; else
        the account's; or `und`.
    text: the words of the text in one line, in both `persian.spellings`.
    profile: those that are true of `new` (nobody of ours has answered them yet), `returning` and
        `known_phone`.
    """

    channel: str
    account: str
    kind: str
    language: str
    text: tuple[str, ...] = field(repr=False)
    profile: frozenset[str]


def facts_of(question: Question) -> Facts:
    """The facts; an event of the hub's own gets channel and account of the open conversation."""
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
    """The language in which the customer is to be answered."""
    text = question.event.said
    earlier = question.profile.language or question.event.language_hint
    spoken = persian.language(text, hint=earlier, default=question.account_language or "fa")
    if spoken == "und" and text.strip():
        return earlier or "und"
    return spoken


def _profile_facts(profile: Profile) -> list[str]:
    names = ["returning" if profile.last_owner else "new"]
    if profile.phones:
        names.append("known_phone")
    return names
