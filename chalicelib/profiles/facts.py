"""Updates a profile by an event: name, language, when and how often the customer was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from chalicelib.language import persian
from chalicelib.profiles.identities import Match
from chalicelib.vocabulary.event import Direction, Event
from chalicelib.vocabulary.people import Profile

_MOST_COLLISIONS = 20
_LONGEST_NAME, _LONGEST_LANGUAGE = 200, 35


def new_profile(profile_id: str, event: Event) -> Profile:
    """A profile before its first event."""
    return Profile(
        id=profile_id, own=event.customer.own, first_seen=event.received_at, last_seen=event.received_at
    )


def with_identities(profile: Profile, match: Match) -> Profile:
    """The profile with the identities and keys that it gains, and with its collisions."""
    collisions = (*profile.collisions, *(other for other in match.collisions if other != profile.id))
    return replace(
        profile,
        identities=_union(profile.identities, (identity.key for identity in match.identities)),
        keys=_union(profile.keys, match.keys),
        collisions=_union(collisions, ())[:_MOST_COLLISIONS],
    )


def after_event(profile: Profile, event: Event, default_language: str) -> Profile:
    """The profile after one more event."""
    counters = dict(profile.counters)
    for counted in (event.kind.value, event.direction.value):
        counters[counted] = counters.get(counted, 0) + 1
    name, language = profile.name, profile.language
    if event.direction is Direction.INBOUND:
        name = event.name[:_LONGEST_NAME] or name
        language = language or event.language_hint
        if event.said:
            # A “👍” or “سلام” tells nothing new: what is known already is the hint.
            spoken = persian.language(event.said, language, default_language)
            language = spoken if spoken != "und" else language
        language = language[:_LONGEST_LANGUAGE]
    return replace(
        profile,
        counters=counters,
        name=name,
        language=language,
        last_seen=max(profile.last_seen, event.received_at),
    )


def _union(have: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*have, *more)))
