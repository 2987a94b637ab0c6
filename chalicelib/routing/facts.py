"""What rules may ask about: the facts of an event and of the customer it is from."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.language import persian
from chalicelib.vocabulary.event import Event
from chalicelib.vocabulary.people import Profile

PROFILE_FACTS = ("new", "returning", "known_phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts.

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


def facts_of(event: Event, profile: Profile, *, language: str = "") -> Facts:
    """The facts; `language` is the account's. What the hub says of a conversation is about where that was."""
    conversation = profile.conversation
    about = conversation if event.channel == "hub" and conversation is not None else event
    return Facts(
        channel=about.channel,
        account=about.account,
        kind=str(event.kind),
        language=language_of(event, profile, language=language),
        text=persian.spellings(event.text),
        profile=frozenset(_profile_facts(profile)),
    )


def language_of(event: Event, profile: Profile, *, language: str = "") -> str:
    """In which language the customer is to be answered."""
    known = profile.language or event.language_hint
    found = persian.language(event.text, hint=known, default=language or "fa")
    if found == "und" and event.text.strip():
        return known or "und"
    return found


def _profile_facts(profile: Profile) -> list[str]:
    held = ["returning" if profile.last_owner else "new"]
    if any(key.startswith("phone#") for key in profile.keys):
        held.append("known_phone")
    return held
